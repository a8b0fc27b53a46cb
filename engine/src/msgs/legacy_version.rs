use crate::codes::ProtocolVersion;
use crate::error::Error;
use crate::wire::Reader;

/// The `legacy_version` at the front of a ClientHello or ServerHello. SSL 3.0 or lower ends the handshake (RFC 8446 D.5), so it
/// is checked before the rest of the message.
pub(super) fn decode_legacy_version(reader: &mut Reader<'_>) -> Result<ProtocolVersion, Error> {
    let version = ProtocolVersion(reader.u16()?);
    if version <= ProtocolVersion::SSL30 { Err(Error::ObsoleteVersion(version)) } else { Ok(version) }
}
