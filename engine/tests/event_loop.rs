//! The event loop serves many at once, bounds what each can take, and survives peers that misbehave.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::{assert_same_bytes, pattern};
use tls_engine::Error;
use tls_engine::conn::{Connection, Progress, Reply};
use tls_engine::io::event_loop::{Activity, CloseReason, Echo, Handler, LoopOptions, Service, Sink};
use tls_engine::io::{Filled, Socket, SocketOptions, Stream, StreamParts, fill, flush};
use tls_engine::switches::{SignalKind, Switches};

/// The first kind of signal with a plain engine around it, the others with all.
fn options(signal: SignalKind) -> LoopOptions {
    let switches = if signal == SignalKind::Off { Switches::none() } else { Switches::all() };
    LoopOptions { signal, ..LoopOptions::new(&switches) }
}

/// Sends `data` and takes as much back.
fn ping(stream: &mut Stream<Socket>, data: &[u8]) -> Vec<u8> {
    stream.write_all(data).expect("a server that reads");
    let mut back = vec![0; data.len()];
    stream.read_exact(&mut back).expect("an answer in time");
    back
}

/// Says goodbye, and waits for the answer.
fn hang_up(mut stream: Stream<Socket>) {
    stream.close().expect("a server that is there");
    assert_eq!(stream.receive().expect("close_notify, not just an end"), b"");
}

#[test]
fn all_of_many_connections_are_served() {
    const CONNECTIONS: usize = 500;
    for signal in SignalKind::ALL {
        let server = Server::start(options(signal), |_: SocketAddr| Echo);
        let mut streams: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        for (round, length) in [1, 1_000, 40_000].into_iter().enumerate() {
            let data = pattern(length, round);
            for stream in &mut streams {
                stream.write_all(&data).expect("a server that reads");
            }
            for stream in &mut streams {
                let mut back = vec![0; length];
                stream.read_exact(&mut back).expect("an answer in time");
                assert_same_bytes(&back, &data, "the answer");
            }
        }
        streams.into_iter().for_each(hang_up);
        let done = server.stop();
        let count = CONNECTIONS as u64;
        assert_eq!((done.accepted, done.handshakes, done.peak, done.done), (count, count, count, count), "{done:?}");
        assert_eq!((done.failed, done.timed_out, done.stopped, done.accept_failures), (0, 0, 0, 0), "{done:?}");
    }
}

/// Sends the pattern until the client has had enough.
struct Source {
    data: Vec<u8>,
    position: usize,
}

impl Handler for Source {
    fn on_data(&mut self, _: &[u8], _: &mut Reply<'_>) -> Result<Activity, Error> {
        Ok(Activity::Progress)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        if !reply.connection().is_closed_by_peer() {
            self.position += reply.send(&[&self.data[self.position % self.data.len()..]])?;
        }
        Ok(())
    }
}

/// In each break all buffers fill up, that of the connection too; after each, its handler has to be asked for more.
#[test]
fn a_source_goes_on_after_every_break_of_its_client() {
    const SMALL: usize = 32 << 10;
    let sockets =
        SocketOptions { send_buffer_bytes: Some(SMALL), receive_buffer_bytes: Some(SMALL), ..SocketOptions::default() };
    for signal in SignalKind::ALL {
        let data = pattern(100_000, 8);
        let source = data.clone();
        let server = Server::with_sockets(options(signal), sockets, move |_: SocketAddr| Source {
            data: source.clone(),
            position: 0,
        });
        let mut client = server.connect_with(&SocketOptions { timeout: Some(DEADLINE), ..sockets });
        let mut piece = vec![0; data.len()];
        for _ in 0..60 {
            std::thread::sleep(Duration::from_millis(2));
            client.read_exact(&mut piece).expect("more and more");
            assert_same_bytes(&piece, &data, "what the source sends");
        }
        drop(client);
        server.stop();
    }
}

