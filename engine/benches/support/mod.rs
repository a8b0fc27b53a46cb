//! What both benchmarks move: batches of records between two ends in memory, sealed and opened apart; and beside them the
//! same work without TLS, called from the library itself.
#![allow(dead_code, unreachable_pub, reason = "each benchmark uses a part of it")]

pub mod blocks;
pub mod hot_path;
pub mod raw;
pub mod rustls_peer;

use std::hint::black_box;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tls_engine::codes::CipherSuite;
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier};
use tls_engine::switches::Switches;

/// What TLS 1.3 adds to a record's content: header, inner type, tag (RFC 8446 5.2).
pub const RECORD_OVERHEAD: usize = 5 + 1 + 16;
/// The most that a batch takes on the wire, bytes.
const BATCH_WIRE_BYTES: usize = 128 << 10;
/// The length after which the plaintext repeats, bytes: 64 times a prime, so that all records begin elsewhere.
const SOURCE_PERIOD: usize = 64 * 1021;

/// How many records of how many bytes are sealed, and then opened, between two readings of the clock.
#[derive(Clone, Copy)]
pub struct Batch {
    pub record_bytes: usize,
    pub records: usize,
}

impl Batch {
    pub const fn of(record_bytes: usize) -> Self {
        Self { record_bytes, records: BATCH_WIRE_BYTES / (record_bytes + RECORD_OVERHEAD) }
    }

    pub const fn bytes(self) -> usize {
        self.record_bytes * self.records
    }

    pub const fn wire_bytes(self) -> usize {
        (self.record_bytes + RECORD_OVERHEAD) * self.records
    }
}

/// The plaintext: each record is the next piece of it.
pub struct Source {
    bytes: Vec<u8>,
    position: usize,
    batch: Batch,
}

impl Source {
    pub fn new(batch: Batch) -> Self {
        let mut state = 1u32;
        let bytes = (0..SOURCE_PERIOD + batch.record_bytes).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Self { bytes: bytes.collect(), position: 0, batch }
    }

    #[inline]
    pub fn next(&mut self) -> &[u8] {
        let start = self.position % SOURCE_PERIOD;
        self.position += self.batch.record_bytes;
        &self.bytes[start..start + self.batch.record_bytes]
    }
}

/// Something that can seal a batch and open it.
pub trait Contestant {
    /// Seals a batch.
    fn seal(&mut self);
    /// Carries it over, which is nobody's work.
    fn carry(&mut self);
    /// Opens it.
    fn open(&mut self);
}

/// The engine: client and server in memory.
pub struct Engine {
    client: Connection,
    server: Connection,
    output: OutBuf,
    input: InBuf,
    back: OutBuf,
    source: Source,
    batch: Batch,
}

impl Engine {
    pub fn new(provider: &'static Provider, suite: CipherSuite, batch: Batch) -> Self {
        Self::with_switches(provider, suite, batch, Switches::default())
    }

    pub fn with_switches(provider: &'static Provider, suite: CipherSuite, batch: Batch, switches: Switches) -> Self {
        let (chain, key) = identity();
        let verifier = ServerVerifier::new(&chain).expect("a verifier");
        let certificate = CertifiedKey::new(provider, chain, &key).expect("a certificate");
        let client = ClientConfig::builder(provider)
            .suites(&[suite])
            .verifier(verifier)
            .switches(switches)
            .build()
            .expect("a client");
        let server =
            ServerConfig::builder(provider).certificate(certificate).switches(switches).build().expect("a server");
        let mut output = OutBuf::with_capacity(batch.wire_bytes() + 256);
        let name = ServerName::try_from("localhost").expect("a name");
        let client = Connection::client(&client, name, &mut output).expect("a ClientHello");
        let mut engine = Self {
            client,
            server: Connection::server(&server),
            output,
            input: InBuf::with_capacity(batch.wire_bytes() + 256),
            back: OutBuf::with_capacity(0),
            source: Source::new(batch),
            batch,
        };
        engine.handshake();
        engine
    }

    fn handshake(&mut self) {
        let mut at_client = InBuf::with_capacity(0);
        while !(self.client.is_ready() && self.server.is_ready()) {
            self.carry();
            while self.server.read_tls(&mut self.input, &mut self.back).expect("a flight") != Progress::NeedInput {}
            let count = at_client.put(self.back.waiting());
            self.back.sent(count);
            while self.client.read_tls(&mut at_client, &mut self.output).expect("a flight") != Progress::NeedInput {}
        }
    }
}

impl Contestant for Engine {
    fn seal(&mut self) {
        for _ in 0..self.batch.records {
            let piece = self.source.next();
            let taken = self.client.write_tls(&[piece], &mut self.output).expect("a record");
            assert_eq!(taken, piece.len());
        }
    }

    fn carry(&mut self) {
        let count = self.input.put(self.output.waiting());
        self.output.sent(count);
    }

    fn open(&mut self) {
        let mut opened = 0;
        while let Progress::Data(data) = self.server.read_tls(&mut self.input, &mut self.back).expect("a record") {
            opened += black_box(data).len();
        }
        assert_eq!(opened, self.batch.bytes());
    }
}

/// A certificate for localhost that is its own authority, with its key.
pub fn identity() -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    (vec![made.cert.der().clone()], key)
}
