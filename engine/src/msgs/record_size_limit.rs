//! `record_size_limit` (RFC 8449): how much an end takes in one protected record.

use super::client_hello::encode_extension;
use crate::codes::ExtensionType;
use crate::error::Error;
use crate::wire::{Reader, Writer};

/// The least that an end may take, bytes with the content type (RFC 8449 4).
const LEAST: u16 = 64;

/// Reads the content of the extension: bytes, with the content type. A higher number than records have is allowed, as that of an extension
/// that is not known here (RFC 8449 4).
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<u16, Error> {
    let limit_bytes = reader.u16()?;
    reader.finish()?;
    if limit_bytes >= LEAST { Ok(limit_bytes) } else { Err(Error::IllegalParameter("record_size_limit")) }
}

/// Appends the extension, if there is a limit.
pub(super) fn encode(limit_bytes: Option<u16>, writer: &mut Writer<'_>) {
    if let Some(limit_bytes) = limit_bytes {
        encode_extension(writer, ExtensionType::RECORD_SIZE_LIMIT, |writer| writer.u16(limit_bytes));
    }
}