#[test]
fn one_that_takes_all_it_can_keeps_nobody_waiting() {
    for signal in SignalKind::ALL {
        let data = pattern(100_000, 7);
        let server = Server::start(options(signal), {
            let data = data.clone();
            let mut is_first = true;
            move |_: SocketAddr| -> Box<dyn Handler + Send> {
                if std::mem::take(&mut is_first) {
                    Box::new(Source { data: data.clone(), position: 0 })
                } else {
                    Box::new(Echo)
                }
            }
        });
        let mut greedy = server.connect();
        let mut modest = server.connect();
        let (stop, stopped) = mpsc::channel::<()>();
        let begun = Arc::new(AtomicBool::new(false));
        let taker_begun = Arc::clone(&begun);
        let taker = std::thread::spawn(move || {
            let mut taken = 0;
            let mut piece = vec![0; 50_000];
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                greedy.read_exact(&mut piece).expect("more and more");
                let start = taken % data.len();
                assert_same_bytes(&piece, &data[start..start + piece.len()], "what the source sends");
                taken += piece.len();
                taker_begun.store(true, Ordering::Relaxed);
            }
            greedy.close().expect("a server that is there");
            while !greedy.receive().expect("what was on its way, and close_notify").is_empty() {
                let length = greedy.receive().map_or(0, <[u8]>::len);
                std::io::BufRead::consume(&mut greedy, length);
            }
        });
        let mut rounds_while_it_takes = 0;
        while rounds_while_it_takes < 200 && !taker.is_finished() {
            let message = pattern(100, rounds_while_it_takes);
            assert_same_bytes(&ping(&mut modest, &message), &message, "the answer");
            // On a busy machine the taker may begin late.
            rounds_while_it_takes += usize::from(begun.load(Ordering::Relaxed));
        }
        stop.send(()).expect("a taker that waits for it");
        taker.join().expect("a taker that does not panic");
        hang_up(modest);
        let done = server.stop();
        assert_eq!((done.done, done.failed), (2, 0), "{done:?}");
        assert!(done.cut_turns > 0, "the source has never had its share: {done:?}");
    }
}

