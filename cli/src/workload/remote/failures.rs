use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use tls_engine::conn::Connection;
use tls_engine::io::event_loop::CloseReason;

use super::visit::Visit;
use crate::error::Error;
use crate::interrupt;

/// The most causes that are told apart.
const CAUSES_MAX: usize = 16;
/// What the others count as.
const OTHERS: &str = "for other reasons";

/// Why connections failed, how often, and the first error.
#[derive(Debug, Default)]
pub struct Failures {
    /// How many failed for each cause.
    pub causes: BTreeMap<String, u64>,
    /// The error of the first.
    pub first: Option<Error>,
}

impl Failures {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.causes.values().sum()
    }

    pub(super) fn add(&mut self, failure: Failure, target: &str) {
        let Failure { cause, error } = failure;
        self.count_cause(cause, 1);
        self.first.get_or_insert_with(|| error(target));
    }

    fn count_cause(&mut self, cause: String, count: u64) {
        let is_known = self.causes.contains_key(&cause) || self.causes.len() < CAUSES_MAX;
        *self.causes.entry(if is_known { cause } else { OTHERS.to_owned() }).or_default() += count;
    }

    /// Adds those of another loop.
    pub(super) fn merge(&mut self, other: Self) {
        other.causes.into_iter().for_each(|(cause, count)| self.count_cause(cause, count));
        self.first = self.first.take().or(other.first);
    }

    /// Such as "3 refused, 1 timed out in the handshake".
    pub fn told(&self) -> String {
        self.causes.iter().map(|(cause, count)| format!("{count} {cause}")).collect::<Vec<_>>().join(", ")
    }
}

/// Why a connection failed.
pub(super) struct Failure {
    cause: String,
    error: Box<dyn FnOnce(&str) -> Error>,
}

impl Failure {
    /// Why a connection failed that ended because of `reason`, if it did. `connection` is `None` for one that TCP did not connect.
    pub(super) fn of(visit: &Visit, connection: Option<&Connection>, reason: &CloseReason) -> Option<Self> {
        if visit.is_complete() {
            return None;
        }
        let stage = match (connection, visit.times.ready) {
            (None, _) => Stage::Connecting,
            (Some(_), None) => Stage::Handshake,
            (Some(_), Some(_)) => Stage::Response,
        };
        if visit.request.as_ref().is_some_and(|exchange| exchange.dialogue.is_lost()) {
            return Some(Self::of_no_response());
        }
        match reason {
            // After Ctrl-C that is nobody's failure.
            CloseReason::Stopped if interrupt::requested() => None,
            CloseReason::Stopped => Some(Self {
                cause: format!("cut off {}, which did not end", stage.told()),
                error: Box::new(move |target| Error::Late { target: target.to_owned() }),
            }),
            CloseReason::Transport(error) => Some(Self::of_transport(stage, error)),
            CloseReason::TimedOut | CloseReason::Evicted => Some(Self {
                cause: format!("timed out {}", stage.told()),
                error: Box::new(move |target| match stage {
                    Stage::Connecting => {
                        Error::Unreachable { target: target.to_owned(), source: ErrorKind::TimedOut.into() }
                    }
                    _ => Error::Late { target: target.to_owned() },
                }),
            }),
            CloseReason::Tls(tls_engine::Error::Truncated) | CloseReason::Done => Some(Self::of_end(stage)),
            CloseReason::Tls(error) => {
                let error = error.clone();
                Some(Self {
                    cause: format!("failed {}: {error}", stage.told()),
                    error: Box::new(move |target| Error::Tls { target: target.to_owned(), source: error }),
                })
            }
            other => Some(Self {
                cause: format!("failed {}: {other:?}", stage.told()),
                error: Box::new(move |target| Error::Late { target: target.to_owned() }),
            }),
        }
    }

    /// What is no response to the request.
    pub(super) fn of_status(status: u16) -> Self {
        Self {
            cause: format!("answered with the status {status}"),
            error: Box::new(move |target| {
                Error::Failed(format!(
                    "{target} answered with the status {status}; ask for another page with --http-get"
                ))
            }),
        }
    }

    fn of_no_response() -> Self {
        Self {
            cause: "answered with what is no HTTP/1.1 response, or more than one".to_owned(),
            error: Box::new(move |target| {
                Error::Failed(format!(
                    "{target} answered with what is no HTTP/1.1 response, or more than one (HTTP/2 is not spoken)"
                ))
            }),
        }
    }

    fn of_transport(stage: Stage, error: &io::Error) -> Self {
        let kind = error.kind();
        let what = match kind {
            ErrorKind::ConnectionRefused => "refused".to_owned(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => format!("reset {}", stage.told()),
            ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => {
                "found no local port (--bind gives more addresses)".to_owned()
            }
            _ if is_lack_of_files(error) => "found no file descriptor (ulimit -n)".to_owned(),
            _ => format!("failed {}: {error}", stage.told()),
        };
        let (code, text) = (error.raw_os_error(), error.to_string());
        let again = move || code.map_or_else(|| io::Error::new(kind, text), io::Error::from_raw_os_error);
        Self {
            cause: what,
            error: Box::new(move |target| match stage {
                Stage::Connecting => Error::Unreachable { target: target.to_owned(), source: again() },
                _ => Error::io(format!("talking to {target}"), again()),
            }),
        }
    }

    fn of_end(stage: Stage) -> Self {
        Self {
            cause: format!("closed by the server {}", stage.told()),
            error: Box::new(move |target| match stage {
                Stage::Response => Error::Failed(format!("{target} closed connections before the end of its response")),
                _ => Error::Cut { target: target.to_owned() },
            }),
        }
    }
}

/// How far a connection had come.
#[derive(Clone, Copy)]
enum Stage {
    Connecting,
    Handshake,
    Response,
}

impl Stage {
    const fn told(self) -> &'static str {
        match self {
            Self::Connecting => "while connecting",
            Self::Handshake => "in the handshake",
            Self::Response => "before the end of the response",
        }
    }
}

/// Whether this process or the system has too many open files.
fn is_lack_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
