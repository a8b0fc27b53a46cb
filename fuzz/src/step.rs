//! What a program can say.

use crate::Input;
use crate::support::change::{Change, settle_length};

/// A step of a conversation.
#[derive(Clone, Debug)]
pub(crate) enum Step<'a> {
    /// The message that the subject waits for, in pieces of so many bytes.
    Right(usize),
    /// The same after changes.
    Changed(Changes<'a>),
    /// The same in a record that was changed afterwards.
    Spoiled(Changes<'a>),
    /// The same, left out: as if it had been sent, or as if there were no such message.
    Skipped(bool),
    /// The last record once more.
    Repeated,
    /// Bytes as they are.
    Raw(&'a [u8]),
    /// A record in the clear.
    Plain(u8, &'a [u8]),
    /// A record, encrypted where there are keys.
    Record(u8, &'a [u8]),
    /// The same, with so many zeros.
    Zeros(u8, usize),
    /// Content, type and padding of an encrypted record.
    Inner(&'a [u8]),
    /// A handshake message.
    Message(u8, &'a [u8]),
    /// A KeyUpdate.
    KeyUpdate(u8),
    /// So many bytes of application data.
    Data(usize),
    /// The subject writes so many bytes.
    SubjectWrites(usize),
    /// The subject updates its keys, and asks for the peer's or not.
    SubjectUpdatesKeys(bool),
    /// The subject closes.
    SubjectCloses,
    /// The transport ends.
    EndOfInput,
    /// Which PSKs the next hello of this side has.
    Psk(u8),
}

impl<'a> Step<'a> {
    /// The next step of a program.
    pub(crate) fn decode(input: &mut Input<'a>) -> Self {
        match input.byte() % 18 {
            0 => Self::Right(piece_len(input.byte())),
            1 => Self::Changed(Changes(input.bytes())),
            2 => Self::Spoiled(Changes(input.bytes())),
            3 => Self::Skipped(input.byte() % 2 == 1),
            4 => Self::Repeated,
            5 => Self::Raw(input.long_bytes()),
            6 => Self::Plain(input.byte(), input.long_bytes()),
            7 => Self::Record(input.byte(), input.long_bytes()),
            8 => Self::Zeros(input.byte(), input.number() % 0x4200),
            9 => Self::Inner(input.long_bytes()),
            10 => Self::Message(input.byte(), input.long_bytes()),
            11 => Self::KeyUpdate(input.byte()),
            12 => Self::Data(input.number() % 0x4001),
            13 => Self::SubjectWrites(input.number() % 0x8000),
            14 => Self::SubjectUpdatesKeys(input.byte() % 2 == 1),
            15 => Self::SubjectCloses,
            16 => Self::EndOfInput,
            _ => Self::Psk(input.byte()),
        }
    }
}

/// As many bytes as a record can hold, unless the program wants fewer.
fn piece_len(byte: u8) -> usize {
    if byte == 0 { 1 << 14 } else { byte.into() }
}

/// Changes, encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changes<'a>(pub(crate) &'a [u8]);

impl Changes<'_> {
    /// `bytes` after the changes. Where they are a message they may get the right length again.
    pub(crate) fn applied_to(self, bytes: &[u8], is_message: bool) -> Vec<u8> {
        let mut input = Input::new(self.0);
        let mut changed = bytes.to_vec();
        let settles = input.byte() % 2 == 1;
        while !input.is_empty() {
            decode_change(&mut input).apply(&mut changed);
        }
        if is_message && settles {
            settle_length(&mut changed);
        }
        changed.truncate(1 << 14);
        changed
    }
}

pub(crate) fn decode_change(input: &mut Input<'_>) -> Change {
    let kind = input.byte();
    let place = input.number();
    match kind % 6 {
        0 => Change::Set(place, input.byte()),
        1 => Change::Flip(place, input.byte()),
        2 => Change::Insert(place, input.bytes().to_vec()),
        3 => Change::Remove(place, input.byte().into()),
        4 => Change::Repeat(place, input.byte().into()),
        _ => Change::Cut(place),
    }
}
