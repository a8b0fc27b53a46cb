//! How the steps of the hot loop are called: two variants of the same loop, both in every build, so that a switch can
//! compare them.

use super::deframe::{Frame, deframe};
use super::key::RecordKey;
use super::open::Opener;
use crate::codes::ContentType;
use crate::crypto::Copied;
use crate::error::Error;

/// The steps that a record takes on its way in or out.
pub trait Path {
    /// Finds the record at the front of `bytes`, see [`deframe`].
    fn deframe(bytes: &[u8]) -> Result<Option<Frame>, Error>;

    /// Opens a record in place, see [`Opener::open`].
    fn open(opener: &mut Opener, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error>;
}

/// The step of sealing, which needs what only this module sees.
pub(super) trait SealPath {
    fn seal(key: &mut RecordKey, content: &[u8], record: &mut [u8]) -> Result<Copied, Error>;
}

/// Every step is part of the loop.
pub struct Inlined;

/// Every step is a call, as where parsing, decryption and the loop are in different modules.
pub struct Split;

impl Path for Inlined {
    #[inline(always)]
    fn deframe(bytes: &[u8]) -> Result<Option<Frame>, Error> {
        deframe(bytes)
    }

    #[inline(always)]
    fn open(opener: &mut Opener, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error> {
        opener.open(frame, body)
    }
}

impl SealPath for Inlined {
    #[inline(always)]
    fn seal(key: &mut RecordKey, content: &[u8], record: &mut [u8]) -> Result<Copied, Error> {
        key.seal_from(ContentType::APPLICATION_DATA, content, record)
    }
}

impl Path for Split {
    #[inline(never)]
    fn deframe(bytes: &[u8]) -> Result<Option<Frame>, Error> {
        deframe(bytes)
    }

    #[inline(never)]
    fn open(opener: &mut Opener, frame: &Frame, body: &mut [u8]) -> Result<(ContentType, usize), Error> {
        opener.open(frame, body)
    }
}

impl SealPath for Split {
    #[inline(never)]
    fn seal(key: &mut RecordKey, content: &[u8], record: &mut [u8]) -> Result<Copied, Error> {
        key.seal_from(ContentType::APPLICATION_DATA, content, record)
    }
}
