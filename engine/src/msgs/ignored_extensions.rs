use crate::codes::ExtensionType;
use crate::error::Error;
use crate::wire::Reader;

/// Checks the form of an extension that is not used: known types have to parse (RFC 8446 6.2). The content of unknown types is
/// ignored (RFC 8446 9.3).
pub(super) fn check(extension_type: ExtensionType, mut reader: Reader<'_>) -> Result<(), Error> {
    use ExtensionType as E;
    match extension_type {
        E::MAX_FRAGMENT_LENGTH => return max_fragment_length(reader),
        // Of a CertificateRequest (RFC 8446 4.4.2.1, RFC 6962 3.3.1); RFC 8446 4.2.6: empty.
        E::STATUS_REQUEST | E::SIGNED_CERTIFICATE_TIMESTAMP | E::POST_HANDSHAKE_AUTH => {}
        E::OID_FILTERS => oid_filters(&mut reader)?,
        // Among them padding, whose zeros need not be checked (RFC 7685 3).
        _ => drop(reader.rest()),
    }
    reader.finish()
}

/// RFC 6066 4: 2^9 to 2^12 bytes, as the numbers 1 to 4.
fn max_fragment_length(mut reader: Reader<'_>) -> Result<(), Error> {
    let code = reader.u8()?;
    reader.finish()?;
    if (1..=4).contains(&code) { Ok(()) } else { Err(Error::IllegalParameter("max_fragment_length")) }
}

/// RFC 8446 4.2.5: any number of filters, each with a type of extension and perhaps values.
fn oid_filters(reader: &mut Reader<'_>) -> Result<(), Error> {
    let mut filters = reader.list16()?;
    while !filters.is_empty() {
        filters.filled8()?;
        filters.vector16()?;
    }
    Ok(())
}
