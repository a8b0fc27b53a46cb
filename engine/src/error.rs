//! The error type of the engine, and the function that chooses the alert for each error.

use crate::codes::{AlertDescription, ContentType, ExtensionType, HandshakeType, ProtocolVersion};

/// Why a connection failed, or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes that do not parse: a length beyond its field, or bytes left over.
    #[error("malformed {0}")]
    Decode(&'static str),
    /// A handshake message that is not allowed in this state.
    #[error("unexpected handshake message {got} while waiting for {expected}")]
    UnexpectedMessage {
        /// What was received.
        got: HandshakeType,
        /// What was expected.
        expected: &'static str,
    },
    /// A record that is not allowed in this state.
    #[error("unexpected record: {reason} ({got})")]
    UnexpectedRecord {
        /// The record's type.
        got: ContentType,
        /// Why it is refused.
        reason: &'static str,
    },
    /// The first bytes are not a TLS record.
    #[error("the peer does not speak TLS")]
    NotTls,
    /// A field has a value that is not allowed.
    #[error("illegal parameter: {0}")]
    IllegalParameter(&'static str),
    /// A required extension is missing.
    #[error("the extension {0} is missing")]
    MissingExtension(ExtensionType),
    /// An extension that was not requested, or is not allowed in this message.
    #[error("the extension {0} was not asked for")]
    UnsupportedExtension(ExtensionType),
    /// A client offers no PSK that a server without a certificate can use.
    #[error("the client offers no pre-shared key that can be used here")]
    UnknownPsk,
    /// Both sides support no common value of a parameter.
    #[error("no {0} in common with the peer")]
    NothingInCommon(&'static str),
    /// The peer does not support TLS 1.3.
    #[error("the peer does not offer TLS 1.3")]
    ProtocolVersion,
    /// The legacy version of a Hello is that of SSL 3.0, or lower (RFC 8446 D.5).
    #[error("the legacy version of the peer's hello is {0}: SSL 3.0 and older are refused")]
    ObsoleteVersion(ProtocolVersion),
    /// No application protocol in common (RFC 7301 3.2).
    #[error("no application protocol (ALPN) in common with the peer")]
    NoApplicationProtocol,
    /// A record longer than allowed (RFC 8446 5.1, 5.2, 5.4).
    #[error("a record is longer than TLS allows")]
    RecordOverflow,
    /// A record whose authentication tag is wrong.
    #[error("a record could not be decrypted")]
    BadRecordMac,
    /// A signature, or a Finished, that does not verify.
    #[error("{0} does not verify")]
    DecryptError(&'static str),
    /// A certificate chain that is refused.
    #[error("certificate refused: {0}")]
    Certificate(CertificateError),
    /// The peer sends more of something in a row than is allowed.
    #[error("too many {0} in a row")]
    TooMany(&'static str),
    /// Something is larger than this engine accepts.
    #[error("{0} is larger than this engine accepts")]
    TooLarge(&'static str),
    /// The peer ended the connection with an alert.
    #[error("the peer sent the alert {0}")]
    PeerAlert(AlertDescription),
    /// The transport ended without close_notify, so the received data may be truncated (RFC 8446 6.1).
    #[error("the peer closed the connection without close_notify")]
    Truncated,
    /// A buffer of the caller's is too small. Where nothing else is documented, nothing was done, and the call may be repeated
    /// with a larger one.
    #[error("the buffer is too small: {needed_bytes} bytes are needed, it has {got_bytes}")]
    BufferTooSmall {
        /// How many bytes it needs to have.
        needed_bytes: usize,
        /// How many bytes it has.
        got_bytes: usize,
    },
    /// A call that the connection's state does not allow.
    #[error("{0}")]
    Usage(&'static str),
    /// A cryptographic operation failed, and not because of the peer.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// A key, a certificate or a setting can't be used.
    #[error("{0}")]
    Config(String),
    /// A failure of the system, such as its random number generator, or a bug of the engine.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// Why a certificate chain is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The server sent no certificate.
    #[error("the peer sent no certificate")]
    Missing,
    /// The client sent no certificate, and the server requires one.
    #[error("the client sent no certificate, which is required")]
    Required,
    /// It does not parse, or contradicts itself.
    #[error("it is malformed ({0})")]
    Bad(String),
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// It is not valid yet.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It does not lead to a trusted root.
    #[error("no trusted authority issued it")]
    UnknownIssuer,
    /// It is for other names.
    #[error("it is not valid for the name {expected} (it names {presented})")]
    WrongName {
        /// The name that the client expects.
        expected: String,
        /// The names in the certificate.
        presented: String,
    },
    /// It has no name that counts (RFC 9525 2).
    #[error(
        "it is not valid for the name {expected}: it has no subjectAltName, and its common name (CN) does not count"
    )]
    NoName {
        /// The name that the client expects.
        expected: String,
    },
    /// It is a CA certificate, as its basicConstraints say.
    #[error("it is a CA certificate (CA:TRUE), not a server's")]
    Authority,
    /// Its key, its signature or a critical extension is of a kind that this engine does not support.
    #[error("something in it is not supported: {0}")]
    Unsupported(String),
    /// It was revoked.
    #[error("it is revoked")]
    Revoked,
    /// It is refused for another reason.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// The alert to send to the peer (RFC 8446 6.2), or `None` where none is due: the peer has ended the connection itself, or
    /// the error is the caller's.
    pub const fn alert(&self) -> Option<AlertDescription> {
        use AlertDescription as Alert;
        Some(match self {
            Self::Decode(_) => Alert::DECODE_ERROR,
            Self::UnexpectedMessage { .. } | Self::UnexpectedRecord { .. } | Self::TooMany(_) => {
                Alert::UNEXPECTED_MESSAGE
            }
            Self::NotTls => Alert::UNEXPECTED_MESSAGE,
            Self::IllegalParameter(_) | Self::TooLarge(_) => Alert::ILLEGAL_PARAMETER,
            Self::MissingExtension(_) => Alert::MISSING_EXTENSION,
            Self::UnsupportedExtension(_) => Alert::UNSUPPORTED_EXTENSION,
            Self::NothingInCommon(_) => Alert::HANDSHAKE_FAILURE,
            Self::ProtocolVersion | Self::ObsoleteVersion(_) => Alert::PROTOCOL_VERSION,
            Self::NoApplicationProtocol => Alert::NO_APPLICATION_PROTOCOL,
            Self::RecordOverflow => Alert::RECORD_OVERFLOW,
            Self::BadRecordMac => Alert::BAD_RECORD_MAC,
            // The same one, so that it tells nobody which identities there are (RFC 8446 6.2, E.6).
            Self::DecryptError(_) | Self::UnknownPsk => Alert::DECRYPT_ERROR,
            Self::Certificate(error) => error.alert(),
            Self::PeerAlert(_) | Self::Truncated | Self::BufferTooSmall { .. } | Self::Usage(_) | Self::Config(_) => {
                return None;
            }
            Self::Crypto(_) | Self::Internal(_) => Alert::INTERNAL_ERROR,
        })
    }
}

impl CertificateError {
    const fn alert(&self) -> AlertDescription {
        use AlertDescription as Alert;
        match self {
            // RFC 8446 4.4.2.4: an empty certificate list from a server is a decode_error.
            Self::Missing => Alert::DECODE_ERROR,
            Self::Required => Alert::CERTIFICATE_REQUIRED,
            Self::Bad(_) | Self::WrongName { .. } | Self::NoName { .. } => Alert::BAD_CERTIFICATE,
            Self::Expired | Self::NotYetValid => Alert::CERTIFICATE_EXPIRED,
            Self::UnknownIssuer => Alert::UNKNOWN_CA,
            Self::Unsupported(_) => Alert::UNSUPPORTED_CERTIFICATE,
            Self::Revoked => Alert::CERTIFICATE_REVOKED,
            Self::Authority | Self::Other(_) => Alert::CERTIFICATE_UNKNOWN,
        }
    }
}

impl From<CertificateError> for Error {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_name_read_naturally() {
        for (error, text) in [
            (Error::PeerAlert(AlertDescription(200)), "the peer sent the alert 200"),
            (Error::UnsupportedExtension(ExtensionType(0x5000)), "the extension 0x5000 was not asked for"),
            (
                Error::UnexpectedMessage { got: HandshakeType(77), expected: "Finished" },
                "unexpected handshake message 77 while waiting for Finished",
            ),
            (
                Error::UnexpectedRecord { got: ContentType(99), reason: "unknown type" },
                "unexpected record: unknown type (99)",
            ),
            (
                Error::ObsoleteVersion(ProtocolVersion(0x0200)),
                "the legacy version of the peer's hello is 0x0200: SSL 3.0 and older are refused",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
