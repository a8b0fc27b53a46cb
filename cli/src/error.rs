//! The errors that end a command, with their exit codes and hints.

use std::io;
use std::path::{Path, PathBuf};

use tls_engine::codes::AlertDescription;
use tls_engine::error::CertificateError;

use crate::names;

/// The exit codes. They are part of the interface: scripts depend on them.
pub mod exit {
    /// All went well.
    pub const OK: u8 = 0;
    /// The tool or the peer failed.
    pub const FAILED: u8 = 1;
    /// What was typed can't be used: flags, values, or the files they name.
    pub const USAGE: u8 = 2;
    /// A regression.
    pub const REGRESSION: u8 = 3;
    /// No verdict; only when asked for.
    pub const INCONCLUSIVE: u8 = 4;
    /// The baseline is missing, or not comparable.
    pub const BASELINE: u8 = 5;
    /// The target could not be reached: unknown name, connection refused, no answer.
    pub const UNREACHABLE: u8 = 6;
    /// Ended by Ctrl-C.
    pub const INTERRUPTED: u8 = 130;
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Flags or values that can't be used.
    #[error("{0}")]
    Usage(String),
    /// An unknown name.
    #[error("unknown {what} '{typed}'; expected one of: {}", .known.join(", "))]
    Unknown {
        /// The kind of thing.
        what: &'static str,
        /// What was typed.
        typed: String,
        /// What would have been correct.
        known: Vec<String>,
    },
    /// A value that was misread because its flag needs an equals sign.
    #[error("{message}")]
    NeedsEquals {
        /// How it was read.
        message: String,
        /// How to write it.
        hint: String,
    },
    /// A file that can't be read or written.
    #[error("can't {action} {}: {source}", .path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that does not hold what it should.
    #[error("{}: {source}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: tls_engine::Error,
    },
    /// A profile that says something wrong.
    #[error("{origin}:{line}: {message}")]
    Profile {
        /// The file, or the name of one that is built in.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// What would have been correct.
        hint: Option<String>,
    },
    /// A target without a connection.
    #[error("can't reach {target}: {source}")]
    Unreachable {
        /// What was tried.
        target: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A TLS conversation that failed.
    #[error("{target}: {source}")]
    Tls {
        /// The other end.
        target: String,
        /// Why.
        source: tls_engine::Error,
    },
    /// A peer that closed the transport during the handshake.
    #[error("{target}: the peer closed the connection in the middle of the handshake")]
    Cut {
        /// The other end.
        target: String,
    },
    /// A peer that did not respond or read in time.
    #[error("{target}: the peer did not respond in time")]
    Late {
        /// The other end.
        target: String,
    },
    /// The engine refused what it was given, before any peer was involved.
    #[error("{0}")]
    Engine(#[from] tls_engine::Error),
    /// A system call that failed, with what was being done.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A required program that can't be started.
    #[error("can't run {name}: {source}")]
    NoProgram {
        /// The program, which is also the name of its package.
        name: &'static str,
        /// Why it does not start.
        source: io::Error,
    },
    /// A result or transferred data that is not as expected.
    #[error("{0}")]
    Failed(String),
    /// Results to compare with that are missing, can't be read, or are not comparable.
    #[error("{name}: {problem}")]
    Baseline {
        /// The file.
        name: String,
        /// The problem.
        problem: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// A file that should hold results to look at, and does not.
    #[error("{name}: {problem}")]
    NoResults {
        /// The file.
        name: String,
        /// The problem.
        problem: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// Something became worse than allowed.
    #[error("{0}")]
    Regression(String),
    /// There is no verdict, and --strict makes that an error.
    #[error("{0}")]
    Inconclusive(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// A system call that failed while `doing` something.
    pub fn io(doing: impl Into<String>, source: io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }

    /// A file that can't be read.
    pub fn read(path: &Path, source: io::Error) -> Self {
        Self::File { action: "read", path: path.to_owned(), source }
    }

    /// A file that can't be written.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::File { action: "write", path: path.to_owned(), source }
    }

    /// A name that is none of `known`.
    pub fn unknown<'a>(what: &'static str, typed: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Unknown { what, typed: typed.to_owned(), known: known.into_iter().map(str::to_owned).collect() }
    }

    /// The exit code that tells a script.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Unknown { .. } | Self::NeedsEquals { .. } => exit::USAGE,
            Self::File { .. } | Self::Content { .. } | Self::Profile { .. } | Self::NoResults { .. } => exit::USAGE,
            Self::Unreachable { .. } => exit::UNREACHABLE,
            Self::Tls { .. } | Self::Cut { .. } | Self::Late { .. } => exit::FAILED,
            Self::Engine(_) | Self::Io { .. } | Self::NoProgram { .. } | Self::Failed(_) => exit::FAILED,
            Self::Baseline { .. } => exit::BASELINE,
            Self::Regression(_) => exit::REGRESSION,
            Self::Inconclusive(_) => exit::INCONCLUSIVE,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { typed, known, .. } => {
                names::nearest(typed, known.iter().map(String::as_str)).map(|name| format!("did you mean '{name}'?"))
            }
            Self::NeedsEquals { hint, .. } => Some(hint.clone()),
            Self::Profile { hint, .. } => hint.clone(),
            Self::Baseline { hint, .. } | Self::NoResults { hint, .. } => hint.clone(),
            Self::Tls { source, .. } => tls_hint(source).map(str::to_owned),
            Self::Cut { .. } => Some("does the server support TLS 1.3, and on this port?".to_owned()),
            Self::Late { .. } => Some("check the port, or wait longer with --timeout TIME".to_owned()),
            Self::NoProgram { name, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("install the package {name}, for example with `apt-get install {name}`"))
            }
            Self::Unreachable { source, .. } => match source.kind() {
                io::ErrorKind::ConnectionRefused => {
                    Some("nothing is listening there; is the server running?".to_owned())
                }
                io::ErrorKind::TimedOut => {
                    Some("nothing answered; check the address, and any firewall in between".to_owned())
                }
                _ => None,
            },
            _ => None,
        }
    }
}

