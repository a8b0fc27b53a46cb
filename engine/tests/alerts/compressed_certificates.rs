//! What the CompressedCertificate of either end can say wrong (RFC 8879), and the extension that offers it.

use tls_engine::codes::{AlertDescription as Alert, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::conn::{ClientConfigBuilder, ServerConfigBuilder};
use tls_engine::crypto::Provider;
use tls_engine::pki::ClientVerifier;

use crate::support::compression::{CUTTING, Cutting};
use crate::support::pki::{Identity, KeyKind, Pki};
use crate::support::scripted::Script;
use crate::support::scripted::certified::Certified;
use crate::support::scripted::client::ScriptedClient;
use crate::support::scripted::draft::{ExtensionList, certificate, compressed_certificate, message, numbers, vector8};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::{
    against_client, against_server, client_certificate, client_extensions, server_certificate,
};
use crate::table::Table;

const T: HandshakeType = HandshakeType::COMPRESSED_CERTIFICATE;

static CUT: Cutting = Cutting::new();

fn offering(builder: ClientConfigBuilder) -> ClientConfigBuilder {
    builder.certificate_compression(&[&CUT])
}

/// The client, which has offered it, waits for Certificate.
fn client_that_decompresses(provider: &'static Provider) -> ScriptedServer {
    let mut server = against_client(provider, offering);
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(1);
    server
}

/// The same of a server, which has asked for a certificate.
fn server_that_decompresses(provider: &'static Provider) -> ScriptedClient {
    let asking = |builder: ServerConfigBuilder| {
        let verifier = ClientVerifier::new(&[Pki::shared(KeyKind::EcdsaP256).root()]).expect("a root that parses");
        builder.client_verifier(verifier).certificate_compression(&[&CUT])
    };
    let mut client = against_server(provider, asking);
    client.identity = Some(Pki::shared_client(KeyKind::EcdsaP256));
    client.send_hello();
    client
}

fn chain(identity: &Identity) -> Vec<&[u8]> {
    identity.chain.iter().map(AsRef::as_ref).collect()
}

/// The right Certificate, compressed, which `change` may change: algorithm, length and content.
fn changed(identity: &Identity, change: impl Fn(&mut u16, &mut u32, &mut Vec<u8>)) -> Vec<u8> {
    compressed(&certificate(&[], &chain(identity)), change)
}

fn compressed(body: &[u8], change: impl Fn(&mut u16, &mut u32, &mut Vec<u8>)) -> Vec<u8> {
    let (mut algorithm, mut len, mut content) = (CUTTING, body.len() as u32, body[1..].to_vec());
    change(&mut algorithm, &mut len, &mut content);
    compressed_certificate(algorithm, len, &content)
}

fn row<P: Certified + 'static>(
    table: &mut Table<P>,
    section: &'static str,
    name: impl Into<String>,
    (alert, why): (Alert, &str),
    body: impl Fn(&Identity) -> Vec<u8> + 'static,
) {
    table.row(section, name, alert, why, move |peer| {
        let body = body(peer.identity());
        peer.message_in_pieces(&message(T, &body), 16_000);
    });
}

fn wrong<P: Certified + 'static>(table: &mut Table<P>) {
    let malformed = (Alert::DECODE_ERROR, "malformed CompressedCertificate");
    let bad = (Alert::BAD_CERTIFICATE, "it does not decompress");
    let large = (Alert::BAD_CERTIFICATE, "too large once it is decompressed");
    for algorithm in [0, 1, 2, 3, CUTTING + 1, 0xffff] {
        let expected = (Alert::ILLEGAL_PARAMETER, "a compression that was not offered");
        row(table, "RFC 8879 4", format!("algorithm {algorithm}"), expected, move |identity| {
            changed(identity, |number, _, _| *number = algorithm)
        });
    }
    for (name, difference) in [("shorter", -1), ("longer", 1), ("longer", 1000)] {
        row(table, "RFC 8879 4", format!("{name} than it says, by {difference}"), bad, move |identity| {
            changed(identity, |_, len, _| *len = len.wrapping_add_signed(difference))
        });
    }
    row(table, "RFC 8879 4", "nothing, as it says", bad, |identity| changed(identity, |_, len, _| *len = 0));
    row(table, "RFC 8879 4", "more than it decompresses to", bad, |identity| {
        changed(identity, |_, _, content| content.push(0))
    });
    for len in [(1 << 16) - 3, 1 << 16, (1 << 24) - 1] {
        row(table, "RFC 8879 5", format!("{len} bytes, as it says"), large, move |identity| {
            changed(identity, |_, said, _| *said = len)
        });
    }
    row(table, "RFC 8879 5", "as long as is allowed, as it says", bad, |identity| {
        changed(identity, |_, len, _| *len = (1 << 16) - 4)
    });
    row(table, "RFC 8879 4", "nothing to decompress", malformed, |identity| {
        changed(identity, |_, _, content| content.clear())
    });
    for len in 0..9 {
        row(table, "RFC 8879 4", format!("cut to {len} bytes"), malformed, move |identity| {
            changed(identity, |_, _, _| ())[..len].to_vec()
        });
    }
    row(table, "RFC 8879 4", "a byte more", malformed, |identity| [changed(identity, |_, _, _| ()), vec![0]].concat());
    row(table, "4.4.2", "a Certificate that is malformed", (Alert::DECODE_ERROR, "malformed Certificate"), |_| {
        compressed(&certificate(&[], &[&[]]), |_, _, _| ())
    });
    row(table, "6.2", "a certificate that is refused", (Alert::BAD_CERTIFICATE, "certificate refused"), |_| {
        compressed(&certificate(&[], &[b"certificate"]), |_, _, _| ())
    });
    let limit = (Alert::ILLEGAL_PARAMETER, "a handshake message is larger than");
    row(table, "limit of the engine", "a message of 2^16 bytes and more", limit, |_| vec![0; 1 << 16]);
    let order = (Alert::UNEXPECTED_MESSAGE, "compressed_certificate while waiting for CertificateVerify");
    table.row("4", "two", order.0, order.1, |peer| {
        let right = message(T, &changed(peer.identity(), |_, _, _| ()));
        peer.message(&right);
        peer.message(&right);
    });
    table.row("4", "a Certificate behind it", order.0, "certificate while waiting for CertificateVerify", |peer| {
        peer.message(&message(T, &changed(peer.identity(), |_, _, _| ())));
        let certificate = message(HandshakeType::CERTIFICATE, &certificate(&[], &chain(peer.identity())));
        peer.message(&certificate);
    });
}

