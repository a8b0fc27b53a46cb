//! What a HelloRetryRequest can say wrong, and the ServerHello after it.

use tls_engine::codes::{AlertDescription as Alert, CipherSuite, ContentType, ExtensionType, NamedGroup};

use crate::client_hello::OBSOLETE;
use crate::support::scripted::Script;
use crate::support::scripted::draft::{ServerHelloDraft, numbers, share, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{client_retried, client_start};
use crate::table::Table;

const UNKNOWN: ExtensionType = ExtensionType(0xff77);

#[test]
fn retry_requests_that_are_wrong() {
    let mut table = Table::new();
    table.from(client_start);
    retry_choices(&mut table);
    retry_extensions(&mut table);
    table.from(client_retried);
    after_a_retry(&mut table);
    table.check(24);
}

fn retry(change: impl Fn(&mut ServerHelloDraft) + 'static) -> impl Fn(&mut ScriptedServer) {
    move |server| {
        let mut retry = server.retry(NamedGroup::SECP256R1);
        change(&mut retry);
        server.send_retry(&retry);
    }
}

fn retry_choices(table: &mut Table<ScriptedServer>) {
    const WHY_VERSION: &str = "a version that was not offered";
    table.row(
        "4.1.4",
        "no change asked for",
        Alert::ILLEGAL_PARAMETER,
        "no change",
        retry(|retry| {
            retry.extensions().remove(ExtensionType::KEY_SHARE);
        }),
    );
    for (name, group) in [("that was not offered", 0x0100), ("that nobody knows", 0x7777)] {
        let name = format!("a group {name}");
        table.row(
            "4.2.8",
            name,
            Alert::ILLEGAL_PARAMETER,
            "group that was not offered",
            retry(move |retry| {
                retry.extensions().set(ExtensionType::KEY_SHARE, numbers(&[group]));
            }),
        );
    }
    table.row(
        "4.2.8",
        "a group with a share",
        Alert::ILLEGAL_PARAMETER,
        "share was already sent",
        retry(|retry| {
            retry.extensions().set(ExtensionType::KEY_SHARE, numbers(&[NamedGroup::X25519.0]));
        }),
    );
    table.row(
        "4.1.3",
        "another session id",
        Alert::ILLEGAL_PARAMETER,
        "session id",
        retry(|retry| {
            retry.session_id[0] ^= 1;
        }),
    );
    table.row(
        "4.1.3",
        "a suite not offered",
        Alert::ILLEGAL_PARAMETER,
        "cipher suite",
        retry(|retry| {
            retry.cipher_suite = 0x1304;
        }),
    );
    table.row(
        "4.1.4",
        "compression",
        Alert::ILLEGAL_PARAMETER,
        "compression",
        retry(|retry| {
            retry.compression_method = 1;
        }),
    );
    table.row(
        "4.1.4",
        "another legacy_version",
        Alert::ILLEGAL_PARAMETER,
        "legacy version",
        retry(|retry| {
            retry.legacy_version = 0x0302;
        }),
    );
    for version in OBSOLETE {
        let name = format!("legacy_version {version:04x}");
        table.row(
            "D.5",
            name,
            Alert::PROTOCOL_VERSION,
            "legacy version",
            retry(move |retry| {
                retry.legacy_version = version;
            }),
        );
    }
    table.row(
        "4.2.1",
        "TLS 1.2 in supported_versions",
        Alert::ILLEGAL_PARAMETER,
        WHY_VERSION,
        retry(|retry| {
            retry.extensions().set(ExtensionType::SUPPORTED_VERSIONS, numbers(&[0x0303]));
        }),
    );
    table.row(
        "9.2",
        "no supported_versions",
        Alert::MISSING_EXTENSION,
        "supported_versions",
        retry(|retry| {
            retry.extensions().remove(ExtensionType::SUPPORTED_VERSIONS);
        }),
    );
}

fn retry_extensions(table: &mut Table<ScriptedServer>) {
    const MALFORMED: &str = "malformed ServerHello";
    for unasked in [UNKNOWN, ExtensionType::ALPN, ExtensionType::PRE_SHARED_KEY, ExtensionType::EARLY_DATA] {
        let name = format!("{unasked}, not asked for, in HelloRetryRequest");
        table.row(
            "4.2",
            name,
            Alert::UNSUPPORTED_EXTENSION,
            unasked.to_string(),
            retry(move |retry| {
                retry.extensions().add(unasked, []);
            }),
        );
    }
    for misplaced in [ExtensionType::SERVER_NAME, ExtensionType::SUPPORTED_GROUPS] {
        let name = format!("{misplaced} in HelloRetryRequest");
        table.row(
            "4.2",
            name,
            Alert::ILLEGAL_PARAMETER,
            "wrong message",
            retry(move |retry| {
                retry.extensions().add(misplaced, []);
            }),
        );
    }
    table.row(
        "4.2",
        "a cookie twice",
        Alert::ILLEGAL_PARAMETER,
        "comes twice",
        retry(|retry| {
            retry.extensions().add(ExtensionType::COOKIE, vector16(b"one"));
            retry.extensions().add(ExtensionType::COOKIE, vector16(b"two"));
        }),
    );
    table.row(
        "4.2.2",
        "an empty cookie",
        Alert::DECODE_ERROR,
        MALFORMED,
        retry(|retry| {
            retry.extensions().add(ExtensionType::COOKIE, vector16(&[]));
        }),
    );
    table.row(
        "4.2.2",
        "bytes after the cookie",
        Alert::DECODE_ERROR,
        MALFORMED,
        retry(|retry| {
            retry.extensions().add(ExtensionType::COOKIE, [vector16(b"one"), vec![0]].concat());
        }),
    );
    table.row(
        "limit of the engine",
        "a huge cookie",
        Alert::ILLEGAL_PARAMETER,
        "a cookie is larger",
        retry(|retry| {
            retry.extensions().add(ExtensionType::COOKIE, vector16(&[7; 5000]));
        }),
    );
    table.row(
        "4.2.8",
        "a whole share",
        Alert::DECODE_ERROR,
        MALFORMED,
        retry(|retry| {
            let share = share(NamedGroup::SECP256R1.0, &[4; 65]);
            retry.extensions().set(ExtensionType::KEY_SHARE, share);
        }),
    );
    table.row(
        "4.2.8",
        "half a group",
        Alert::DECODE_ERROR,
        MALFORMED,
        retry(|retry| {
            retry.extensions().set(ExtensionType::KEY_SHARE, [0]);
        }),
    );
}

/// Before another share is made and another ClientHello sent.
#[test]
fn retry_requests_that_do_not_end_their_record() {
    let mut table = Table::new();
    table.from(client_start);
    for len in [1, 2, 3, 4, 7, usize::MAX] {
        let name = format!("{len} bytes after HelloRetryRequest in its record");
        table.row("5.1, 4.1.4", name, Alert::UNEXPECTED_MESSAGE, "end of a record", move |server| {
            let retry = server.retry(NamedGroup::SECP256R1).encode();
            let before = server.wire.sent.len();
            server.plain(ContentType::HANDSHAKE, &[&retry, &retry[..len.min(retry.len())]].concat());
            assert_eq!(server.wire.sent.len(), before + 1, "the alert alone");
        });
    }
    table.check(6);
}

fn after_a_retry(table: &mut Table<ScriptedServer>) {
    table.row(
        "4.1.4",
        "a second HelloRetryRequest",
        Alert::UNEXPECTED_MESSAGE,
        "after a HelloRetryRequest",
        |server| {
            let retry = server.retry(NamedGroup::SECP384R1);
            server.send_retry(&retry);
        },
    );
    table.row(
        "4.1.4",
        "the same HelloRetryRequest",
        Alert::UNEXPECTED_MESSAGE,
        "after a HelloRetryRequest",
        |server| {
            let retry = server.retry(NamedGroup::SECP256R1);
            server.send_retry(&retry);
        },
    );
    table.row("4.1.4", "another suite than before", Alert::ILLEGAL_PARAMETER, "suite changed", |server| {
        let mut hello = server.hello(NamedGroup::SECP256R1);
        hello.cipher_suite = CipherSuite::CHACHA20_POLY1305_SHA256.0;
        server.send_hello(&hello);
    });
    table.row("4.1.4", "another version than before", Alert::ILLEGAL_PARAMETER, "version", |server| {
        let mut hello = server.hello(NamedGroup::SECP256R1);
        hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, numbers(&[0x0303]));
        server.send_hello(&hello);
    });
    for group in [NamedGroup::X25519, NamedGroup::SECP384R1] {
        let name = format!("a share for {group} instead of the group asked for");
        table.row("4.2.8", name, Alert::ILLEGAL_PARAMETER, "without a share of the client's", move |server| {
            let hello = server.hello(group);
            server.send_hello(&hello);
        });
    }
    table.row("4.1.3", "another session id than before", Alert::ILLEGAL_PARAMETER, "session id", |server| {
        let mut hello = server.hello(NamedGroup::SECP256R1);
        hello.session_id[0] ^= 1;
        server.send_hello(&hello);
    });
    table.row("4.1.3", "TLS 1.2 after all", Alert::PROTOCOL_VERSION, "TLS 1.3", |server| {
        let mut hello = server.hello(NamedGroup::SECP256R1);
        hello.extensions().0.clear();
        server.send_hello(&hello);
    });
}
