use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::Instant;

use tls_engine::conn::Connection;
use tls_engine::io::event_loop::CloseReason;

use super::exchange::Exchange;
use super::visit::Visit;
use crate::error::Error;
use crate::interrupt;
use crate::net::Failure as Failed;

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

    pub(super) fn add(&mut self, failure: Failure) {
        let Failure { cause, error } = failure;
        self.count_cause(cause, 1);
        self.first.get_or_insert(error);
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

/// Why a connection failed: in a few words, and as the error that ends a command.
pub(super) struct Failure {
    cause: String,
    error: Error,
}

impl Failure {
    fn new(cause: impl Into<String>, error: Error) -> Self {
        Self { cause: cause.into(), error }
    }

    /// Why a connection to `target` failed that ended because of `reason`, if it did. `connection` is `None` for one that TCP did not
    /// connect.
    pub(super) fn of(
        visit: &Visit<'_>,
        connection: Option<&Connection>,
        reason: &CloseReason,
        target: &str,
    ) -> Option<Self> {
        if visit.is_complete() || visit.is_cut {
            return None;
        }
        let stage = match (connection, visit.times.ready) {
            (None, _) => Stage::Connecting,
            (Some(_), None) => Stage::Handshake,
            (Some(_), Some(_)) if visit.times.first_byte.is_none() => Stage::Request,
            (Some(_), Some(_)) => Stage::Response,
        };
        if visit.request.as_ref().is_some_and(Exchange::is_lost) {
            let what = "answered with what is no HTTP/1.1 response, or more than one";
            let is_no_response = visit.request.as_ref().is_some_and(|exchange| exchange.dialogue.status().is_none());
            let remark = if is_no_response { " (HTTP/2 is not spoken)" } else { "" };
            return Some(Self::new(what, Error::Failed(format!("{target} {what}{remark}"))));
        }
        let told = stage.told();
        let late = || Failed::Late.with_target(target);
        Some(match reason {
            // After Ctrl-C that is nobody's failure.
            CloseReason::Stopped if interrupt::requested() => return None,
            // A request was on its way when the time was over.
            CloseReason::Stopped if visit.is_repeated() && visit.tally.borrow().is_late(Instant::now()) => return None,
            CloseReason::Stopped => Self::new(format!("cut off {told}, which did not end"), late()),
            CloseReason::Transport(error) => Self::new(cause_of(stage, error), transport(stage, error, target)),
            CloseReason::TimedOut if matches!(stage, Stage::Connecting) => {
                Self::new(format!("timed out {told}"), unreachable(ErrorKind::TimedOut.into(), target))
            }
            CloseReason::TimedOut => Self::new(format!("timed out {told}"), late()),
            CloseReason::Tls(tls_engine::Error::Truncated) | CloseReason::Done => {
                Self::new(format!("closed by the server {told}"), end(stage, target))
            }
            CloseReason::Tls(error) => {
                Self::new(format!("failed {told}: {error}"), Failed::Tls(error.clone()).with_target(target))
            }
            other => Self::new(format!("failed {told}: {other:?}"), late()),
        })
    }

    /// A response that says that there is none. `flag` names the page.
    pub(super) fn of_status(status: u16, flag: &str, target: &str) -> Self {
        let what = format!("answered with the status {status}");
        let advice = match status {
            300..=399 | 404 | 410 => format!("; ask for another page with {flag}"),
            _ => String::new(),
        };
        let error = Error::Failed(format!("{target} {what}{advice}"));
        Self::new(what, error)
    }
}

fn cause_of(stage: Stage, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => format!("reset {}", stage.told()),
        ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => {
            "found no local port (--bind gives more addresses)".to_owned()
        }
        _ if is_lack_of_files(error) => "found no file descriptor (ulimit -n)".to_owned(),
        _ => format!("failed {}: {error}", stage.told()),
    }
}

fn transport(stage: Stage, error: &io::Error, target: &str) -> Error {
    // An error of the system can't be cloned.
    let same = error
        .raw_os_error()
        .map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error);
    match stage {
        Stage::Connecting => unreachable(same, target),
        Stage::Handshake | Stage::Request | Stage::Response => Failed::Transport(same).with_target(target),
    }
}

fn unreachable(source: io::Error, target: &str) -> Error {
    Error::Unreachable { target: target.to_owned(), source }
}

fn end(stage: Stage, target: &str) -> Error {
    match stage {
        Stage::Request => Error::Failed(format!("{target} closed connections before any of its response")),
        Stage::Response => Error::Failed(format!("{target} closed connections before the end of its response")),
        Stage::Connecting | Stage::Handshake => Failed::Cut.with_target(target),
    }
}

/// How far a connection had come.
#[derive(Clone, Copy)]
enum Stage {
    Connecting,
    Handshake,
    /// There is nothing of a response yet.
    Request,
    Response,
}

impl Stage {
    const fn told(self) -> &'static str {
        match self {
            Self::Connecting => "while connecting",
            Self::Handshake => "in the handshake",
            Self::Request => "before any of the response",
            Self::Response => "before the end of the response",
        }
    }
}

/// Whether this process or the system has too many open files.
fn is_lack_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
