use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use rustls_pki_types::{CertificateDer, ServerName};

use super::job::{Job, JobId, Work};
use crate::codes::{CertificateCompressionAlgorithm, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::Suite;
use crate::error::Error;
use crate::keys::{Exporter, PskOrigin, Ratchet, TrafficKeys, TrafficSecret, Transcript};
use crate::mem::{Region, Secret, Span, wipe};
use crate::msgs::StapledExtensions;
use crate::pki::Stapled;

/// What a handshake wants to be done, in order, and the memory it works in.
pub(crate) struct Effects {
    /// The bytes of the messages to send.
    messages: Region,
    list: Vec<Entry>,
    /// For one thing of unknown length that a state has to keep: the first ClientHello until its hash is known, then the leaf of
    /// the peer's certificates, then of a client the hash that its keys come from.
    pub(super) kept: Region,
    /// The job that the handshake has paused for, until it is taken.
    job: Option<Job>,
}

/// One thing to do.
pub(crate) enum Effect {
    /// Send the handshake messages at this span of all messages.
    Send(Span),
    /// Send a ChangeCipherSpec for compatibility with middleboxes (RFC 8446 D.4).
    SendChangeCipherSpec,
    /// Install keys.
    Install {
        /// What they are for.
        direction: Direction,
        /// The keys.
        keys: TrafficKeys,
        /// Where the keys after them come from, if they can be updated: not those of the handshake.
        next: Option<Ratchet>,
    },
    /// Skip early data, which was not accepted (RFC 8446 4.2.10), up to so many bytes of records.
    SkipEarlyData(usize),
    /// Take up to so many bytes of early data with these keys, until other ones for reading are installed.
    TakeEarlyData(TrafficKeys, u32),
    /// Limit protected records to so many bytes of content and type from now on (RFC 8449), in each direction that has a limit.
    LimitRecords {
        /// Of records that are sent.
        write: Option<u16>,
        /// Of records that are received.
        read: Option<u16>,
    },
    /// Let the application send up to so many bytes of early data.
    OfferEarlyData(u32),
    /// End that, as the server has said whether it has accepted any.
    EndEarlyData,
    /// Go back to records without protection for sending: after a HelloRetryRequest, there is no early data (RFC 8446 4.2.10).
    RemoveWriteKeys,
    /// Keep what keying material is exported from, until it is taken out of here.
    KeepExporter(Option<Box<Exporter>>),
    /// Keep what the server has stapled to its certificate, until it is taken out of here.
    KeepStapled(Option<Box<Stapled>>),
    /// The handshake has completed.
    Ready {
        /// What was negotiated.
        negotiated: Negotiated,
        /// `resumption_master_secret` of a client, for tickets.
        resumption: Option<Secret>,
        /// The server that tickets are for, of a client that has a store for them.
        server_name: Option<ServerName<'static>>,
    },
}

/// A direction of a connection.
#[derive(Clone, Copy)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Effect {
    /// Installs keys for the handshake, or for early data.
    pub(super) const fn handshake_keys(direction: Direction, keys: TrafficKeys) -> Self {
        Self::Install { direction, keys, next: None }
    }

    /// Installs keys that are for application data.
    pub(super) fn application_keys(direction: Direction, suite: &Suite, secret: TrafficSecret) -> Self {
        let ratchet = Ratchet::new(suite.aead, secret);
        Self::Install { direction, keys: ratchet.keys(), next: Some(ratchet) }
    }
}

impl Effects {
    /// The most effects of one message, which are those of a server's answer. More are refused: a list that grew would leave secrets
    /// behind.
    const LIST: usize = 8;
    /// A flight with a chain of three certificates fits.
    const MESSAGES: usize = 6 << 10;
    const KEPT: usize = 2 << 10;

    pub(super) fn new(ahead: bool) -> Self {
        let capacity = |capacity| if ahead { capacity } else { 0 };
        Self {
            messages: Region::with_capacity(capacity(Self::MESSAGES)),
            list: Vec::with_capacity(Self::LIST),
            kept: Region::with_capacity(capacity(Self::KEPT)),
            job: None,
        }
    }

    /// Wipes everything, and cuts back what has outgrown its size. Returns whether anything had.
    pub(super) fn reset(&mut self) -> bool {
        self.wipe();
        self.messages.reset(Self::MESSAGES) | self.kept.reset(Self::KEPT)
    }

