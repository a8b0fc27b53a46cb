//! The errors that every provider has for wrong lengths.

use crate::error::Error;

pub(super) const WRONG_KEY: Error = Error::Crypto("wrong length of an AEAD key");
pub(super) const WRONG_NONCE: Error = Error::Crypto("wrong length of an AEAD nonce");
pub(super) const WRONG_OUTPUT: Error = Error::Crypto("the output of an AEAD operation has the wrong length");
