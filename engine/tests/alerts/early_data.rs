//! Early data that a server has not agreed to is skipped within bounds (RFC 8446 4.2.10), and nothing else is.

use tls_engine::codes::{AlertDescription as Alert, ContentType, ExtensionType, NamedGroup};
use tls_engine::crypto::Provider;
use tls_engine::limits::EARLY_DATA_SKIPPED_MAX;

use crate::client_hello::pre_shared_key;
use crate::support::providers;
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::vector8;
use crate::support::scripted::states::{server_finished, server_retried, server_start};
use crate::table::Table;

/// A record of early data, which no key of this connection opens.
fn early_record(len: usize) -> Vec<u8> {
    let [high, low] = (len as u16).to_be_bytes();
    [&[23, 3, 3, high, low][..], &vec![0xe5; len]].concat()
}

fn offer(client: &mut ScriptedClient) {
    let extensions = client.hello.extensions();
    extensions.add(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[1]));
    extensions.add(ExtensionType::EARLY_DATA, []);
    extensions.add(ExtensionType::PRE_SHARED_KEY, pre_shared_key());
}

/// The server has seen a hello that announces early data, and sent its flight.
fn offered(provider: &'static Provider) -> ScriptedClient {
    let mut client = server_start(provider);
    offer(&mut client);
    client.send_hello();
    client
}

/// The server has seen a hello that announces early data, and sent a HelloRetryRequest.
fn offered_and_retried(provider: &'static Provider) -> ScriptedClient {
    let group = NamedGroup::SECP256R1;
    let mut client = crate::support::scripted::states::against_server(provider, |builder| builder.groups(&[group]));
    offer(&mut client);
    client.send_hello();
    client
}

fn second_hello(client: &mut ScriptedClient) {
    client.hello.extensions().remove(ExtensionType::EARLY_DATA);
    let psk = client.hello.extensions().0.pop().expect("pre_shared_key, the last one");
    client.prepare_second_hello(NamedGroup::SECP256R1);
    client.hello.extensions().add(psk.0, psk.1);
    client.send_hello();
}

fn fill(client: &mut ScriptedClient) {
    let record = early_record(1019);
    for _ in 0..EARLY_DATA_SKIPPED_MAX / record.len() {
        client.send(&record);
    }
    assert_eq!(EARLY_DATA_SKIPPED_MAX % record.len(), 0);
    assert_eq!(client.wire.error, None, "as much as may be skipped");
}

#[test]
fn it_is_skipped_within_bounds() {
    for provider in providers() {
        for amount in [&[][..], &[0], &[1, 16, 17, 500], &[16_640, 16_640, 1]] {
            let mut client = offered(provider);
            amount.iter().for_each(|len| client.send(&early_record(*len)));
            let finished = client.finished();
            client.message(&finished);
            client.data(b"not early");
            assert_eq!((&client.wire.error, &client.wire.subject.received[..]), (&None, &b"not early"[..]));

            let mut client = offered_and_retried(provider);
            amount.iter().for_each(|len| client.send(&early_record(*len)));
            second_hello(&mut client);
            let finished = client.finished();
            client.message(&finished);
            client.data(b"not early");
            assert_eq!((&client.wire.error, &client.wire.subject.received[..]), (&None, &b"not early"[..]));
        }
    }
}

#[test]
fn it_is_refused_beyond_them() {
    let mut table = Table::new();
    const MAC: &str = "could not be decrypted";
    table.from(offered);
    table.row("4.2.10", "more early data than is skipped", Alert::BAD_RECORD_MAC, MAC, |client| {
        fill(client);
        client.send(&early_record(0));
    });
    table.row("4.2.10", "early data after the second flight began", Alert::BAD_RECORD_MAC, MAC, |client| {
        let finished = client.finished();
        client.sealed(ContentType::HANDSHAKE, &finished[..10]);
        client.send(&early_record(100));
    });
    table.row("4.2.10", "early data that this side's keys open", Alert::UNEXPECTED_MESSAGE, "before", |client| {
        client.data(b"early");
    });
    table.row("4.2.10", "early data after Finished", Alert::BAD_RECORD_MAC, MAC, |client| {
        client.send(&early_record(100));
        let finished = client.finished();
        client.message(&finished);
        client.send(&early_record(100));
    });
    table.from(server_finished);
    table.row("4.2.10", "early data that was not announced", Alert::BAD_RECORD_MAC, MAC, |client| {
        client.send(&early_record(100));
    });
    after_a_retry(&mut table);
    table.check(9);
}

fn after_a_retry(table: &mut Table<ScriptedClient>) {
    table.from(offered_and_retried);
    table.row(
        "4.2.10",
        "more early data than is skipped, retried",
        Alert::UNEXPECTED_MESSAGE,
        "before keys were established",
        |client| {
            fill(client);
            client.send(&early_record(0));
        },
    );
    table.row("4.2.10", "early data after the second hello", Alert::BAD_RECORD_MAC, "decrypted", |client| {
        client.send(&early_record(100));
        second_hello(client);
        client.send(&early_record(100));
    });
    table.row("5.1", "early data amid the second hello", Alert::UNEXPECTED_MESSAGE, "", |client| {
        client.plain(ContentType::HANDSHAKE, &[1, 0, 2]);
        client.send(&early_record(100));
    });
    table.from(server_retried);
    table.row(
        "4.2.10",
        "early data not announced, retried",
        Alert::UNEXPECTED_MESSAGE,
        "before keys were established",
        |client| {
            client.send(&early_record(100));
        },
    );
}
