use crate::error::Error;
use crate::limits::HANDSHAKE_HEADER;
use crate::mem::Region;
use crate::msgs::{Header, Message};

/// Reassembles handshake messages that are split over records, and splits records that hold several (RFC 8446 5.1).
#[derive(Default)]
pub(crate) struct HandshakeReassembler {
    /// The start of an incomplete message; while messages are held, the rest of their record.
    partial: Region,
}

/// A part of a message that has become available.
pub(crate) enum Reassembled<'a> {
    /// The header, which may be refused.
    Header(Header),
    /// The whole message.
    Message(Message<'a>),
}

/// Whether the next message may follow. Of no meaning after a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It may.
    Continue,
    /// The rest of the record is held, until [`HandshakeReassembler::take_held`].
    Hold,
}

impl HandshakeReassembler {
    /// Enough for a usual flight.
    const PARTIAL: usize = 6 << 10;

    pub(super) fn new(ahead: bool) -> Self {
        Self { partial: Region::with_capacity(if ahead { Self::PARTIAL } else { 0 }) }
    }

    /// Wipes the memory, and cuts it back to its size. Returns whether it had outgrown that.
    pub(super) fn reset(&mut self) -> bool {
        self.partial.reset(Self::PARTIAL)
    }

    pub(super) const fn bytes(&self) -> usize {
        self.partial.capacity()
    }

    /// Whether there is an incomplete message.
    pub(crate) fn is_partial(&self) -> bool {
        !self.partial.as_slice().is_empty()
    }

    /// Takes the `content` of a record. Passes each header, and then its message when it is whole, to `on`, and keeps the rest
    /// for the next record. Nothing is kept of a message whose header was refused, so that no peer makes this side store it.
    pub(crate) fn push(
        &mut self,
        mut content: &[u8],
        mut on: impl FnMut(Reassembled<'_>) -> Result<Flow, Error>,
    ) -> Result<(), Error> {
        let mut flow = Flow::Continue;
        if self.is_partial() {
            (content, flow) = self.complete(content, &mut on)?;
        }
        while flow == Flow::Continue
            && let Some(header) = Header::at_front(content)
        {
            on(Reassembled::Header(header))?;
            let Some((bytes, rest)) = content.split_at_checked(header.message_len()) else { break };
            let ends_record = rest.is_empty();
            flow = on(Reassembled::Message(Message { handshake_type: header.handshake_type, bytes, ends_record }))?;
            content = rest;
        }
        self.partial.extend_from_slice(content);
        Ok(())
    }

    /// Takes what was held, to be pushed as the content of a record is. Then it has to be put back, for its memory.
    pub(crate) fn take_held(&mut self) -> Region {
        core::mem::take(&mut self.partial)
    }

    /// Puts the memory of what was held back, and moves to it what is left.
    pub(crate) fn put_back(&mut self, mut held: Region) {
        held.clear();
        held.extend_from_slice(self.partial.as_slice());
        self.partial = held;
    }

    /// Adds what belongs to the incomplete message, and returns the rest, and whether it may follow.
    fn complete<'a>(
        &mut self,
        content: &'a [u8],
        on: &mut impl FnMut(Reassembled<'_>) -> Result<Flow, Error>,
    ) -> Result<(&'a [u8], Flow), Error> {
        let mut flow = Flow::Continue;
        let mut rest = content;
        if self.partial.as_slice().len() < HANDSHAKE_HEADER {
            rest = self.fill(HANDSHAKE_HEADER, rest);
            if let Some(header) = Header::at_front(self.partial.as_slice()) {
                on(Reassembled::Header(header))?;
            }
        }
        let Some(header) = Header::at_front(self.partial.as_slice()) else { return Ok((rest, flow)) };
        rest = self.fill(header.message_len(), rest);
        let bytes = self.partial.as_slice();
        if bytes.len() == header.message_len() {
            let ends_record = rest.is_empty();
            flow = on(Reassembled::Message(Message { handshake_type: header.handshake_type, bytes, ends_record }))?;
            self.partial.clear();
        }
        Ok((rest, flow))
    }

    /// Takes what is missing to `len` bytes from `content`, and returns the rest.
    fn fill<'a>(&mut self, len: usize, content: &'a [u8]) -> &'a [u8] {
        let missing = len - self.partial.as_slice().len();
        let (front, rest) = content.split_at(missing.min(content.len()));
        self.partial.extend_from_slice(front);
        rest
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn collect(cuts: &[&[u8]]) -> Result<Vec<(Vec<u8>, bool)>, Error> {
        let mut reassembler = HandshakeReassembler::default();
        let mut messages = Vec::new();
        let mut header = None;
        for cut in cuts {
            reassembler.push(cut, |reassembled| {
                match reassembled {
                    Reassembled::Header(next) => assert_eq!(header.replace(next), None, "each header once"),
                    Reassembled::Message(message) => {
                        assert_eq!(header.take(), Header::at_front(message.bytes), "before its message");
                        messages.push((message.bytes.to_vec(), message.ends_record));
                    }
                }
                Ok(Flow::Continue)
            })?;
        }
        assert!(!reassembler.is_partial());
        Ok(messages)
    }

