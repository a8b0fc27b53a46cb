//! What the ClientHello after a HelloRetryRequest can say wrong.

use tls_engine::codes::{AlertDescription as Alert, ExtensionType, NamedGroup};

use crate::client_hello::{OBSOLETE, P256, X25519, set_shares};
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{numbers, vector16};
use crate::support::scripted::states::{server_retried, server_retried_with_cookie};
use crate::table::{Change, Table};

#[test]
fn second_hellos_that_are_wrong() {
    let mut table = Table::new();
    table.from(server_retried);
    second_hello_shares(&mut table);
    second_hello_changes(&mut table);
    table.from(server_retried_with_cookie);
    cookies(&mut table);
    table.check(15);
}

fn second_hello_shares(table: &mut Table<ScriptedClient>) {
    const WHY: &str = "the one key share asked for";
    table.row("4.1.2", "the same ClientHello again", Alert::ILLEGAL_PARAMETER, WHY, ScriptedClient::send_hello);
    table.row("4.1.2", "no share at all", Alert::ILLEGAL_PARAMETER, WHY, |client| set_shares(client, &[]));
    table.row("4.1.2", "a share for another group", Alert::ILLEGAL_PARAMETER, WHY, |client| {
        client.prepare_second_hello(NamedGroup::SECP384R1);
        client.send_hello();
    });
    table.row("4.1.2", "a share beside the one asked for", Alert::ILLEGAL_PARAMETER, WHY, |client| {
        set_shares(client, &[(X25519, &[9; 32]), (P256, &[4; 65])]);
    });
    table.row("4.2.8.2", "a share that is no point", Alert::ILLEGAL_PARAMETER, "key share", |client| {
        set_shares(client, &[(P256, &[4; 65])]);
    });
    table.row("9.2", "no key_share", Alert::MISSING_EXTENSION, "key_share", |client| {
        client.send_hello_with(|hello| hello.extensions().remove(ExtensionType::KEY_SHARE));
    });
}

fn second_hello_changes(table: &mut Table<ScriptedClient>) {
    const STAYS: &str = "changes a field that must stay the same";
    let changes: [(&str, &str, Change<ScriptedClient>); 8] = [
        ("another random", STAYS, |client| client.hello.random[31] ^= 1),
        ("another session id", STAYS, |client| client.hello.session_id[0] ^= 1),
        ("no session id", STAYS, |client| client.hello.session_id.clear()),
        ("without the suite chosen", "the suite that was chosen", |client| client.hello.cipher_suites = vec![0x1302]),
        ("without the group asked for", "not offered, or comes twice", |client| {
            client.hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[X25519])));
        }),
        ("with compression", "compression", |client| client.hello.compression_methods = vec![1]),
        ("with early data", "early_data after", |client| client.hello.extensions().add(ExtensionType::EARLY_DATA, [])),
        ("with a cookie that nobody gave", "cookie", |client| {
            client.hello.extensions().add(ExtensionType::COOKIE, vector16(b"biscuit"));
        }),
    ];
    for (name, why, change) in changes {
        let name = format!("a second ClientHello {name}");
        table.row("4.1.2", name, Alert::ILLEGAL_PARAMETER, why, move |client| {
            client.prepare_second_hello(NamedGroup::SECP256R1);
            change(client);
            client.send_hello();
        });
    }
    for version in OBSOLETE {
        let name = format!("a second ClientHello with legacy_version {version:04x}");
        table.row("D.5", name, Alert::PROTOCOL_VERSION, "legacy version", move |client| {
            client.prepare_second_hello(NamedGroup::SECP256R1);
            client.send_hello_with(|hello| hello.legacy_version = version);
        });
    }
    table.row("4.2.1", "a second ClientHello without a version", Alert::PROTOCOL_VERSION, "TLS 1.3", |client| {
        client.prepare_second_hello(NamedGroup::SECP256R1);
        client.send_hello_with(|hello| hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS));
    });
}

fn cookies(table: &mut Table<ScriptedClient>) {
    const WHY: &str = "the cookie was not brought back";
    let cookies: [(&str, Change<Vec<u8>>); 4] = [
        ("another cookie", |cookie| cookie[0] ^= 1),
        ("half the cookie", |cookie| cookie.truncate(cookie.len() / 2)),
        ("the cookie and more", |cookie| cookie.push(0)),
        ("a foreign cookie", |cookie| *cookie = b"biscuit".to_vec()),
    ];
    for (name, change) in cookies {
        table.row("4.2.2", name, Alert::ILLEGAL_PARAMETER, WHY, move |client| {
            change(client.cookie.as_mut().expect("a cookie"));
            client.prepare_second_hello(NamedGroup::SECP256R1);
            client.send_hello();
        });
    }
    table.row("4.2.2", "no cookie", Alert::ILLEGAL_PARAMETER, WHY, |client| {
        client.cookie = None;
        client.prepare_second_hello(NamedGroup::SECP256R1);
        client.send_hello();
    });
}
