use crate::error::Error;
use crate::mem::Region;
use crate::msgs::Message;

/// Puts handshake messages together that come in pieces, and takes records apart that hold several (RFC 8446 5.1).
#[derive(Default)]
pub struct Joiner {
    /// The front of a message whose rest has not come.
    partial: Region,
}

impl Joiner {
    /// A flight that was cut into records at odd places fits.
    const PARTIAL: usize = 6 << 10;

    pub(super) fn new(ahead: bool) -> Self {
        Self { partial: Region::with_capacity(if ahead { Self::PARTIAL } else { 0 }) }
    }

    /// Wipes what is there, and cuts it back to its size; says whether it had outgrown that.
    pub(super) fn reset(&mut self) -> bool {
        self.partial.reset(Self::PARTIAL)
    }

    pub(super) const fn bytes(&self) -> usize {
        self.partial.capacity()
    }

    /// Whether a message has begun and not ended.
    pub fn is_partial(&self) -> bool {
        !self.partial.as_slice().is_empty()
    }

    /// Hands every whole message of a record's `content` to `on`, and keeps what is left for the next record.
    pub fn join(
        &mut self,
        mut content: &[u8],
        mut on: impl FnMut(&Message<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.is_partial() {
            let missing = self.missing(content)?;
            let (front, rest) = content.split_at(missing.min(content.len()));
            self.partial.extend_from_slice(front);
            content = rest;
            let partial = self.partial.as_slice();
            match Message::len_at_front(partial)? {
                Some(len) if len == partial.len() => {}
                _ => return Ok(()),
            }
            if let Some(message) = Message::new(partial, content.is_empty()) {
                on(&message)?;
            }
            self.partial.clear();
        }
        while let Some(len) = Message::len_at_front(content)?
            && len <= content.len()
        {
            let (bytes, rest) = content.split_at(len);
            if let Some(message) = Message::new(bytes, rest.is_empty()) {
                on(&message)?;
            }
            content = rest;
        }
        self.partial.extend_from_slice(content);
        Ok(())
    }

    /// How many bytes of `content` belong to the message that has begun.
    fn missing(&self, content: &[u8]) -> Result<usize, Error> {
        let mut header = [0; crate::limits::HANDSHAKE_HEADER];
        let partial = self.partial.as_slice();
        let have = partial.len().min(header.len());
        header[..have].copy_from_slice(&partial[..have]);
        let more = (header.len() - have).min(content.len());
        header[have..have + more].copy_from_slice(&content[..more]);
        let len = Message::len_at_front(&header[..have + more])?;
        Ok(len.map_or(more, |len| len - partial.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(cuts: &[&[u8]]) -> Result<Vec<(Vec<u8>, bool)>, Error> {
        let mut joiner = Joiner::default();
        let mut messages = Vec::new();
        for cut in cuts {
            joiner.join(cut, |message| {
                messages.push((message.bytes.to_vec(), message.ends_record));
                Ok(())
            })?;
        }
        assert!(!joiner.is_partial());
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

    #[test]
    fn an_overlong_message_is_refused_at_its_header() {
        assert_eq!(collect(&[&[1, 1, 0, 0]]), Err(Error::TooLarge("a handshake message")));
    }
}
