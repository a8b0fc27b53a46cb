//! What records can be wrong about, in both roles.

use tls_engine::codes::{AlertDescription as Alert, ContentType, HandshakeType};
use tls_engine::crypto::Provider;
use tls_engine::limits::{RECORD_BODY_MAX, RECORD_CONTENT_MAX};

use crate::support::scripted::Script;
use crate::support::scripted::draft::message;
use crate::support::scripted::keys::plain_record;
use crate::support::scripted::states::{
    client_certificate_verify, client_extensions, client_ready, client_retried, client_start, server_finished,
    server_ready, server_retried, server_start,
};
use crate::table::Table;

type Start<P> = fn(&'static Provider) -> P;

/// Runs rows that are the same for both roles: before there are keys, in the encrypted handshake, and after it.
fn both_roles(
    servers: impl Fn(&mut Table<crate::support::scripted::client::ScriptedClient>),
    clients: impl Fn(&mut Table<crate::support::scripted::server::ScriptedServer>),
    at_least: usize,
) {
    let mut table = Table::new();
    servers(&mut table);
    table.check(at_least);
    let mut table = Table::new();
    clients(&mut table);
    table.check(at_least);
}

macro_rules! in_both_roles {
    ($rows:ident, $servers:expr, $clients:expr, $at_least:expr) => {
        both_roles(
            |table| $servers.iter().for_each(|start| $rows(table, *start)),
            |table| $clients.iter().for_each(|start| $rows(table, *start)),
            $at_least,
        )
    };
}

#[test]
fn what_is_not_tls() {
    fn rows<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"220 mail.example ESMTP\r\n",
            b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80",
            b"\x00\x00\x00\x00\x00",
            b"\xff",
            b"G",
        ] {
            let name = format!("{}", bytes.escape_ascii());
            table.row("5", name, Alert::UNEXPECTED_MESSAGE, "does not speak TLS", |peer| peer.send(bytes));
        }
    }
    in_both_roles!(rows, [server_start], [client_start], 9);
}

#[test]
fn types_that_do_not_exist() {
    fn rows<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content_type in [0, 19, 24, 128, 255].map(ContentType) {
            let name = format!("a record of the type {content_type}");
            table.row("5", name, Alert::UNEXPECTED_MESSAGE, "unknown type", move |peer| {
                peer.plain(content_type, b"content");
            });
        }
    }
    let servers = [server_retried, server_finished, server_ready];
    in_both_roles!(rows, servers, [client_retried, client_extensions, client_ready], 15);
    fn inner<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content_type in [ContentType::CHANGE_CIPHER_SPEC, ContentType(19), ContentType(24), ContentType(255)] {
            let name = format!("the type {content_type} within an encrypted record");
            table.row("5", name, Alert::UNEXPECTED_MESSAGE, "must not be encrypted", move |peer| {
                peer.sealed(content_type, &[1]);
            });
        }
    }
    in_both_roles!(inner, [server_finished, server_ready], [client_extensions, client_ready], 8);
}

#[test]
fn records_that_are_too_long() {
    fn clear<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content_type in [ContentType::CHANGE_CIPHER_SPEC, ContentType::ALERT, ContentType::HANDSHAKE] {
            for len in [RECORD_CONTENT_MAX as u16 + 1, RECORD_BODY_MAX as u16, u16::MAX] {
                let name = format!("the header of a record in the clear, {content_type}, of {len} bytes");
                table.row("5.1", name, Alert::RECORD_OVERFLOW, "longer than", move |peer| {
                    header(peer, content_type, len);
                });
            }
        }
        for len in [RECORD_BODY_MAX as u16 + 1, u16::MAX] {
            let name = format!("the header of an encrypted record of {len} bytes");
            let content_type = ContentType::APPLICATION_DATA;
            table.row("5.2", name, Alert::RECORD_OVERFLOW, "longer than", move |peer| header(peer, content_type, len));
        }
    }
    let servers = [server_start, server_retried, server_finished, server_ready];
    in_both_roles!(clear, servers, [client_start, client_retried, client_extensions, client_ready], 44);
    in_both_roles!(sealed_too_long, [server_finished, server_ready], [client_extensions, client_ready], 8);
}

fn header<P: Script>(peer: &mut P, content_type: ContentType, len: u16) {
    let [high, low] = len.to_be_bytes();
    peer.send(&[content_type.0, 3, 3, high, low]);
}

fn sealed_too_long<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
    table.from(start);
    let inner: [(&str, usize, usize); 4] = [
        ("a byte of content too much", RECORD_CONTENT_MAX + 1, 0),
        ("a byte of padding too much", RECORD_CONTENT_MAX, 1),
        ("padding without end", 1, RECORD_CONTENT_MAX),
        ("all that fits the ciphertext", RECORD_BODY_MAX - 17, 0),
    ];
    for (name, content, padding) in inner {
        table.row("5.4", name, Alert::RECORD_OVERFLOW, "longer than", move |peer| {
            let mut inner = vec![0x41; content];
            inner.push(ContentType::APPLICATION_DATA.0);
            inner.resize(inner.len() + padding, 0);
            let record = peer.seal(&inner);
            peer.send(&record);
        });
    }
}

