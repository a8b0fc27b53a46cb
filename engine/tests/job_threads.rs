//! Jobs of handshakes on threads of their own: a slow signature delays no other connection of its event loop, and what becomes of it
//! harms none.

mod support;

use std::cell::RefCell;
use std::io::{Read, Write};
use std::iter;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::pki::{KeyKind, Pki};
use support::{client, localhost, pattern, providers};
use tls_engine::codes::{AlertDescription, SignatureScheme};
use tls_engine::conn::{Connection, JobKind, ServerConfig};
use tls_engine::crypto::{Origin, Random, SigningKey};
use tls_engine::io::event_loop::{CloseReason, Echo, LoopOptions, Service};
use tls_engine::io::{Socket, Stream};
use tls_engine::mem::OutBuf;
use tls_engine::switches::{SignalKind, Switches};
use tls_engine::{CertifiedKey, Error};

const KIND: KeyKind = KeyKind::EcdsaP256;

/// What a signature does before it is made.
type Before = Box<dyn Fn() -> Result<(), Error> + Send + Sync>;

struct Key {
    inner: Arc<dyn SigningKey>,
    before: Before,
}

impl SigningKey for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        self.inner.schemes()
    }

    fn origin(&self) -> Origin {
        self.inner.origin()
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        (self.before)()?;
        self.inner.sign(scheme, message, random)
    }
}

/// A server that pauses for these kinds of jobs, and whose signatures begin with `before`.
fn config(kinds: &[JobKind], before: impl Fn() -> Result<(), Error> + Send + Sync + 'static) -> Arc<ServerConfig> {
    let (provider, identity) = (providers()[0], Pki::shared_identity(KIND));
    let mut certificate =
        CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    certificate.key = Arc::new(Key { inner: certificate.key, before: Box::new(before) });
    ServerConfig::builder(provider).certificate(certificate).pause_for(kinds).build().expect("a server")
}

/// Tells how connections end.
struct Noting(mpsc::Sender<String>);

impl Service for Noting {
    type Handler = Echo;

    fn accepted(&mut self, _: SocketAddr) -> Echo {
        Echo
    }

    fn ended(&mut self, _: SocketAddr, _: Echo, connection: &Connection, end: &CloseReason) {
        let _ = self.0.send(format!("{end:?} {}", connection.is_handshaking()));
    }
}

fn start(loops: usize, options: LoopOptions, config: &Arc<ServerConfig>) -> (Server, mpsc::Receiver<String>) {
    let (sender, ends) = mpsc::channel();
    (Server::several_with_config(loops, options, config, || Noting(sender.clone())), ends)
}

fn options(job_threads: usize) -> LoopOptions {
    LoopOptions { job_threads, ..LoopOptions::default() }
}

fn ping(stream: &mut Stream<Socket>) {
    let data = pattern(100, 3);
    stream.write_all(&data).expect("a server that reads");
    let mut back = vec![0; data.len()];
    stream.read_exact(&mut back).expect("an answer in time");
    assert!(back == data);
}

/// Connects, has an answer, and says goodbye.
fn visit(server: &Server) {
    let mut stream = server.connect();
    ping(&mut stream);
    hang_up(stream);
}

fn hang_up(mut stream: Stream<Socket>) {
    stream.close().expect("a server that is there");
    assert_eq!(stream.receive().expect("close_notify, not just an end"), b"");
}

fn is_job_thread() -> bool {
    thread::current().name().is_some_and(|name| name.starts_with("tls-job-"))
}

/// Is closed at first. Signatures wait at it.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    is_open: bool,
    arrived: usize,
}

impl Gate {
    /// Waits until it is open. `false` where that takes too long.
    fn pass(&self, patience: Duration) -> bool {
        let mut state = self.state.lock().expect("no panic");
        state.arrived += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_timeout_while(state, patience, |state| !state.is_open);
        !waited.expect("no panic").1.timed_out()
    }

    fn open(&self) {
        self.state.lock().expect("no panic").is_open = true;
        self.changed.notify_all();
    }

    /// Waits until so many signatures wait.
    fn await_arrivals(&self, count: usize) {
        let state = self.state.lock().expect("no panic");
        let waited = self.changed.wait_timeout_while(state, DEADLINE, |state| state.arrived < count);
        assert!(!waited.expect("no panic").1.timed_out(), "no signature is asked for");
    }
}

