//! Servers elsewhere that echo: `tlsbench serve`, and such as stall or die.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tls_engine::conn::ServerConfig;
use tls_engine::crypto::Provider;
use tls_engine::io::Stream;
use tls_engine::pki::CertifiedKey;

use super::support::pki::{KeyKind, Pki};
use super::support::{Ended, Server, run};
use super::{cases, has, median, parsed};

/// A server of the engine, one connection after the other, in a thread that ends with the test program. Returns its target.
pub(crate) fn serve(talk: impl Fn(&mut Stream<TcpStream>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = format!("localhost:{}", listener.local_addr().expect("an address").port());
    let (provider, identity) = (Provider::auto(), Pki::shared_identity(KeyKind::EcdsaP256));
    let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    let config = ServerConfig::builder(provider).certificate(key).build().expect("a server");
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let _ = socket.set_nodelay(true);
            let mut stream = Stream::server(&config, socket);
            if stream.handshake().is_ok() {
                talk(&mut stream);
            }
        }
    });
    target
}

/// Echoes as long as `goes_on` lets it, which is told how many messages came before.
fn echo(goes_on: impl Fn(u64) -> bool + Send + 'static) -> String {
    serve(move |stream| {
        let (mut buffer, mut messages) = ([0; 4096], 0);
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if !goes_on(messages) || stream.write_all(&buffer[..count]).is_err() {
                return;
            }
            messages += 1;
        }
    })
}

fn latency(target: &str, flags: &str) -> Ended {
    run(["latency", "--json", "-k", "--connect", target].into_iter().chain(flags.split_whitespace()))
}

#[test]
fn a_server_of_this_program_echoes_messages_of_every_size() {
    let server = Server::start(&["--mode", "echo"]);
    for more in ["", "--busy-poll"] {
        let ended = latency(&server.target(), &format!("--size 1,64,16k,64k -n 200 -w 10ms {more}"));
        ended.expect(0, &["certificate is not verified"]);
        let document = parsed(&ended);
        assert_eq!(cases(&document).len(), 4);
        for case in cases(&document) {
            assert_eq!(case["achieved"]["round_trips"], 200);
            assert!(median(case, "total.round_trip_p50_ns") > 0.0 && median(case, "client.cpu_ns_per_message") > 0.0);
            assert!(!has(case, "total.raw_tcp_round_trip_ns"), "there is none to be had");
        }
    }
    let ended = server.interrupt();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn the_corrected_p99_shows_a_stall_and_the_uncorrected_one_does_not() {
    let (began, has_stalled) = (Instant::now(), Cell::new(false));
    let target = echo(move |_| {
        if began.elapsed() > Duration::from_millis(1500) && !has_stalled.replace(true) {
            thread::sleep(Duration::from_secs(1));
        }
        true
    });
    let ended = latency(&target, "--size 64 --rate 500 -d 5s -w 200ms");
    ended.expect(0, &[]);
    let document = parsed(&ended);
    let case = &cases(&document)[0];
    assert!(case["achieved"]["round_trips"].as_u64().is_some_and(|trips| trips >= 2000), "{case:#}");
    let [seen, corrected] =
        ["round_trip_p99_ns", "corrected_round_trip_p99_ns"].map(|name| median(case, &format!("total.{name}")));
    assert!(seen < 0.3e9, "one message was there for the stall: {seen}");
    assert!(corrected >= 0.6e9, "hundreds had to wait for it: {corrected}");
    let [seen, corrected] =
        ["round_trip_p50_ns", "corrected_round_trip_p50_ns"].map(|name| median(case, &format!("total.{name}")));
    assert!(seen <= corrected && corrected < 0.3e9, "most were not late: {seen}, {corrected}");
}

#[test]
fn what_was_measured_of_a_server_that_dies_is_told() {
    let target = echo(|messages| messages < 250);
    let ended = latency(&target, "--size 64 -n 320 -w 0s");
    ended.expect(1, &["has closed: is it `tlsbench serve --mode echo`, and does it still run?"]);
    let document = parsed(&ended);
    assert_eq!(document["partial"], true);
    let case = &cases(&document)[0];
    let made = case["achieved"]["round_trips"].as_u64().expect("a number");
    assert!((200..=250).contains(&made), "the whole rounds: {case:#}");
    assert!(median(case, "total.round_trip_p50_ns") > 0.0);
}

#[test]
fn a_server_that_echoes_nothing_or_something_else_is_refused() {
    let sink = Server::start(&["--mode", "sink"]);
    let ended = latency(&sink.target(), "--size 64 -n 5 -w 0s --timeout 300ms");
    ended.expect(1, &["sends no echo: is it `tlsbench serve --mode echo`"]);
    let corrupting = serve(|stream| {
        let mut buffer = [0; 64];
        while stream.read_exact(&mut buffer).is_ok() {
            buffer[63] ^= 1;
            let _ = stream.write_all(&buffer);
        }
    });
    latency(&corrupting, "--size 64 -n 5 -w 0s").expect(1, &["an echo is not what was sent"]);
    latency("localhost:1", "--size 64 -n 5").expect(6, &[]);
}