#[test]
fn records_without_content() {
    fn clear<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        table.row("5.1", "an empty handshake record", Alert::UNEXPECTED_MESSAGE, "empty", |peer| {
            peer.plain(ContentType::HANDSHAKE, &[]);
        });
    }
    in_both_roles!(clear, [server_start, server_retried], [client_start, client_retried], 2);
    fn alerts<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        table.row("5.4", "an empty alert record", Alert::UNEXPECTED_MESSAGE, "empty", |peer| {
            peer.plain(ContentType::ALERT, &[]);
        });
    }
    in_both_roles!(alerts, [server_retried], [client_start, client_retried], 1);
    fn sealed<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content_type in [ContentType::HANDSHAKE, ContentType::ALERT] {
            for padding in [0, 1, 1000] {
                let name = format!("an empty {content_type} record with {padding} bytes of padding");
                table.row("5.4", name, Alert::UNEXPECTED_MESSAGE, "empty", move |peer| {
                    let record = peer.seal(&[vec![content_type.0], vec![0; padding]].concat());
                    peer.send(&record);
                });
            }
        }
        for zeros in [0, 1, 100, RECORD_CONTENT_MAX + 1] {
            let name = format!("{zeros} zeros in an encrypted record");
            table.row("5.4", name, Alert::UNEXPECTED_MESSAGE, "all padding", move |peer| {
                let record = peer.seal(&vec![0; zeros]);
                peer.send(&record);
            });
        }
    }
    in_both_roles!(sealed, [server_finished, server_ready], [client_extensions, client_ready], 20);
}

#[test]
fn records_that_do_not_authenticate() {
    in_both_roles!(changed_records, [server_finished, server_ready], [client_extensions, client_ready], 20);
    in_both_roles!(other_keys, [server_finished, server_ready], [client_certificate_verify, client_ready], 6);
    in_both_roles!(updated_keys, [server_ready], [client_ready], 2);
}

fn changed_records<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
    const WHY: &str = "could not be decrypted";
    table.from(start);
    // The minor version is authenticated, though never interpreted.
    for place in [1, 2, 5, 5 + 33, 5 + 50] {
        let name = format!("a record whose byte {place} was changed");
        table.row("5.2", name, Alert::BAD_RECORD_MAC, WHY, move |peer| {
            let mut record = peer.seal(&[&[7; 34][..], &[23]].concat());
            assert_eq!(record.len(), 5 + 51);
            record[place] ^= 1;
            peer.send(&record);
        });
    }
    table.row("5.2", "a record cut short", Alert::BAD_RECORD_MAC, WHY, |peer| {
        let mut record = peer.seal(&[7, 7, 7, 23]);
        record[4] -= 1;
        record.pop();
        peer.send(&record);
    });
    for len in [0, 1, 15, 16, 17] {
        let name = format!("{len} bytes of nothing");
        table.row("5.2", name, Alert::BAD_RECORD_MAC, WHY, move |peer| {
            peer.plain(ContentType::APPLICATION_DATA, &vec![0; len]);
        });
    }
}

fn other_keys<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
    const WHY: &str = "could not be decrypted";
    table.from(start);
    table.row("5.3", "a sequence number left out", Alert::BAD_RECORD_MAC, WHY, |peer| {
        peer.wire().write.as_mut().expect("keys").sequence += 1;
        peer.sealed(ContentType::HANDSHAKE, b"content");
    });
    table.row("5.3", "the last sequence number", Alert::BAD_RECORD_MAC, WHY, |peer| {
        peer.wire().write.as_mut().expect("keys").sequence = u64::MAX - 1;
        peer.sealed(ContentType::HANDSHAKE, b"content");
    });
    table.row("7.2", "keys updated without a KeyUpdate", Alert::BAD_RECORD_MAC, WHY, |peer| {
        peer.wire().write.as_mut().expect("keys").update();
        peer.sealed(ContentType::HANDSHAKE, b"content");
    });
}

fn updated_keys<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
    const WHY: &str = "could not be decrypted";
    table.from(start);
    table.row("4.6.3", "the old key after a KeyUpdate", Alert::BAD_RECORD_MAC, WHY, |peer| {
        let stale = peer.seal(b"data\x17");
        peer.wire().write.as_mut().expect("keys").sequence -= 1;
        peer.key_update(0);
        assert_eq!(peer.wire().error, None);
        peer.send(&stale);
    });
    table.row("5.3", "a record that comes twice", Alert::BAD_RECORD_MAC, WHY, |peer| {
        let record = peer.seal(b"data\x17");
        peer.send(&record);
        assert_eq!(peer.wire().error, None);
        peer.send(&record);
    });
}

