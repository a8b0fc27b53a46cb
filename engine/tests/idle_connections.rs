//! Connections of an event loop that wait for their peers hold no buffer and, after the handshake, no arena; those whose
//! handshake fails or never ends give theirs back too.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::{client, pki::KeyKind, providers, server};
use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::{Echo, LoopOptions};
use tls_engine::mem::ArenaStatistics;
use tls_engine::switches::{BufferPoolKind, SignalKind, Switches};

const CONNECTIONS: usize = 100;

/// Waits until `is_so`; what happens after the last answer is seen from outside only a moment later.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn idle_connections_hold_no_buffer_and_no_arena() {
    let provider = providers()[0];
    for (buffer_pool, signal) in
        [(BufferPoolKind::Shared, SignalKind::Off), (BufferPoolKind::ThreadLocal, SignalKind::EventFd)]
    {
        let switches = Switches { buffer_pool, signal, ..Switches::all() };
        let timeout = Duration::from_secs(3);
        let options = LoopOptions { timeout, ..LoopOptions::new(&switches) };
        let pool = options.pool.clone();
        let config = server(provider, KeyKind::EcdsaP256, |config| config.switches(switches));
        let arenas = {
            let config = config.clone();
            move || config.arena_statistics().expect("the switch is on")
        };
        let clients = client(provider, KeyKind::EcdsaP256, |config| config);
        let server = Server::with_config(options, SocketOptions::default(), config, clients, |_: SocketAddr| Echo);

        // They lease an arena each for as long as they shake hands, and they do not get any further.
        let silent: Vec<_> = (0..3).map(|_| TcpStream::connect(server.address).expect("a place")).collect();
        wait_for("silent connections are in their handshake", || arenas().active == silent.len());
        let mut garbage = TcpStream::connect(server.address).expect("a place");
        garbage.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("a server that reads");
        garbage.read_to_end(&mut Vec::new()).expect("an alert, then the end");

        let mut streams: Vec<_> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        for stream in &mut streams {
            stream.write_all(&[7; 20_000]).expect("a server that reads");
            stream.read_exact(&mut [0; 20_000]).expect("an answer in time");
        }
        wait_for("idle connections hold buffers", || pool.statistics().active == 0);
        assert!(pool.statistics().hits > CONNECTIONS as u64, "{:?}", pool.statistics());
        // One turn at a time: whoever waits has given back what the next one needs.
        assert!(pool.statistics().peak <= 4, "{:?}", pool.statistics());
        let ArenaStatistics { leases, active, .. } = arenas();
        assert_eq!(leases, CONNECTIONS as u64 + 4, "one for each handshake, also those that fail");
        assert!(active <= silent.len(), "{active} arenas, and only {} shake hands", silent.len());
        wait_for("connections that were late hold arenas", || arenas().active == 0);
        // Their goodbye takes one for a moment.
        wait_for("connections that were late hold buffers", || pool.statistics().active == 0);

        drop((streams, silent, garbage));
        let done = server.stop();
        assert!(done.timed_out >= 3 && done.failed >= 1, "{done:?}");
        assert_eq!((done.handshakes, done.accepted), (CONNECTIONS as u64, CONNECTIONS as u64 + 4), "{done:?}");
    }
}
