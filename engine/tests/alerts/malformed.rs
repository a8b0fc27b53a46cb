//! Messages that do not parse: cut short at every length, with bytes left over, with lengths that do not fit.

use tls_engine::codes::{AlertDescription as Alert, ContentType, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::crypto::Provider;

use crate::client_hello::pre_shared_key;
use crate::support::scripted::Script;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{
    self, ExtensionList, alpn, certificate_request, message, numbers, server_name, share, vector8, vector16,
};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{
    client_certificate, client_certificate_verify, client_extensions, client_ready, client_retried, client_start,
    server_certificate, server_certificate_verify, server_ready, server_retried, server_start,
};
use crate::table::{Change, Table};

/// One row for every length that a message's body can be cut to, and one with a byte too many. `step` thins out long ones.
fn cuts<P: Script + 'static>(
    table: &mut Table<P>,
    handshake_type: HandshakeType,
    what: &'static str,
    step: usize,
    body: fn(&mut P) -> Vec<u8>,
    skip: &'static [usize],
) {
    let mut peer = table.start_with(Provider::all()[0]);
    // Lengths can differ by a few bytes from one connection to the next: ASN.1 signatures do.
    let shortest = body(&mut peer).len() - 8;
    for len in (0..shortest).step_by(step).filter(|len| !skip.contains(len)) {
        table.row("6.2", format!("{what} cut to {len} bytes"), Alert::DECODE_ERROR, "malformed", move |peer| {
            let body = body(peer);
            peer.record(ContentType::HANDSHAKE, &message(handshake_type, &body[..len]));
        });
    }
    table.row("6.2", format!("{what} but for its last byte"), Alert::DECODE_ERROR, "malformed", move |peer| {
        let body = body(peer);
        peer.record(ContentType::HANDSHAKE, &message(handshake_type, &body[..body.len() - 1]));
    });
    table.row("6.2", format!("{what} and a byte more"), Alert::DECODE_ERROR, "malformed", move |peer| {
        let body = [&body(peer)[..], &[0]].concat();
        peer.record(ContentType::HANDSHAKE, &message(handshake_type, &body));
    });
}

/// Up to and with the compression methods: what is left is a hello of TLS 1.2.
const CLIENT_HELLO_WITHOUT_EXTENSIONS: &[usize] = &[2 + 32 + 33 + 2 + 4 + 2];
/// Up to and with the compression method.
const SERVER_HELLO_WITHOUT_EXTENSIONS: &[usize] = &[2 + 32 + 33 + 2 + 1];

#[test]
fn hellos_cut_short() {
    let mut table = Table::new();
    for start in [server_start, server_retried] {
        table.from(start);
        let body = |client: &mut ScriptedClient| client.hello.body();
        cuts(&mut table, HandshakeType::CLIENT_HELLO, "ClientHello", 1, body, CLIENT_HELLO_WITHOUT_EXTENSIONS);
    }
    table.check(300);
    let mut table = Table::new();
    for start in [client_start, client_retried] {
        table.from(start);
        let body = |server: &mut ScriptedServer| server.hello(NamedGroup::X25519).body();
        cuts(&mut table, HandshakeType::SERVER_HELLO, "ServerHello", 1, body, SERVER_HELLO_WITHOUT_EXTENSIONS);
        let body = |server: &mut ScriptedServer| {
            let mut retry = server.retry(NamedGroup::SECP256R1);
            retry.extensions().add(ExtensionType::COOKIE, vector16(b"a biscuit"));
            retry.body()
        };
        cuts(&mut table, HandshakeType::SERVER_HELLO, "HelloRetryRequest", 1, body, SERVER_HELLO_WITHOUT_EXTENSIONS);
    }
    table.check(300);
}

#[test]
fn encrypted_messages_cut_short() {
    let mut table = Table::new();
    table.from(client_extensions);
    let body = |_: &mut ScriptedServer| {
        let mut extensions = ExtensionList::default();
        extensions.add(ExtensionType::SERVER_NAME, []);
        extensions.add(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&[29, 23])));
        extensions.encode()
    };
    cuts(&mut table, HandshakeType::ENCRYPTED_EXTENSIONS, "EncryptedExtensions", 1, body, &[]);
    table.from(client_certificate);
    let body = |server: &mut ScriptedServer| server.certificate()[4..].to_vec();
    cuts(&mut table, HandshakeType::CERTIFICATE, "Certificate", 23, body, &[]);
    let body = |_: &mut ScriptedServer| certificate_request(&[], &every_extension_of_a_request());
    cuts(&mut table, HandshakeType::CERTIFICATE_REQUEST, "CertificateRequest", 1, body, &[]);
    table.from(client_certificate_verify);
    let body = |server: &mut ScriptedServer| server.certificate_verify()[4..].to_vec();
    cuts(&mut table, HandshakeType::CERTIFICATE_VERIFY, "CertificateVerify", 7, body, &[]);
    table.from(client_ready);
    let body = |_: &mut ScriptedServer| {
        let mut extensions = ExtensionList::default();
        extensions.add(ExtensionType(0xff77), b"whatever".to_vec());
        extensions.add(ExtensionType::EARLY_DATA, 16384u32.to_be_bytes());
        draft::ticket(3600, &[1, 2, 3], b"the ticket", &extensions)
    };
    cuts(&mut table, HandshakeType::NEW_SESSION_TICKET, "NewSessionTicket", 1, body, &[]);
    table.check(100);
    let mut table = Table::new();
    table.from(server_certificate);
    let body = |client: &mut ScriptedClient| client.certificate()[4..].to_vec();
    cuts(&mut table, HandshakeType::CERTIFICATE, "Certificate", 23, body, &[]);
    table.from(server_certificate_verify);
    let body = |client: &mut ScriptedClient| client.certificate_verify()[4..].to_vec();
    cuts(&mut table, HandshakeType::CERTIFICATE_VERIFY, "CertificateVerify", 7, body, &[]);
    table.check(40);
}

