//! Several loops are one server: what bounds it bounds all of them together, and nobody waits at one while another has room.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::{assert_same_bytes, pattern};
use tls_engine::conn::Connection;
use tls_engine::io::event_loop::{CloseReason, Echo, LoopOptions, Service};
use tls_engine::io::{Socket, Stream};
use tls_engine::switches::{SignalKind, Switches};

/// Notes how many connections its loop was handed, and how each ended.
struct Noting {
    accepted: Arc<AtomicUsize>,
    ends: mpsc::Sender<String>,
}

impl Service for Noting {
    type Handler = Echo;

    fn accepted(&mut self, _: SocketAddr) -> Echo {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Echo
    }

    fn ended(&mut self, _: SocketAddr, _: Echo, connection: &Connection, end: &CloseReason) {
        let _ = self.ends.send(format!("{end:?} {}", connection.is_handshaking()));
    }
}

/// A server, what each of its loops was handed, and how connections end.
fn noting(loops: usize, options: LoopOptions) -> (Server, Vec<Arc<AtomicUsize>>, mpsc::Receiver<String>) {
    let (sender, ends) = mpsc::channel();
    let mut accepted = Vec::new();
    let server = Server::several(loops, options, || {
        accepted.push(Arc::default());
        Noting { accepted: Arc::clone(accepted.last().expect("just added")), ends: sender.clone() }
    });
    (server, accepted, ends)
}

fn ping(stream: &mut Stream<Socket>, salt: usize) {
    let data = pattern(1_000, salt);
    stream.write_all(&data).expect("a server that reads");
    let mut back = vec![0; data.len()];
    stream.read_exact(&mut back).expect("an answer in time");
    assert_same_bytes(&back, &data, "the answer");
}

fn hang_up(mut stream: Stream<Socket>) {
    stream.close().expect("a server that is there");
    assert_eq!(stream.receive().expect("close_notify, not just an end"), b"");
}

fn silent(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).expect("a server that listens")
}

#[test]
fn each_connection_goes_to_the_loop_that_has_the_fewest() {
    for signal in SignalKind::ALL {
        let options = LoopOptions { signal, ..LoopOptions::new(&Switches::all()) };
        let (server, accepted, _ends) = noting(3, options);
        let mut streams: Vec<_> = (0..30).map(|_| server.connect()).collect();
        for round in 0..3 {
            for stream in &mut streams {
                ping(stream, round);
            }
        }
        let each: Vec<usize> = accepted.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(each, [10, 10, 10]);
        streams.into_iter().for_each(hang_up);
        let done = server.stop();
        assert_eq!((done.accepted, done.handshakes, done.done, done.peak), (30, 30, 30, 30), "{done:?}");
    }
}

#[test]
fn what_bounds_connections_bounds_all_loops_together() {
    let options = LoopOptions { connections_max: 3, connections_total: Some(24), ..LoopOptions::default() };
    let server = Server::several(2, options, || |_: SocketAddr| Echo);
    std::thread::scope(|scope| {
        for salt in 0..24 {
            let server = &server;
            scope.spawn(move || {
                let mut stream = server.connect();
                ping(&mut stream, salt);
                hang_up(stream);
            });
        }
    });
    // They end by themselves, also the one that has had the last connection of all.
    let done = server.join();
    assert_eq!((done.accepted, done.done, done.failed, done.evicted), (24, 24, 0, 0), "{done:?}");
    assert!(done.peak <= 3, "{done:?}");
}

#[test]
fn a_freed_place_is_given_to_who_waits_whichever_loop_frees_it() {
    let options = LoopOptions { connections_max: 4, ..LoopOptions::default() };
    let server = Server::several(2, options, || |_: SocketAddr| Echo);
    let mut inside: Vec<_> = (0..4).map(|_| server.connect()).collect();
    // From each loop two in turn.
    for salt in 0..4 {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| server.connect());
            std::thread::sleep(Duration::from_millis(50));
            assert!(!waiting.is_finished(), "there is no place, and none who is done gives way");
            hang_up(inside.remove(0));
            let mut stream = waiting.join().expect("a place");
            ping(&mut stream, salt);
            inside.push(stream);
        });
    }
    inside.into_iter().for_each(hang_up);
    let done = server.stop();
    assert_eq!((done.accepted, done.done, done.peak, done.evicted), (8, 8, 4, 0), "{done:?}");
}

/// Many more silent peers than places, on every number of loops: who comes after them has its answer soon.
#[test]
fn the_oldest_unfinished_handshake_gives_way() {
    for loops in [1, 2] {
        let options = LoopOptions { connections_max: 4, ..LoopOptions::default() };
        let patience = options.eviction_age();
        let (server, _, ends) = noting(loops, options);
        let mut inside = server.connect();
        ping(&mut inside, 0);
        let mut crowd: Vec<_> = (0..20).map(|_| silent(&server)).collect();
        let started = Instant::now();
        let mut late_comer = server.connect();
        ping(&mut late_comer, 1);
        // Three of them at a time, the first of whom made place.
        let bound = patience * 20 / 3 + Duration::from_secs(5);
        assert!(started.elapsed() < bound, "locked out for {:?}", started.elapsed());
        assert_eq!(ends.recv_timeout(DEADLINE).expect("an end"), "Evicted true");
        // The first that came was told, and was the first to go.
        let first = &mut crowd[0];
        first.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let mut alert = Vec::new();
        first.read_to_end(&mut alert).expect("an alert, then the end");
        assert_eq!(alert, [21, 3, 3, 0, 2, 1, 0], "close_notify");
        ping(&mut inside, 2);
        drop(crowd);
        hang_up(inside);
        hang_up(late_comer);
        let done = server.stop();
        assert_eq!((done.done, done.handshakes), (2, 2), "{done:?}");
        assert!(done.evicted >= 18 && done.peak <= 4, "{done:?}");
    }
}

/// As many silent peers as there are places, and nobody else: their time is theirs.
#[test]
fn nobody_gives_way_to_nobody() {
    let handshake_timeout = Duration::from_millis(900);
    let options = LoopOptions { connections_max: 4, handshake_timeout, ..LoopOptions::default() };
    assert!(options.eviction_age() < handshake_timeout);
    let (server, _, ends) = noting(2, options);
    let started = Instant::now();
    let crowd: Vec<_> = (0..4).map(|_| silent(&server)).collect();
    assert_eq!(ends.recv_timeout(DEADLINE).expect("an end"), "TimedOut true");
    assert!(started.elapsed() >= handshake_timeout, "after {:?}", started.elapsed());
    drop(crowd);
    assert_eq!(server.stop().evicted, 0);
}

/// Panics at its first connection.
struct Broken;

impl Service for Broken {
    type Handler = Echo;

    fn accepted(&mut self, _: SocketAddr) -> Echo {
        panic!("a service that is broken, on purpose")
    }
}

#[test]
fn where_one_loop_fails_the_others_end() {
    let server = Server::several(3, LoopOptions::default(), || Broken);
    let _stranger = silent(&server);
    let ended = server.join_each();
    assert_eq!(ended.iter().filter(|ended| ended.is_err()).count(), 1, "the one that was handed the connection");
}
