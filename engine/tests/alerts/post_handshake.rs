//! What costs work and carries nothing is bounded, in both roles.

use tls_engine::codes::{AlertDescription as Alert, ContentType, HandshakeType};
use tls_engine::crypto::Provider;
use tls_engine::limits::{EMPTY_RECORDS_MAX, KEY_UPDATES_MAX, TICKETS_MAX, WARNING_ALERTS_MAX};

use crate::support::scripted::Script;
use crate::support::scripted::draft::{ExtensionList, message, ticket};
use crate::support::scripted::states::{
    client_extensions, client_ready, client_start, server_finished, server_ready, server_retried,
};
use crate::table::Table;

const LIMIT: &str = "limit of the engine";

/// Does `act` as often as is allowed, then once more, with and without data in between.
fn bounded<P: Script + 'static>(
    start: fn(&'static Provider) -> P,
    what: &'static str,
    limit: u32,
    act: fn(&mut P),
    reset: Option<fn(&mut P)>,
) {
    if let Some(reset) = reset {
        let mut peer = start(Provider::all()[0]);
        for _ in 0..3 {
            (0..limit).for_each(|_| act(&mut peer));
            reset(&mut peer);
        }
        assert_eq!(peer.wire().error, None, "{what} with data in between");
    }
    let mut table = Table::new();
    table.from(start);
    table.row(LIMIT, format!("too many {what}"), Alert::UNEXPECTED_MESSAGE, format!("too many {what}"), move |peer| {
        (0..limit).for_each(|_| act(peer));
        assert_eq!(peer.wire().error, None, "{what} are allowed {limit} times");
        act(peer);
    });
    table.check(1);
}

fn data<P: Script>(peer: &mut P) {
    peer.data(b"data");
}

fn empty<P: Script>(peer: &mut P) {
    peer.data(b"");
}

fn padding<P: Script>(peer: &mut P) {
    let record = peer.seal(&[vec![23], vec![0; 500]].concat());
    peer.send(&record);
}

fn silent_update<P: Script>(peer: &mut P) {
    peer.key_update(0);
}

fn asking_update<P: Script>(peer: &mut P) {
    peer.key_update(1);
}

fn user_canceled<P: Script>(peer: &mut P) {
    peer.record(ContentType::ALERT, &[1, 90]);
}

#[test]
fn empty_records() {
    bounded(server_ready, "empty records", EMPTY_RECORDS_MAX, empty, Some(data));
    bounded(client_ready, "empty records", EMPTY_RECORDS_MAX, empty, Some(data));
    bounded(server_ready, "empty records", EMPTY_RECORDS_MAX, padding, Some(data));
    bounded(client_ready, "empty records", EMPTY_RECORDS_MAX, padding, Some(data));
}

#[test]
fn key_updates() {
    bounded(server_ready, "key updates", KEY_UPDATES_MAX, silent_update, Some(data));
    bounded(client_ready, "key updates", KEY_UPDATES_MAX, silent_update, Some(data));
    bounded(server_ready, "key updates", KEY_UPDATES_MAX, asking_update, Some(data));
    bounded(client_ready, "key updates", KEY_UPDATES_MAX, asking_update, Some(data));
}

#[test]
fn warnings() {
    bounded(server_retried, "warning alerts", WARNING_ALERTS_MAX, user_canceled, None);
    bounded(server_finished, "warning alerts", WARNING_ALERTS_MAX, user_canceled, None);
    bounded(server_ready, "warning alerts", WARNING_ALERTS_MAX, user_canceled, Some(data));
    bounded(client_start, "warning alerts", WARNING_ALERTS_MAX, user_canceled, None);
    bounded(client_extensions, "warning alerts", WARNING_ALERTS_MAX, user_canceled, None);
    bounded(client_ready, "warning alerts", WARNING_ALERTS_MAX, user_canceled, Some(data));
}

#[test]
fn tickets() {
    bounded(client_ready, "tickets", TICKETS_MAX, send_ticket, Some(data));
}

fn send_ticket<P: Script>(peer: &mut P) {
    let body = ticket(3600, &[1], b"a ticket", &ExtensionList::default());
    peer.record(ContentType::HANDSHAKE, &message(HandshakeType::NEW_SESSION_TICKET, &body));
}