    #[test]
    fn every_cut_gives_the_same_messages() {
        let stream = [1, 0, 0, 2, 8, 9, 2, 0, 0, 0, 3, 0, 0, 1, 7];
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let cuts = [&stream[..first], &stream[first..second], &stream[second..]];
                let messages: Vec<_> = collect(&cuts).unwrap().into_iter().map(|(bytes, _)| bytes).collect();
                assert_eq!(messages, [&stream[..6], &stream[6..10], &stream[10..]]);
            }
        }
    }

    #[test]
    fn only_the_last_message_of_a_record_ends_it() {
        let ends: Vec<_> = collect(&[&[1, 0, 0, 0, 2, 0, 0, 0]]).unwrap().into_iter().map(|(_, ends)| ends).collect();
        assert_eq!(ends, [false, true]);
    }

    /// Holds after each message whose bit is set, and resumes at once.
    fn collect_held(cuts: &[&[u8]], held: u32) -> Vec<(Vec<u8>, bool)> {
        let mut reassembler = HandshakeReassembler::default();
        let (mut messages, mut header) = (Vec::new(), None);
        let is_held = Cell::new(false);
        for cut in cuts {
            let mut on = |reassembled: Reassembled<'_>| {
                match reassembled {
                    Reassembled::Header(next) => assert_eq!(header.replace(next), None, "each header once"),
                    Reassembled::Message(message) => {
                        assert_eq!(header.take(), Header::at_front(message.bytes), "before its message");
                        is_held.set(held >> messages.len() & 1 == 1);
                        messages.push((message.bytes.to_vec(), message.ends_record));
                    }
                }
                Ok(if is_held.get() { Flow::Hold } else { Flow::Continue })
            };
            reassembler.push(cut, &mut on).unwrap();
            while is_held.take() {
                let capacity = reassembler.partial.capacity();
                let content = reassembler.take_held();
                reassembler.push(content.as_slice(), &mut on).unwrap();
                reassembler.put_back(content);
                assert!(reassembler.partial.capacity() >= capacity, "the memory stays");
            }
        }
        assert!(!reassembler.is_partial());
        messages
    }

    #[test]
    fn what_is_held_comes_later_and_is_the_same() {
        let stream = [1, 0, 0, 2, 8, 9, 2, 0, 0, 0, 3, 0, 0, 1, 7];
        for cut in 0..stream.len() {
            let cuts = [&stream[..cut], &stream[cut..]];
            let expected = collect(&cuts).unwrap();
            for held in 0..8 {
                assert_eq!(collect_held(&cuts, held), expected, "cut at {cut}, held {held:03b}");
            }
        }
    }

    #[test]
    fn of_a_refused_message_nothing_is_kept_but_its_header() {
        let refused = Error::TooLarge("a handshake message");
        let bytes = [&[8, 0, 0, 1, 7, 1, 1, 0, 0][..], &[0; 1000]].concat();
        for cut in 0..9 {
            let mut reassembler = HandshakeReassembler::default();
            let mut push = |content: &[u8]| {
                reassembler.push(content, |reassembled| match reassembled {
                    Reassembled::Header(header) => header.check_len().map(|()| Flow::Continue),
                    Reassembled::Message(_) => Ok(Flow::Continue),
                })
            };
            assert_eq!(push(&bytes[..cut]), Ok(()), "{cut} bytes");
            assert_eq!(push(&bytes[cut..]), Err(refused.clone()), "{cut} bytes, then the rest");
            assert!(reassembler.partial.as_slice().len() <= HANDSHAKE_HEADER, "{cut} bytes, then the rest");
        }
    }
}
