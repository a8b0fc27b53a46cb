//! OpenSSL's programs as peers of the halves.

use std::sync::mpsc::{Receiver, channel};

use tls_engine::codes::CipherSuite;
use tls_engine::counters::Counters;

use crate::support::endpoint::{DEADLINE, Endpoint, listen};
use crate::support::openssl::{self, Server};
use crate::support::pki::{KeyKind, Pki};
use crate::support::programs::Program;
use crate::support::skip::find;
use crate::support::{assert_same_bytes, client, localhost, pattern, providers, server};
use crate::threads::{Order, Threads};

const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];
const DATA_BYTES: usize = 300_001;

/// Data both ways at once, then a KeyUpdate that the program asks for while nothing else happens, and data under the new keys.
/// Tells how many tickets have come.
fn talk(end: Endpoint, program: &Program, what: &str) -> usize {
    let (come, comes) = channel();
    // Nobody listens any more once all has come.
    let threads = Threads::start(end, move |counted| {
        let _ = come.send(counted);
    });
    let mut back = Vec::new();
    for salt in [1, 3] {
        let (forth, coming) = (pattern(DATA_BYTES, salt), pattern(DATA_BYTES, salt + 1));
        program.send(&coming);
        for piece in openssl::marked(&forth, salt).chunks(20_000) {
            threads.orders.give(Order::Send(piece.to_vec()));
        }
        back.extend_from_slice(&coming);
        wait_for(&comes, |counted| counted.bytes == back.len() as u64);
        assert_same_bytes(&openssl::data(program, salt), &forth, &format!("{what}, to the program"));
        if salt == 1 {
            // The program takes a command where it stands alone. The thread that seals has nothing else to do.
            program.send(b"K\n");
            wait_for(&comes, |counted| counted.key_updates == 1);
        }
    }
    threads.orders.give(Order::Close);
    let (sealing, end) = threads.sealing.join().expect("a sealing thread");
    assert_eq!(end, Ok(()), "{what}");
    let opened = threads.opening.join().expect("an opening thread");
    assert_eq!(opened.end, Ok(()), "{what}");
    assert_same_bytes(&opened.data, &back, &format!("{what}, from the program"));
    assert_eq!((sealing.sealed().key_updates, opened.half.opened().key_updates), (1, 1), "{what}");
    assert!(threads.signal.syscalls().0 >= 1, "{what}: nobody was woken");
    opened.half.tickets().len()
}

fn wait_for(comes: &Receiver<Counters>, enough: impl Fn(&Counters) -> bool) {
    while !enough(&comes.recv_timeout(DEADLINE).expect("all of it comes")) {}
}

#[test]
fn a_client_in_halves_and_its_server() {
    let Some(openssl) = find("openssl") else { return };
    for provider in providers() {
        for suite in SUITES {
            let what = format!("{} {suite}", provider.name);
            let peer = Server::start(&openssl, Pki::shared_identity(KeyKind::EcdsaP256), &[] as &[&str]);
            let config = client(provider, KeyKind::EcdsaP256, |config| config.suites(&[suite]));
            let end = Endpoint::connect(peer.port, &config, localhost()).expect("a handshake");
            let tickets = talk(end, &peer.program, &what);
            assert!(tickets > 0, "{what}: the server sends tickets after the handshake");
        }
    }
}

#[test]
fn a_server_in_halves_and_its_client() {
    let Some(openssl) = find("openssl") else { return };
    for provider in providers() {
        for suite in SUITES {
            let (listener, port) = listen();
            let arguments = ["-ciphersuites", suite.name().expect("a name")];
            let (mut program, _files) = openssl::client(&openssl, Pki::shared(KeyKind::EcdsaP256), port, &arguments);
            let config = server(provider, KeyKind::EcdsaP256, |config| config);
            let end = Endpoint::accept(&listener, &config).expect("a handshake");
            // It takes commands once it is done with its own part.
            program.wait_text("Verify return code: 0 (ok)");
            talk(end, &program, &format!("{} {suite}", provider.name));
            assert!(program.wait_end().0.success());
        }
    }
}
