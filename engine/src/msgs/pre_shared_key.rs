use crate::error::Error;
use crate::wire::Reader;

const WHAT: &str = "ClientHello";

/// Checks the form of a ClientHello's `pre_shared_key` (RFC 8446 4.2.11), of which nothing is used.
pub(super) fn check(reader: &mut Reader<'_>) -> Result<(), Error> {
    let mut identities = reader.list16()?;
    let mut binders = reader.list16()?;
    if identities.is_empty() || binders.is_empty() {
        return Err(Error::Decode(WHAT));
    }
    while !identities.is_empty() {
        if identities.vector16()?.is_empty() {
            return Err(Error::Decode(WHAT));
        }
        identities.u32()?;
    }
    while !binders.is_empty() {
        // A binder is a MAC: 32 bytes at least.
        if binders.vector8()?.len() < 32 {
            return Err(Error::Decode(WHAT));
        }
    }
    Ok(())
}
