use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tls_engine::conn::Reply;
use tls_engine::io::event_loop::{Activity, Echo, EventLoop, Handler, LoopOptions, LoopStatistics, Service, Stopper};
use tls_engine::io::{Listener, Socket, SocketOptions, Stream};
use tls_engine::limits::{RECORD_CONTENT_MAX, RECORD_MAX};

use super::Ends;
use crate::clock::{process_cpu_ns, thread_cpu_ns};
use crate::error::Error;
use crate::interrupt;
use crate::library::Engine;
use crate::measure::{Pattern, RECORD_OVERHEAD, nanoseconds};
use crate::setting::Setting;
use crate::workload::histogram::Times as RoundTrips;

/// The length of a message: more records than one turn handles, so that each message takes several turns.
const MESSAGE_BYTES: usize = 3 * RECORD_CONTENT_MAX;
/// The budget of a connection's turn, bytes: a full record.
const TURN_BYTES: usize = RECORD_CONTENT_MAX + RECORD_OVERHEAD;
/// The size of the clients' buffers: a message is sent with one call, so that it arrives as a whole.
pub(super) const CLIENT_BUFFER_BYTES: usize = 4 * RECORD_MAX;
/// The number of active connections.
const ACTIVE: usize = 8;
/// The number of concurrent handshakes while a population is set up.
const BATCH: usize = 64;
/// The number of exchanges in a block: that many messages per active connection.
const EXCHANGES: usize = 8;
/// What each client sends once connected. The echo shows that the server has completed the handshake.
const GREETING: &[u8] = b"here I am";
/// The time limit of any step.
const TIMEOUT: Duration = Duration::from_secs(20);
/// No connection is closed for being idle.
const IDLE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long a server may take to release the memory of its last echo.
const SETTLE: Duration = Duration::from_millis(20);

/// Connections to a server on an event loop, most of them idle, a few active. The clients have all optimizations with
/// every setting, because only the servers are compared.
pub(super) struct ClientPopulation {
    // Declared before the server, because the server ends once its connections are closed.
    clients: Vec<Stream<Socket>>,
    server: Server,
    message: Arc<[u8]>,
    back: Vec<u8>,
}

/// The server's heap memory, bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When all clients had connected and were idle.
    pub idle_bytes: i64,
    /// The peak while they connected.
    pub peak_bytes: i64,
}

impl ClientPopulation {
    /// A server with a setting, and `count` connections to it. `advance` receives the progress, 0 to 1.
    pub(super) fn gather(
        ends: &Ends,
        clients: &Engine,
        setting: &Setting,
        count: usize,
        advance: &mut dyn FnMut(f64),
    ) -> Result<Self, Error> {
        let configs = ends.engine(setting, 0)?;
        let server = Server::start(&configs, setting)?;
        let message = Pattern::new(0, MESSAGE_BYTES).at(0, MESSAGE_BYTES).into();
        let mut population = Self { clients: Vec::with_capacity(count), server, message, back: vec![0; MESSAGE_BYTES] };
        while population.clients.len() < count {
            interrupt::check()?;
            population.join(clients, BATCH.min(count - population.clients.len()))?;
            advance(population.clients.len() as f64 / count as f64);
        }
        Ok(population)
    }

    /// The same, and the heap memory of the server. Nothing is timed meanwhile, because heap calls are counted.
    pub(super) fn gather_counted(
        ends: &Ends,
        clients: &Engine,
        setting: &Setting,
        count: usize,
        advance: &mut dyn FnMut(f64),
    ) -> Result<(Self, Held), Error> {
        let gather = || {
            let population = Self::gather(ends, clients, setting, count, advance)?;
            std::thread::sleep(SETTLE);
            Ok::<_, Error>(population)
        };
        // The server is everything else that runs in this process.
        let ((population, own), all) = heap_meter::count_process(|| heap_meter::count(gather));
        let population = population?;
        let peak_bytes = population.server.peak_bytes.load(Ordering::Relaxed);
        Ok((population, Held { idle_bytes: all.live_bytes - own.live_bytes, peak_bytes }))
    }

