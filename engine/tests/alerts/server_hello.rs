//! What a ServerHello can say wrong.

use tls_engine::codes::{
    AlertDescription as Alert, CipherSuite, ContentType, ExtensionType, HandshakeType, NamedGroup,
};

use crate::client_hello::{OBSOLETE, bad_points};
use crate::support::scripted::Script;
use crate::support::scripted::draft::{ServerHelloDraft, alpn, message, numbers, share};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{against_client, client_start};
use crate::table::{Change, Table};

const UNKNOWN: ExtensionType = ExtensionType(0xff77);

#[test]
fn server_hellos_that_are_wrong() {
    let mut table = Table::new();
    table.from(client_start);
    older_versions(&mut table);
    choices(&mut table);
    extensions(&mut table);
    shares(&mut table);
    table.check(40);
}

fn older_versions(table: &mut Table<ScriptedServer>) {
    const WHY: &str = "does not offer TLS 1.3";
    fn older(hello: &mut ServerHelloDraft) {
        hello.extensions().0.clear();
        hello.cipher_suite = 0xc02b;
        hello.session_id = vec![7; 32];
    }
    table.row("4.1.3", "TLS 1.2", Alert::PROTOCOL_VERSION, WHY, |server| {
        server.send_hello_with(older);
    });
    table.row("4.1.3", "TLS 1.2 without extensions", Alert::PROTOCOL_VERSION, WHY, |server| {
        server.send_hello_with(|hello| {
            older(hello);
            hello.extensions = None;
        });
    });
    table.row("4.1.3", "TLS 1.0", Alert::PROTOCOL_VERSION, WHY, |server| {
        server.send_hello_with(|hello| {
            older(hello);
            hello.legacy_version = 0x0301;
        });
    });
    table.row("4.2.1", "TLS 1.2 with extensions of TLS 1.2", Alert::PROTOCOL_VERSION, WHY, |server| {
        server.send_hello_with(|hello| {
            older(hello);
            // renegotiation_info, extended_master_secret and server_name.
            hello.extensions().add(ExtensionType(0xff01), [0]);
            hello.extensions().add(ExtensionType(23), []);
            hello.extensions().add(ExtensionType::SERVER_NAME, []);
        });
    });
    for (end, name) in [(0, "TLS 1.1"), (1, "TLS 1.2")] {
        let name = format!("the mark of a downgrade to {name}");
        table.row("4.1.3", name, Alert::ILLEGAL_PARAMETER, "downgraded", move |server| {
            server.send_hello_with(|hello| {
                older(hello);
                hello.extensions().add(ExtensionType(0xff01), [0]);
                hello.random[24..].copy_from_slice(&[0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, end]);
            });
        });
    }
    for version in OBSOLETE {
        let name = format!("legacy_version {version:04x}");
        table.row("D.5", name.clone(), Alert::PROTOCOL_VERSION, "legacy version", move |server| {
            server.send_hello_with(|hello| hello.legacy_version = version);
        });
        let name = format!("{name} in a hello with more to object to");
        table.row("D.5", name, Alert::PROTOCOL_VERSION, "legacy version", move |server| {
            server.send_hello_with(|hello| {
                older(hello);
                hello.random[24..].copy_from_slice(b"DOWNGRD\x01");
                hello.compression_method = 1;
                hello.legacy_version = version;
            });
        });
    }
    for version in [0x0303, 0x0305, 0x7f1c] {
        let name = format!("the version {version:04x} in supported_versions");
        table.row("4.2.1", name, Alert::ILLEGAL_PARAMETER, "a version that was not offered", move |server| {
            server.send_hello_with(|hello| {
                hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, numbers(&[version]));
            });
        });
    }
}

fn choices(table: &mut Table<ScriptedServer>) {
    let session_ids: [(&str, Change<Vec<u8>>); 3] = [
        ("another session id", |id| id[31] ^= 1),
        ("no session id", Vec::clear),
        ("a part of the session id", |id| id.truncate(16)),
    ];
    for (name, change) in session_ids {
        table.row("4.1.3", name, Alert::ILLEGAL_PARAMETER, "session id", move |server| {
            server.send_hello_with(|hello| change(&mut hello.session_id));
        });
    }
    table.row("4.1.3", "a session id of 33 bytes", Alert::DECODE_ERROR, "malformed ServerHello", |server| {
        server.send_hello_with(|hello| hello.session_id.push(0));
    });
    for suite in [0xc02b, 0x1304, 0x0000] {
        let name = format!("the cipher suite {suite:04x}");
        table.row("4.1.3", name, Alert::ILLEGAL_PARAMETER, "cipher suite that was not offered", move |server| {
            server.send_hello_with(|hello| hello.cipher_suite = suite);
        });
    }
    table.row("4.1.3", "compression", Alert::ILLEGAL_PARAMETER, "compression", |server| {
        server.send_hello_with(|hello| hello.compression_method = 1);
    });
    table.from(|provider| against_client(provider, |builder| builder.suites(&[CipherSuite::AES_128_GCM_SHA256])));
    table.row("4.1.3", "a known suite not offered", Alert::ILLEGAL_PARAMETER, "cipher suite", |server| {
        server.send_hello_with(|hello| hello.cipher_suite = CipherSuite::AES_256_GCM_SHA384.0);
    });
    table.from(|provider| against_client(provider, |builder| builder.middlebox_compatibility(false)));
    table.row("4.1.3", "a session id where there was none", Alert::ILLEGAL_PARAMETER, "session id", |server| {
        server.send_hello_with(|hello| hello.session_id = vec![1; 32]);
    });
    table.from(client_start);
}