/// A signature that takes 50 ms and then as long as ten round trips of each other connection: so they come before it, or it never
/// ends. Returns whether they did.
fn others_go_on(signal: SignalKind, loops: usize, job_threads: usize, patience: Duration) -> bool {
    let (gate, in_time) = (Arc::new(Gate::default()), Arc::new(Mutex::new(None)));
    let is_slow = Arc::new(Mutex::new(false));
    let config = config(&[JobKind::Sign], {
        let (gate, is_slow, in_time) = (Arc::clone(&gate), Arc::clone(&is_slow), Arc::clone(&in_time));
        move || {
            if std::mem::take(&mut *is_slow.lock().expect("no panic")) {
                thread::sleep(Duration::from_millis(50));
                *in_time.lock().expect("no panic") = Some(gate.pass(patience));
            }
            Ok(())
        }
    });
    let options = LoopOptions { signal, job_threads, ..LoopOptions::new(&Switches::all()) };
    let (server, _ends) = start(loops, options, &config);
    // One on each loop.
    let mut others: Vec<_> = (0..loops).map(|_| server.connect()).collect();
    *is_slow.lock().expect("no panic") = true;
    thread::scope(|scope| {
        let slow = scope.spawn(|| visit(&server));
        gate.await_arrivals(1);
        for _ in 0..10 {
            others.iter_mut().for_each(ping);
        }
        gate.open();
        slow.join().expect("a connection as any other");
    });
    others.into_iter().for_each(hang_up);
    let done = server.stop();
    assert_eq!((done.handshakes, done.failed), (loops as u64 + 1, 0), "{done:?}");
    let in_time = in_time.lock().expect("no panic").take();
    in_time.expect("a slow signature")
}

#[test]
fn a_slow_signature_delays_no_other_connection() {
    for signal in SignalKind::ALL {
        for loops in [1, 2] {
            assert!(others_go_on(signal, loops, 1, DEADLINE), "{signal:?}, {loops} loops: they had to wait for it");
        }
    }
}

/// Shows that the test above can fail.
#[test]
fn without_threads_the_others_wait() {
    assert!(!others_go_on(SignalKind::EventFd, 1, 0, Duration::from_millis(300)));
}

#[test]
fn every_job_is_done_on_the_threads_and_every_handshake_completes() {
    const CLIENTS: usize = 60;
    for kinds in [&[JobKind::Sign][..], &JobKind::ALL] {
        let config = config(kinds, || if is_job_thread() { Ok(()) } else { Err(Error::Crypto("on another thread")) });
        let (server, _ends) = start(2, options(3), &config);
        // No more at once than may wait.
        for _ in 0..CLIENTS / 20 {
            thread::scope(|scope| {
                for _ in 0..20 {
                    scope.spawn(|| visit(&server));
                }
            });
        }
        let done = server.stop();
        assert_eq!((done.handshakes, done.failed, done.timed_out), (CLIENTS as u64, 0, 0), "{done:?}");
    }
}

/// A thread has 32 jobs waiting for it, and one that it does. What comes then is done by the loop.
#[test]
fn where_too_many_jobs_wait_the_loop_does_them() {
    const WAITING: usize = 33;
    const MORE: usize = 7;
    let gate = Arc::new(Gate::default());
    let config = config(&[JobKind::Sign], {
        let gate = Arc::clone(&gate);
        move || if !is_job_thread() || gate.pass(DEADLINE) { Ok(()) } else { Err(Error::Crypto("too late")) }
    });
    let options = LoopOptions { handshake_timeout: DEADLINE, ..options(1) };
    let (server, _ends) = start(1, options, &config);
    let (sender, completed) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..WAITING + MORE {
            let (server, sender) = (&server, sender.clone());
            scope.spawn(move || {
                visit(server);
                sender.send(()).expect("somebody counts");
            });
        }
        for _ in 0..MORE {
            completed.recv_timeout(DEADLINE).expect("a handshake that the loop has completed");
        }
        gate.await_arrivals(1);
        assert!(completed.try_recv().is_err(), "the others wait");
        gate.open();
    });
    assert_eq!(server.stop().handshakes, (WAITING + MORE) as u64);
}

/// Sends a ClientHello and nothing else.
fn hello(server: &Server) -> TcpStream {
    let mut output = OutBuf::with_capacity(1 << 16);
    let config = client(providers()[0], KIND, |config| config);
    Connection::client(&config, localhost(), &mut output).expect("a client");
    let mut socket = TcpStream::connect(server.address).expect("a server that listens");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    socket.write_all(output.waiting()).expect("a server that reads");
    socket
}

/// The connection that ends while its job is done had the first token, and the next connection has it again. It waits for its own job
/// when the result of the other one comes.
#[test]
fn jobs_of_connections_that_have_ended_take_no_room() {
    const WAITING: usize = 32;
    let (gate, on_loop) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(false)));
    let before = {
        let (gate, on_loop) = (gate.clone(), on_loop.clone());
        move || {
            if is_job_thread() {
                gate.pass(DEADLINE);
            } else {
                on_loop.store(true, Ordering::Relaxed);
            }
            Ok(())
        }
    };
    let options = LoopOptions { handshake_timeout: Duration::from_millis(500), ..options(1) };
    let (server, ends) = start(1, options, &config(&[JobKind::Sign], before));
    // One is signed, and the others fill the queue, until all have timed out.
    let first = hello(&server);
    gate.await_arrivals(1);
    let others = (0..WAITING).map(|_| hello(&server));
    let silent: Vec<TcpStream> = iter::once(first).chain(others).collect();
    for _ in &silent {
        assert_eq!(ends.recv_timeout(DEADLINE).expect("an end"), "TimedOut true");
    }
    let next = hello(&server);
    assert_eq!(ends.recv_timeout(DEADLINE).expect("an end"), "TimedOut true");
    drop(next);
    assert!(!on_loop.load(Ordering::Relaxed), "there was room, and the loop has signed all the same");
    gate.open();
    visit(&server);
    server.stop();
}

