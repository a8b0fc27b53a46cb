use rustls_pki_types::{ServerName, UnixTime};
use tls_engine::codes::{CipherSuite, NamedGroup, SignatureScheme};
use tls_engine::crypto::{AeadKey, Group, Provider, TAG_LEN};
use tls_engine::internal::pki::verify_handshake_signature;

use super::schedule::Schedule;
use super::{Pair, Work};
use crate::error::Error;
use crate::library::{HandshakeKind, Negotiated};
use crate::schema::Side;

/// The length of a session in a ticket, bytes: typically.
const SESSION_LEN: usize = 70;
/// The nonce of the AEAD that seals tickets, bytes.
const TICKET_NONCE_LEN: usize = 12;

/// What a CertificateVerify signs besides a hash (RFC 8446 4.4.3), bytes.
const MESSAGE_LEN: usize = 64 + 33 + 1;

/// The cryptography of a handshake, without TLS: the key exchange of both ends, the server's signature, the client's
/// verification of it and of the chain, and on either side the transcript and the key schedule. After a HelloRetryRequest also
/// the client's first share, and the longer transcript. Where a session is resumed there is no signature, but the server's ticket,
/// which is opened, and the next, which is sealed; with early data the secret and the keys of that. With an external PSK there is
/// neither. What remains for TLS is messages, records and their protection, for some hundred bytes.
pub(super) struct Raw {
    provider: &'static Provider,
    group: &'static dyn Group,
    /// The group of the client's first share, if it has to make another one.
    first_group: Option<&'static dyn Group>,
    client_share: Vec<u8>,
    server_share: Vec<u8>,
    schedule: Schedule,
    proof: Proof,
}

/// How the server proves who it is.
enum Proof {
    /// With a signature of this scheme over `message`.
    Signature { scheme: SignatureScheme, message: Vec<u8>, signature: Vec<u8> },
    /// With the PSK in a ticket, which it has sealed with this key.
    Ticket { key: Box<dyn AeadKey>, ticket: [u8; SESSION_LEN + TAG_LEN] },
    /// With an external PSK.
    Psk,
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
        let find_suite = |code| provider.suite(code).ok_or_else(|| Error::Failed(format!("there is no suite {code}")));
        let suite = find_suite(negotiated.suite)?;
        let client = group.start(provider.random)?;
        let server = group.start_and_complete(client.share(), provider.random)?;
        let proof = if kind == HandshakeKind::Psk {
            Proof::Psk
        } else if kind.is_resumed() {
            // As the engine's tickets are sealed.
            let aead = find_suite(CipherSuite::AES_256_GCM_SHA384)?.aead;
            let key = aead.key(&vec![7; aead.key_len()])?;
            let ticket = sealed_ticket(&*key)?;
            Proof::Ticket { key, ticket }
        } else {
            // Not every library tells with which scheme it signed. For RSA keys some take another hash than the engine does.
            let scheme = negotiated.signature.or_else(|| pair.key.key.schemes().first().copied());
            let scheme = scheme.ok_or_else(|| Error::Failed("the key can't sign".to_owned()))?;
            let message = vec![0x20; MESSAGE_LEN + suite.hash.output_len()];
            Proof::Signature { scheme, signature: pair.key.key.sign(scheme, &message, provider.random)?, message }
        };
        Ok(Self {
            provider,
            group,
            first_group,
            client_share: client.share().to_vec(),
            server_share: server.share,
            schedule: Schedule::new(suite, wire_bytes, kind),
            proof,
        })
    }

    /// The client's operations.
    pub(super) fn client<T>(&self, pair: &Pair<T>, name: &ServerName<'_>) -> Result<(), Error> {
        if let Some(group) = self.first_group {
            std::hint::black_box(group.start(self.provider.random)?);
        }
        let exchange = self.group.start(self.provider.random)?;
        self.schedule.derive(Side::Client, &exchange.complete(&self.server_share)?);
        let Proof::Signature { scheme, message, signature } = &self.proof else { return Ok(()) };
        pair.verifier.verify_chain(self.provider, &pair.key.chain, name, UnixTime::now())?;
        let leaf = pair.key.chain.first().ok_or_else(|| Error::Failed("a chain without a leaf".to_owned()))?;
        Ok(verify_handshake_signature(self.provider, leaf, *scheme, message, signature)?)
    }

    /// The server's operations.
    pub(super) fn server<T>(&self, pair: &Pair<T>) -> Result<(), Error> {
        if let Proof::Ticket { key, ticket } = &self.proof {
            let mut session = [0; SESSION_LEN];
            let _ = key.open_into(&[0; TICKET_NONCE_LEN], &[], ticket, &mut session)?;
            std::hint::black_box(session);
        }
        let exchange = self.group.start_and_complete(&self.client_share, self.provider.random)?;
        self.schedule.derive(Side::Server, &exchange.secret);
        match &self.proof {
            Proof::Signature { scheme, message, .. } => {
                std::hint::black_box(pair.key.key.sign(*scheme, message, self.provider.random)?);
            }
            Proof::Ticket { key, .. } => {
                self.provider.random.fill(&mut [0; TICKET_NONCE_LEN])?;
                std::hint::black_box(sealed_ticket(&**key)?);
            }
            Proof::Psk => {}
        }
        Ok(())
    }
}

/// A ticket for the next connection.
fn sealed_ticket(key: &dyn AeadKey) -> Result<[u8; SESSION_LEN + TAG_LEN], Error> {
    let mut ticket = [0; SESSION_LEN + TAG_LEN];
    let (session, tag) = ticket.split_at_mut(SESSION_LEN);
    let mut sealed_tag = [0; TAG_LEN];
    key.seal_in_place(&[0; TICKET_NONCE_LEN], &[], session, &mut sealed_tag)?;
    tag.copy_from_slice(&sealed_tag);
    Ok(ticket)
}