fn every_extension_of_a_request() -> ExtensionList {
    let mut extensions = ExtensionList::default();
    extensions.add(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&[0x0403, 0x0804])));
    extensions.add(ExtensionType::CERTIFICATE_AUTHORITIES, vector16(&vector16(b"an authority")));
    extensions.add(ExtensionType::OID_FILTERS, vector16(&[]));
    extensions.add(ExtensionType(0xff77), b"whatever".to_vec());
    extensions
}

/// Each of a ClientHello's extensions, with contents that do not parse.
#[test]
fn extensions_of_a_client_hello() {
    use ExtensionType as E;
    let list = |values: &[u16]| vector16(&numbers(values));
    let share = vector16(&share(29, &[9; 32]));
    let right: [(E, Vec<u8>); 9] = [
        (E::SERVER_NAME, server_name(b"localhost")),
        (E::SUPPORTED_VERSIONS, vector8(&numbers(&[0x0304]))),
        (E::SUPPORTED_GROUPS, list(&[29, 23])),
        (E::SIGNATURE_ALGORITHMS, list(&[0x0403])),
        (E::KEY_SHARE, share),
        (E::ALPN, alpn(&[b"h2", b"http/1.1"])),
        (E::COOKIE, vector16(b"biscuit")),
        (E::PSK_KEY_EXCHANGE_MODES, vector8(&[1])),
        (E::PRE_SHARED_KEY, pre_shared_key()),
    ];
    let mut table = Table::new();
    table.from(server_start);
    for (extension, content) in &right {
        for len in 0..content.len() {
            let name = format!("{extension} cut to {len} bytes");
            extension_row(&mut table, name, *extension, content[..len].to_vec());
        }
        let longer = [&content[..], &[0]].concat();
        extension_row(&mut table, format!("{extension} and a byte more"), *extension, longer);
    }
    extension_row(&mut table, "early_data with content".into(), E::EARLY_DATA, vec![0]);
    for (name, extension, content) in empty_and_odd() {
        extension_row(&mut table, name.into(), extension, content);
    }
    table.check(150);
}

/// What is too short or odd within lengths that are right.
fn empty_and_odd() -> Vec<(&'static str, ExtensionType, Vec<u8>)> {
    use ExtensionType as E;
    let identity = [vector16(b"a ticket"), vec![0; 4]].concat();
    let binder = vector8(&[0x5a; 32]);
    vec![
        ("server_name without names", E::SERVER_NAME, vector16(&[])),
        ("server_name with an empty name", E::SERVER_NAME, server_name(b"")),
        ("supported_versions without versions", E::SUPPORTED_VERSIONS, vector8(&[])),
        ("supported_versions with half a version", E::SUPPORTED_VERSIONS, vector8(&[3, 4, 3])),
        ("supported_groups without groups", E::SUPPORTED_GROUPS, vector16(&[])),
        ("supported_groups with half a group", E::SUPPORTED_GROUPS, vector16(&[0, 29, 0])),
        ("signature_algorithms without schemes", E::SIGNATURE_ALGORITHMS, vector16(&[])),
        ("signature_algorithms with half a scheme", E::SIGNATURE_ALGORITHMS, vector16(&[4, 3, 8])),
        ("key_share with an empty share", E::KEY_SHARE, vector16(&share(29, &[]))),
        ("key_share with half a share", E::KEY_SHARE, vector16(&share(29, &[9; 32])[..20])),
        ("ALPN without protocols", E::ALPN, vector16(&[])),
        ("ALPN with an empty protocol", E::ALPN, alpn(&[b"h2", b""])),
        ("cookie without content", E::COOKIE, vector16(&[])),
        ("psk_key_exchange_modes without modes", E::PSK_KEY_EXCHANGE_MODES, vector8(&[])),
        ("pre_shared_key without identities", E::PRE_SHARED_KEY, [vector16(&[]), vector16(&binder)].concat()),
        ("pre_shared_key without binders", E::PRE_SHARED_KEY, [vector16(&identity), vector16(&[])].concat()),
        (
            "pre_shared_key with an empty identity",
            E::PRE_SHARED_KEY,
            [vector16(&[vector16(&[]), vec![0; 4]].concat()), vector16(&binder)].concat(),
        ),
        (
            "pre_shared_key with a binder of 31 bytes",
            E::PRE_SHARED_KEY,
            [vector16(&identity), vector16(&vector8(&[0x5a; 31]))].concat(),
        ),
    ]
}

