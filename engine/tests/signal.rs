//! The trap and the way out: received data waits inside the engine while the socket is silent, and a loop that knows only
//! file descriptors sleeps on it, unless the engine has one of its own to raise.

mod support;

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::{assert_same_bytes, localhost, pattern, pki::KeyKind, providers};
use tls_engine::conn::Connection;
use tls_engine::io::event_loop::{Echo, LoopOptions, LoopStatistics};
use tls_engine::io::{Listener, PolledStream, SignalFd, Socket, SocketOptions, Stream};
use tls_engine::limits::RECORD_MAX;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::signal::{NullSignal, QueuedSignal, ReadyQueue, Signal};
use tls_engine::switches::{SignalKind, Switches};

/// After so long without progress a loop is asleep for good.
const STALL: Duration = Duration::from_millis(300);
/// What a client sends at once before it falls silent, bytes: several records, and less than the receive buffer.
const BURST: usize = 100_000;
/// What the consumer takes in one turn, bytes.
const BUDGET: usize = 5_000;

type Consumer<S> = PolledStream<Socket, S>;

/// A client that blocks and a server that does not, after their handshake.
fn ends<S: Signal + Send + 'static>(signal: S) -> (Stream<Socket>, Consumer<S>) {
    let provider = providers()[0];
    let options = SocketOptions { timeout: Some(DEADLINE), ..SocketOptions::default() };
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), options).expect("a port of this host");
    let address = listener.local_addr().expect("its address");
    let config = support::server(provider, KeyKind::EcdsaP256, |config| config);
    let server = std::thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        socket.set_nonblocking(true).expect("a socket");
        let (input, output) = (InBuf::with_capacity(2 * BURST), OutBuf::with_capacity(2 * BURST));
        let mut stream = PolledStream::new(Connection::server(&config), socket, input, output, signal);
        let started = Instant::now();
        while stream.connection().is_handshaking() {
            assert!(started.elapsed() < DEADLINE, "the handshake takes too long");
            let error = stream.read(&mut [0]).expect_err("data before the handshake is done");
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            std::thread::sleep(Duration::from_millis(1));
        }
        stream
    });
    let config = support::client(provider, KeyKind::EcdsaP256, |config| config);
    let socket = Socket::connect(address, &options).expect("a server that accepts");
    let mut output = OutBuf::with_capacity(2 * BURST);
    let connection = Connection::client(&config, localhost(), &mut output).expect("a client");
    let mut client = Stream::new(connection, socket, InBuf::with_capacity(0), output);
    client.handshake().expect("a handshake");
    (client, server.join().expect("the handshake"))
}

/// One turn of the consumer: up to its budget, and not to the bitter end.
fn turn<S: Signal>(consumer: &mut Consumer<S>, received: &mut Vec<u8>) {
    let mut piece = [0; BUDGET];
    match consumer.read(&mut piece) {
        Ok(count) => received.extend_from_slice(&piece[..count]),
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
    }
}

/// A loop as it is found in many programs: it has file descriptors, and for each something to call. Edge-triggered.
struct Reactor<'a> {
    poll: Poll,
    callbacks: HashMap<usize, Box<dyn FnMut() + 'a>>,
}

impl<'a> Reactor<'a> {
    fn new() -> Self {
        Self { poll: Poll::new().expect("epoll or kqueue"), callbacks: HashMap::new() }
    }

    fn watch(&mut self, fd: &impl AsRawFd, callback: impl FnMut() + 'a) {
        let token = self.callbacks.len();
        let registry = self.poll.registry();
        registry.register(&mut SourceFd(&fd.as_raw_fd()), Token(token), Interest::READABLE).expect("a registration");
        self.callbacks.insert(token, Box::new(callback));
    }

    /// Runs until nothing is reported for so long that nothing will be.
    fn run(&mut self) {
        let mut events = Events::with_capacity(8);
        let started = Instant::now();
        loop {
            self.poll.poll(&mut events, Some(STALL)).expect("a poll");
            if events.is_empty() {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "it never sleeps");
            for event in &events {
                self.callbacks.get_mut(&event.token().0).expect("what was registered")();
            }
        }
    }
}

