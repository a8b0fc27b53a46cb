//! What buys a connection more time on an event loop, and what does not.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::{assert_same_bytes, pattern};
use tls_engine::Error;
use tls_engine::conn::{Connection, Reply};
use tls_engine::io::event_loop::{Activity, CloseReason, Handler, LoopOptions, Service};
use tls_engine::io::{Socket, SocketOptions, Stream};
use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::switches::BufferPoolKind;

const SMALL: SocketOptions = SocketOptions {
    no_delay: true,
    send_buffer_bytes: Some(8 << 10),
    receive_buffer_bytes: Some(8 << 10),
    timeout: Some(DEADLINE),
};

/// Sends so much, then close_notify; takes what comes as pieces of something that is never whole.
#[derive(Clone)]
struct Sender {
    data: Vec<u8>,
    sent: usize,
    closes: bool,
}

impl Handler for Sender {
    fn on_data(&mut self, _: &[u8], _: &mut Reply<'_>) -> Result<Activity, Error> {
        Ok(Activity::Partial)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        self.sent += reply.send(&[&self.data[self.sent..]])?;
        if self.sent == self.data.len() && self.closes {
            reply.close();
        }
        Ok(())
    }
}

/// A service of senders that tells how connections end.
struct Sending(Sender, mpsc::Sender<String>);

impl Service for Sending {
    type Handler = Sender;

    fn accepted(&mut self, _: SocketAddr) -> Sender {
        self.0.clone()
    }

    fn ended(&mut self, _: SocketAddr, _: Sender, connection: &Connection, end: &CloseReason) {
        let _ = self.1.send(format!("{end:?} {}", connection.is_handshaking()));
    }
}

fn sending(options: LoopOptions, data: Vec<u8>, closes: bool) -> (Server, mpsc::Receiver<String>) {
    let (sender, ends) = mpsc::channel();
    let service = Sending(Sender { data, sent: 0, closes }, sender);
    (Server::with_sockets(options, SMALL, service), ends)
}

fn next(ends: &mpsc::Receiver<String>) -> String {
    ends.recv_timeout(DEADLINE).expect("an end")
}

/// Far longer than both limits, and never silent for as long as one.
#[test]
fn a_peer_that_reads_slowly_and_steadily_gets_all() {
    let (timeout, linger) = (Duration::from_millis(1500), Duration::from_millis(200));
    let data = pattern(400_000, 1);
    let (server, ends) = sending(LoopOptions { timeout, linger, ..LoopOptions::default() }, data.clone(), true);
    let mut client = server.connect_with(&SMALL);
    let (mut received, mut piece) = (Vec::new(), [0; 8 << 10]);
    let started = Instant::now();
    loop {
        match client.read(&mut piece).expect("more, or close_notify") {
            0 => break,
            count => received.extend_from_slice(&piece[..count]),
        }
        std::thread::sleep(Duration::from_millis(40));
    }
    assert!(started.elapsed() > timeout, "this shows nothing");
    assert_same_bytes(&received, &data, "what was sent before close_notify");
    drop(client);
    assert_eq!(next(&ends), "Done false");
    server.stop();
}

#[test]
fn a_peer_that_stops_reading_is_late() {
    let (timeout, linger) = (Duration::from_millis(600), Duration::from_millis(100));
    for closes in [true, false] {
        let options = LoopOptions { timeout, linger, ..LoopOptions::default() };
        let (server, ends) = sending(options, pattern(4 << 20, 2), closes);
        let client = server.connect_with(&SMALL);
        let started = Instant::now();
        assert_eq!(next(&ends), "TimedOut false", "closes: {closes}");
        assert!(started.elapsed() >= timeout - Duration::from_millis(100), "after {:?}", started.elapsed());
        drop(client);
        server.stop();
    }
}

