use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::render::Messages;

/// What the program has open besides connections: standard streams, listeners, the poll, its waker and its signal, files.
const OTHERS: u64 = 16;

/// Raises the limit on open files as far as this process may, and says how many connections that leaves where it is fewer
/// than were asked for. Many systems begin with 1,024, for the sake of programs that still use select(2).
pub(super) fn raise(connections_max: usize, messages: Messages) {
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
    if let Some(limit) = after
        && limit < connections_max as u64 + OTHERS
    {
        let connections = limit.saturating_sub(OTHERS);
        messages.note(&format!("some {connections} connections at once: {limit} files may be open (see ulimit -n)"));
    }
}

fn name(limit: Option<u64>) -> String {
    limit.map_or_else(|| "any number".into(), |limit| limit.to_string())
}
