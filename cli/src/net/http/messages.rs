use super::chunks::Chunks;
use super::fields::Content;

/// The longest head that is understood, bytes. What others send is not for this program to bound closely.
const HEAD_MAX: usize = 64 << 10;

/// Messages of one direction, one after the other: their heads are handed on, their content is only counted.
#[derive(Debug)]
pub(super) struct Messages {
    state: MessageState,
    /// The head that is not whole yet.
    head: Vec<u8>,
    /// Where its last line begins.
    line_at: usize,
}

#[derive(Debug)]
enum MessageState {
    Head,
    /// This many bytes of content are still to come.
    Bytes(u64),
    Chunks(Chunks),
    /// Where a message ends is not known, and will not be.
    Lost,
}

impl Messages {
    pub(super) const fn new() -> Self {
        Self { state: MessageState::Head, head: Vec::new(), line_at: 0 }
    }

    /// Takes what has come. `content` is asked about each head how long its content is: `None` where that can't be told.
    pub(super) fn take(&mut self, mut data: &[u8], mut content: impl FnMut(&[u8]) -> Option<Content>) {
        while !data.is_empty() {
            let used = match &mut self.state {
                MessageState::Head => self.take_head(data, &mut content),
                MessageState::Bytes(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
                    *left -= count as u64;
                    Some(count)
                }
                MessageState::Chunks(chunks) => chunks.take(data),
                MessageState::Lost => return,
            };
            let Some(used) = used else { return self.lose() };
            data = &data[used..];
            let is_over = match &self.state {
                MessageState::Bytes(left) => *left == 0,
                MessageState::Chunks(chunks) => chunks.is_whole(),
                MessageState::Head | MessageState::Lost => false,
            };
            if is_over {
                self.state = MessageState::Head;
            }
        }
    }

    /// Whether one message has ended, or none has come, and nothing of the next one has.
    pub(super) const fn is_between(&self) -> bool {
        matches!(self.state, MessageState::Head) && self.head.is_empty()
    }

    /// How much memory the head has.
    #[cfg(test)]
    pub(super) const fn held_bytes(&self) -> usize {
        self.head.capacity()
    }

    /// Gives up understanding.
    pub(super) fn lose(&mut self) {
        *self = Self { state: MessageState::Lost, ..Self::new() };
    }

    /// Takes the next line of a head, or what there is of it.
    fn take_head(&mut self, data: &[u8], content: &mut impl FnMut(&[u8]) -> Option<Content>) -> Option<usize> {
        let end_of_line = data.iter().position(|byte| *byte == b'\n');
        let used = end_of_line.map_or(data.len(), |at| at + 1);
        if self.head.len() + used > HEAD_MAX {
            return None;
        }
        self.head.extend_from_slice(&data[..used]);
        if end_of_line.is_some() {
            let is_empty = matches!(&self.head[self.line_at..], b"\n" | b"\r\n");
            if !is_empty {
                self.line_at = self.head.len();
                return Some(used);
            }
            if self.line_at > 0 {
                self.state = match content(&self.head)? {
                    Content::Untold => MessageState::Bytes(0),
                    Content::Bytes(count) => MessageState::Bytes(count),
                    Content::Chunked { .. } => MessageState::Chunks(Chunks::new()),
                };
            }
            // An empty line before a head is no part of it (RFC 9112 2.2).
            self.head = Vec::new();
            self.line_at = 0;
        }
        Some(used)
    }
}