const fn tls_hint(error: &tls_engine::Error) -> Option<&'static str> {
    use tls_engine::Error as Engine;
    match error {
        Engine::Certificate(CertificateError::UnknownIssuer) => {
            Some("trust its issuer with --cacert FILE, or skip the check with -k")
        }
        Engine::Certificate(CertificateError::WrongName { .. }) => {
            Some("request one of its names with --sni NAME, or skip the check with -k")
        }
        Engine::Certificate(CertificateError::NoName { .. }) => Some(
            "the server's certificate must contain its name: `openssl req -addext subjectAltName=DNS:NAME` adds it; -k skips the check",
        ),
        Engine::Certificate(CertificateError::Authority) => Some(
            "a certificate with CA:TRUE is not accepted for a server, even if it is self-signed and given with --cacert; `openssl \
             req -x509` makes one that is with `-addext basicConstraints=critical,CA:FALSE`; -k skips the check",
        ),
        Engine::Certificate(CertificateError::Unsupported(_)) => {
            Some("the server needs a different certificate or key")
        }
        Engine::Certificate(CertificateError::Expired) => {
            Some("the server needs a new certificate; -k skips the check")
        }
        Engine::Certificate(CertificateError::NotYetValid) => Some("check this machine's clock; -k skips the check"),
        Engine::PeerAlert(AlertDescription::HANDSHAKE_FAILURE) => Some(
            "the peers share no cipher suite, group or signature scheme: offer more with --cipher and --groups, or omit these flags; \
             or the server's key has an unsupported type: it must be ECDSA on P-256 or P-384, Ed25519, or RSA",
        ),
        Engine::PeerAlert(AlertDescription::NO_APPLICATION_PROTOCOL) => {
            Some("the server supports none of the protocols in --alpn")
        }
        Engine::PeerAlert(AlertDescription::PROTOCOL_VERSION) => Some(
            "the server does not support TLS 1.3, the only version supported here; some keys, such as DSA, prevent it",
        ),
        Engine::PeerAlert(AlertDescription::UNRECOGNIZED_NAME) => {
            Some("the server does not know this name; request another with --sni")
        }
        Engine::PeerAlert(AlertDescription::CERTIFICATE_REQUIRED) => Some(
            "the server requires a client certificate: `tlsbench connect` shows one with --cert FILE and --key FILE",
        ),
        Engine::Truncated => Some("the received data may be incomplete"),
        Engine::NotTls => Some("check the port; the server must expect TLS from the first byte"),
        Engine::ProtocolVersion => Some("only TLS 1.3 is supported here"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_named_with_all_names_and_the_nearest() {
        let error = Error::unknown("cipher", "aes128gmc", ["aes128gcm", "aes256gcm"]);
        assert_eq!(error.to_string(), "unknown cipher 'aes128gmc'; expected one of: aes128gcm, aes256gcm");
        assert_eq!(error.hint().as_deref(), Some("did you mean 'aes128gcm'?"));
        assert_eq!(error.exit_code(), exit::USAGE);
    }

    #[test]
    fn what_is_the_targets_fault_is_told_from_what_the_peer_did() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Error::Unreachable { target: "a:1".into(), source: refused() }.exit_code(), exit::UNREACHABLE);
        assert_eq!(Error::io("reading", refused()).exit_code(), exit::FAILED);
        let refusal = Error::Tls {
            target: "a:1".into(),
            source: tls_engine::Error::Certificate(CertificateError::UnknownIssuer),
        };
        assert_eq!(refusal.exit_code(), exit::FAILED);
        assert!(refusal.hint().is_some_and(|hint| hint.contains("--cacert") && hint.contains("-k")));
    }
}