/// What the consumer has of a burst when its loop falls asleep. `fd` is the signal's.
fn consume_by_edges<S: Signal + Send + 'static>(signal: S, fd: Option<&OwnedFd>) -> (usize, Consumer<S>) {
    let (mut client, consumer) = ends(signal);
    let data = pattern(BURST, 1);
    client.write_all(&data).expect("a server that is there");
    let socket = consumer.transport().tcp().as_fd().try_clone_to_owned().expect("a second handle");
    let state = std::cell::RefCell::new((consumer, Vec::new()));
    let mut reactor = Reactor::new();
    let on_socket = || {
        let (consumer, received) = &mut *state.borrow_mut();
        turn(consumer, received);
    };
    reactor.watch(&socket, on_socket);
    if let Some(fd) = fd {
        reactor.watch(fd, || {
            let (consumer, received) = &mut *state.borrow_mut();
            consumer.acknowledge();
            turn(consumer, received);
        });
    }
    reactor.run();
    drop(reactor);
    let (consumer, received) = state.into_inner();
    assert_same_bytes(&received, &data[..received.len()], "what was consumed");
    (received.len(), consumer)
}

#[test]
fn an_edge_triggered_loop_sleeps_on_data_without_the_signal() {
    let (received, mut consumer) = consume_by_edges(NullSignal, None);
    assert!(received < BURST, "all {BURST} bytes were consumed: this is no trap");
    // It is all there, for who asks.
    let mut rest = Vec::new();
    while rest.len() < BURST - received {
        turn(&mut consumer, &mut rest);
    }
}

#[test]
fn an_edge_triggered_loop_is_woken_by_the_signal() {
    for signal in [SignalFd::event_fd(), SignalFd::pipe()] {
        let signal = Arc::new(signal.expect("a signal"));
        let fd = signal.as_fd().try_clone_to_owned().expect("a second handle");
        let (received, _) = consume_by_edges(Arc::clone(&signal), Some(&fd));
        assert_eq!(received, BURST, "{}", signal.name());
    }
}