fn extensions(table: &mut Table<ScriptedServer>) {
    for twice in [ExtensionType::SUPPORTED_VERSIONS, ExtensionType::KEY_SHARE] {
        table.row("4.2", format!("{twice} twice"), Alert::ILLEGAL_PARAMETER, "comes twice", move |server| {
            server.send_hello_with(|hello| {
                let content = hello.extensions().get(twice).to_vec();
                hello.extensions().add(twice, content);
            });
        });
    }
    let unasked = [UNKNOWN, ExtensionType::PRE_SHARED_KEY, ExtensionType::EARLY_DATA, ExtensionType::COOKIE];
    for unasked in unasked.into_iter().chain([ExtensionType::ALPN, ExtensionType::RECORD_SIZE_LIMIT]) {
        let name = format!("{unasked}, not asked for");
        table.row("4.2", name, Alert::UNSUPPORTED_EXTENSION, unasked.to_string(), move |server| {
            server.send_hello_with(|hello| hello.extensions().add(unasked, [0, 0]));
        });
    }
    for misplaced in [
        ExtensionType::SERVER_NAME,
        ExtensionType::SUPPORTED_GROUPS,
        ExtensionType::SIGNATURE_ALGORITHMS,
        ExtensionType::PSK_KEY_EXCHANGE_MODES,
    ] {
        let name = format!("{misplaced} in ServerHello");
        table.row("4.2", name, Alert::ILLEGAL_PARAMETER, "wrong message", move |server| {
            server.send_hello_with(|hello| hello.extensions().add(misplaced, []));
        });
    }
    table.row("9.2", "no key_share", Alert::MISSING_EXTENSION, "key_share", |server| {
        server.send_hello_with(|hello| hello.extensions().remove(ExtensionType::KEY_SHARE));
    });
    table.from(|provider| against_client(provider, |builder| builder.alpn(&[b"h2"])));
    table.row("4.2", "ALPN in ServerHello", Alert::ILLEGAL_PARAMETER, "wrong message", |server| {
        server.send_hello_with(|hello| hello.extensions().add(ExtensionType::ALPN, alpn(&[b"h2"])));
    });
    table.from(client_start);
}

fn shares(table: &mut Table<ScriptedServer>) {
    for (name, group) in [("offered without a share", NamedGroup::SECP256R1.0), ("never offered", 0x0100)] {
        let name = format!("a share for a group {name}");
        table.row("4.2.8", name, Alert::ILLEGAL_PARAMETER, "without a share of the client's", move |server| {
            server.send_hello_with(|hello| {
                hello.extensions().set(ExtensionType::KEY_SHARE, share(group, &[4; 65]));
            });
        });
    }
    for (what, _, key) in bad_points().into_iter().filter(|(_, group, _)| *group == NamedGroup::X25519) {
        let name = format!("a share for X25519: {what}");
        table.row("7.4.2", name, Alert::ILLEGAL_PARAMETER, "key share", move |server| {
            server.send_hello_with(|hello| {
                hello.extensions().set(ExtensionType::KEY_SHARE, share(NamedGroup::X25519.0, &key));
            });
        });
    }
    for tail in [&[HandshakeType::ENCRYPTED_EXTENSIONS.0][..], &[HandshakeType::ENCRYPTED_EXTENSIONS.0, 0, 0, 2, 0, 0]]
    {
        let name = format!("{} bytes after ServerHello in its record", tail.len());
        table.row("5.1", name, Alert::UNEXPECTED_MESSAGE, "end of a record", move |server| {
            let hello = server.hello(NamedGroup::X25519).encode();
            server.plain(ContentType::HANDSHAKE, &[&hello, tail].concat());
        });
    }
}

#[test]
fn shares_on_the_nist_curves() {
    let mut table = Table::new();
    for (group, start) in
        [(NamedGroup::SECP256R1, start_with_p256 as fn(_) -> _), (NamedGroup::SECP384R1, start_with_p384 as fn(_) -> _)]
    {
        table.from(start);
        for (what, _, key) in bad_points().into_iter().filter(|(_, known, _)| *known == group) {
            let name = format!("a share for {group}: {what}");
            table.row("4.2.8.2", name, Alert::ILLEGAL_PARAMETER, "key share", move |server: &mut ScriptedServer| {
                server.send_hello_with(|hello| {
                    hello.extensions().set(ExtensionType::KEY_SHARE, share(group.0, &key));
                });
            });
        }
    }
    table.check(16);
}

fn start_with_p256(provider: &'static tls_engine::crypto::Provider) -> ScriptedServer {
    against_client(provider, |builder| builder.key_share_groups(&[NamedGroup::SECP256R1]))
}

fn start_with_p384(provider: &'static tls_engine::crypto::Provider) -> ScriptedServer {
    against_client(provider, |builder| builder.key_share_groups(&[NamedGroup::SECP384R1]))
}

/// What is wrong must not be taken for a message of another type.
#[test]
fn a_type_of_message_that_is_no_hello() {
    let mut table = Table::new();
    table.from(client_start);
    table.row(
        "4",
        "a ServerHello called by another type",
        Alert::UNEXPECTED_MESSAGE,
        "waiting for ServerHello",
        |server| {
            let body = server.hello(NamedGroup::X25519).body();
            // hello_retry_request of the drafts of TLS 1.3.
            server.plain(ContentType::HANDSHAKE, &message(HandshakeType(6), &body));
        },
    );
    table.check(1);
}