    pub(super) const fn bytes(&self) -> usize {
        self.messages.capacity() + self.list.capacity() * size_of::<Entry>() + self.kept.capacity()
    }

    /// Passes each effect to `on`, in order and with the bytes of all messages, and clears the list. Secrets are borrowed and
    /// wiped in place: to move them out would leave copies.
    pub(crate) fn carry_out<E>(&mut self, mut on: impl FnMut(&[u8], &mut Effect) -> Result<(), E>) -> Result<(), E> {
        let result = self.list.iter_mut().try_for_each(|entry| match entry {
            Entry::Effect(effect) => on(self.messages.as_slice(), effect),
            Entry::Blank(_) => Ok(()),
        });
        self.list.clear();
        self.messages.clear();
        result
    }

    pub(super) fn push(&mut self, effect: Effect) -> Result<(), Error> {
        if self.list.len() == Self::LIST {
            return Err(Error::Internal("a message with more effects than there is room for"));
        }
        self.list.push(Entry::Effect(effect));
        Ok(())
    }

    /// Has the connection keep its exporter, where it has one.
    pub(super) fn keep_exporter(&mut self, exporter: Option<Box<Exporter>>) -> Result<(), Error> {
        if exporter.is_none() { Ok(()) } else { self.push(Effect::KeepExporter(exporter)) }
    }

    /// Has the connection keep what the server has stapled to its certificate, if anything.
    pub(super) fn keep_stapled(&mut self, stapled: StapledExtensions<'_>) -> Result<(), Error> {
        if stapled.is_empty() {
            return Ok(());
        }
        let StapledExtensions { ocsp_response, timestamps } = stapled;
        let [ocsp_response, timestamps] = [ocsp_response, timestamps].map(|bytes| bytes.map(Vec::from));
        self.push(Effect::KeepStapled(Some(Box::new(Stapled { ocsp_response, timestamps }))))
    }

    /// Sends the message that `encode` appends, together with the messages right before, and adds it to `transcript`.
    pub(super) fn send(&mut self, transcript: &mut Transcript, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        let span = self.send_unhashed(encode)?;
        transcript.add(&self.messages.as_slice()[span.range()]);
        Ok(())
    }

    /// Sends the message that `encode` appends, for a transcript whose hash is not known yet.
    pub(super) fn send_unhashed(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<Span, Error> {
        let start = self.messages.as_slice().len();
        encode(self.messages.as_mut_vec());
        let span = Span { start, end: self.messages.as_slice().len() };
        match self.list.last_mut() {
            Some(Entry::Effect(Effect::Send(last))) if last.end == span.start => last.end = span.end,
            _ => self.push(Effect::Send(span))?,
        }
        Ok(span)
    }

    /// Pauses the handshake for `work`, see [`Machine::pause`](super::Machine::pause).
    pub(super) fn pause(&mut self, work: Work) -> JobId {
        self.job.insert(Job::new(work)).id()
    }

    /// The job that the handshake has paused for, unless it was taken.
    #[inline]
    pub(crate) fn awaited_job(&self) -> Option<JobId> {
        self.job.as_ref().map(Job::id)
    }

    /// Takes the job that the handshake has paused for.
    pub(crate) const fn take_job(&mut self) -> Option<Job> {
        self.job.take()
    }

    /// Clears the list and wipes its memory. To drop the effects is not enough: the unused bytes of a short variant may hold
    /// what was on the stack.
    pub(super) fn wipe(&mut self) {
        self.job = None;
        self.list.clear();
        for _ in 0..Self::LIST {
            self.list.push(Entry::Blank([0; BLANK_WORDS]));
        }
        for entry in &mut self.list {
            if let Entry::Blank(words) = entry {
                wipe(words);
            }
        }
        self.list.clear();
    }

    /// The messages at `span`, whose binders could not be known before.
    pub(super) fn unfinished_messages_at(&mut self, span: Span) -> &mut [u8] {
        &mut self.messages.as_mut_vec()[span.range()]
    }

    /// The messages at `span`.
    pub(super) fn messages_at(&self, span: Span) -> &[u8] {
        &self.messages.as_slice()[span.range()]
    }

    /// Keeps the messages at `span`.
    pub(super) fn keep_messages(&mut self, span: Span) {
        self.kept.extend_from_slice(&self.messages.as_slice()[span.range()]);
    }
}

/// An entry of the list of effects.
enum Entry {
    Effect(Effect),
    /// Zeros that cover any effect, wherever it begins in an entry.
    Blank([u64; BLANK_WORDS]),
}

/// Enough to cover an effect, in words: bytes take eight times as long to wipe.
const BLANK_WORDS: usize = (size_of::<Effect>() + align_of::<Effect>()).div_ceil(size_of::<u64>());

/// What was negotiated in the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The version.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub suite: CipherSuite,
    /// The group of the key exchange; `None` where a pre-shared key was used without one.
    pub group: Option<NamedGroup>,
    /// How the server has proved who it is.
    pub authentication: Authentication,
    /// The identity of the external PSK that was used, also in the connection with which a session began that is resumed: whom a
    /// server has to do with.
    pub psk_identity: Option<Arc<[u8]>>,
    /// The application protocol.
    pub alpn: Option<Arc<[u8]>>,
    /// The host name that the client asked for.
    pub server_name: Option<CompactString>,
    /// Whether there was a HelloRetryRequest.
    pub hello_retry: bool,
    /// Whether the client has sent early data, or announced some, and the server has accepted it.
    pub early_data: bool,
    /// What the server has compressed its certificate with (RFC 8879), if at all.
    pub certificate_compression: Option<CertificateCompressionAlgorithm>,
    /// How the client has proved who it is.
    pub client_certificate: ClientCertificate,
}

