use super::chunks::Chunks;
use super::fields::Content;

/// The longest head that is parsed, bytes. It is generous, because this program does not control what others send.
const HEAD_MAX: usize = 64 << 10;

/// The messages of one direction. Their heads and their content are passed on.
#[derive(Debug)]
pub(super) struct Messages {
    state: MessageState,
    /// The head that is not complete yet.
    head: Vec<u8>,
    /// The start of its last line.
    line_at: usize,
}

#[derive(Debug)]
enum MessageState {
    Head,
    /// The number of content bytes still to come.
    Bytes(u64),
    Chunks(Chunks),
    /// Everything until the connection ends.
    ToEnd,
    /// The end of a message is unknown, and will remain so.
    Lost,
}

impl Messages {
    pub(super) const fn new() -> Self {
        Self { state: MessageState::Head, head: Vec::new(), line_at: 0 }
    }

    /// Takes what has arrived. `on_head` returns the length of the content for a head: `None` if it is ambiguous. `on_content` receives
    /// the content, piece by piece, without the frames of chunks.
    pub(super) fn take(
        &mut self,
        mut data: &[u8],
        mut on_head: impl FnMut(&[u8]) -> Option<Content>,
        on_content: &mut impl FnMut(&[u8]),
    ) {
        while !data.is_empty() {
            let used = match &mut self.state {
                MessageState::Head => self.take_head(data, &mut on_head),
                MessageState::Bytes(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
                    *left -= count as u64;
                    on_content(&data[..count]);
                    Some(count)
                }
                MessageState::Chunks(chunks) => chunks.take(data, on_content),
                MessageState::ToEnd => return on_content(data),
                MessageState::Lost => return,
            };
            let Some(used) = used else { return self.lose() };
            data = &data[used..];
            let is_over = match &self.state {
                MessageState::Bytes(left) => *left == 0,
                MessageState::Chunks(chunks) => chunks.is_whole(),
                MessageState::Head | MessageState::ToEnd | MessageState::Lost => false,
            };
            if is_over {
                self.state = MessageState::Head;
            }
        }
    }

    /// Whether the parser is between two messages: the last one has ended, or there was none, and the next has not
    /// begun.
    pub(super) const fn is_between(&self) -> bool {
        matches!(self.state, MessageState::Head) && self.head.is_empty()
    }

    /// Whether the content extends to the end of the connection.
    pub(super) const fn is_to_end(&self) -> bool {
        matches!(self.state, MessageState::ToEnd)
    }

    /// Whether parsing has stopped.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.state, MessageState::Lost)
    }

    /// The memory that the head uses.
    #[cfg(test)]
    pub(super) const fn held_bytes(&self) -> usize {
        self.head.capacity()
    }

    /// Stops parsing.
    pub(super) fn lose(&mut self) {
        *self = Self { state: MessageState::Lost, ..Self::new() };
    }

    /// Takes the next line of a head, or as much of it as has arrived.
    fn take_head(&mut self, data: &[u8], on_head: &mut impl FnMut(&[u8]) -> Option<Content>) -> Option<usize> {
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
                self.state = match on_head(&self.head)? {
                    Content::Untold => MessageState::Bytes(0),
                    Content::Bytes(count) => MessageState::Bytes(count),
                    Content::Chunked { .. } => MessageState::Chunks(Chunks::new()),
                    Content::ToEnd => MessageState::ToEnd,
                };
            }
            // An empty line before a head is not part of it (RFC 9112 2.2).
            self.head.clear();
            self.line_at = 0;
        }
        Some(used)
    }
}