    /// Adds `count` connections concurrently.
    fn join(&mut self, configs: &Engine, count: usize) -> Result<(), Error> {
        let first = self.clients.len();
        let failed = |error| Error::io("connecting to the event loop", error);
        let options = SocketOptions { timeout: Some(TIMEOUT), ..SocketOptions::default() };
        for _ in 0..count {
            interrupt::check()?;
            let socket = Socket::connect(self.server.address, &options).map_err(failed)?;
            let mut client = Stream::client_pooled(&configs.client, configs.name.clone(), socket, &configs.pool)?;
            client.flush().map_err(failed)?;
            self.clients.push(client);
        }
        for client in &mut self.clients[first..] {
            interrupt::check()?;
            client.handshake().map_err(|error| failed(error.into()))?;
            client.write_all(GREETING).map_err(failed)?;
        }
        for client in &mut self.clients[first..] {
            let mut back = [0; GREETING.len()];
            client.read_exact(&mut back).map_err(failed)?;
            client.release_buffers();
        }
        Ok(())
    }

    /// Runs one block. Returns the server's processor time per message, nanoseconds.
    pub(super) fn block(&mut self, round_trips: &mut RoundTrips) -> Result<f64, Error> {
        // Compared in full, and not timed.
        self.exchange(None)?;
        // Everything besides this thread is the server.
        let others = || process_cpu_ns() - thread_cpu_ns();
        let before = others();
        for _ in 0..EXCHANGES {
            self.exchange(Some(&mut *round_trips))?;
        }
        let messages = EXCHANGES * ACTIVE.min(self.clients.len());
        Ok(others().saturating_sub(before) as f64 / messages as f64)
    }

    /// Sends a message on each active connection, all at once, and reads the echoes. Without `round_trips`, the echoes
    /// are compared with what was sent.
    pub(super) fn exchange(&mut self, mut round_trips: Option<&mut RoundTrips>) -> Result<(), Error> {
        interrupt::check()?;
        let Self { clients, message, back, .. } = self;
        let active = ACTIVE.min(clients.len());
        // The active connections are spread evenly among the idle ones.
        let stride = (clients.len() / active.max(1)).max(1);
        let failed = |error| Error::io("talking to the event loop", error);
        let mut sent_at = [None; ACTIVE];
        for (client, sent_at) in clients.iter_mut().step_by(stride).zip(&mut sent_at) {
            *sent_at = Some(Instant::now());
            client.write_all(message).map_err(failed)?;
        }
        for (client, sent_at) in clients.iter_mut().step_by(stride).zip(sent_at) {
            client.read_exact(back).map_err(failed)?;
            match (&mut round_trips, sent_at) {
                (Some(round_trips), Some(sent_at)) => round_trips.record(nanoseconds(sent_at, Instant::now())),
                _ if back[..] == message[..] => {}
                _ => return Err(Error::Failed("an echo is not what was sent".to_owned())),
            }
            client.release_buffers();
        }
        Ok(())
    }

    /// The number of messages in an exchange.
    pub(super) fn active(&self) -> usize {
        ACTIVE.min(self.clients.len())
    }

    /// Closes the connections one after the other, and returns the statistics of the loop over its lifetime.
    pub(super) fn leave(mut self) -> Result<LoopStatistics, Error> {
        let failed = |error| Error::io("leaving the event loop", error);
        for mut client in self.clients.drain(..) {
            client.close().map_err(|error| failed(error.into()))?;
            if client.read(&mut [0]).map_err(failed)? > 0 {
                return Err(Error::Failed("more was echoed than was sent".to_owned()));
            }
        }
        self.server.stop()
    }
}

/// An event loop with its own thread.
struct Server {
    address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<std::io::Result<LoopStatistics>>>,
    peak_bytes: Arc<AtomicI64>,
}

