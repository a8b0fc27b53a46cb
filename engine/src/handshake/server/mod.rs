//! The server's states (RFC 8446 A.2), one struct each.

mod certificate;
mod client_certificate;
mod finished;
mod flight;
mod hello;
mod resumption;

pub use certificate::{ChooseCertificate, ClientOffer};
pub(super) use certificate::{choose_certificate, server_name};
pub(crate) use hello::start;
pub(super) use resumption::{AcceptedPsk, find_psk};

use super::Expected;
use super::effects::Effects;
use super::job::{JobId, Outcome};
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::msgs::Message;

/// What the server waits for.
pub(super) enum ServerState {
    ClientHello(hello::WaitClientHello),
    /// A job opens the tickets of a ClientHello, or chooses the certificate for it.
    AnsweringClientHello(JobId, hello::WaitClientHello),
    /// A job signs the CertificateVerify. What goes before it in the flight was sent.
    Signing(JobId, flight::HalfFlight),
    EndOfEarlyData(finished::WaitEndOfEarlyData),
    Certificate(client_certificate::WaitCertificate),
    /// A job verifies the chain.
    VerifyingChain(JobId, client_certificate::WaitCertificateVerify),
    CertificateVerify(client_certificate::WaitCertificateVerify),
    /// A job verifies the signature.
    VerifyingSignature(JobId, finished::WaitFinished),
    Finished(finished::WaitFinished),
    Ready,
}

impl ServerState {
    pub(super) fn expected(&self) -> Expected {
        match self {
            Self::ClientHello(_) => Expected("ClientHello", &[HandshakeType::CLIENT_HELLO]),
            Self::EndOfEarlyData(_) => Expected("EndOfEarlyData", &[HandshakeType::END_OF_EARLY_DATA]),
            Self::Certificate(state) => Expected("Certificate", state.expected()),
            Self::CertificateVerify(_) => Expected("CertificateVerify", &[HandshakeType::CERTIFICATE_VERIFY]),
            Self::Finished(_) => Expected("Finished", &[HandshakeType::FINISHED]),
            Self::AnsweringClientHello(..)
            | Self::Signing(..)
            | Self::VerifyingChain(..)
            | Self::VerifyingSignature(..) => Expected(super::PAUSED, &[]),
            Self::Ready => Expected(super::NOTHING, &[]),
        }
    }

    pub(super) fn on(self, message: &Message<'_>, effects: &mut Effects) -> Result<Self, Error> {
        match self {
            Self::ClientHello(state) => state.on(message, effects),
            Self::EndOfEarlyData(state) => state.on(message, effects),
            Self::Certificate(state) => state.on(message, effects),
            Self::CertificateVerify(state) => state.on(message, effects),
            Self::Finished(state) => state.on(message, effects),
            Self::AnsweringClientHello(..)
            | Self::Signing(..)
            | Self::VerifyingChain(..)
            | Self::VerifyingSignature(..) => Err(message.unexpected(super::PAUSED)),
            Self::Ready => Err(message.unexpected(super::NOTHING)),
        }
    }

    pub(super) const fn awaited_job(&self) -> Option<JobId> {
        match self {
            Self::AnsweringClientHello(job, _)
            | Self::Signing(job, _)
            | Self::VerifyingChain(job, _)
            | Self::VerifyingSignature(job, _) => Some(*job),
            _ => None,
        }
    }

    /// The state that waits for `job` before this one, or instead of it. `None` where none does: then the handshake has ended.
    pub(super) fn paused(self, job: JobId) -> Option<Self> {
        match self {
            Self::ClientHello(state) => Some(Self::AnsweringClientHello(job, state)),
            Self::Signing(_, flight) => Some(Self::Signing(job, flight)),
            Self::CertificateVerify(next) => Some(Self::VerifyingChain(job, next)),
            Self::Finished(next) => Some(Self::VerifyingSignature(job, next)),
            _ => None,
        }
    }

    pub(super) fn resume(self, outcome: Outcome, effects: &mut Effects) -> Result<Self, Error> {
        match (self, outcome) {
            (Self::AnsweringClientHello(_, state), Outcome::Opened(psk, hello)) => {
                state.resume_with_psk(psk.as_deref().cloned(), &hello, effects)
            }
            (Self::AnsweringClientHello(_, state), Outcome::Chosen(choice, hello)) => {
                state.resume(choice, &hello, effects)
            }
            (Self::Signing(_, flight), Outcome::Signed(signature)) => flight.finish_signed(&signature, effects),
            (Self::VerifyingChain(_, next), Outcome::Verified) => Ok(Self::CertificateVerify(next)),
            (Self::VerifyingSignature(_, next), Outcome::Verified) => Ok(Self::Finished(next)),
            _ => Err(super::ANOTHER_JOB),
        }
    }
}
