//! `tlsbench serve`: answers connections, many at once, until Ctrl-C.

mod http;
mod loops;
mod metrics;
mod open_files;
mod outcome;
mod work;

use std::io::Write;

use tls_engine::io::Listener;

use crate::error::Error;
use crate::files;
use crate::interrupt;
use crate::plan::{Mode, Serve};
use crate::render::Messages;

/// Serves as `plan` says. Returns after Ctrl-C, or once as many connections as asked for have ended.
pub fn run(mut plan: Serve, messages: Messages) -> Result<(), Error> {
    // Connections need time to close.
    interrupt::take_time();
    plan.notes.iter().for_each(|note| messages.note(note));
    let connections_max = plan.options.connections_max;
    plan.options.connections_max = open_files::bound(connections_max, plan.threads.get(), messages)?;
    let listener = Listener::bind(plan.listen, plan.sockets)
        .map_err(|error| Error::io(format!("listening on {}", plan.listen), error))?;
    let address = listener.local_addr().map_err(|error| Error::io("asking for the port", error))?;
    if let Some((path, pem)) = &plan.authority {
        files::write(path, pem.as_bytes()).map_err(|error| Error::write(path, error))?;
    }
    if let Some(metrics) = plan.metrics {
        let address = metrics::start(metrics, &plan)?;
        messages.note(&format!("metrics at http://{address}/metrics"));
    }
    if plan.event_loop_asked_for {
        messages.note("--event-loop has no effect: connections are always served by event loops");
    }
    announce(&format!("listening {address}\n"))?;
    messages.note(&usage_note(&plan, address.port()));

    loops::run(listener, plan, messages)
}

/// Programs that start a server read its port from this line, so it is flushed immediately.
fn announce(line: &str) -> Result<(), Error> {
    let mut standard = std::io::stdout().lock();
    let written = standard.write_all(line.as_bytes()).and_then(|()| standard.flush());
    written.map_err(|error| Error::io("writing to standard output", error))
}

fn usage_note(plan: &Serve, port: u16) -> String {
    let trust = plan.authority.as_ref().map(|(path, _)| path.display().to_string());
    match (plan.mode, trust) {
        (Mode::Http, Some(ca)) => format!("try: curl --cacert {ca} https://localhost:{port}/"),
        (_, Some(ca)) => format!("try: tlsbench connect localhost:{port} --cacert {ca}"),
        (_, None) => "Ctrl-C ends".to_owned(),
    }
}
