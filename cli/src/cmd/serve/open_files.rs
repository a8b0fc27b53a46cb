use crate::error::Error;
use crate::net::OpenFiles;
use crate::render::Messages;
use crate::units::counted;

/// Raises the limit on open files as far as this process may, and returns how many of `connections_max` that leaves for so many
/// `loops`; says so where it is fewer.
pub(super) fn bound(connections_max: usize, loops: usize, messages: Messages) -> Result<usize, Error> {
    let files = OpenFiles::raise();
    if let Some(error) = files.not_raised {
        messages.detail(&format!("the limit on open files can't be raised: {error}"));
    }
    messages.detail(&format!("open files: up to {}, at first {}", name(files.limit), name(files.before)));
    match (files.limit, files.room(loops)) {
        (Some(limit), 0) => Err(Error::Failed(format!(
            "no connection could be accepted: {limit} files may be open, and the server itself needs {} (raise the limit: \
             ulimit -n)",
            OpenFiles::others(loops)
        ))),
        (Some(limit), connections) if connections < connections_max => {
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
