use crate::error::Error;
use crate::wire::Reader;

/// Checks the form of a ClientHello's `pre_shared_key` (RFC 8446 4.2.11), of which nothing is used.
pub(super) fn check(reader: &mut Reader<'_>) -> Result<(), Error> {
    let mut identities = reader.list16()?;
    let mut binders = reader.list16()?;
    let mut more_identities = 0i32;
    // At least one of either.
    loop {
        identities.filled16()?;
        identities.u32()?;
        more_identities += 1;
        if identities.is_empty() {
            break;
        }
    }
    loop {
        // A binder is a MAC: 32 bytes at least.
        if binders.vector8()?.len() < 32 {
            return Err(Error::Decode("ClientHello"));
        }
        more_identities -= 1;
        if binders.is_empty() {
            break;
        }
    }
    if more_identities == 0 { Ok(()) } else { Err(Error::IllegalParameter("as many PSKs as binders are needed")) }
}
