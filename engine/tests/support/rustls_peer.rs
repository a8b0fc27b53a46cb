//! rustls as the peer of an engine's end, in memory.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::compress::{CertCompressor, CertDecompressor, CompressionFailed, CompressionLevel, DecompressionFailed};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConnection, RootCertStore, ServerConnection};
use tls_engine::Error;
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::pki::compression::CertificateCompression;

use super::peer::Peer;
use super::pki::{KeyKind, Pki};

/// What rustls is to offer.
#[derive(Default)]
pub struct Offer<'a> {
    /// All, where none are given; the same for groups. A client sends a share for the first group.
    pub suites: &'a [CipherSuite],
    pub groups: &'a [NamedGroup],
    pub alpn: &'a [&'a [u8]],
    pub max_fragment_size: Option<usize>,
    pub key_log: Option<Arc<dyn rustls::KeyLog>>,
    /// What a client shows where it is asked for a certificate: the throw-away one of this kind.
    pub shows: Option<KeyKind>,
    /// Whose certificates a server requires of clients.
    pub requires: Option<KeyKind>,
    /// What certificates are compressed with. The algorithms are the engine's, which rustls has behind features that would change what it
    /// is measured with; all else is its own.
    pub compression: &'a [&'static dyn CertificateCompression],
}

/// An algorithm of the engine in rustls.
struct Algorithm(&'static dyn CertificateCompression);

impl std::fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.algorithm().fmt(f)
    }
}

impl CertCompressor for Algorithm {
    fn compress(&self, input: Vec<u8>, _: CompressionLevel) -> Result<Vec<u8>, CompressionFailed> {
        self.0.compress(&input).ok_or(CompressionFailed)
    }

    fn algorithm(&self) -> rustls::CertificateCompressionAlgorithm {
        self.0.algorithm().0.into()
    }
}

impl CertDecompressor for Algorithm {
    fn decompress(&self, input: &[u8], output: &mut [u8]) -> Result<(), DecompressionFailed> {
        if self.0.decompress(input, output) { Ok(()) } else { Err(DecompressionFailed) }
    }

    fn algorithm(&self) -> rustls::CertificateCompressionAlgorithm {
        self.0.algorithm().0.into()
    }
}

/// The algorithms of an offer, for a configuration as long as the process.
fn algorithms(offer: &Offer<'_>) -> (Vec<&'static dyn CertCompressor>, Vec<&'static dyn CertDecompressor>) {
    let all: Vec<&'static Algorithm> =
        offer.compression.iter().map(|compression| &*Box::leak(Box::new(Algorithm(*compression)))).collect();
    (all.iter().map(|it| *it as _).collect(), all.iter().map(|it| *it as _).collect())
}

pub struct Pair {
    pub ours: Peer,
    pub theirs: rustls::Connection,
    /// Application data that rustls has received.
    pub received: Vec<u8>,
}

#[derive(Debug)]
pub enum Failure {
    Ours(Error),
    Theirs(rustls::Error),
}

pub fn client(kind: KeyKind, offer: &Offer<'_>) -> rustls::Connection {
    let mut roots = RootCertStore::empty();
    roots.add(Pki::shared(kind).root()).expect("a root that parses");
    let builder = rustls::ClientConfig::builder_with_provider(provider(offer))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("suites for TLS 1.3");
    let builder = builder.with_root_certificates(roots);
    let mut config = match offer.shows.map(Pki::shared_client) {
        Some(own) => builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key()).expect("a key for its leaf"),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols(offer);
    config.max_fragment_size = offer.max_fragment_size;
    (config.cert_compressors, config.cert_decompressors) = algorithms(offer);
    if let Some(key_log) = &offer.key_log {
        config.key_log = Arc::clone(key_log);
    }
    ClientConnection::new(Arc::new(config), super::localhost()).expect("a client").into()
}

pub fn server(kind: KeyKind, offer: &Offer<'_>) -> rustls::Connection {
    let identity = Pki::shared_identity(kind);
    let builder = rustls::ServerConfig::builder_with_provider(provider(offer))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("suites for TLS 1.3");
    let builder = match offer.requires {
        Some(kind) => builder.with_client_cert_verifier(client_verifier(kind, offer)),
        None => builder.with_no_client_auth(),
    };
    let mut config =
        builder.with_single_cert(identity.chain.clone(), identity.key.clone_key()).expect("a key for its leaf");
    config.alpn_protocols = protocols(offer);
    config.max_fragment_size = offer.max_fragment_size;
    (config.cert_compressors, config.cert_decompressors) = algorithms(offer);
    if let Some(key_log) = &offer.key_log {
        config.key_log = Arc::clone(key_log);
    }
    ServerConnection::new(Arc::new(config)).expect("a server").into()
}

impl Pair {
    pub fn new(ours: Peer, mut theirs: rustls::Connection) -> Self {
        theirs.set_buffer_limit(None);
        Self { ours, theirs, received: Vec::new() }
    }

    /// Carries bytes both ways until both ends are silent.
    pub fn pump(&mut self) -> Result<(), Failure> {
        loop {
            let to_theirs = self.ours.drain();
            let mut to_ours = Vec::new();
            while self.theirs.wants_write() {
                self.theirs.write_tls(&mut to_ours).expect("writing to memory");
            }
            if to_theirs.is_empty() && to_ours.is_empty() {
                return Ok(());
            }
            self.feed_theirs(&to_theirs)?;
            self.ours.feed(&to_ours).map_err(Failure::Ours)?;
        }
    }

    /// Sends `data` from ours to theirs.
    pub fn send(&mut self, mut data: &[u8]) -> Result<(), Failure> {
        while !data.is_empty() {
            let taken = self.ours.write(data).map_err(Failure::Ours)?;
            assert!(taken > 0, "no room after everything was sent");
            data = &data[taken..];
            self.pump()?;
        }
        Ok(())
    }

    /// Sends `data` from theirs to ours.
    pub fn send_back(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.theirs.writer().write_all(data).expect("a buffer without limit");
        self.pump()
    }

    fn feed_theirs(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            self.theirs.read_tls(&mut bytes).expect("reading from memory");
            let result = self.theirs.process_new_packets();
            let mut chunk = [0; 1 << 14];
            loop {
                match self.theirs.reader().read(&mut chunk) {
                    Ok(0) => break,
                    Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            result.map_err(Failure::Theirs)?;
        }
        Ok(())
    }
}

fn client_verifier(kind: KeyKind, offer: &Offer<'_>) -> Arc<dyn rustls::server::danger::ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(Pki::shared(kind).root()).expect("a root that parses");
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider(offer)).build().expect("a verifier")
}

fn provider(offer: &Offer<'_>) -> Arc<CryptoProvider> {
    let all = aws_lc_rs::default_provider();
    let mut provider = all.clone();
    if !offer.suites.is_empty() {
        let find = |code: &CipherSuite| all.cipher_suites.iter().find(|suite| u16::from(suite.suite()) == code.0);
        provider.cipher_suites = offer.suites.iter().map(|code| *find(code).expect("a suite of rustls")).collect();
    }
    if !offer.groups.is_empty() {
        let find = |code: &NamedGroup| aws_lc_rs::ALL_KX_GROUPS.iter().find(|group| u16::from(group.name()) == code.0);
        provider.kx_groups = offer.groups.iter().map(|code| *find(code).expect("a group of rustls")).collect();
    }
    Arc::new(provider)
}

fn protocols(offer: &Offer<'_>) -> Vec<Vec<u8>> {
    offer.alpn.iter().map(|protocol| protocol.to_vec()).collect()
}
