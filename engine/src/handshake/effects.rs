use compact_str::CompactString;
use zeroize::Zeroize;

use crate::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::Suite;
use crate::keys::{TrafficSecret, Transcript};
use crate::mem::{Region, Secret, Span};

/// What a handshake wants to be done, in order, and the memory it works in.
pub(crate) struct Effects {
    /// The bytes of the messages to send.
    messages: Region,
    list: Vec<Entry>,
    /// For one thing of unknown length that a state has to keep: the first ClientHello until its hash is known, then the server's
    /// certificate.
    pub(super) kept: Region,
}

/// One thing to do.
pub(crate) enum Effect {
    /// Send the handshake messages at this span of all messages.
    Send(Span),
    /// Send a ChangeCipherSpec for compatibility with middleboxes (RFC 8446 D.4).
    SendChangeCipherSpec,
    /// Install the secret for sending.
    InstallWrite {
        /// The suite.
        suite: Suite,
        /// The secret.
        secret: TrafficSecret,
    },
    /// Install the secret for receiving.
    InstallRead {
        /// The suite.
        suite: Suite,
        /// The secret.
        secret: TrafficSecret,
    },
    /// Skip early data, which was not accepted (RFC 8446 4.2.10).
    SkipEarlyData,
    /// The handshake has completed.
    Ready {
        /// What was negotiated.
        negotiated: Negotiated,
        /// `resumption_master_secret` of a client, for tickets.
        resumption: Option<Secret>,
    },
}

impl Effects {
    /// The most effects of one message: those of a server's answer.
    const LIST: usize = 8;
    /// A flight with a chain of three certificates fits.
    const MESSAGES: usize = 6 << 10;
    const KEPT: usize = 2 << 10;

    pub(super) fn new(ahead: bool) -> Self {
        let capacity = |capacity| if ahead { capacity } else { 0 };
        Self {
            messages: Region::with_capacity(capacity(Self::MESSAGES)),
            // Always allocated at once: a list that grows leaves secrets behind.
            list: Vec::with_capacity(Self::LIST),
            kept: Region::with_capacity(capacity(Self::KEPT)),
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

    pub(super) fn push(&mut self, effect: Effect) {
        self.list.push(Entry::Effect(effect));
    }

    /// Sends the message that `encode` appends, together with the messages right before, and adds it to `transcript`.
    pub(super) fn send(&mut self, transcript: &mut Transcript, encode: impl FnOnce(&mut Vec<u8>)) {
        let span = self.send_unhashed(encode);
        transcript.add(&self.messages.as_slice()[span.range()]);
    }

    /// Sends the message that `encode` appends, for a transcript whose hash is not known yet.
    pub(super) fn send_unhashed(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.messages.as_slice().len();
        encode(self.messages.as_mut_vec());
        let span = Span { start, end: self.messages.as_slice().len() };
        match self.list.last_mut() {
            Some(Entry::Effect(Effect::Send(last))) if last.end == span.start => last.end = span.end,
            _ => self.push(Effect::Send(span)),
        }
        span
    }

    /// Clears the list and wipes its memory. To drop the effects is not enough: the unused bytes of a short variant may hold
    /// what was on the stack.
    pub(super) fn wipe(&mut self) {
        self.list.clear();
        for _ in 0..self.list.capacity() {
            self.list.push(Entry::Blank([0; size_of::<Effect>() + align_of::<Effect>()]));
        }
        for entry in &mut self.list {
            if let Entry::Blank(bytes) = entry {
                bytes.zeroize();
            }
        }
        self.list.clear();
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
    Blank([u8; size_of::<Effect>() + align_of::<Effect>()]),
}

/// What was negotiated in the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The version.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub suite: CipherSuite,
    /// The group of the key exchange.
    pub group: NamedGroup,
    /// The signature scheme of the server.
    pub signature: SignatureScheme,
    /// The application protocol.
    pub alpn: Option<std::sync::Arc<[u8]>>,
    /// The host name that the client asked for.
    pub server_name: Option<CompactString>,
    /// Whether there was a HelloRetryRequest.
    pub hello_retry: bool,
}
