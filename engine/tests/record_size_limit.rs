//! `record_size_limit` (RFC 8449): where both ends have told theirs, records are cut to what the other takes, and longer ones are refused.

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use support::endpoint::{Endpoint, listen};
use support::jobs::at_once_and_pausing;
use support::peer::{Peer, pump};
use support::pki::{Identity, KeyKind, Pki};
use support::programs::Program;
use support::scripted::Script;
use support::scripted::draft::{ExtensionList, message, numbers};
use support::scripted::keys::records;
use support::scripted::server::ScriptedServer;
use support::scripted::states::{against_client, against_server};
use support::skip::find;
use support::{assert_same_bytes, client, localhost, pattern, providers, server};
use tempfile::TempDir;
use tls_engine::codes::{AlertDescription, ContentType, ExtensionType, HandshakeType, NamedGroup};
use tls_engine::conn::{Clock, SystemClock};
use tls_engine::limits::{RECORD_CONTENT_MAX, RECORD_HEADER};
use tls_engine::session::{MemoryTickets, ReplayRegister, TicketKeys};
use tls_engine::{ClientConfig, Error, Provider, ServerVerifier};

const KIND: KeyKind = KeyKind::EcdsaP256;
/// What the header, the type and the tag of an encrypted record take.
const AROUND: usize = RECORD_HEADER + 1 + 16;

/// The longest content of the encrypted records in `bytes`.
fn longest(bytes: &[u8]) -> usize {
    let sealed = records(bytes).into_iter().filter(|record| record[0] == ContentType::APPLICATION_DATA.0);
    sealed.map(|record| record.len() - AROUND).max().unwrap_or_default()
}

/// Hands over what `from` has to send, and tells the longest content of its encrypted records.
fn hand_over(from: &mut Peer, to: &mut Peer) -> usize {
    let bytes = from.drain();
    to.feed(&bytes).unwrap();
    longest(&bytes)
}

#[test]
fn records_are_cut_to_what_the_other_end_takes() {
    const MOST: usize = RECORD_CONTENT_MAX;
    at_once_and_pausing(|| {
        for provider in providers() {
            for (at_client, at_server, max_fragment, expected) in [
                (None, None, MOST, [MOST, MOST]),
                (Some(64), None, MOST, [MOST, MOST]),
                (None, Some(64), MOST, [MOST, MOST]),
                (Some(64), Some(MOST), MOST, [MOST, 64]),
                (Some(MOST), Some(64), MOST, [64, MOST]),
                (Some(65), Some(1000), 500, [500, 65]),
                (Some(5000), Some(300), 500, [300, 500]),
            ] {
                let mut client = Peer::client(
                    &client(provider, KIND, |mut builder| {
                        builder = builder.max_fragment(max_fragment);
                        match at_client {
                            Some(bytes) => builder.max_received_fragment(bytes),
                            None => builder,
                        }
                    }),
                    localhost(),
                )
                .unwrap();
                let mut server = Peer::server(&server(provider, KIND, |mut builder| {
                    builder = builder.max_fragment(max_fragment);
                    match at_server {
                        Some(bytes) => builder.max_received_fragment(bytes),
                        None => builder,
                    }
                }));
                hand_over(&mut client, &mut server);
                // Certificate and all after it, in records of the handshake.
                let flight = hand_over(&mut server, &mut client);
                assert!(flight <= expected[1], "{flight} of {expected:?}");
                assert!(expected[1] > 1000 || flight == expected[1], "the flight is longer than one record");
                pump(&mut client, &mut server).unwrap();
                let found = [&client, &server].map(|end| end.connection.max_fragment());
                assert_eq!(found, expected, "{at_client:?}, {at_server:?}, {max_fragment}");

                let data = pattern(40_001, 1);
                for update in [false, true] {
                    for is_client in [true, false] {
                        let (from, to) =
                            if is_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
                        if update {
                            from.update_keys(false).unwrap();
                        }
                        let mut rest = &data[..];
                        while !rest.is_empty() {
                            rest = &rest[from.write(rest).unwrap()..];
                            let longest = hand_over(from, to);
                            assert!(longest == expected[usize::from(!is_client)] || rest.is_empty(), "{longest}");
                        }
                        assert_same_bytes(&std::mem::take(&mut to.received), &data, "what has arrived");
                    }
                }
            }
        }
    });
}

