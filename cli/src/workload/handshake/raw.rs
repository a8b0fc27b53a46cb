use rustls_pki_types::{ServerName, UnixTime};
use tls_engine::codes::{NamedGroup, SignatureScheme};
use tls_engine::crypto::{Group, Provider};
use tls_engine::internal::pki::verify_handshake_signature;

use super::schedule::Schedule;
use super::{Pair, Work};
use crate::error::Error;
use crate::library::{HandshakeKind, Negotiated};
use crate::schema::Side;

/// What a CertificateVerify signs besides a hash (RFC 8446 4.4.3), bytes.
const MESSAGE_LEN: usize = 64 + 33 + 1;

/// The cryptography of a handshake, without TLS: the key exchange of both ends, the server's signature, the client's
/// verification of it and of the chain, and on either side the transcript and the key schedule. After a HelloRetryRequest also
/// the client's first share, and the longer transcript. What remains for TLS is
/// messages, records and their protection, for some hundred bytes.
pub(super) struct Raw {
    provider: &'static Provider,
    group: &'static dyn Group,
    /// The group of the client's first share, if it has to make another one.
    first_group: Option<&'static dyn Group>,
    scheme: SignatureScheme,
    client_share: Vec<u8>,
    server_share: Vec<u8>,
    schedule: Schedule,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Raw {
    /// The cryptography of handshakes of a kind, in which client and server send this many bytes.
    pub(super) fn new<T>(
        work: &Work<T>,
        pair: &Pair<T>,
        kind: HandshakeKind,
        negotiated: &Negotiated,
        wire_bytes: [u64; 2],
    ) -> Result<Self, Error> {
        let provider = work.provider;
        let find = |name: NamedGroup| {
            provider.group(name).ok_or_else(|| Error::Failed(format!("the provider {} lacks {name}", provider.name)))
        };
        let group = negotiated.group.ok_or_else(|| Error::Failed("the library tells no group".to_owned()))?;
        let group = find(group)?;
        let hello_retry = kind == HandshakeKind::HelloRetry;
        let first_share = kind.client_groups(&work.groups).first().copied().filter(|_| hello_retry);
        let first_group = first_share.map(find).transpose()?;
        // Not every library tells with which scheme it signed. For RSA keys some take another hash than the engine does.
        let scheme = negotiated.signature.or_else(|| pair.key.key.schemes().first().copied());
        let scheme = scheme.ok_or_else(|| Error::Failed("the key can't sign".to_owned()))?;
        let suite = provider.suite(negotiated.suite);
        let suite = suite.ok_or_else(|| Error::Failed(format!("there is no suite {}", negotiated.suite)))?;
        let client = group.start(provider.random)?;
        let server = group.start_and_complete(client.share(), provider.random)?;
        let message = vec![0x20; MESSAGE_LEN + suite.hash.output_len()];
        Ok(Self {
            provider,
            group,
            first_group,
            scheme,
            client_share: client.share().to_vec(),
            server_share: server.share,
            schedule: Schedule::new(suite, wire_bytes, hello_retry),
            signature: pair.key.key.sign(scheme, &message, provider.random)?,
            message,
        })
    }

    /// The client's operations.
    pub(super) fn client<T>(&self, pair: &Pair<T>, name: &ServerName<'_>) -> Result<(), Error> {
        if let Some(group) = self.first_group {
            std::hint::black_box(group.start(self.provider.random)?);
        }
        let exchange = self.group.start(self.provider.random)?;
        self.schedule.derive(Side::Client, &exchange.complete(&self.server_share)?);
        pair.verifier.verify_chain(self.provider, &pair.key.chain, name, UnixTime::now())?;
        let leaf = pair.key.chain.first().ok_or_else(|| Error::Failed("a chain without a leaf".to_owned()))?;
        Ok(verify_handshake_signature(self.provider, leaf, self.scheme, &self.message, &self.signature)?)
    }

    /// The server's operations.
    pub(super) fn server<T>(&self, pair: &Pair<T>) -> Result<(), Error> {
        let exchange = self.group.start_and_complete(&self.client_share, self.provider.random)?;
        self.schedule.derive(Side::Server, &exchange.secret);
        let signature = pair.key.key.sign(self.scheme, &self.message, self.provider.random)?;
        std::hint::black_box(signature);
        Ok(())
    }
}
