use compact_str::CompactString;

use crate::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::Suite;
use crate::keys::{TrafficSecret, Transcript};
use crate::mem::{Region, Secret, Span};

/// What a handshake wants to happen, in order, and the memory it works in.
pub struct Effects {
    /// The bytes of the messages to send.
    messages: Region,
    list: Vec<Effect>,
    /// For what a state has to keep and can't know the length of: the first ClientHello until its hash is known, then a
    /// cookie, then the server's certificate. One at a time.
    pub(super) kept: Region,
}

/// One thing to do.
pub enum Effect {
    /// Send the handshake messages at this span, see [`Effects::messages`].
    Send(Span),
    /// Send a ChangeCipherSpec for compatibility with middleboxes (RFC 8446 D.4).
    SendChangeCipherSpec,
    /// Protect what is sent from now on with this secret.
    InstallWrite {
        /// The suite.
        suite: Suite,
        /// The secret.
        secret: TrafficSecret,
    },
    /// Expect what is received from now on to be protected with this secret.
    InstallRead {
        /// The suite.
        suite: Suite,
        /// The secret.
        secret: TrafficSecret,
    },
    /// Early data that was not agreed to may come: skip it (RFC 8446 4.2.10).
    SkipEarlyData,
    /// The handshake is done.
    Ready {
        /// What was agreed on.
        negotiated: Negotiated,
        /// `resumption_master_secret`, for a client, to whom tickets may come.
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
            list: Vec::with_capacity(capacity(Self::LIST)),
            kept: Region::with_capacity(capacity(Self::KEPT)),
        }
    }

    pub(super) fn reset(&mut self) {
        self.messages.reset(Self::MESSAGES);
        self.list.clear();
        self.kept.reset(Self::KEPT);
    }

    pub(super) const fn bytes(&self) -> usize {
        self.messages.capacity() + self.list.capacity() * size_of::<Effect>() + self.kept.capacity()
    }

    /// The bytes of the messages to send.
    pub fn messages(&self, span: Span) -> &[u8] {
        &self.messages.as_slice()[span.range()]
    }

    /// Takes the first thing to do off the list; at its end the messages are gone too.
    pub fn carry_out<E>(&mut self, mut on: impl FnMut(&Self, Effect) -> Result<(), E>) -> Result<(), E> {
        let mut list = core::mem::take(&mut self.list);
        let result = list.drain(..).try_for_each(|effect| on(self, effect));
        self.list = list;
        self.messages.clear();
        result
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Sends the message that `encode` appends, together with the messages right before, and adds it to `transcript`.
    pub(super) fn send(&mut self, transcript: &mut Transcript, encode: impl FnOnce(&mut Vec<u8>)) {
        let span = self.send_unhashed(encode);
        transcript.add(self.messages(span));
    }

    /// Sends the message that `encode` appends, for a transcript whose hash is not known yet.
    pub(super) fn send_unhashed(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.messages.as_slice().len();
        encode(self.messages.as_mut_vec());
        let span = Span { start, end: self.messages.as_slice().len() };
        match self.list.last_mut() {
            Some(Effect::Send(last)) if last.end == span.start => last.end = span.end,
            _ => self.list.push(Effect::Send(span)),
        }
        span
    }

    /// Keeps the messages at `span`.
    pub(super) fn keep_messages(&mut self, span: Span) {
        self.kept.as_mut_vec().extend_from_slice(&self.messages.as_slice()[span.range()]);
    }
}

/// What the two ends agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The version.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub suite: CipherSuite,
    /// The group of the key exchange.
    pub group: NamedGroup,
    /// The scheme that the server signed with.
    pub signature: SignatureScheme,
    /// The application protocol.
    pub alpn: Option<std::sync::Arc<[u8]>>,
    /// The host name that the client asked for.
    pub server_name: Option<CompactString>,
    /// Whether a HelloRetryRequest was needed.
    pub hello_retry: bool,
}