/// The same with poll(2), which reports what is so for as long as it is so.
fn consume_by_levels<S: Signal + Send + 'static>(signal: S, fd: Option<BorrowedFd<'_>>) -> usize {
    let (mut client, mut consumer) = ends(signal);
    let data = pattern(BURST, 2);
    client.write_all(&data).expect("a server that is there");
    let socket = consumer.transport().tcp().as_fd().try_clone_to_owned().expect("a second handle");
    let mut received = Vec::new();
    let started = Instant::now();
    loop {
        let mut fds = vec![PollFd::new(&socket, PollFlags::IN)];
        fds.extend(fd.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let timeout = Timespec { tv_sec: 0, tv_nsec: STALL.as_nanos().try_into().expect("less than a second") };
        if poll(&mut fds, Some(&timeout)).expect("a poll") == 0 {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "it never sleeps");
        turn(&mut consumer, &mut received);
    }
    assert_same_bytes(&received, &data[..received.len()], "what was consumed");
    received.len()
}

#[test]
fn a_level_triggered_loop_sleeps_on_data_without_the_signal() {
    let received = consume_by_levels(NullSignal, None);
    assert!(received < BURST, "all {BURST} bytes were consumed: this is no trap");
}

#[test]
fn a_level_triggered_loop_is_woken_by_the_signal_and_sleeps_when_all_is_consumed() {
    for signal in [SignalFd::event_fd(), SignalFd::pipe()] {
        let signal = Arc::new(signal.expect("a signal"));
        let received = consume_by_levels(Arc::clone(&signal), Some(signal.as_fd()));
        assert_eq!(received, BURST, "{}", signal.name());
        // Not once for each of the many turns.
        let (raises, clears) = signal.syscalls();
        assert!(
            raises.max(clears) < (BURST / BUDGET / 2) as u64,
            "{}: {raises} raises, {clears} clears",
            signal.name()
        );
    }
}

/// What a loop does for messages of `message_bytes` that are echoed, with turns of at most `turn_bytes`.
fn echo(signal: SignalKind, turn_bytes: usize, message_bytes: usize, messages: usize) -> LoopStatistics {
    let options = LoopOptions { turn_bytes, signal, ..LoopOptions::new(&Switches::default()) };
    let input_bytes = (2 * message_bytes).max(RECORD_MAX);
    let options = LoopOptions { input_bytes, output_bytes: input_bytes, ..options };
    let server = Server::start(options, |_: SocketAddr| Echo);
    let mut stream = server.connect();
    let message = pattern(message_bytes, 3);
    let mut back = vec![0; message_bytes];
    for _ in 0..messages {
        stream.write_all(&message).expect("a server that reads");
        stream.read_exact(&mut back).expect("an answer in time");
    }
    assert_same_bytes(&back, &message, "the answer");
    stream.close().expect("a server that is there");
    assert_eq!(stream.receive().expect("close_notify"), b"");
    drop(stream);
    server.stop()
}

fn per_message(count: u64, messages: usize) -> f64 {
    count as f64 / messages as f64
}

/// Where turns take all that came, the signal costs nothing: no kind makes a call for it.
#[test]
fn small_messages_cost_the_same_system_calls_with_and_without_the_signal() {
    const MESSAGES: usize = 500;
    for signal in SignalKind::ALL {
        let done = echo(signal, LoopOptions::default().turn_bytes, 64, MESSAGES);
        let calls = done.syscalls;
        let [reads, writes, polls] = [calls.reads, calls.writes, calls.polls].map(|count| per_message(count, MESSAGES));
        println!("{:8} 64 B: {reads:.2} reads, {writes:.2} writes, {polls:.2} polls, 0 signals", signal.name());
        assert_eq!(calls.signals, 0, "{signal:?}: {done:?}");
        assert!([reads, writes, polls].iter().all(|calls| (1.0..1.1).contains(calls)), "{signal:?}: {done:?}");
    }
}

/// Where turns are cut short, each wake-up costs a write to an eventfd, and a write and a read of a pipe. A loop that asks
/// for what the engine returns has it for nothing.
#[test]
fn turns_cut_short_cost_one_call_each_with_an_eventfd_and_two_with_a_pipe() {
    const MESSAGES: usize = 200;
    for signal in SignalKind::ALL {
        let done = echo(signal, 1, 64 << 10, MESSAGES);
        let calls = done.syscalls;
        let all = [calls.reads, calls.writes, calls.polls, calls.signals];
        let [reads, writes, polls, signals] = all.map(|count| per_message(count, MESSAGES));
        println!(
            "{:8} 64 KiB, one record a turn: {reads:.2} reads, {writes:.2} writes, {polls:.2} polls, {signals:.2} signals",
            signal.name()
        );
        assert!(done.cut_turns >= MESSAGES as u64, "the turns were not cut: {done:?}");
        let expected = match signal {
            SignalKind::Off => 0,
            SignalKind::EventFd => done.cut_turns,
            SignalKind::Pipe => 2 * done.cut_turns,
        };
        assert_eq!(calls.signals, expected, "{signal:?}: {done:?}");
        // Nothing else depends on the kind: a write and a round for each of the four records.
        assert!((4.0..4.2).contains(&writes) && (4.0..4.4).contains(&polls), "{signal:?}: {done:?}");
        assert!((1.0..4.2).contains(&reads), "{signal:?}: {done:?}");
    }
}

/// Ten thousand connections' signals, raised by two threads, and one file descriptor.
#[test]
fn a_ready_queue_tells_a_loop_of_connections_that_other_threads_raise() {
    const CONNECTIONS: usize = 10_000;
    const ROUNDS: usize = 3;
    let queue = Arc::new(ReadyQueue::new(SignalFd::event_fd().expect("a signal")));
    let signals: Vec<_> = (0..CONNECTIONS).map(|token| QueuedSignal::new(Arc::clone(&queue), token)).collect();
    let published: Vec<_> = (0..CONNECTIONS).map(|_| std::sync::atomic::AtomicUsize::new(0)).collect();
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let mut poll = Poll::new().expect("epoll or kqueue");
    let fd = queue.signal().as_raw_fd();
    poll.registry().register(&mut SourceFd(&fd), Token(0), Interest::READABLE).expect("a registration");
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (signals, published) = (&signals, &published);
            scope.spawn(move || {
                for token in (0..ROUNDS).flat_map(|_| (half..CONNECTIONS).step_by(2)) {
                    published[token].fetch_add(1, relaxed);
                    signals[token].raise();
                }
            });
        }
        let mut seen = vec![0; CONNECTIONS];
        let (mut events, mut tokens) = (Events::with_capacity(1), Vec::new());
        while seen.iter().sum::<usize>() < ROUNDS * CONNECTIONS {
            poll.poll(&mut events, Some(DEADLINE)).expect("a poll");
            assert!(!events.is_empty(), "the loop sleeps, and has not seen all");
            queue.take(&mut tokens);
            for token in tokens.drain(..) {
                signals[token].clear();
                seen[token] = published[token].load(relaxed);
            }
        }
    });
    let (raises, _) = queue.signal().syscalls();
    assert!(raises <= (ROUNDS * CONNECTIONS) as u64);
    println!("{} raises of connections, {raises} system calls", ROUNDS * CONNECTIONS);
}