#[test]
fn a_result_for_a_connection_that_has_ended_is_dropped() {
    for cause in ["TimedOut", "Evicted", "hung up"] {
        let gate = Arc::new(Gate::default());
        let config = config(&[JobKind::Sign], {
            let gate = Arc::clone(&gate);
            move || if gate.pass(DEADLINE) { Ok(()) } else { Err(Error::Crypto("too late")) }
        });
        let mut options = LoopOptions { handshake_timeout: DEADLINE, ..options(1) };
        match cause {
            "TimedOut" => options.handshake_timeout = Duration::from_millis(300),
            "Evicted" => options.connections_max = 1,
            _ => options.handshake_timeout = Duration::from_millis(600),
        }
        let (server, ends) = start(1, options, &config);
        let mut first = Some(hello(&server));
        gate.await_arrivals(1);
        if cause == "hung up" {
            // Nothing is read from it, so that this is seen when it times out.
            first = None;
        }
        let end = match cause {
            "Evicted" => "Evicted true",
            _ => "TimedOut true",
        };
        thread::scope(|scope| {
            if cause != "Evicted" {
                assert_eq!(ends.recv_timeout(DEADLINE).expect("an end"), end);
            }
            let second = scope.spawn(|| visit(&server));
            if cause == "Evicted" {
                assert_eq!(ends.recv_timeout(DEADLINE).expect("an end"), end);
            }
            // However far the second is by then.
            gate.open();
            second.join().expect("a connection as any other");
        });
        if let Some(first) = &mut first {
            let mut flight = Vec::new();
            first.read_to_end(&mut flight).expect("half a flight and an alert");
            assert_eq!(flight[0], 22, "a ServerHello");
        }
        let done = server.stop();
        assert_eq!((done.accepted, done.handshakes, done.failed), (2, 1, 0), "{cause}: {done:?}");
    }
}

#[test]
fn a_job_that_fails_or_panics_ends_its_connection_and_no_other() {
    for panics in [false, true] {
        let turn = Mutex::new(0);
        let config = config(&JobKind::ALL, move || {
            let mut turn = turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *turn += 1;
            match *turn % 2 {
                1 => Ok(()),
                _ if panics => panic!("the test's own"),
                _ => Err(Error::Crypto("the test's own")),
            }
        });
        let (server, ends) = start(1, options(1), &config);
        let mut inside = server.connect();
        for _ in 0..3 {
            let socket = TcpStream::connect(server.address).expect("a server that listens");
            socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
            let mut outside = Stream::client(&server.client, localhost(), socket).expect("a client");
            let error = outside.handshake().expect_err("a signature that fails");
            assert_eq!(error.to_string(), Error::PeerAlert(AlertDescription::INTERNAL_ERROR).to_string());
            drop(outside);
            let end = ends.recv_timeout(DEADLINE).expect("an end");
            assert!(end.starts_with("Tls(") && end.ends_with("true"), "{end}");
            ping(&mut inside);
            // The one thread goes on.
            visit(&server);
            assert!(ends.recv_timeout(DEADLINE).expect("an end").ends_with("false"));
        }
    }
}

/// Is dropped with its thread.
struct Leaving(mpsc::Sender<()>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn loops_end_without_their_jobs_and_the_threads_end_with_them() {
    thread_local! {
        static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
    }
    let (sender, left) = mpsc::channel();
    let gate = Arc::new(Gate::default());
    let config = config(&[JobKind::Sign], {
        let (gate, sender) = (Arc::clone(&gate), Mutex::new(sender));
        move || {
            let notice = Leaving(sender.lock().expect("no panic").clone());
            LEAVING.set(Some(notice));
            if gate.pass(DEADLINE) { Ok(()) } else { Err(Error::Crypto("too late")) }
        }
    });
    let (server, ends) = start(2, options(2), &config);
    // Two that are done, two that wait.
    let _outside: Vec<_> = (0..4).map(|_| hello(&server)).collect();
    gate.await_arrivals(2);
    let done = server.stop();
    assert_eq!(done.handshakes, 0, "{done:?}");
    assert_eq!(ends.try_iter().count() as u64, done.accepted);
    assert!(left.try_recv().is_err(), "the threads are at their jobs");
    gate.open();
    for _ in 0..2 {
        left.recv_timeout(DEADLINE).expect("a thread that ends");
    }
    assert!(gate.state.lock().expect("no panic").arrived == 2, "what waited is not begun");
}
