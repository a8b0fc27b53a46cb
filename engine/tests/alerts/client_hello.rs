//! What a ClientHello can say wrong, and the second one after a HelloRetryRequest.

use tls_engine::codes::{AlertDescription as Alert, ContentType, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::crypto::Provider;

use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ClientHelloDraft, alpn, message, numbers, share, vector8, vector16};
use crate::support::scripted::states::{against_server, server_retried, server_start};
use crate::table::{Change, Table};

pub const X25519: u16 = NamedGroup::X25519.0;
pub const P256: u16 = NamedGroup::SECP256R1.0;
const FFDHE2048: u16 = 0x0100;
const ED448: u16 = 0x0808;
const RSA_PKCS1_SHA256: u16 = 0x0401;
/// A private-use type of extension, which nobody knows.
const UNKNOWN: ExtensionType = ExtensionType(0xff77);

#[test]
fn what_cannot_be_agreed_on() {
    let mut table = Table::new();
    table.from(server_start);
    versions(&mut table);
    parameters(&mut table);
    table.check(20);
}

fn versions(table: &mut Table<ScriptedClient>) {
    const WHY: &str = "does not offer TLS 1.3";
    table.row("4.2.1", "no supported_versions", Alert::PROTOCOL_VERSION, WHY, |client| {
        client.send_hello_with(|hello| hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS));
    });
    table.row("4.2.1", "TLS 1.3 only as legacy_version", Alert::PROTOCOL_VERSION, WHY, |client| {
        client.send_hello_with(|hello| {
            hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS);
            hello.legacy_version = 0x0304;
        });
    });
    table.row("4.2.1", "supported_versions without TLS 1.3", Alert::PROTOCOL_VERSION, WHY, |client| {
        client.send_hello_with(|hello| {
            let versions = vector8(&numbers(&[0x0303, 0x0302, 0x7f1c]));
            hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, versions);
        });
    });
    for version in OBSOLETE {
        obsolete_version(table, version);
    }
    table.row("4.1.2", "no extensions at all", Alert::PROTOCOL_VERSION, WHY, |client| {
        client.send_hello_with(|hello| hello.extensions = None);
    });
    table.row("4.1.2", "an empty list of extensions", Alert::PROTOCOL_VERSION, WHY, |client| {
        client.send_hello_with(|hello| hello.extensions().0.clear());
    });
    table.row("4.1.2", "TLS 1.2 with its compression methods", Alert::PROTOCOL_VERSION, WHY, |client| {
        client.send_hello_with(|hello| {
            hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS);
            hello.compression_methods = vec![1, 0];
            hello.cipher_suites = vec![0xc02b, 0xc02f];
        });
    });
}

/// What neither Hello may have as its legacy version (RFC 8446 D.5).
pub const OBSOLETE: [u16; 6] = [0x0300, 0x02ff, 0x0200, 0x0100, 0x0002, 0x0000];

/// The alert is the same whatever else there is to object to.
fn obsolete_version(table: &mut Table<ScriptedClient>, version: u16) {
    let changes: [(&str, Change<ClientHelloDraft>); 6] = [
        ("as it is", |_| {}),
        ("no supported_versions", |hello| hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS)),
        ("no extensions", |hello| hello.extensions = None),
        ("compression", |hello| hello.compression_methods = vec![1]),
        ("an unknown suite", |hello| hello.cipher_suites = vec![0x000a]),
        ("an extension twice", |hello| (0..2).for_each(|_| hello.extensions().add(UNKNOWN, []))),
    ];
    for (what, change) in changes {
        let name = format!("legacy_version {version:04x}, {what}");
        table.row("D.5", name, Alert::PROTOCOL_VERSION, "legacy version", move |client| {
            client.send_hello_with(|hello| {
                change(hello);
                hello.legacy_version = version;
            });
        });
    }
}

