//! Data both ways at once over a socket, against the engine's own connection in one piece.

use std::sync::mpsc::channel;
use std::thread;

use tls_engine::codes::CipherSuite;
use tls_engine::crypto::Provider;
use tls_engine::switches::Switches;

use crate::support::endpoint::{DEADLINE, Endpoint, listen};
use crate::support::pki::KeyKind;
use crate::support::{assert_same_bytes, client, localhost, pattern, providers, server};
use crate::threads::{Order, Threads};

/// More than all buffers on the way can hold: who only sent first, and read then, would never come to an end.
const DATA_BYTES: usize = 12_000_000;
/// What one order has.
const ORDER_BYTES: usize = 100_000;

fn carry(provider: &'static Provider, suite: CipherSuite, switches: Switches, split_client: bool, data_bytes: usize) {
    let kind = KeyKind::EcdsaP256;
    let (listener, port) = listen();
    let server = server(provider, kind, |config| config.switches(switches));
    let client = client(provider, kind, |config| config.suites(&[suite]).switches(switches));
    let accepting = thread::spawn(move || Endpoint::accept(&listener, &server).expect("a handshake"));
    let client = Endpoint::connect(port, &client, localhost()).expect("a handshake");
    let server = accepting.join().expect("a server");
    let (split, mut whole) = if split_client { (client, server) } else { (server, client) };

    // The peer sends back what it gets, and asks for new keys on the way.
    let peer = thread::spawn(move || {
        whole.echo_some(data_bytes / 3).expect("a third");
        whole.update_keys(true).expect("a KeyUpdate");
        whole.echo_some(data_bytes / 3).expect("a second third");
        whole.update_keys(true).expect("a KeyUpdate");
        assert_eq!(whole.echo().expect("the rest"), data_bytes - data_bytes / 3 * 2);
        let counted = (whole.peer.connection.sealed(), whole.peer.connection.opened());
        whole.close().expect("an end on both sides");
        counted
    });
    let (come, all_come) = channel();
    let threads = Threads::start(split, move |counted| {
        if counted.bytes == data_bytes as u64 {
            let _ = come.send(());
        }
    });
    let data = pattern(data_bytes, 1);
    for (index, piece) in data.chunks(ORDER_BYTES).enumerate() {
        threads.orders.give(Order::Send(piece.to_vec()));
        if index % 40 == 20 {
            threads.orders.give(Order::UpdateKeys);
        }
    }
    all_come.recv_timeout(DEADLINE).expect("all of it comes back");
    threads.orders.give(Order::Close);
    let (sealing, end) = threads.sealing.join().expect("a sealing thread");
    assert_eq!(end, Ok(()));
    let opened = threads.opening.join().expect("an opening thread");
    assert_eq!(opened.end, Ok(()));
    assert_same_bytes(&opened.data, &data, "what came back");
    let (peer_sealed, peer_opened) = peer.join().expect("a peer");

    let ours = data.chunks(ORDER_BYTES).enumerate().filter(|(index, _)| index % 40 == 20).count() as u64;
    assert_eq!(sealing.sealed().bytes, data_bytes as u64);
    assert_eq!(opened.half.opened().bytes, data_bytes as u64);
    assert_eq!(sealing.sealed().key_updates, peer_opened.key_updates);
    // Its two requests were answered, unless one answer did for both; it has answered each of ours.
    assert!((1..=2).contains(&(sealing.sealed().key_updates - ours)), "{:?} with {ours} ours", sealing.sealed());
    assert_eq!(peer_sealed.key_updates, 2 + ours);
    assert_eq!(opened.half.opened().key_updates, peer_sealed.key_updates);
    assert!(sealing.is_closed_by_peer() && sealing.has_sent_close());
    assert!(threads.signal.syscalls().0 >= 1, "nobody was woken");
}

#[test]
fn much_data_both_ways_at_once() {
    let provider = providers()[0];
    for split_client in [true, false] {
        carry(provider, provider.suites[0].code, Switches::all(), split_client, DATA_BYTES);
    }
}

#[test]
fn every_suite_and_switch_both_ways() {
    for provider in providers() {
        for suite in &provider.suites {
            for switches in [Switches::all(), Switches::none()] {
                carry(provider, suite.code, switches, true, 300_000);
            }
        }
    }
}
