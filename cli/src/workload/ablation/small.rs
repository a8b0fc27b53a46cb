use std::sync::Arc;

use tls_engine::io::{Filled, Socket, SocketOptions};

use super::bench::{Bench, Running};
use super::{Ends, Measure};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, Engine, EngineEndpoint, Library, Room, fill, flush};
use crate::measure::Pattern;
use crate::schema::{Side, quantity};
use crate::setting::Setting;
use crate::stats;
use crate::workload::handshake_driver::{Observer, SideStopwatches};
use crate::workload::histogram::Times as RoundTrips;
use crate::workload::pair::handshake;
use crate::workload::sockets::{Sockets, loopback};
use crate::workload::stall::Stall;

/// The number of round trips in a block.
const ROUND_TRIPS: u32 = 256;
/// The number of untimed round trips on new connections.
const WARM_UP: u32 = 32;
/// One round trip in this many is compared in full, and not timed.
const COMPARED_ONE_IN: u32 = 32;

const MEASURES: [Measure; 4] = [
    Measure { side: Side::Client, quantity: &quantity::CPU_NS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::CPU_NS_PER_MESSAGE },
    Measure { side: Side::Client, quantity: &quantity::SYSCALLS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::SYSCALLS_PER_MESSAGE },
];

/// Messages sent and echoed over two TCP sockets on this machine, one at a time. One thread drives both ends, so that
/// no thread has to be woken: on few processors wake-ups would take most of the time and cause all of the noise. An end
/// that waits for the other has returned its buffers to the pool.
pub(super) struct Small {
    message: Arc<[u8]>,
}

impl Small {
    pub(super) fn new(message_bytes: usize, seed: u64) -> Self {
        Self { message: Pattern::new(seed, message_bytes).at(0, message_bytes).into() }
    }
}

impl Bench for Small {
    fn timed(&self) -> &'static [Measure] {
        &MEASURES
    }

    fn engine(&self, ends: &Ends, setting: &Setting) -> Result<Arc<Engine>, Error> {
        ends.engine(setting, 0)
    }

    fn open(&self, configs: &Arc<Engine>) -> Result<Box<dyn Running>, Error> {
        let (client_socket, server_socket) = loopback(&SocketOptions::default())?;
        let mut link = Sockets::new(client_socket, server_socket)?;
        let (mut client, mut server) = (configs.client(Room::default())?, configs.server(Room::default())?);
        handshake(&mut link, &mut client, &mut server)?;
        let (client_socket, server_socket) = link.into_sockets();
        let client = Peer { endpoint: client, socket: client_socket };
        let server = Peer { endpoint: server, socket: server_socket };
        let mut talk = Talk { client, server, message: Arc::clone(&self.message) };
        for _ in 0..WARM_UP {
            talk.round_trip(true)?;
        }
        Ok(Box::new(talk))
    }
}

/// A running conversation.
struct Talk {
    client: Peer,
    server: Peer,
    message: Arc<[u8]>,
}

struct Peer {
    endpoint: EngineEndpoint,
    socket: Socket,
}

/// The times of a round trip: the processor time of each end, and wall time.
#[derive(Clone, Copy, Default)]
struct Trip {
    client_cpu_ns: u64,
    server_cpu_ns: u64,
    total_ns: u64,
}

impl Running for Talk {
    fn block(&mut self, round_trips: &mut RoundTrips) -> Result<Vec<f64>, Error> {
        let calls = |talk: &Self| [&talk.client, &talk.server].map(|end| end.socket.syscalls().total());
        let before = calls(self);
        let mut times_ns = [Vec::new(), Vec::new()];
        for number in 1..=ROUND_TRIPS {
            let is_compared = number.is_multiple_of(COMPARED_ONE_IN);
            let trip = self.round_trip(is_compared)?;
            if !is_compared {
                round_trips.record(trip.total_ns);
                times_ns[0].push(trip.client_cpu_ns as f64);
                times_ns[1].push(trip.server_cpu_ns as f64);
            }
        }
        let after = calls(self);
        let per_trip = |count: u64| count as f64 / f64::from(ROUND_TRIPS);
        let [client_calls, server_calls] = [0, 1].map(|end| per_trip(after[end] - before[end]));
        // The median round trip: if other programs interrupt the thread, they do so in few of them.
        let times_ns = times_ns.iter().filter_map(|times_ns| stats::median(times_ns));
        Ok(times_ns.chain([client_calls, server_calls]).collect())
    }
}

impl Talk {
    fn round_trip(&mut self, is_compared: bool) -> Result<Trip, Error> {
        let Self { client, server, message } = self;
        let mut watches = SideStopwatches::default();
        watches.on(Side::Client, || client.send(message))?;
        watches.on(Side::Server, || server.receive(message, is_compared).and_then(|()| server.send(message)))?;
        watches.on(Side::Client, || client.receive(message, is_compared))?;
        let SideStopwatches { client, server } = watches;
        Ok(Trip {
            client_cpu_ns: client.cpu_ns(),
            server_cpu_ns: server.cpu_ns(),
            // The ends never run concurrently, so the total is the sum of both.
            total_ns: client.total_ns() + server.total_ns(),
        })
    }
}

impl Peer {
    /// A message is far smaller than what a socket accepts at once.
    fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        let taken = self.endpoint.send(message)?;
        let is_flushed = flush(&mut self.endpoint, &mut self.socket).map_err(|error| Error::io("sending", error))?;
        if taken < message.len() || !is_flushed {
            return Err(Error::Failed("a small message was not sent at once".to_owned()));
        }
        self.endpoint.release_buffers();
        Ok(())
    }

    fn receive(&mut self, message: &[u8], is_compared: bool) -> Result<(), Error> {
        let mut stall = Stall::default();
        let mut arrived = 0;
        while arrived < message.len() {
            match fill(&mut self.endpoint, &mut self.socket).map_err(|error| Error::io("receiving", error))? {
                Filled::Bytes(_) | Filled::WouldBlock => {}
                Filled::Full | Filled::End => return Err(Error::Failed("a message does not arrive".to_owned())),
            }
            self.endpoint.receive(|data| {
                if is_compared && message.get(arrived..arrived + data.len()) != Some(data) {
                    return Err(Error::Failed("a message is not what was sent".to_owned()));
                }
                arrived += data.len();
                Ok(())
            })?;
            stall.check(arrived as u64)?;
            interrupt::check()?;
        }
        if arrived > message.len() {
            return Err(Error::Failed("more was received than was sent".to_owned()));
        }
        Ok(())
    }
}