fn parameters(table: &mut Table<ScriptedClient>) {
    for methods in [&[1][..], &[1, 0], &[0, 1], &[0, 0]] {
        let name = format!("compression methods {methods:?}");
        table.row("4.1.2", name, Alert::ILLEGAL_PARAMETER, "compression", |client| {
            client.send_hello_with(|hello| hello.compression_methods = methods.to_vec());
        });
    }
    for suites in [&[0xc02b][..], &[0x1304, 0x1305, 0x0a0a]] {
        let name = format!("only the cipher suites {suites:x?}");
        table.row("4.1.1", name, Alert::HANDSHAKE_FAILURE, "no cipher suite", |client| {
            client.send_hello_with(|hello| hello.cipher_suites = suites.to_vec());
        });
    }
    table.row("4.1.1", "no group in common", Alert::HANDSHAKE_FAILURE, "no group", |client| {
        client.send_hello_with(|hello| {
            hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[FFDHE2048])));
            hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&share(FFDHE2048, &[2; 256])));
        });
    });
    table.row("4.1.1", "no group in common, and no share", Alert::HANDSHAKE_FAILURE, "no group", |client| {
        client.send_hello_with(|hello| {
            hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[FFDHE2048])));
            hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&[]));
        });
    });
    for scheme in [ED448, RSA_PKCS1_SHA256, 0x0804, 0x0503] {
        let name = format!("only the signature scheme {scheme:04x}, for a P-256 certificate");
        table.row("4.4.2.2", name, Alert::HANDSHAKE_FAILURE, "no signature scheme", move |client| {
            client.send_hello_with(|hello| {
                hello.extensions().set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[scheme])));
            });
        });
    }
    for missing in [ExtensionType::SUPPORTED_GROUPS, ExtensionType::KEY_SHARE, ExtensionType::SIGNATURE_ALGORITHMS] {
        table.row("9.2", format!("no {missing}"), Alert::MISSING_EXTENSION, missing.to_string(), move |client| {
            client.send_hello_with(|hello| hello.extensions().remove(missing));
        });
    }
    table.row("9.2", "neither group nor share", Alert::MISSING_EXTENSION, "supported_groups", |client| {
        client.send_hello_with(|hello| {
            hello.extensions().remove(ExtensionType::SUPPORTED_GROUPS);
            hello.extensions().remove(ExtensionType::KEY_SHARE);
        });
    });
}

#[test]
fn extensions_that_are_wrong() {
    let mut table = Table::new();
    table.from(server_start);
    repeated_and_misplaced(&mut table);
    pre_shared_keys(&mut table);
    names(&mut table);
    table.from(|provider| against_server(provider, |builder| builder.alpn(&[b"h2", b"http/1.1"])));
    table.row("RFC 7301 3.2", "other protocols only", Alert::NO_APPLICATION_PROTOCOL, "ALPN", |client| {
        client.send_hello_with(|hello| hello.extensions().set(ExtensionType::ALPN, alpn(&[b"spdy/3", b"H2"])));
    });
    table.check(12);
}

