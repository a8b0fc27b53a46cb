use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::Error;
use crate::render::Messages;
use crate::units::counted;

/// What the program has open besides connections: standard streams, listeners, the endpoint for metrics, a connection that waits
/// for a place, files.
const OTHERS: u64 = 14;
/// What each loop has open: its poll, its waker, and its signal, which may be a pipe.
const OF_A_LOOP: u64 = 4;

/// Raises the limit on open files as far as this process may, and returns how many of `connections_max` that leaves for so many
/// `loops`; says so where it is fewer. Many systems begin with 1,024, for the sake of programs that still use select(2).
pub(super) fn bound(connections_max: usize, loops: usize, messages: Messages) -> Result<usize, Error> {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
    let after = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => wanted.current,
        Err(error) => {
            // macOS does not take its own "unlimited".
            messages.detail(&format!("the limit on open files can't be raised: {error}"));
            before.current
        }
    };
    messages.detail(&format!("open files: up to {}, at first {}", name(after), name(before.current)));
    let others = OTHERS + OF_A_LOOP * loops as u64;
    match after {
        Some(limit) if limit <= others => Err(Error::Failed(format!(
            "no connection could be accepted: {limit} files may be open, and the server itself needs {others} (raise the limit: \
             ulimit -n)"
        ))),
        Some(limit) if limit - others < connections_max as u64 => {
            let connections = (limit - others) as usize;
            let at_once = counted(connections, "connection", "connections");
            messages.note(&format!("{at_once} at once: {limit} files may be open (see ulimit -n)"));
            Ok(connections)
        }
        _ => Ok(connections_max),
    }
}

fn name(limit: Option<u64>) -> String {
    limit.map_or_else(|| "any number".into(), |limit| limit.to_string())
}