impl Negotiated {
    /// The scheme that the server has signed the handshake with; `None` where a PSK was used.
    pub const fn signature(&self) -> Option<SignatureScheme> {
        match self.authentication {
            Authentication::Certificate(scheme) => Some(scheme),
            Authentication::Resumption | Authentication::ExternalPsk => None,
        }
    }

    /// Whether the session of an earlier connection was resumed.
    pub const fn is_resumed(&self) -> bool {
        matches!(self.authentication, Authentication::Resumption)
    }
}

/// Whether a client was asked for a certificate, and what it has shown (RFC 8446 4.3.2, 4.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// It was not asked.
    NotRequested,
    /// It was asked, and has shown none.
    Missing,
    /// It has shown one, which the server has verified. Both ends keep it as long as the connection.
    Shown {
        /// The certificates, leaf first.
        chain: Arc<[CertificateDer<'static>]>,
        /// The scheme of its signature over the handshake.
        scheme: SignatureScheme,
    },
}

impl ClientCertificate {
    /// The certificates, leaf first; none where none were shown.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        match self {
            Self::Shown { chain, .. } => chain,
            Self::NotRequested | Self::Missing => &[],
        }
    }
}

/// How a server proves who it is (RFC 8446 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// With a certificate, and a signature of this scheme over the handshake.
    Certificate(SignatureScheme),
    /// By the pre-shared key of a ticket, which it has given in an earlier connection.
    Resumption,
    /// By a pre-shared key that both ends were given in advance ([`ExternalPsk`](crate::ExternalPsk)), which proves who the client
    /// is, too.
    ExternalPsk,
}

impl Authentication {
    /// With a PSK of this origin.
    pub(super) const fn with_psk(origin: PskOrigin) -> Self {
        match origin {
            PskOrigin::Ticket => Self::Resumption,
            PskOrigin::External | PskOrigin::Imported => Self::ExternalPsk,
        }
    }
}

/// The scheme of the signature, or `resumed`, or `external PSK`.
impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(scheme) => scheme.fmt(f),
            Self::Resumption => f.write_str("resumed"),
            Self::ExternalPsk => f.write_str("external PSK"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_never_moved_to_where_it_has_more_room() {
        let mut effects = Effects::new(true);
        let place = effects.list.as_ptr();
        for _ in 0..Effects::LIST {
            assert_eq!(effects.push(Effect::SendChangeCipherSpec), Ok(()));
        }
        assert!(matches!(effects.push(Effect::SendChangeCipherSpec), Err(Error::Internal(_))));
        assert_eq!(effects.list.as_ptr(), place);
    }
}