impl Server {
    fn start(configs: &Engine, setting: &Setting) -> Result<Self, Error> {
        let failed = |error| Error::io("starting an event loop", error);
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), SocketOptions::default()).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let options = LoopOptions {
            connections_max: usize::MAX,
            turn_bytes: TURN_BYTES,
            timeout: IDLE_MAX,
            ..LoopOptions::new(&setting.switches)
        };
        let server = EventLoop::new(listener, &configs.server, &options).map_err(failed)?;
        let (stopper, gauge) = (server.stopper(), Gauge::default());
        let peak_bytes = Arc::clone(&gauge.peak_bytes);
        let thread = std::thread::Builder::new().name("event loop".to_owned());
        let thread = thread.spawn(move || server.run(gauge)).map_err(failed)?;
        Ok(Self { address, stopper, thread: Some(thread), peak_bytes })
    }

    fn stop(&mut self) -> Result<LoopStatistics, Error> {
        let failed = |error| Error::io("stopping an event loop", error);
        self.stopper.stop().map_err(failed)?;
        let ended = self.thread.take().and_then(|thread| thread.join().ok());
        let statistics = ended.ok_or_else(|| Error::Failed("the event loop panicked".to_owned()))?.map_err(failed)?;
        if statistics.failed > 0 {
            return Err(Error::Failed(format!("{} connections of the event loop failed", statistics.failed)));
        }
        Ok(statistics)
    }
}

impl Drop for Server {
    /// Ends the thread; its statistics are discarded.
    fn drop(&mut self) {
        if self.thread.is_some() {
            let _ = self.stop();
        }
    }
}

/// Echoes what arrives, and records the peak heap memory of the loop's thread while heap calls are counted.
#[derive(Clone, Default)]
struct Gauge {
    peak_bytes: Arc<AtomicI64>,
    has_settled: Arc<AtomicBool>,
}

impl Service for Gauge {
    type Handler = Gauging;

    fn accepted(&mut self, _: SocketAddr) -> Gauging {
        Gauging(self.clone())
    }
}

struct Gauging(Gauge);

impl Handler for Gauging {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, tls_engine::Error> {
        let Gauge { peak_bytes, has_settled } = &self.0;
        if !has_settled.load(Ordering::Relaxed) {
            if data.len() > GREETING.len() {
                has_settled.store(true, Ordering::Relaxed);
            } else {
                peak_bytes.store(heap_meter::of_this_thread().peak_bytes, Ordering::Relaxed);
            }
        }
        Echo.on_data(data, reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use tls_engine::codes::CipherSuite;

    #[test]
    fn every_message_comes_back_in_several_turns_however_the_signal_is_set() {
        let (identity, authority) = Identity::generate().expect("an identity");
        let ends = Ends { identity, authority: authority.certificate, suite: CipherSuite::AES_128_GCM_SHA256 };
        let clients = ends.engine(&Setting::all().expect("a setting"), CLIENT_BUFFER_BYTES).expect("clients");
        for signal in ["off", "pipe", "eventfd"] {
            let mut setting = Setting::none().expect("a setting");
            setting.set("signal", signal).expect("a value");
            let mut population =
                ClientPopulation::gather(&ends, &clients, &setting, 100, &mut |_| ()).expect("a population");
            let mut round_trips = RoundTrips::new().expect("a histogram");
            assert!(population.block(&mut round_trips).expect("a block") > 0.0);
            assert_eq!(round_trips.buckets().count(), (ACTIVE * EXCHANGES) as u64);
            let done = population.leave().expect("a loop that ends");
            assert_eq!((done.accepted, done.handshakes, done.done), (100, 100, 100), "{done:?}");
            // How many depends on how much of a message arrives at once, and so on what else the machine does.
            assert!(done.cut_turns > 0, "{signal}: {done:?}");
            assert_eq!(done.syscalls.signals > 0, signal != "off", "{done:?}");
        }
    }
}
