use crate::codes::{CipherSuite, KeyUpdateRequest, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::Suite;
use crate::keys::TrafficSecret;
use crate::mem::Span;
use crate::session::Ticket;

/// What a handshake wants to happen, in order.
#[derive(Default)]
pub struct Effects {
    /// The bytes of the messages to send.
    pub messages: Vec<u8>,
    /// What to do.
    pub list: Vec<Effect>,
}

/// One thing to do.
pub enum Effect {
    /// Send the handshake messages at this span of [`Effects::messages`].
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
    Ready(Box<Negotiated>),
    /// A ticket came.
    Ticket(Box<Ticket>),
    /// The peer has changed its keys, and perhaps wants this side to.
    KeyUpdate(KeyUpdateRequest),
}

impl Effects {
    /// Sends what `encode` appends, together with the messages right before.
    pub(super) fn send(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.messages.len();
        encode(&mut self.messages);
        let span = Span { start, end: self.messages.len() };
        match self.list.last_mut() {
            Some(Effect::Send(last)) if last.end == span.start => last.end = span.end,
            _ => self.list.push(Effect::Send(span)),
        }
        span
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
    pub alpn: Option<Vec<u8>>,
    /// The host name that the client asked for.
    pub server_name: Option<String>,
    /// Whether a HelloRetryRequest was needed.
    pub hello_retry: bool,
}