#[test]
fn messages_that_are_wrong() {
    let mut table = Table::new();
    table.from(client_that_decompresses);
    wrong(&mut table);
    row(&mut table, "4.4.2.4", "no certificate", (Alert::DECODE_ERROR, "no certificate"), |_| {
        compressed(&certificate(&[], &[]), |_, _, _| ())
    });
    table.check(30);
    let mut table = Table::new();
    table.from(server_that_decompresses);
    wrong(&mut table);
    let required = (Alert::CERTIFICATE_REQUIRED, "the client sent no certificate");
    row(&mut table, "4.4.2.4", "no certificate", required, |_| compressed(&certificate(&[], &[]), |_, _, _| ()));
    table.check(30);
}

#[test]
fn messages_that_nobody_has_asked_for() {
    let unexpected = (Alert::UNEXPECTED_MESSAGE, "compressed_certificate while waiting for Certificate");
    let mut table = Table::new();
    table.from(client_certificate);
    row(&mut table, "RFC 8879 4", "to a client", unexpected, |identity| changed(identity, |_, _, _| ()));
    table.check(1);
    let mut table = Table::new();
    table.from(server_certificate);
    row(&mut table, "RFC 8879 4", "to a server", unexpected, |identity| changed(identity, |_, _, _| ()));
    table.check(1);
}

/// RFC 8879 3: the extension is in ClientHello and CertificateRequest only.
#[test]
fn the_extension_where_it_does_not_belong() {
    let content = || vector8(&numbers(&[CUTTING]));
    let mut list = ExtensionList::default();
    list.add(ExtensionType::COMPRESS_CERTIFICATE, content());
    let extensions = message(HandshakeType::ENCRYPTED_EXTENSIONS, &list.encode());
    let mut table = Table::new();
    let offered = |provider| {
        let mut server = against_client(provider, offering);
        server.accept(NamedGroup::X25519, usize::MAX);
        server
    };
    for (start, name, alert, why) in [
        (offered as fn(&'static Provider) -> ScriptedServer, "offered", Alert::ILLEGAL_PARAMETER, "wrong message"),
        (client_extensions, "not offered", Alert::UNSUPPORTED_EXTENSION, "was not asked for"),
    ] {
        table.from(start);
        let extensions = extensions.clone();
        let name = format!("compress_certificate, {name}, in EncryptedExtensions");
        table.row("RFC 8879 3", name, alert, why, move |server| server.message(&extensions));
    }
    table.from(|provider| against_client(provider, offering));
    table.row("RFC 8879 3", "in ServerHello", Alert::ILLEGAL_PARAMETER, "wrong message", move |server| {
        let mut hello = server.hello(NamedGroup::X25519);
        hello.extensions().add(ExtensionType::COMPRESS_CERTIFICATE, content());
        server.send_hello(&hello);
    });
    table.check(3);
}

/// The right message is taken, so that the rows above fail for what is wrong with them.
#[test]
fn the_right_message_is_taken() {
    for provider in crate::support::providers() {
        let mut server = client_that_decompresses(provider);
        server.message(&message(T, &changed(server.identity, |_, _, _| ())));
        for make in [ScriptedServer::certificate_verify, ScriptedServer::finished] {
            let message = make(&server);
            server.message(&message);
        }
        assert!(server.wire.subject.connection.is_ready(), "{:?}", server.wire.error);
        let mut client = server_that_decompresses(provider);
        client.message(&message(T, &changed(client.identity(), |_, _, _| ())));
        for make in [ScriptedClient::certificate_verify, ScriptedClient::finished] {
            let message = make(&client);
            client.message(&message);
        }
        assert!(client.wire.subject.connection.is_ready(), "{:?}", client.wire.error);
    }
}
