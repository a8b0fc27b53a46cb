//! Jobs of a handshake: what takes long, or is done elsewhere. A handshake does them at once, or pauses until a caller has.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls_pki_types::CertificateDer;

use super::ServerConfig;
use super::authentication::CertificateChoice;
use super::server::{AcceptedPsk, choose_certificate, find_psk, server_name};
use crate::codes::{HandshakeType, SignatureScheme};
use crate::crypto::{Provider, Random, SigningKey, Suite};
use crate::error::Error;
use crate::mem::Region;
use crate::msgs::{CertificateMessage, ClientHello, Message, SignedContent, StapledRequest};
use crate::pki::verify_handshake_signature;

/// A kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobKind {
    /// A server opens the tickets that a client offers ([`Tickets`](crate::session::Tickets)).
    OpenTicket,
    /// A server chooses its certificate ([`ChooseCertificate`](super::ChooseCertificate)).
    ChooseCertificate,
    /// An end signs its CertificateVerify ([`SigningKey::sign`]): a server, or a client that was asked for its certificate.
    Sign,
    /// A client verifies the certificates of the server ([`VerifyServer`](crate::pki::VerifyServer)), or a server those of a client
    /// ([`VerifyClient`](crate::pki::VerifyClient)).
    VerifyChain,
    /// An end verifies the signature of its peer's CertificateVerify.
    VerifySignature,
}

impl JobKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::OpenTicket, Self::ChooseCertificate, Self::Sign, Self::VerifyChain, Self::VerifySignature];
}

/// A set of kinds.
#[derive(Clone, Copy, Default)]
pub(crate) struct JobKinds(u8);

impl JobKinds {
    pub(super) fn of(kinds: &[JobKind]) -> Self {
        Self(kinds.iter().fold(0, |bits, kind| bits | Self::bit(*kind)))
    }

    pub(super) const fn contains(self, kind: JobKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    const fn bit(kind: JobKind) -> u8 {
        1 << kind as u8
    }
}

/// Which job it is: no two jobs of a process are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobId(u64);

impl JobId {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A job that a handshake has paused for. It borrows nothing of the connection, and may be run on any thread.
///
/// A job that is dropped is never done: its connection stays paused until its caller gives it up.
#[must_use = "the handshake waits for its result"]
pub struct Job {
    id: JobId,
    work: Box<Work>,
}

/// What has to be done, with everything it needs. Received messages are wiped where they are dropped.
pub(super) enum Work {
    OpenTicket {
        config: Arc<ServerConfig>,
        suite: Suite,
        /// The whole message, see [`client_hello`].
        hello: Region,
    },
    ChooseCertificate {
        config: Arc<ServerConfig>,
        /// The whole message, see [`client_hello`].
        hello: Region,
    },
    Sign {
        key: Arc<dyn SigningKey>,
        scheme: SignatureScheme,
        content: SignedContent,
        random: &'static dyn Random,
    },
    VerifyChain {
        check: ChainCheck,
        /// The body of the Certificate message.
        certificate: Region,
        requested: StapledRequest,
    },
    VerifySignature {
        provider: &'static Provider,
        leaf: Region,
        scheme: SignatureScheme,
        content: SignedContent,
        signature: Vec<u8>,
    },
}

/// Verifies the certificates of a peer.
pub(super) type ChainCheck = Box<dyn FnOnce(&[CertificateDer<'_>]) -> Result<(), Error> + Send>;

/// The result of a job, for the connection that it is from.
#[must_use = "the handshake waits for it"]
pub struct JobResult {
    id: JobId,
    outcome: Result<Outcome, Error>,
}

/// What a job that succeeded has brought.
pub(super) enum Outcome {
    /// The PSK that can be resumed with, if there is one, and the ClientHello that has offered it. In a place of its own, which is wiped
    /// wherever the result has been moved from.
    Opened(Option<Box<AcceptedPsk>>, Region),
    /// The choice, and the ClientHello that it is for.
    Chosen(CertificateChoice, Region),
    /// A signature.
    Signed(Vec<u8>),
    /// What was to be verified is right.
    Verified,
}

impl Job {
    pub(super) fn new(work: Work) -> Self {
        Self { id: JobId::new(), work: Box::new(work) }
    }

    pub(super) const fn id(&self) -> JobId {
        self.id
    }

    /// What kind of job it is.
    pub fn kind(&self) -> JobKind {
        self.work.kind()
    }

    /// Does the job, and returns what to pass to `Connection::resume`. That the job has failed
    /// is a result, too. So is a panic of a key, a verifier or a chooser of the caller's: it is caught here.
    pub fn run(self) -> JobResult {
        let Self { id, work } = self;
        // Everything that the panic could leave half done goes with the job.
        let outcome = catch_unwind(AssertUnwindSafe(|| work.run()));
        JobResult { id, outcome: outcome.unwrap_or(Err(Error::Internal("a job of the handshake has panicked"))) }
    }
}

impl Work {
    const fn kind(&self) -> JobKind {
        match self {
            Self::OpenTicket { .. } => JobKind::OpenTicket,
            Self::ChooseCertificate { .. } => JobKind::ChooseCertificate,
            Self::Sign { .. } => JobKind::Sign,
            Self::VerifyChain { .. } => JobKind::VerifyChain,
            Self::VerifySignature { .. } => JobKind::VerifySignature,
        }
    }

    fn run(self) -> Result<Outcome, Error> {
        match self {
            Self::OpenTicket { config, suite, hello } => {
                let psk = find_psk(&config, &suite, &ClientHello::decode(client_hello(&hello).body())?);
                Ok(Outcome::Opened(psk.map(Box::new), hello))
            }
            Self::ChooseCertificate { config, hello } => {
                let decoded = ClientHello::decode(client_hello(&hello).body())?;
                let choice = choose_certificate(&config, &decoded, server_name(&decoded).as_deref())?;
                Ok(Outcome::Chosen(choice, hello))
            }
            Self::Sign { key, scheme, content, random } => key.sign(scheme, &content, random).map(Outcome::Signed),
            Self::VerifyChain { check, certificate, requested } => {
                check(&CertificateMessage::decode(certificate.as_slice(), requested)?.chain)?;
                Ok(Outcome::Verified)
            }
            Self::VerifySignature { provider, leaf, scheme, content, signature } => {
                let leaf = CertificateDer::from(leaf.as_slice());
                verify_handshake_signature(provider, &leaf, scheme, &content, &signature)?;
                Ok(Outcome::Verified)
            }
        }
    }
}

/// The ClientHello that a job has, as it was received: it ended its record.
pub(super) fn client_hello(bytes: &Region) -> Message<'_> {
    Message { handshake_type: HandshakeType::CLIENT_HELLO, bytes: bytes.as_slice(), ends_record: true }
}

impl JobResult {
    pub(super) fn into_outcome(self) -> Result<Outcome, Error> {
        self.outcome
    }

    pub(crate) const fn id(&self) -> JobId {
        self.id
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.kind()).finish()
    }
}

impl fmt::Debug for JobResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobResult").field(&self.outcome.as_ref().err()).finish()
    }
}