fn repeated_and_misplaced(table: &mut Table<ScriptedClient>) {
    const TWICE: &str = "comes twice";
    for twice in [
        ExtensionType::SERVER_NAME,
        ExtensionType::SUPPORTED_VERSIONS,
        ExtensionType::SUPPORTED_GROUPS,
        ExtensionType::SIGNATURE_ALGORITHMS,
        ExtensionType::KEY_SHARE,
    ] {
        table.row("4.2", format!("{twice} twice"), Alert::ILLEGAL_PARAMETER, TWICE, move |client| {
            client.send_hello_with(|hello| {
                let content = hello.extensions().get(twice).to_vec();
                hello.extensions().add(twice, content);
            });
        });
    }
    table.row("4.2", "an unknown extension twice", Alert::ILLEGAL_PARAMETER, TWICE, |client| {
        client.send_hello_with(|hello| {
            hello.extensions().0.insert(0, (UNKNOWN, vec![1]));
            hello.extensions().add(UNKNOWN, [2]);
        });
    });
    table.row("4.2", "oid_filters", Alert::ILLEGAL_PARAMETER, "wrong message", |client| {
        client.send_hello_with(|hello| hello.extensions().add(ExtensionType::OID_FILTERS, vector16(&[])));
    });
    for count in [64, 65, 1000, 16_000] {
        let name = format!("an extension twice among {count} that nobody knows");
        table.row("4.2", name, Alert::ILLEGAL_PARAMETER, TWICE, move |client| {
            client.hello.extensions().0.extend((0..count).map(|number| (ExtensionType(0x1000 + number), vec![])));
            client.hello.extensions().add(ExtensionType(0x1000), []);
            client.send_hello_in_pieces(1 << 14);
        });
    }
    table.row("4.2.2", "a cookie that nobody gave", Alert::ILLEGAL_PARAMETER, "a cookie", |client| {
        client.send_hello_with(|hello| hello.extensions().add(ExtensionType::COOKIE, vector16(b"biscuit")));
    });
}

/// `pre_shared_key` with one identity and one binder.
pub fn pre_shared_key() -> Vec<u8> {
    let identities = [vector16(b"a ticket"), vec![0; 4]].concat();
    [vector16(&identities), vector16(&vector8(&[0x5a; 32]))].concat()
}

fn pre_shared_keys(table: &mut Table<ScriptedClient>) {
    table.row("4.2.11", "pre_shared_key before others", Alert::ILLEGAL_PARAMETER, "not the last", |client| {
        client.send_hello_with(|hello| {
            hello.extensions().add(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[1]));
            hello.extensions().add(ExtensionType::PRE_SHARED_KEY, pre_shared_key());
            hello.extensions().add(UNKNOWN, []);
        });
    });
    table.row("4.2.9", "pre_shared_key without modes", Alert::MISSING_EXTENSION, "psk_key_exchange_modes", |client| {
        client.send_hello_with(|hello| hello.extensions().add(ExtensionType::PRE_SHARED_KEY, pre_shared_key()));
    });
}

fn names(table: &mut Table<ScriptedClient>) {
    table.row("RFC 6066 3", "two host names", Alert::ILLEGAL_PARAMETER, "two host names", |client| {
        let entry = [&[0][..], &vector16(b"localhost")].concat();
        client.send_hello_with(|hello| {
            hello.extensions().set(ExtensionType::SERVER_NAME, vector16(&[&entry[..], &entry].concat()));
        });
    });
}

#[test]
fn key_shares_that_are_wrong() {
    let mut table = Table::new();
    table.from(server_start);
    const RULES: &str = "not offered, or comes twice";
    table.row("4.2.8", "a share for a group not offered", Alert::ILLEGAL_PARAMETER, RULES, |client| {
        client.send_hello_with(|hello| {
            hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[P256])));
        });
    });
    table.row("4.2.8", "two shares for a group", Alert::ILLEGAL_PARAMETER, RULES, |client| {
        set_shares(client, &[(X25519, &[9; 32]), (X25519, &[8; 32])]);
    });
    table.row("4.2.8", "shares in another order", Alert::ILLEGAL_PARAMETER, RULES, |client| {
        set_shares(client, &[(P256, &[4; 65]), (X25519, &[9; 32])]);
    });
    for (what, group, key) in bad_points() {
        let name = format!("a share for {group}: {what}");
        table.row("4.2.8.2, 7.4.2", name, Alert::ILLEGAL_PARAMETER, "key share", move |client| {
            set_shares(client, &[(group.0, &key)]);
        });
    }
    table.check(20);
}

/// Puts these shares into the next hello, and sends it.
pub fn set_shares(client: &mut ScriptedClient, shares: &[(u16, &[u8])]) {
    let shares: Vec<u8> = shares.iter().flat_map(|(group, key)| share(*group, key)).collect();
    client.send_hello_with(|hello| hello.extensions().set(ExtensionType::KEY_SHARE, vector16(&shares)));
}