#[test]
fn change_cipher_specs() {
    fn contents<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content in [&[][..], &[0], &[2], &[255], &[1, 1], &[1, 0]] {
            let name = format!("a ChangeCipherSpec with {content:?}");
            table.row("5", name, Alert::UNEXPECTED_MESSAGE, "compatibility mode", |peer| {
                peer.plain(ContentType::CHANGE_CIPHER_SPEC, content);
            });
        }
    }
    let servers = [server_start, server_retried, server_finished, server_ready];
    in_both_roles!(contents, servers, [client_start, client_retried, client_extensions, client_ready], 24);
    fn out_of_place<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        let name = "a ChangeCipherSpec before the ClientHello, or after Finished";
        table.row("5", name, Alert::UNEXPECTED_MESSAGE, "compatibility mode", |peer| {
            peer.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
        });
    }
    in_both_roles!(out_of_place, [server_start, server_ready], [client_ready], 1);
    fn too_many<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        table.row("limit of the engine", "ChangeCipherSpec for ever", Alert::UNEXPECTED_MESSAGE, "too many", |peer| {
            (0..100).for_each(|_| peer.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]));
        });
    }
    in_both_roles!(too_many, [server_retried, server_finished], [client_start, client_extensions], 2);
}

#[test]
fn records_in_the_clear_after_the_keys() {
    fn handshake<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        table.row("5.2", "a handshake message in the clear", Alert::UNEXPECTED_MESSAGE, "unencrypted", |peer| {
            peer.plain(ContentType::HANDSHAKE, &message(HandshakeType::FINISHED, &[0; 32]));
        });
    }
    let clients = [client_extensions, client_certificate_verify, client_ready];
    in_both_roles!(handshake, [server_finished, server_ready], clients, 2);
    fn alert<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for alert in [[2, 40], [1, 0], [1, 90]] {
            let name = format!("the alert {alert:?} in the clear");
            table.row("6", name, Alert::UNEXPECTED_MESSAGE, "unencrypted", move |peer| {
                peer.plain(ContentType::ALERT, &alert);
            });
        }
    }
    in_both_roles!(alert, [server_ready], clients, 3);
    let mut table = Table::new();
    table.from(server_finished);
    table.row(
        "6",
        "an alert in the clear after an encrypted record",
        Alert::UNEXPECTED_MESSAGE,
        "unencrypted",
        |peer| {
            let finished = peer.finished();
            peer.sealed(ContentType::HANDSHAKE, &finished[..9]);
            assert_eq!(peer.wire.error, None);
            peer.plain(ContentType::ALERT, &[2, 40]);
        },
    );
    table.check(1);
}

/// RFC 8446 5.1: no other record comes between the parts of a handshake message.
#[test]
fn records_between_the_parts_of_a_message() {
    fn rows<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for (name, content_type, content) in [
            ("an alert", ContentType::ALERT, &[1, 0][..]),
            ("a warning", ContentType::ALERT, &[1, 90]),
            ("a fatal alert", ContentType::ALERT, &[2, 40]),
            ("application data", ContentType::APPLICATION_DATA, b"data"),
            ("empty application data", ContentType::APPLICATION_DATA, b""),
        ] {
            let name = format!("{name} between the parts of a message");
            table.row("5.1", name, Alert::UNEXPECTED_MESSAGE, "", move |peer| {
                peer.record(ContentType::HANDSHAKE, &[HandshakeType::KEY_UPDATE.0, 0]);
                assert_eq!(peer.wire().error, None);
                peer.record(content_type, content);
            });
        }
        table.row("5.1", "a ChangeCipherSpec between the parts", Alert::UNEXPECTED_MESSAGE, "", |peer| {
            peer.record(ContentType::HANDSHAKE, &[HandshakeType::KEY_UPDATE.0, 0]);
            assert_eq!(peer.wire().error, None);
            peer.plain(ContentType::CHANGE_CIPHER_SPEC, &[1]);
        });
    }
    let servers = [server_start, server_retried, server_finished, server_ready];
    in_both_roles!(rows, servers, [client_start, client_retried, client_extensions, client_ready], 24);
}

#[test]
fn alerts_that_are_malformed() {
    fn rows<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content in [&[1][..], &[2, 40, 0], &[1, 0, 1, 0], &[0; 300]] {
            let name = format!("{} bytes of alert", content.len());
            table.row("5.1", name, Alert::DECODE_ERROR, "malformed alert", |peer| {
                peer.record(ContentType::ALERT, content);
            });
        }
        for level in [0, 3, 255] {
            let name = format!("an alert of the level {level}");
            table.row("6", name, Alert::ILLEGAL_PARAMETER, "level", move |peer| {
                peer.record(ContentType::ALERT, &[level, 40]);
            });
        }
    }
    let servers = [server_retried, server_finished, server_ready];
    in_both_roles!(rows, servers, [client_start, client_retried, client_extensions, client_ready], 21);
    fn first<P: Script + 'static>(table: &mut Table<P>, start: Start<P>) {
        table.from(start);
        for content in [&[2, 40][..], &[1, 0], &[]] {
            let name = format!("the alert {content:?} before the ClientHello");
            table.row("5", name, Alert::UNEXPECTED_MESSAGE, "before the ClientHello", |peer| {
                let record = plain_record(ContentType::ALERT, content);
                peer.send(&record);
            });
        }
    }
    let mut table = Table::new();
    first(&mut table, server_start);
    table.check(3);
}
