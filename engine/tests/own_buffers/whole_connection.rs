//! A whole connection, handshake and end included, without a receive buffer of the engine.

use tls_engine::codes::CipherSuite;
use tls_engine::conn::{Connection, OpenedRecord};
use tls_engine::crypto::Provider;
use tls_engine::mem::OutBuf;

use crate::endpoints::{HEADER, every_suite, noise};
use crate::support::jobs::at_once_and_pausing;
use crate::support::peer::Peer;
use crate::support::pki::KeyKind;
use crate::support::{client, localhost, server};

const BUFFER: usize = 1 << 16;

/// The client: received bytes at the front of a buffer of its own.
struct Own {
    connection: Connection,
    output: OutBuf,
    buffer: Vec<u8>,
    received: usize,
    data: Vec<u8>,
    closed: bool,
}

impl Own {
    fn feed(&mut self, bytes: &[u8], destination: usize) {
        self.buffer[self.received..self.received + bytes.len()].copy_from_slice(bytes);
        self.received += bytes.len();
        loop {
            let (received, destination) = (0..self.received, destination..destination + 17_000);
            let opened = self.connection.open_within(&mut self.buffer, received, destination.clone(), &mut self.output);
            let taken = match opened.expect("a good record") {
                OpenedRecord::NeedInput => return,
                OpenedRecord::Paused => {
                    let job = self.connection.take_job().expect("the job that it waits for");
                    self.connection.resume(job.run(), &mut self.output).expect("a good handshake");
                    0
                }
                OpenedRecord::Advanced { record_bytes } => record_bytes,
                OpenedRecord::Data { record_bytes, data_bytes, .. } => {
                    self.data.extend_from_slice(&self.buffer[destination][..data_bytes]);
                    record_bytes
                }
                OpenedRecord::Closed { record_bytes } => {
                    self.closed = true;
                    assert!(record_bytes > 0);
                    record_bytes
                }
            };
            self.buffer.copy_within(taken..self.received, 0);
            self.received -= taken;
            if self.closed {
                return;
            }
        }
    }
}

fn talk(provider: &'static Provider, suite: CipherSuite, destination: usize) {
    let kind = KeyKind::EcdsaP256;
    let config = client(provider, kind, |config| config.suites(&[suite]));
    let mut output = OutBuf::with_capacity(0);
    let connection = Connection::client(&config, localhost(), &mut output).expect("a client");
    let mut own = Own { connection, output, buffer: vec![0; BUFFER], received: 0, data: Vec::new(), closed: false };
    let mut server = Peer::server(&server(provider, kind, |config| config));
    let pump = |own: &mut Own, server: &mut Peer| {
        while !(own.output.is_empty() && server.output.is_empty()) {
            let bytes = own.output.waiting().to_vec();
            own.output.sent(bytes.len());
            server.feed(&bytes).expect("what the server takes");
            // In two pieces, the first of which ends in the middle of a record.
            let bytes = server.drain();
            let (front, back) = bytes.split_at(bytes.len() / 3);
            own.feed(front, destination);
            own.feed(back, destination);
        }
    };
    pump(&mut own, &mut server);
    assert!(own.connection.is_ready() && server.connection.is_ready());
    let mut sent = Vec::new();
    for (round, len) in [1, 400, 16_384, 20_000].into_iter().enumerate() {
        let data = noise(len, round as u64);
        assert_eq!(server.write(&data), Ok(len));
        // The answer to this comes through `output`, before the next data and not before.
        server.update_keys(true).expect("a KeyUpdate");
        pump(&mut own, &mut server);
        assert_eq!(own.connection.sealed().key_updates, round as u64);
        let mut record = vec![0; own.connection.record_bytes(4)];
        own.connection.seal_into(b"back", &mut record, &mut own.output).expect("a record");
        pump(&mut own, &mut server);
        server.feed(&record).expect("a record under the next key");
        sent.extend_from_slice(&data);
        assert!(own.data == sent, "{} {suite}", provider.name);
        assert_eq!(own.connection.sealed().key_updates, round as u64 + 1);
        assert_eq!(server.connection.opened().key_updates, round as u64 + 1);
    }
    server.close();
    pump(&mut own, &mut server);
    assert!(own.closed && own.connection.is_closed_by_peer());
    let again = own.connection.open_within(&mut own.buffer, 0..10, 100..200, &mut own.output);
    assert_eq!(again, Ok(OpenedRecord::Closed { record_bytes: 0 }));
}

#[test]
fn a_whole_connection_in_place() {
    at_once_and_pausing(|| every_suite(|provider, suite| talk(provider, suite, HEADER)));
}

#[test]
fn a_whole_connection_out_of_place() {
    at_once_and_pausing(|| every_suite(|provider, suite| talk(provider, suite, BUFFER - 17_000)));
}

#[test]
fn what_is_no_data_leaves_zeros() {
    every_suite(|provider, suite| {
        for destination in [HEADER, HEADER + 3, 200] {
            let (mut client, mut server) = crate::endpoints::ends(provider, suite);
            client.update_keys(false).expect("a KeyUpdate");
            let record = client.drain();
            let mut buffer = crate::endpoints::buffer_with(400, &record, 0);
            let room = server.connection.opening_bytes(&record);
            let span = destination..destination + room;
            let opened = server.connection.open_within(&mut buffer, 0..record.len(), span.clone(), &mut server.output);
            assert_eq!(opened, Ok(OpenedRecord::Advanced { record_bytes: record.len() }));
            // Shifted against the record, it was never moved to its destination.
            let wiped = if destination == 200 { span } else { HEADER..record.len() };
            assert!(buffer[wiped].iter().all(|byte| *byte == 0), "{} {suite} {destination}", provider.name);
        }
    });
}