fn extension_row(table: &mut Table<ScriptedClient>, name: String, extension: ExtensionType, content: Vec<u8>) {
    table.row("6.2", name, Alert::DECODE_ERROR, "malformed", move |client| {
        client.send_hello_with(|hello| {
            if extension == ExtensionType::PRE_SHARED_KEY {
                hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vector8(&[1]));
            }
            hello.extensions().set(extension, content.clone());
        });
    });
}

#[test]
fn fields_of_a_client_hello() {
    let mut table = Table::new();
    table.from(server_start);
    let changes: [(&str, Change<draft::ClientHelloDraft>); 4] = [
        ("a session id of 33 bytes", |hello| hello.session_id.push(0)),
        ("no cipher suites", |hello| hello.cipher_suites.clear()),
        ("no compression methods", |hello| hello.compression_methods.clear()),
        ("a session id of 255 bytes", |hello| hello.session_id = vec![0; 255]),
    ];
    for (name, change) in changes {
        table.row("4.1.2", name, Alert::DECODE_ERROR, "malformed ClientHello", move |client| {
            client.send_hello_with(change);
        });
    }
    table.row("4.1.2", "half a cipher suite", Alert::DECODE_ERROR, "malformed ClientHello", |client| {
        let mut body = client.hello.body();
        // The list stands behind version, random and session id; the compression methods give it a byte.
        let at = 2 + 32 + 33;
        assert_eq!(body[at..at + 2], [0, 4]);
        body[at + 1] = 3;
        client.plain(ContentType::HANDSHAKE, &message(HandshakeType::CLIENT_HELLO, &body));
    });
    table.check(5);
}

#[test]
fn key_updates_and_tickets() {
    fn key_updates<P: Script + 'static>(start: fn(&'static Provider) -> P) {
        let mut table = Table::new();
        table.from(start);
        for body in [&[][..], &[0, 0], &[1, 0, 0]] {
            let name = format!("a KeyUpdate of {} bytes", body.len());
            table.row("4.6.3", name, Alert::DECODE_ERROR, "malformed KeyUpdate", move |peer| {
                peer.record(ContentType::HANDSHAKE, &message(HandshakeType::KEY_UPDATE, body));
            });
        }
        for value in [2, 255] {
            let name = format!("a KeyUpdate with the value {value}");
            table.row("4.6.3", name, Alert::ILLEGAL_PARAMETER, "request_update", move |peer| {
                peer.record(ContentType::HANDSHAKE, &message(HandshakeType::KEY_UPDATE, &[value]));
            });
        }
        for tail in [&[24][..], &[24, 0, 0, 1, 0]] {
            let name = format!("{} bytes after a KeyUpdate in its record", tail.len());
            table.row("5.1", name, Alert::UNEXPECTED_MESSAGE, "end of a record", move |peer| {
                let record = [&message(HandshakeType::KEY_UPDATE, &[0])[..], tail].concat();
                peer.record(ContentType::HANDSHAKE, &record);
            });
        }
        table.check(7);
    }
    key_updates(server_ready);
    key_updates(client_ready);
    tickets();
}

fn tickets() {
    let nothing = ExtensionList::default();
    let with = |extension, content: Vec<u8>| ExtensionList(vec![(extension, content)]);
    let early = ExtensionType::EARLY_DATA;
    let mut twice = with(early, vec![0; 4]);
    twice.add(early, vec![0; 4]);
    let mut cases = vec![
        ("no ticket", Alert::DECODE_ERROR, "malformed", draft::ticket(1, &[1], b"", &nothing)),
        ("a week and a second", Alert::ILLEGAL_PARAMETER, "lifetime", draft::ticket(604_801, &[1], b"t", &nothing)),
        ("early_data twice", Alert::ILLEGAL_PARAMETER, "comes twice", draft::ticket(1, &[1], b"t", &twice)),
    ];
    for (name, content) in [("no early_data size", vec![]), ("half a size", vec![0; 2]), ("a long size", vec![0; 5])] {
        cases.push((name, Alert::DECODE_ERROR, "malformed", draft::ticket(1, &[1], b"t", &with(early, content))));
    }
    for misplaced in [ExtensionType::KEY_SHARE, ExtensionType::SERVER_NAME, ExtensionType::PRE_SHARED_KEY] {
        let body = draft::ticket(1, &[1], b"t", &with(misplaced, vec![]));
        cases.push(("a misplaced extension", Alert::ILLEGAL_PARAMETER, "wrong message", body));
    }
    let mut table = Table::new();
    table.from(client_ready);
    for (name, alert, why, body) in cases {
        table.row("4.6.1", format!("a ticket with {name}"), alert, why, move |server: &mut ScriptedServer| {
            server.record(ContentType::HANDSHAKE, &message(HandshakeType::NEW_SESSION_TICKET, &body));
        });
    }
    table.check(9);
}
