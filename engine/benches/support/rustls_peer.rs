//! rustls on the same work, through its unbuffered interface, the fastest it has.

use std::hint::black_box;
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::crypto::aws_lc_rs;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, UnbufferedStatus};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;

use super::{Batch, Contestant, Source, identity};

/// Client and server in memory.
pub struct Rustls {
    client: UnbufferedClientConnection,
    server: UnbufferedServerConnection,
    output: Vec<u8>,
    output_len: usize,
    input: Vec<u8>,
    input_len: usize,
    source: Source,
    batch: Batch,
}

impl Rustls {
    /// `None` where rustls does not have the suite.
    pub fn new(suite: CipherSuite, batch: Batch) -> Option<Self> {
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites.retain(|known| u16::from(known.suite()) == suite.0);
        if provider.cipher_suites.is_empty() {
            return None;
        }
        let provider = Arc::new(provider);
        let (chain, key) = identity();
        let mut roots = RootCertStore::empty();
        roots.add(chain[0].clone()).expect("a root");
        let versions = [&rustls::version::TLS13];
        let client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .expect("a client")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .expect("a server")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        server.send_tls13_tickets = 0;
        let name = ServerName::try_from("localhost").expect("a name");
        let room = batch.wire_bytes() + 256;
        let mut peer = Self {
            client: UnbufferedClientConnection::new(Arc::new(client), name).expect("a client"),
            server: UnbufferedServerConnection::new(Arc::new(server)).expect("a server"),
            output: vec![0; room],
            output_len: 0,
            input: vec![0; room],
            input_len: 0,
            source: Source::new(batch),
            batch,
        };
        peer.handshake();
        Some(peer)
    }

    fn handshake(&mut self) {
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        // Each way some states need a call of their own; a full handshake takes far fewer.
        for _ in 0..50 {
            let used = advance(self.client.process_tls_records(&mut to_client), &mut to_server);
            to_client.drain(..used);
            let used = advance(self.server.process_tls_records(&mut to_server), &mut to_client);
            to_server.drain(..used);
        }
        assert!(to_client.is_empty() && to_server.is_empty());
    }
}

/// Does what a state of the handshake asks for, and tells how much input it used.
fn advance<Data>(status: UnbufferedStatus<'_, '_, Data>, output: &mut Vec<u8>) -> usize {
    let UnbufferedStatus { discard, state, .. } = status;
    match state.expect("a handshake") {
        ConnectionState::EncodeTlsData(mut state) => {
            let before = output.len();
            let needed = match state.encode(&mut []) {
                Err(EncodeError::InsufficientSize(size)) => size.required_size,
                other => panic!("{other:?}"),
            };
            output.resize(before + needed, 0);
            state.encode(&mut output[before..]).expect("room");
        }
        ConnectionState::TransmitTlsData(state) => state.done(),
        ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_) => {}
        other => panic!("{other:?}"),
    }
    discard
}

impl Contestant for Rustls {
    fn seal(&mut self) {
        let UnbufferedStatus { state, .. } = self.client.process_tls_records(&mut []);
        let Ok(ConnectionState::WriteTraffic(mut state)) = state else { panic!("not ready to write") };
        self.output_len = 0;
        for _ in 0..self.batch.records {
            let room = &mut self.output[self.output_len..];
            self.output_len += state.encrypt(self.source.next(), room).expect("a record");
        }
    }

    fn carry(&mut self) {
        self.input_len = self.output_len;
        self.input[..self.input_len].copy_from_slice(&self.output[..self.output_len]);
    }

    fn open(&mut self) {
        let (mut opened, mut start) = (0, 0);
        while start < self.input_len {
            let input = &mut self.input[start..self.input_len];
            let UnbufferedStatus { discard, state, .. } = self.server.process_tls_records(input);
            start += discard;
            let Ok(ConnectionState::ReadTraffic(mut state)) = state else { panic!("nothing to read") };
            while let Some(record) = state.next_record() {
                let record = record.expect("a record");
                start += record.discard;
                opened += black_box(record.payload).len();
            }
        }
        assert_eq!(opened, self.batch.bytes());
    }
}
