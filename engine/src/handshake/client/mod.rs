//! The client's states (RFC 8446 A.1), one struct each.

mod early_data;
mod flight;
mod hello;
mod own_flight;
mod psk;
mod resumption;
mod shares;

pub(crate) use hello::start;

use std::sync::Arc;

use rustls_pki_types::ServerName;

use super::effects::Effects;
use super::job::{JobId, Outcome};
use super::{ClientConfig, Expected};
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::keys::SecretLabel;
use crate::mem::Secret;
use crate::msgs::{Grease, Message};

/// What the client waits for.
pub(super) enum ClientState {
    ServerHello(hello::WaitServerHello),
    EncryptedExtensions(flight::WaitEncryptedExtensions),
    Certificate(flight::WaitCertificate),
    /// A job verifies the chain.
    VerifyingChain(JobId, flight::WaitCertificateVerify),
    CertificateVerify(flight::WaitCertificateVerify),
    /// A job verifies the signature.
    VerifyingSignature(JobId, flight::WaitFinished),
    Finished(flight::WaitFinished),
    /// A job signs the CertificateVerify. The Certificate was sent.
    Signing(JobId, own_flight::OwnFlight),
    Ready,
}

impl ClientState {
    pub(super) fn expected(&self) -> Expected {
        match self {
            Self::ServerHello(_) => Expected("ServerHello", &[HandshakeType::SERVER_HELLO]),
            Self::EncryptedExtensions(_) => Expected("EncryptedExtensions", &[HandshakeType::ENCRYPTED_EXTENSIONS]),
            Self::Certificate(state) => Expected("Certificate", state.expected()),
            Self::CertificateVerify(_) => Expected("CertificateVerify", &[HandshakeType::CERTIFICATE_VERIFY]),
            Self::Finished(_) => Expected("Finished", &[HandshakeType::FINISHED]),
            Self::VerifyingChain(..) | Self::VerifyingSignature(..) | Self::Signing(..) => Expected(super::PAUSED, &[]),
            Self::Ready => Expected(super::NOTHING, &[]),
        }
    }

    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        match self {
            Self::ServerHello(state) => state.on(message, effects),
            Self::EncryptedExtensions(state) => state.on(message, effects),
            Self::Certificate(state) => state.on(message, effects),
            Self::CertificateVerify(state) => state.on(message, effects),
            Self::Finished(state) => state.on(message, effects),
            Self::VerifyingChain(..) | Self::VerifyingSignature(..) | Self::Signing(..) => {
                Err(message.unexpected(super::PAUSED))
            }
            Self::Ready => Err(message.unexpected(super::NOTHING)),
        }
    }

    pub(super) const fn awaited_job(&self) -> Option<JobId> {
        match self {
            Self::VerifyingChain(job, _) | Self::VerifyingSignature(job, _) | Self::Signing(job, _) => Some(*job),
            _ => None,
        }
    }

    /// The state that waits for `job` before this one, or instead of it. `None` where none does: then the handshake has ended.
    pub(super) fn paused(self, job: JobId) -> Option<Self> {
        match self {
            Self::CertificateVerify(next) => Some(Self::VerifyingChain(job, next)),
            Self::Finished(next) => Some(Self::VerifyingSignature(job, next)),
            Self::Signing(_, flight) => Some(Self::Signing(job, flight)),
            _ => None,
        }
    }

    pub(super) fn resume(self, outcome: Outcome, effects: &mut Effects) -> Result<Self, Error> {
        match (self, outcome) {
            (Self::VerifyingChain(_, next), Outcome::Verified) => Ok(Self::CertificateVerify(next)),
            (Self::VerifyingSignature(_, next), Outcome::Verified) => Ok(Self::Finished(next)),
            (Self::Signing(_, flight), Outcome::Signed(signature)) => flight.resume(&signature, effects),
            _ => Err(super::ANOTHER_JOB),
        }
    }
}

/// What stays the same in all states.
struct ClientContext {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
    random: [u8; 32],
    /// What is offered besides, to be ignored.
    grease: Option<Grease>,
}

impl ClientContext {
    /// The host name to ask for: without a dot at its end, and none for an IP address (RFC 6066 3).
    fn host_name(&self) -> Option<&str> {
        match &self.server_name {
            ServerName::DnsName(name) => Some(name.as_ref()).map(|name| name.strip_suffix('.').unwrap_or(name)),
            _ => None,
        }
    }

    fn log(&self, label: SecretLabel, secret: &Secret) {
        if let Some(key_log) = &self.config.common.key_log {
            key_log.log(label, &self.random, secret);
        }
    }
}