/// EncryptedExtensions of a server that takes so much.
fn encrypted_extensions(limit: u16) -> Vec<u8> {
    let mut list = ExtensionList::default();
    list.set(ExtensionType::RECORD_SIZE_LIMIT, numbers(&[limit]));
    message(HandshakeType::ENCRYPTED_EXTENSIONS, &list.encode())
}

/// Sends a record with `inner`, and tells whether it was taken.
fn takes<P: Script>(peer: &mut P, inner: &[u8]) -> bool {
    let record = peer.seal(inner);
    peer.send(&record);
    match &peer.wire().error {
        None => true,
        Some(error) => {
            assert_eq!(error, &Error::RecordOverflow);
            assert_eq!(peer.wire().alerts(), [AlertDescription::RECORD_OVERFLOW]);
            false
        }
    }
}

/// Content of `content_len` bytes with its type and so many bytes of padding.
fn padded(content_len: usize, padding_len: usize) -> Vec<u8> {
    [vec![7; content_len], vec![ContentType::APPLICATION_DATA.0], vec![0; padding_len]].concat()
}

#[test]
fn longer_records_are_refused_with_their_padding() {
    for provider in providers() {
        for (content_len, padding_len, is_taken) in
            [(100, 0, true), (0, 100, true), (99, 1, true), (101, 0, false), (100, 1, false), (0, 101, false)]
        {
            for has_updated in [false, true] {
                let mut server = against_client(provider, |builder| builder.max_received_fragment(100));
                server.accept(NamedGroup::X25519, usize::MAX);
                server.message(&encrypted_extensions(0xffff));
                let rest: [fn(&ScriptedServer) -> Vec<u8>; 3] =
                    [ScriptedServer::certificate, ScriptedServer::certificate_verify, ScriptedServer::finished];
                for make in rest {
                    let message = make(&server);
                    server.message_in_pieces(&message, 100);
                }
                assert!(server.wire.subject.connection.is_ready());
                if has_updated {
                    server.key_update(0);
                }
                assert_eq!(takes(&mut server, &padded(content_len, padding_len)), is_taken);

                let mut client = against_server(provider, |builder| builder.max_received_fragment(100));
                client.hello.extensions().add(ExtensionType::RECORD_SIZE_LIMIT, numbers(&[0xffff]));
                client.complete();
                assert!(client.wire.subject.connection.is_ready());
                if has_updated {
                    client.key_update(0);
                }
                assert_eq!(takes(&mut client, &padded(content_len, padding_len)), is_taken);
            }
        }
    }
}

#[test]
fn records_of_the_handshake_are_refused_too() {
    for provider in providers() {
        let mut server = against_client(provider, |builder| builder.max_received_fragment(64));
        server.accept(NamedGroup::X25519, usize::MAX);
        server.message(&encrypted_extensions(64));
        let certificate = server.certificate();
        server.message_in_pieces(&certificate, 65);
        assert_eq!(server.wire.error, Some(Error::RecordOverflow));

        // Without a limit of the server's there is none of the client's.
        let mut server = against_client(provider, |builder| builder.max_received_fragment(64));
        server.complete();
        assert!(takes(&mut server, &padded(RECORD_CONTENT_MAX, 0)));
    }
}

