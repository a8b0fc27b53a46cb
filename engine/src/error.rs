//! One error for all that can go wrong on a connection, and the one function that chooses its alert.

use crate::codes::{AlertDescription, ContentType, ExtensionType, HandshakeType, ProtocolVersion};

/// Why a connection ended, or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes that do not parse: a length beyond its field, or bytes left over.
    #[error("malformed {0}")]
    Decode(&'static str),
    /// A handshake message that this state does not take.
    #[error("unexpected handshake message {got} while waiting for {expected}")]
    UnexpectedMessage {
        /// What came.
        got: HandshakeType,
        /// What was waited for.
        expected: &'static str,
    },
    /// A record of a type that this state does not take.
    #[error("unexpected record: {reason} ({got})")]
    UnexpectedRecord {
        /// The record's type.
        got: ContentType,
        /// Why it is not taken.
        reason: &'static str,
    },
    /// The first bytes are no TLS record.
    #[error("the peer does not speak TLS")]
    NotTls,
    /// A field that parses, with a value that is not allowed.
    #[error("illegal parameter: {0}")]
    IllegalParameter(&'static str),
    /// An extension that had to be there.
    #[error("the extension {0} is missing")]
    MissingExtension(ExtensionType),
    /// An extension that was not asked for, or not allowed in this message.
    #[error("the extension {0} was not asked for")]
    UnsupportedExtension(ExtensionType),
    /// No parameter that both ends can do.
    #[error("no {0} in common with the peer")]
    NothingInCommon(&'static str),
    /// No TLS version that both ends can do.
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
    /// A record that does not authenticate.
    #[error("a record could not be decrypted")]
    BadRecordMac,
    /// A signature, or a Finished, that does not verify.
    #[error("{0} does not verify")]
    DecryptError(&'static str),
    /// A certificate chain that is refused.
    #[error("certificate refused: {0}")]
    Certificate(CertificateError),
    /// More of something in a row than is sensible.
    #[error("too many {0} in a row")]
    TooMany(&'static str),
    /// Something larger than this engine takes.
    #[error("{0} is larger than this engine takes")]
    TooLarge(&'static str),
    /// The peer ended the connection with an alert.
    #[error("the peer sent the alert {0}")]
    PeerAlert(AlertDescription),
    /// The transport ended without close_notify: what came may be cut short (RFC 8446 6.1).
    #[error("the peer closed the connection without close_notify")]
    Truncated,
    /// A caller's buffer that is too short. Nothing was done, and the same call with a longer one may follow.
    #[error("the destination has {got_bytes} bytes, and {needed_bytes} are needed")]
    BufferTooSmall {
        /// How long it has to be.
        needed_bytes: usize,
        /// How long it is.
        got_bytes: usize,
    },
    /// A call that the connection's state does not allow.
    #[error("{0}")]
    Usage(&'static str),
    /// A primitive failed for a reason that is not the peer's.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// Keys, certificates or settings that can't be used.
    #[error("{0}")]
    Config(String),
    /// A failure of the system below: randomness, the clock.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// Why a certificate chain is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The server sent none.
    #[error("the peer sent no certificate")]
    Missing,
    /// It does not parse, or is not valid as it stands.
    #[error("it is malformed ({0})")]
    Bad(String),
    /// It is past its end.
    #[error("it has expired")]
    Expired,
    /// It is before its start.
    #[error("it is not valid yet")]
    NotYetValid,
    /// No trusted root signed it.
    #[error("no trusted authority issued it")]
    UnknownIssuer,
    /// It is for other names.
    #[error("it is not valid for the name {expected} (it names {presented})")]
    WrongName {
        /// What the client asked for.
        expected: String,
        /// What the certificate is for.
        presented: String,
    },
    /// It has no name that counts (RFC 9525 2).
    #[error(
        "it is not valid for the name {expected}: it has no subjectAltName, and its common name (CN) does not count"
    )]
    NoName {
        /// What the client asked for.
        expected: String,
    },
    /// It is one that issues others: its basicConstraints say so.
    #[error("it is an authority's certificate (CA:TRUE), not a server's")]
    Authority,
    /// Its key, its signature or a part it marks critical is of a kind that this engine does not know.
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
    /// The alert that tells the peer (RFC 8446 6.2), or `None` where it is owed none: it has ended the connection
    /// itself, or never began one.
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
            Self::DecryptError(_) => Alert::DECRYPT_ERROR,
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
                Error::UnexpectedRecord { got: ContentType(99), reason: "no such type" },
                "unexpected record: no such type (99)",
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
