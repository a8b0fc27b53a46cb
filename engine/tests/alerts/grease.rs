//! A server that chooses what was offered as GREASE, and nobody has (RFC 8701 3.1).

use tls_engine::codes::{AlertDescription as Alert, ExtensionType, HandshakeType, NamedGroup, SignatureScheme};
use tls_engine::crypto::Provider;
use tls_engine::internal::msgs::{ClientHello, Extensions, Signer};
use tls_engine::internal::wire::Reader;

use crate::support::scripted::Script;
use crate::support::scripted::draft::{ExtensionList, message, numbers, share, vector8, vector16};
use crate::support::scripted::server::ScriptedServer;
use crate::support::scripted::states::against_client;
use crate::table::Table;

/// A client that offers GREASE waits for ServerHello.
fn start(provider: &'static Provider) -> ScriptedServer {
    against_client(provider, |builder| builder.alpn(&[b"h2"]).grease(true))
}

/// The client has got as many messages of the encrypted flight.
fn after<const MESSAGES: usize>(provider: &'static Provider) -> ScriptedServer {
    let mut server = start(provider);
    server.accept(NamedGroup::X25519, usize::MAX);
    server.send_flight(MESSAGES);
    server
}

/// What the client has offered as GREASE: the first of each list.
fn offered<T>(server: &ScriptedServer, read: impl Fn(&ClientHello<'_>) -> T) -> T {
    read(&ClientHello::decode(&server.client_hello[4..]).expect("the engine's own hello"))
}

fn group(server: &ScriptedServer) -> u16 {
    offered(server, |hello| hello.supported_groups.and_then(|groups| groups.iter().next()).expect("groups"))
}

/// The first extension.
fn extension(server: &ScriptedServer) -> ExtensionType {
    let mut reader = Reader::new(&server.client_hello[4 + 2 + 32..], "ClientHello");
    let mut read = || {
        reader.vector8()?;
        reader.vector16()?;
        reader.vector8()?;
        Extensions::new(&mut reader, "ClientHello")?.next_extension()
    };
    read().expect("the engine's own hello").expect("extensions").extension_type
}

#[test]
fn what_a_server_must_not_choose() {
    const ILLEGAL: Alert = Alert::ILLEGAL_PARAMETER;
    let mut table = Table::new();
    table.from(start);
    table.row("RFC 8701 3.1", "a cipher suite", ILLEGAL, "a cipher suite that was not offered", |server| {
        let mut hello = server.hello(NamedGroup::X25519);
        hello.cipher_suite = offered(server, |hello| hello.cipher_suites.iter().next().expect("suites"));
        server.send_hello(&hello);
    });
    table.row("RFC 8701 3.1", "a version", ILLEGAL, "a version that was not offered", |server| {
        let version = offered(server, |hello| hello.supported_versions.and_then(|all| all.iter().next()));
        let mut hello = server.hello(NamedGroup::X25519);
        hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, numbers(&[version.expect("versions")]));
        server.send_hello(&hello);
    });
    table.row("RFC 8701 3.1", "a group", ILLEGAL, "a group without a share of the client's", |server| {
        let group = group(server);
        let mut hello = server.hello(NamedGroup::X25519);
        hello.extensions().set(ExtensionType::KEY_SHARE, share(group, &[0]));
        server.send_hello(&hello);
    });
    table.row("RFC 8701 3.1", "a group to retry with", ILLEGAL, "a group that was not offered", |server| {
        let retry = server.retry(NamedGroup(group(server)));
        server.send_retry(&retry);
    });
    table.row("RFC 8701 3.1", "an extension in ServerHello", Alert::UNSUPPORTED_EXTENSION, "not asked for", |server| {
        let extension = extension(server);
        let mut hello = server.hello(NamedGroup::X25519);
        hello.extensions().add(extension, []);
        server.send_hello(&hello);
    });
    table.from(after::<0>);
    let extensions = |server: &mut ScriptedServer, extension, content: Vec<u8>| {
        let mut list = ExtensionList::default();
        list.add(extension, content);
        server.message(&message(HandshakeType::ENCRYPTED_EXTENSIONS, &list.encode()));
    };
    let unsupported = Alert::UNSUPPORTED_EXTENSION;
    table.row("RFC 8701 3.1", "an extension behind it", unsupported, "not asked for", move |server| {
        let extension = extension(server);
        extensions(server, extension, vec![]);
    });
    table.row("RFC 8701 3.1", "a protocol", ILLEGAL, "an application protocol that was not offered", move |server| {
        let name = offered(server, |hello| hello.alpn.and_then(|names| names.iter().next().map(<[u8]>::to_vec)));
        let names = vector16(&vector8(&name.expect("protocols")));
        extensions(server, ExtensionType::ALPN, names);
    });
    table.from(after::<2>);
    table.row("RFC 8701 3.1", "a signature scheme", ILLEGAL, "signature scheme", |server| {
        let scheme = offered(server, |hello| hello.signature_algorithms.and_then(|all| all.iter().next()));
        let verify = server.certificate_verify_as(SignatureScheme(scheme.expect("schemes")), Signer::Server);
        server.message(&verify);
    });
    table.check(8);
}