#[test]
fn early_data_has_no_limit_and_what_follows_has() {
    for provider in providers() {
        let store = Arc::new(MemoryTickets::default());
        let keys = Arc::new(TicketKeys::new(provider, 3600).unwrap());
        let register = Arc::new(ReplayRegister::new(100, SystemClock.now()));
        let client_config = client(provider, KIND, |builder| {
            builder.tickets(store.clone()).early_data(true).max_received_fragment(RECORD_CONTENT_MAX)
        });
        let server_config = server(provider, KIND, |builder| {
            builder.tickets(keys).early_data(5000, register).max_received_fragment(64)
        });
        for is_resumed in [false, true] {
            let mut client = Peer::client(&client_config, localhost()).unwrap();
            let mut server = Peer::server(&server_config);
            let early = pattern(5000, 1);
            let sent = client.connection.write_early_data(&early, &mut client.output).unwrap();
            assert_eq!(sent, if is_resumed { early.len() } else { 0 });
            let longest = hand_over(&mut client, &mut server);
            assert_eq!(longest, sent, "one record");
            assert_same_bytes(&server.connection.take_early_data(), &early[..sent], "early data");
            hand_over(&mut server, &mut client);
            assert!(hand_over(&mut client, &mut server) <= 64);
            pump(&mut client, &mut server).unwrap();
            assert_eq!(client.connection.negotiated().unwrap().early_data, is_resumed);
            assert_eq!((client.connection.max_fragment(), server.connection.max_fragment()), (64, RECORD_CONTENT_MAX));
            client.write(&[7; 65]).unwrap();
            assert_eq!(hand_over(&mut client, &mut server), 64);
            assert_eq!(server.received, [7; 65]);
        }
    }
}

#[test]
fn a_limit_that_records_do_not_have_is_refused() {
    for bytes in [0, 63, RECORD_CONTENT_MAX + 1, usize::MAX] {
        let builder = ClientConfig::builder(Provider::auto()).verifier(ServerVerifier::insecure());
        assert!(matches!(builder.max_received_fragment(bytes).build(), Err(Error::Config(_))), "{bytes}");
    }
}

/// More than a record of these limits has, and less than the program reads at once.
const LINE_LEN: usize = 3000;

/// A line of digits.
fn line() -> Vec<u8> {
    let mut line = pattern(LINE_LEN - 1, 3);
    line.iter_mut().filter(|byte| !byte.is_ascii_digit()).for_each(|byte| *byte = b'0' + *byte % 10);
    [line, b"\n".to_vec()].concat()
}

#[test]
fn gnutls_cuts_and_takes_records_of_these_limits() {
    let (Some(client_program), Some(server_program)) = (find("gnutls-cli"), find("gnutls-serv")) else { return };
    for provider in providers() {
        let (listener, port) = listen();
        let mut command = Command::new(&client_program);
        command.args(["--insecure", "--recordsize", "1000", "-p", &port.to_string(), "localhost"]);
        let mut program = Program::start(&mut command);
        let config = server(provider, KIND, |builder| builder.max_received_fragment(600));
        let mut endpoint = Endpoint::accept(&listener, &config).unwrap();
        assert_eq!(endpoint.peer.connection.max_fragment(), 1000);
        program.wait_text("Handshake was completed");
        program.send(&line());
        // It sends no more of a line than one record of what we take.
        assert_same_bytes(&endpoint.receive(600).unwrap(), &line()[..600], "what came from the program");
        assert!(endpoint.peer.received.is_empty());
        endpoint.send(&line()).unwrap();
        program.wait_output("the line", |output| output.windows(LINE_LEN).any(|window| window == line()));
        program.close_input();
        drop(endpoint);
        let _ = program.wait_end();

        let directory = TempDir::new().unwrap();
        let Identity { chain, key, .. } = Pki::shared_identity(KIND);
        let files = ["leaf", "key"].map(|name| directory.path().join(name));
        std::fs::write(&files[0], &chain[0]).unwrap();
        std::fs::write(&files[1], key.secret_der()).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap().port();
        let mut command = Command::new(&server_program);
        command.args(["--echo", "--recordsize", "1000", "--port", &port.to_string(), "--x509fmtder", "--x509certfile"]);
        command.arg(&files[0]).arg("--x509keyfile").arg(&files[1]);
        let program = Program::start(&mut command);
        program.wait_error(&format!("IPv4 0.0.0.0 port {port}...done"));
        let config =
            client(provider, KIND, |builder| builder.verifier(ServerVerifier::insecure()).max_received_fragment(600));
        let mut endpoint = Endpoint::connect(port, &config, localhost()).unwrap();
        assert_eq!(endpoint.peer.connection.max_fragment(), 1000);
        endpoint.send(&line()).unwrap();
        assert_same_bytes(&endpoint.receive(LINE_LEN).unwrap(), &line(), "what came back");
        drop((endpoint, program));
    }
}
