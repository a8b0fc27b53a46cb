//! How connections end: alerts of the peer, close_notify from either side, the end of the transport.

use tls_engine::Error;
use tls_engine::codes::{AlertDescription, ContentType};
use tls_engine::crypto::Provider;

use crate::support::providers;
use crate::support::scripted::states::{
    client_certificate, client_extensions, client_finished, client_ready, client_retried, client_start,
    server_finished, server_ready, server_retried, server_start,
};
use crate::support::scripted::{Script, Sent};
use crate::table::is_over;

const CLOSE_NOTIFY: [u8; 2] = [1, 0];

fn alert(encrypted: bool, content: [u8; 2]) -> Sent {
    Sent { encrypted, content_type: ContentType::ALERT, content: content.to_vec() }
}

/// All alerts but close_notify and user_canceled end the connection, known or not, whatever level they claim
/// (RFC 8446 6), and are not answered.
fn ended_by_alerts<P: Script>(start: fn(&'static Provider) -> P) {
    let provider = providers()[0];
    for description in (1..=255).filter(|description| *description != 90) {
        for level in [1, 2] {
            let mut peer = start(provider);
            let before = peer.wire().sent.len();
            peer.record(ContentType::ALERT, &[level, description]);
            assert_eq!(peer.wire().error, Some(Error::PeerAlert(AlertDescription(description))));
            assert_eq!(peer.wire().sent.len(), before, "an alert is not answered");
            is_over(&mut peer).unwrap();
        }
    }
}

#[test]
fn every_alert_ends_a_server() {
    [server_retried, server_finished, server_ready].into_iter().for_each(ended_by_alerts);
}

#[test]
fn every_alert_ends_a_client() {
    [client_start, client_retried, client_extensions, client_finished, client_ready]
        .into_iter()
        .for_each(ended_by_alerts);
}

/// A client that could not make keys, from a ServerHello it refuses, can only say so in the clear.
#[test]
fn a_server_takes_an_alert_in_the_clear_from_a_client_without_keys() {
    let refused = Error::PeerAlert(AlertDescription::ILLEGAL_PARAMETER);
    for (content, expected) in [([2, 47], refused), (CLOSE_NOTIFY, Error::Truncated)] {
        let mut client = server_finished(providers()[0]);
        client.plain(ContentType::ALERT, &content);
        assert_eq!(client.wire.error, Some(expected));
        assert!(!client.wire.subject.closed);
    }
}

/// What the peer sent before and after its close_notify, and that this side can go on sending (RFC 8446 6.1).
fn closed_by_the_peer<P: Script>(start: fn(&'static Provider) -> P) {
    for provider in providers() {
        for level in [1, 2] {
            let mut peer = start(provider);
            peer.data(b"the last words");
            peer.record(ContentType::ALERT, &[level, 0]);
            // Neither data nor anything else counts any more: not even what does not authenticate.
            let late = peer.seal(b"too late\x17");
            peer.send(&late);
            peer.send(&[23, 3, 3, 0, 20]);
            peer.send(&[7; 20]);
            let side = &mut peer.wire().subject;
            assert!(side.closed && side.connection.is_closed_by_peer());
            assert_eq!(side.received, b"the last words");
            assert_eq!(side.connection.end_of_input(), Ok(()));
            assert!(side.connection.is_ready(), "the other direction is open");
            assert_eq!(side.write(b"an answer"), Ok(9));
            side.close();
            side.close();
            assert_eq!(side.write(b"more"), Err(Error::Usage("nothing can be sent after close_notify")));
            peer.absorb();
            let wire = peer.wire();
            assert_eq!(wire.error, None);
            let answer =
                Sent { encrypted: true, content_type: ContentType::APPLICATION_DATA, content: b"an answer".to_vec() };
            assert_eq!(wire.sent[wire.sent.len() - 2..], [answer, alert(true, CLOSE_NOTIFY)]);
            assert_eq!(wire.alerts(), [AlertDescription::CLOSE_NOTIFY]);
        }
    }
}

#[test]
fn a_peer_that_closes_its_half() {
    closed_by_the_peer(server_ready);
    closed_by_the_peer(client_ready);
}

/// After this side's close_notify the peer may go on, and nothing is sent any more: no answer to a key update, and no
/// alert (RFC 8446 6.1: the sender will not send any more messages).
fn closed_by_this_side<P: Script>(start: fn(&'static Provider) -> P) {
    for provider in providers() {
        let mut peer = start(provider);
        peer.wire().subject.close();
        peer.absorb();
        let count = peer.wire().sent.len();
        assert_eq!(peer.wire().sent[count - 1], alert(true, CLOSE_NOTIFY));
        assert!(!peer.wire().subject.connection.is_ready());
        peer.data(b"still ");
        peer.key_update(1);
        peer.data(b"here");
        let wire = peer.wire();
        assert_eq!((&wire.error, &wire.subject.received[..]), (&None, &b"still here"[..]));
        assert_eq!(wire.subject.update_keys(true), Err(Error::Usage("nothing can be sent after close_notify")));
        peer.send(&[23, 3, 3, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
        assert_eq!(peer.wire().error, Some(Error::BadRecordMac));
        assert_eq!(peer.wire().sent.len(), count, "nothing follows close_notify");
        is_over(&mut peer).unwrap();
    }
}

#[test]
fn this_side_closes_its_half() {
    closed_by_this_side(server_ready);
    closed_by_this_side(client_ready);
}

/// Both may say close_notify before the other's has come.
#[test]
fn both_sides_close_at_once() {
    let mut peer = server_ready(providers()[0]);
    peer.wire.subject.close();
    peer.record(ContentType::ALERT, &CLOSE_NOTIFY);
    assert_eq!(peer.wire.error, None);
    assert!(peer.wire.subject.closed);
    assert_eq!(peer.wire.subject.connection.end_of_input(), Ok(()));
}

/// A transport that ends without close_notify may have been cut by somebody else.
fn truncated<P: Script>(start: fn(&'static Provider) -> P, bytes: &[u8]) {
    let mut peer = start(providers()[0]);
    peer.send(bytes);
    let wire = peer.wire();
    let before = wire.sent.len();
    assert_eq!(wire.subject.connection.end_of_input(), Err(Error::Truncated));
    assert_eq!(wire.subject.feed(&[]), Err(Error::Truncated));
    assert_eq!(wire.subject.write(b"more"), Err(Error::Truncated));
    wire.error = Some(Error::Truncated);
    peer.absorb();
    assert_eq!(peer.wire().sent.len(), before, "there is nobody to tell");
    is_over(&mut peer).unwrap();
}

#[test]
fn a_transport_that_ends_early() {
    for start in [server_start, server_retried, server_finished, server_ready] {
        truncated(start, &[]);
    }
    for start in [server_retried, server_finished, server_ready] {
        truncated(start, &[22, 3, 3]);
        truncated(start, &[23, 3, 3, 0, 80, 1]);
    }
    for start in [client_start, client_retried, client_extensions, client_certificate, client_finished, client_ready] {
        truncated(start, &[]);
        truncated(start, &[22, 3, 3]);
        truncated(start, &[23, 3, 3, 0, 80, 1]);
    }
}

/// The peer gives up during the handshake, with or without a word before (RFC 8446 6.1). A connection that has not begun
/// can't be done.
fn given_up<P: Script>(start: fn(&'static Provider) -> P) {
    for canceled in [false, true] {
        let mut peer = start(providers()[0]);
        let before = peer.wire().sent.len();
        if canceled {
            peer.record(ContentType::ALERT, &[1, 90]);
        }
        peer.record(ContentType::ALERT, &CLOSE_NOTIFY);
        let wire = peer.wire();
        assert_eq!(wire.error, Some(Error::Truncated));
        assert!(!wire.subject.closed && wire.subject.connection.is_handshaking());
        assert!(!wire.subject.connection.is_ready());
        assert_eq!(wire.sent.len(), before, "it is owed no alert");
        assert_eq!(wire.subject.write(b"data"), Err(Error::Truncated));
        assert_eq!(wire.subject.connection.end_of_input(), Err(Error::Truncated));
    }
}

#[test]
fn a_peer_that_gives_up() {
    [server_retried, server_finished].into_iter().for_each(given_up);
    [client_start, client_retried, client_extensions, client_certificate, client_finished]
        .into_iter()
        .for_each(given_up);
}

/// This side gives up during the handshake: the last it says is close_notify, whatever still comes.
#[test]
fn this_side_gives_up() {
    let mut server = client_start(providers()[0]);
    server.wire.subject.close();
    server.absorb();
    let count = server.wire.sent.len();
    assert_eq!(server.wire.sent[count - 1], alert(false, CLOSE_NOTIFY));
    server.send_hello_with(|_| {});
    assert_eq!(server.wire.sent.len(), count, "nothing follows close_notify");
    assert!(server.wire.error.is_some());

    let mut client = server_finished(providers()[0]);
    client.wire.subject.close();
    client.absorb();
    let count = client.wire.sent.len();
    assert_eq!(client.wire.sent[count - 1], alert(true, CLOSE_NOTIFY));
    let finished = client.finished();
    client.message(&finished);
    assert_eq!(client.wire.sent.len(), count, "nothing follows close_notify");
    assert!(client.wire.error.is_some());
}