/// A client that sends without reading is not read from for ever; when it reads, all is there.
#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    const SMALL: usize = 128 << 10;
    let sockets =
        SocketOptions { send_buffer_bytes: Some(SMALL), receive_buffer_bytes: Some(SMALL), ..SocketOptions::default() };
    for signal in SignalKind::ALL {
        let server = Server::with_sockets(options(signal), sockets, |_: SocketAddr| Echo);
        let stream = server.connect_with(&SocketOptions { timeout: Some(DEADLINE), ..sockets });
        let StreamParts { mut connection, transport: mut socket, mut input, mut output, .. } = stream.into_parts();
        socket.set_nonblocking(true).expect("a socket");
        let data = pattern(1 << 20, 3);
        let (mut sent, mut sent_at) = (0, Instant::now());
        while sent_at.elapsed() < Duration::from_millis(500) {
            let taken = connection.write_tls(&[&data[sent % data.len()..]], &mut output).expect("a key");
            let waiting = output.len();
            flush(&mut output, &mut socket).expect("a server that is there");
            sent += taken;
            assert!(sent < 8 << 20, "the server holds all that is sent to it");
            if output.len() < waiting {
                sent_at = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let (mut received, started) = (0, Instant::now());
        while received < sent {
            assert!(started.elapsed() < DEADLINE, "{received} of {sent} bytes have come back");
            flush(&mut output, &mut socket).expect("a server that is there");
            if fill(&mut input, &mut socket).expect("a server that is there") == Filled::WouldBlock {
                std::thread::sleep(Duration::from_millis(1));
            }
            while let Progress::Data(back) = connection.read_tls(&mut input, &mut output).expect("records") {
                for part in back.chunks(1 << 10) {
                    let start = received % data.len();
                    let end = data.len().min(start + part.len());
                    assert_same_bytes(&part[..end - start], &data[start..end], "the answer");
                    assert_same_bytes(&part[end - start..], &data[..part.len() - (end - start)], "the answer");
                    received += part.len();
                }
            }
        }
        drop(socket);
        server.stop();
    }
}

#[test]
fn half_closed_connections_get_their_answer() {
    for signal in SignalKind::ALL {
        let server = Server::start(options(signal), |_: SocketAddr| Sink::default());
        let mut stream = server.connect();
        stream.write_all(&pattern(300_000, 1)).expect("a server that reads");
        stream.close().expect("a server that is there");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, then close_notify");
        assert_eq!(answer, "received 300000 bytes\n");
        drop(stream);
        assert_eq!(server.stop().done, 1);
    }
}

/// Tells how each connection ended.
struct Reporting(mpsc::Sender<String>);

impl Service for Reporting {
    type Handler = Echo;

    fn accepted(&mut self, _: SocketAddr) -> Echo {
        Echo
    }

    fn ended(&mut self, _: SocketAddr, _: Echo, connection: &Connection, end: &CloseReason) {
        let _ = self.0.send(format!("{end:?} {}", connection.is_handshaking()));
    }
}

#[test]
fn every_way_to_end_is_told_and_leaves_the_others_alone() {
    for signal in SignalKind::ALL {
        let (sender, ends) = mpsc::channel();
        let timeout = Duration::from_secs(1);
        let server = Server::start(LoopOptions { timeout, ..options(signal) }, Reporting(sender));
        let next = || ends.recv_timeout(DEADLINE).expect("an end");
        let mut other = server.connect();

        let mut garbage = TcpStream::connect(server.address).expect("a server that accepts");
        garbage.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("a server that reads");
        let mut alert = Vec::new();
        garbage.read_to_end(&mut alert).expect("an alert, then the end");
        assert_eq!(alert, [21, 3, 3, 0, 2, 2, 10], "fatal, unexpected_message");
        drop(garbage);
        assert_eq!(next(), "Tls(NotTls) true");
        ping(&mut other, b"still there");

        drop(server.connect());
        assert_eq!(next(), "Tls(Truncated) false");
        ping(&mut other, b"still there");

        let mut damaged = server.connect();
        let mut socket = damaged.transport().tcp().try_clone().expect("a second handle");
        socket
            .write_all(&[23, 3, 3, 0, 20].into_iter().chain([0; 20]).collect::<Vec<_>>())
            .expect("a server that reads");
        assert!(damaged.read(&mut [0]).is_err(), "the alert");
        drop((damaged, socket));
        assert_eq!(next(), "Tls(BadRecordMac) false");
        ping(&mut other, b"still there");

        hang_up(other);
        assert_eq!(next(), "Done false");

        let started = Instant::now();
        let mute = TcpStream::connect(server.address).expect("a server that accepts");
        assert_eq!(next(), "TimedOut true");
        assert!(started.elapsed() >= timeout);
        let mut idle = server.connect();
        assert_eq!(idle.receive().expect("close_notify"), b"");
        assert_eq!(next(), "TimedOut false");
        drop(mute);

        let mut last = server.connect();
        // The client is done with the handshake before the server has seen its last message.
        ping(&mut last, b"both are");
        let done = server.stop();
        assert_eq!(last.receive().expect("close_notify"), b"");
        assert_eq!(next(), "Stopped false");
        assert_eq!((done.done, done.timed_out, done.failed, done.stopped), (1, 2, 3, 1), "{done:?}");
    }
}

/// One byte of a handshake now and then does not buy time.
#[test]
fn a_slow_handshake_is_late() {
    let (sender, ends) = mpsc::channel();
    let timeout = Duration::from_millis(600);
    let server = Server::start(LoopOptions { handshake_timeout: timeout, ..LoopOptions::default() }, Reporting(sender));
    let mut slow = TcpStream::connect(server.address).expect("a server that accepts");
    let started = Instant::now();
    for byte in [22, 3, 1, 2].into_iter().chain([0; 1000]) {
        if ends.try_recv().is_ok() {
            break;
        }
        assert!(started.elapsed() < timeout * 5, "it has all the time in the world");
        match slow.write_all(&[byte]) {
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => break,
            result => result.expect("a connection"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(started.elapsed() >= timeout);
    assert_eq!(server.stop().timed_out, 1);
}

#[test]
fn more_than_may_be_there_wait_for_a_place() {
    for signal in SignalKind::ALL {
        let options = LoopOptions { connections_max: 2, connections_total: Some(6), ..options(signal) };
        let server = Server::start(options, |_: SocketAddr| Echo);
        std::thread::scope(|scope| {
            for salt in 0..6 {
                let server = &server;
                scope.spawn(move || {
                    let mut stream = server.connect();
                    let data = pattern(1_000, salt);
                    assert_same_bytes(&ping(&mut stream, &data), &data, "the answer");
                    hang_up(stream);
                });
            }
        });
        let done = server.join();
        assert_eq!((done.accepted, done.done), (6, 6), "{done:?}");
        assert!(done.peak <= 2, "{done:?}");
    }
}
