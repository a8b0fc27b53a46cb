use super::client_hello::encode_extension;
use crate::codes::ExtensionType;
use crate::error::Error;
use crate::wire::{Reader, Writer};

/// The shortest binder, bytes: a MAC with the shortest hash (RFC 8446 4.2.11).
const BINDER_MIN: usize = 32;

/// `pre_shared_key` of a ClientHello (RFC 8446 4.2.11), checked to be well-formed.
#[derive(Clone, Copy)]
pub struct OfferedPsks<'a> {
    identities: Reader<'a>,
    binders: Reader<'a>,
    binders_len: usize,
}

/// A pre-shared key that a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedPsk<'a> {
    /// `identity`: a ticket, or the name of a key that both ends know.
    pub identity: &'a [u8],
    /// `obfuscated_ticket_age`: milliseconds, and `ticket_age_add`.
    pub obfuscated_age: u32,
    /// Its binder.
    pub binder: &'a [u8],
}

impl<'a> OfferedPsks<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let identities = reader.list16()?;
        let binders_len = reader.len();
        let binders = reader.list16()?;
        let (mut more_identities, mut rest) = (0i32, identities);
        // At least one of either.
        loop {
            rest.filled16()?;
            rest.u32()?;
            more_identities += 1;
            if rest.is_empty() {
                break;
            }
        }
        rest = binders;
        loop {
            if rest.vector8()?.len() < BINDER_MIN {
                return Err(Error::Decode("ClientHello"));
            }
            more_identities -= 1;
            if rest.is_empty() {
                break;
            }
        }
        if more_identities == 0 {
            Ok(Self { identities, binders, binders_len })
        } else {
            Err(Error::IllegalParameter("as many PSKs as binders are needed"))
        }
    }

    /// The keys in order.
    pub fn iter(self) -> impl Iterator<Item = OfferedPsk<'a>> {
        let Self { mut identities, mut binders, .. } = self;
        core::iter::from_fn(move || {
            let identity = identities.filled16().ok()?;
            Some(OfferedPsk { identity, obfuscated_age: identities.u32().ok()?, binder: binders.vector8().ok()? })
        })
    }

    /// How many bytes the list of binders takes at the end of the ClientHello: a binder covers what is before (RFC 8446 4.2.11.2).
    pub const fn binders_len(self) -> usize {
        self.binders_len
    }
}

/// A pre-shared key that a client puts into its ClientHello. The binders, with which the message ends, are filled in afterwards.
#[derive(Clone, Copy)]
pub struct PskOffer<'a> {
    /// `identity`.
    pub identity: &'a [u8],
    /// `obfuscated_ticket_age`.
    pub obfuscated_age: u32,
    /// The length of the binder, bytes: that of the hash.
    pub binder_len: usize,
}

impl PskOffer<'_> {
    /// How many bytes the list of the binders of `psks` takes.
    pub fn binders_len(psks: &[Self]) -> usize {
        2 + psks.iter().map(|psk| 1 + psk.binder_len).sum::<usize>()
    }

    pub(super) fn encode(psks: &[Self], writer: &mut Writer<'_>) {
        encode_extension(writer, ExtensionType::PRE_SHARED_KEY, |writer| {
            writer.length16(|writer| {
                for psk in psks {
                    writer.vector16(psk.identity);
                    writer.u32(psk.obfuscated_age);
                }
            });
            writer.length16(|writer| {
                for psk in psks {
                    writer.length8(|writer| (0..psk.binder_len).for_each(|_| writer.u8(0)));
                }
            });
        });
    }
}