/// Public keys that no honest peer has.
pub fn bad_points() -> Vec<(&'static str, NamedGroup, Vec<u8>)> {
    let mut order_eight = [0; 32];
    // A point of order 8 (RFC 7748 7: its product with any private key is zero).
    hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", &mut order_eight);
    let mut points = vec![
        ("one byte short", NamedGroup::X25519, vec![9; 31]),
        ("one byte long", NamedGroup::X25519, vec![9; 33]),
        ("zero", NamedGroup::X25519, vec![0; 32]),
        ("one, a point of small order", NamedGroup::X25519, [vec![1], vec![0; 31]].concat()),
        ("a point of order 8", NamedGroup::X25519, order_eight.to_vec()),
        ("p, which is zero", NamedGroup::X25519, [vec![0xed], vec![0xff; 30], vec![0x7f]].concat()),
    ];
    for (group, coordinate) in [(NamedGroup::SECP256R1, 32), (NamedGroup::SECP384R1, 48)] {
        let point = |form: u8, count: usize| [vec![form], vec![1; count]].concat();
        points.extend([
            ("not on the curve", group, point(4, 2 * coordinate)),
            ("a coordinate beyond the field", group, [vec![4], vec![0xff; 2 * coordinate]].concat()),
            ("one byte short", group, point(4, 2 * coordinate - 1)),
            ("one byte long", group, point(4, 2 * coordinate + 1)),
            ("a compressed point", group, point(2, coordinate)),
            ("a hybrid point", group, point(6, 2 * coordinate)),
            ("infinity", group, vec![0]),
            ("zeros", group, [vec![4], vec![0; 2 * coordinate]].concat()),
        ]);
    }
    points
}

fn hex(text: &str, bytes: &mut [u8]) {
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
}

/// Whatever the answer is: ServerHello, HelloRetryRequest, or the flight after one. Nothing of it is sent.
#[test]
fn hellos_that_do_not_end_their_record() {
    let mut table = Table::new();
    let starts: [fn(&'static Provider) -> ScriptedClient; 3] = [
        server_start,
        |provider| against_server(provider, |builder| builder.groups(&[NamedGroup::SECP256R1])),
        |provider| {
            let mut client = server_retried(provider);
            client.prepare_second_hello(NamedGroup::SECP256R1);
            client
        },
    ];
    let finished = message(HandshakeType::FINISHED, &[0; 32]);
    for start in starts {
        table.from(start);
        for len in [1, 2, 3, 4, 7, finished.len()] {
            let tail = finished[..len].to_vec();
            let name = format!("{len} bytes after the ClientHello in its record");
            table.row("5.1, 4.1.1", name, Alert::UNEXPECTED_MESSAGE, "end of a record", move |client| {
                let before = client.wire.sent.len();
                let record = [client.hello.encode(), tail.clone()].concat();
                client.plain(ContentType::HANDSHAKE, &record);
                assert_eq!(client.wire.sent.len(), before + 1, "the alert alone");
            });
        }
    }
    table.check(18);
}

/// PKCS #1 v1.5 is for certificates only, and what an RSA key can do besides is not offered (RFC 8446 4.4.3).
#[test]
fn an_rsa_server_needs_pss() {
    use crate::support::pki::KeyKind;
    use crate::support::server;
    let mut table = Table::new();
    table.from(|provider: &'static Provider| {
        let config = server(provider, KeyKind::Rsa2048, |builder| builder);
        ScriptedClient::new(provider, &config, NamedGroup::X25519)
    });
    table.row("4.2.3", "an RSA server without PSS", Alert::HANDSHAKE_FAILURE, "no signature scheme", |client| {
        client.send_hello_with(|hello| {
            let schemes = numbers(&[RSA_PKCS1_SHA256, 0x0403, 0x0201]);
            hello.extensions().set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&schemes));
        });
    });
    table.check(1);
}