/// What a peer makes the engine say is no sign that it takes anything.
#[test]
fn a_key_update_beside_a_slow_request_buys_no_time() {
    let timeout = Duration::from_millis(600);
    let (server, ends) = sending(LoopOptions { timeout, ..LoopOptions::default() }, Vec::new(), false);
    let mut client = server.connect();
    let started = Instant::now();
    while ends.try_recv().is_err() {
        assert!(started.elapsed() < timeout * 5, "it has all the time in the world");
        // Where it has ended in between, the next look tells.
        let _ = client.update_keys(true).and_then(|()| client.send(b"a"));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(started.elapsed() >= timeout - Duration::from_millis(50), "after {:?}", started.elapsed());
    assert_eq!(server.stop().timed_out, 1);
}

#[test]
fn a_handshake_has_a_limit_of_its_own() {
    let (handshake_timeout, timeout) = (Duration::from_millis(400), DEADLINE);
    let options = LoopOptions { handshake_timeout, timeout, ..LoopOptions::default() };
    let (server, ends) = sending(options, Vec::new(), false);
    let mut client = server.connect();
    let started = Instant::now();
    let mut silent = TcpStream::connect(server.address).expect("a server that listens");
    assert_eq!(next(&ends), "TimedOut true");
    assert!(started.elapsed() >= handshake_timeout && started.elapsed() < DEADLINE / 2, "{:?}", started.elapsed());
    let mut alert = Vec::new();
    silent.read_to_end(&mut alert).expect("an alert, then the end");
    assert_eq!(alert, [21, 3, 3, 0, 2, 1, 0], "close_notify");
    // The one whose handshake is done is there still.
    client.close().expect("a server that is there");
    assert_eq!(client.receive().expect("close_notify"), b"");
    assert_eq!(next(&ends), "Done false");
    server.stop();
}

/// Whoever stops a server does not wait for a peer, however steadily it reads.
#[test]
fn a_loop_that_is_stopped_waits_for_nobody_longer_than_it_lingers() {
    let (timeout, linger) = (DEADLINE, Duration::from_millis(300));
    let (server, ends) =
        sending(LoopOptions { timeout, linger, ..LoopOptions::default() }, pattern(64 << 20, 3), false);
    let mut client = server.connect_with(&SMALL);
    let mut piece = [0; 4 << 10];
    client.read_exact(&mut piece).expect("the beginning");
    let reading = std::thread::spawn(move || {
        while matches!(client.read(&mut piece), Ok(1..)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let started = Instant::now();
    let done = server.stop();
    assert!(started.elapsed() < linger * 10, "{:?}", started.elapsed());
    assert_eq!((next(&ends).as_str(), done.stopped), ("Stopped false", 1));
    reading.join().expect("a reader that does not panic");
}

/// It may come from anybody on the way: as in [`Stream`], the connection was cut, and did not end.
#[test]
fn close_notify_in_the_clear_is_no_end_of_a_handshake() {
    let (server, ends) = sending(LoopOptions::default(), Vec::new(), false);
    let config = std::sync::Arc::clone(&server.client);
    let mut client = support::peer::Peer::client(&config, support::localhost()).expect("a client");
    let mut socket = TcpStream::connect(server.address).expect("a server that listens");
    socket.write_all(&client.drain()).expect("a server that reads");
    socket.read_exact(&mut [0; 5]).expect("its flight");
    socket.write_all(&[21, 3, 3, 0, 2, 1, 0]).expect("a server that reads");
    assert_eq!(next(&ends), "Tls(Truncated) true");
    server.stop();

    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    let peer = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        socket.read_exact(&mut [0; 5]).expect("a ClientHello");
        socket.write_all(&[21, 3, 3, 0, 2, 1, 0]).expect("a client that reads");
        socket.read_to_end(&mut Vec::new()).expect("the end");
    });
    let socket = Socket::connect(address, &SocketOptions { timeout: Some(DEADLINE), ..SocketOptions::default() });
    let pool = BufferPool::new(BufferPoolKind::Off, PoolOptions::default());
    let stream = Stream::client_pooled(&config, support::localhost(), socket.expect("a connection"), &pool);
    let mut stream = stream.expect("a client");
    let error = stream.handshake().expect_err("there is no connection");
    assert_eq!(error.to_string(), Error::Truncated.to_string());
    drop(stream);
    peer.join().expect("a peer that does not panic");
}
