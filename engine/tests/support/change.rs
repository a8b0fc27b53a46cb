//! Changes to bytes that were right, which go deeper than bytes that mean nothing.

/// A change. A place is taken modulo the number of bytes.
#[derive(Clone, Debug)]
pub enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
}

impl Change {
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        if len == 0 {
            return;
        }
        match self {
            Self::Set(place, byte) => bytes[place % len] = *byte,
            Self::Flip(place, bit) => bytes[place % len] ^= 1 << (bit % 8),
            Self::Insert(place, more) => drop(bytes.splice(place % len..place % len, more.iter().copied())),
            Self::Remove(place, count) => drop(bytes.drain(place % len..(place % len + count).min(len))),
            Self::Repeat(place, count) => {
                let again = bytes[place % len..(place % len + count).min(len)].to_vec();
                drop(bytes.splice(place % len..place % len, again));
            }
            Self::Cut(place) => bytes.truncate(place % len),
        }
    }
}

/// Gives a handshake message the length that it has.
pub fn settle_length(message: &mut [u8]) {
    if let [_, high, middle, low, body @ ..] = message {
        let len = (body.len() as u32).to_be_bytes();
        (*high, *middle, *low) = (len[1], len[2], len[3]);
    }
}
