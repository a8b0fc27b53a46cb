use std::sync::Arc;

use sha2::{Digest, Sha256};
use tls_engine::Error;
use tls_engine::conn::Reply;

use crate::net::http::Dialogue;
use crate::workload::Verify;

/// What connections ask for.
#[derive(Clone)]
pub struct HttpRequest {
    /// The head.
    pub head: Arc<[u8]>,
    /// The content.
    pub content: Arc<[u8]>,
    /// Whether a connection asks again when it has its response, as long as there is time.
    pub is_repeated: bool,
    /// Which responses are compared with the first, where requests are repeated. Their lengths always are.
    pub verify: Verify,
    /// The flag that names the page.
    pub flag: &'static str,
}

/// A request and its response, on a connection that may have had others before.
pub(super) struct Exchange {
    request: HttpRequest,
    sent: usize,
    /// How many of the sent bytes went as early data.
    early_bytes: usize,
    /// Whether something came before anything was asked for.
    is_unasked: bool,
    pub(super) received_bytes: u64,
    pub(super) dialogue: Dialogue,
    /// The content of the response so far.
    content: Body,
}

/// The content of a response.
#[derive(Default)]
pub(super) struct Body {
    bytes: u64,
    /// What it is compared by, if it is.
    digest: Option<Sha256>,
}

/// What a response has in common with others: the length of its content, and its SHA-256 if that was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: Option<String>,
}

impl Exchange {
    pub(super) fn new(request: &HttpRequest, is_compared: bool) -> Self {
        let mut exchange = Self {
            request: request.clone(),
            sent: 0,
            early_bytes: 0,
            is_unasked: false,
            received_bytes: 0,
            dialogue: Dialogue::new(),
            content: Body::default(),
        };
        exchange.repeat(is_compared);
        exchange
    }

    /// Asks, or asks again. The content of the response is compared byte by byte, or only by its length.
    pub(super) fn repeat(&mut self, is_compared: bool) {
        self.dialogue.sent(&self.request.head);
        self.dialogue.sent(&self.request.content);
        self.content = Body { bytes: 0, digest: is_compared.then(Sha256::new) };
        self.sent = 0;
    }

    /// Whether the same connection may ask again: the server keeps it open, and has read what was sent.
    pub(super) fn may_repeat(&self) -> bool {
        self.is_sent() && self.dialogue.keeps_alive() && !self.dialogue.ends_with_connection()
    }

    /// Whether requests are repeated.
    pub(super) const fn is_repeated(&self) -> bool {
        self.request.is_repeated
    }

    fn length(&self) -> usize {
        self.request.head.len() + self.request.content.len()
    }

    /// Whether nothing of the request was sent.
    pub(super) const fn is_unsent(&self) -> bool {
        self.sent == 0
    }

    /// Whether all of the request was sent.
    pub(super) fn is_sent(&self) -> bool {
        self.sent >= self.length()
    }

    /// Sends the request as early data where the ticket allows it.
    pub(super) fn send_early(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        self.early_bytes = reply.send_early_data(&self.request.head)?;
        Ok(())
    }

    /// Sends as much as there is room for. Returns how much that was, bytes.
    pub(super) fn send(&mut self, reply: &mut Reply<'_>) -> Result<usize, Error> {
        if self.sent == 0 && reply.connection().negotiated().is_some_and(|negotiated| negotiated.early_data) {
            self.sent = self.early_bytes;
        }
        let HttpRequest { head, content, .. } = &self.request;
        let rest = head.get(self.sent..).unwrap_or_default();
        let of_content = content.get(self.sent.saturating_sub(head.len())..).unwrap_or_default();
        let count = reply.send(&[rest, of_content])?;
        self.sent += count;
        Ok(count)
    }

    /// Takes what was received. Returns how much of it was content of a response that is a success so far, bytes.
    pub(super) fn receive(&mut self, data: &[u8]) -> u64 {
        self.is_unasked |= self.is_unsent() && self.early_bytes == 0;
        let Self { received_bytes, dialogue, content, .. } = self;
        *received_bytes += data.len() as u64;
        let before = content.bytes;
        dialogue.received_content(data, &mut |data| content.add(data));
        let bytes = content.bytes - before;
        if self.refusal().is_none() { bytes } else { 0 }
    }

    /// Whether what came is no response, or more than one, so that there is no telling where the next begins.
    pub(super) const fn is_lost(&self) -> bool {
        self.dialogue.is_lost() || self.dialogue.has_surplus() || self.is_unasked
    }

    /// Content that the request has sent when it is complete, bytes.
    pub(super) fn content_len(&self) -> usize {
        self.request.content.len()
    }

    /// The flag that names the page.
    pub(super) const fn flag(&self) -> &'static str {
        self.request.flag
    }

    /// The status of a response that is no success.
    pub(super) fn refusal(&self) -> Option<u16> {
        self.dialogue.status().filter(|status| !(200..300).contains(status))
    }

    /// The content of the response, when it is complete.
    pub(super) fn take_content(&mut self) -> Content {
        std::mem::take(&mut self.content).finish()
    }
}

impl Body {
    fn add(&mut self, data: &[u8]) {
        self.bytes += data.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(data);
        }
    }

    fn finish(self) -> Content {
        let sha256 = self.digest.map(|digest| digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        Content { bytes: self.bytes, sha256 }
    }
}
