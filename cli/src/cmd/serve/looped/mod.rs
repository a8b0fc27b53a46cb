//! All connections on one event loop, in one thread.

mod http;
mod open_files;
mod work;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use tls_engine::conn::Connection;
use tls_engine::io::Listener;
use tls_engine::io::event_loop::{End, EventLoop, LoopOptions, LoopStatistics, Service};

use self::work::Work;
use super::{LOOK, outcome};
use crate::error::Error;
use crate::interrupt;
use crate::measure::Pattern;
use crate::net::Failure;
use crate::plan::{Mode, Serve};
use crate::render::Messages;
use crate::workload::SOURCE_SEED;

/// Serves until Ctrl-C, or until as many connections as asked for have ended; tells what was done.
pub(super) fn run(listener: Listener, options: LoopOptions, plan: &Serve, messages: Messages) -> Result<(), Error> {
    open_files::raise(options.connections_max, messages);
    let failed = |error| Error::io("running the event loop", error);
    let event_loop = EventLoop::new(listener, Arc::clone(&plan.config), options).map_err(failed)?;
    let stopper = event_loop.stopper();
    let host = Host::new(plan.mode, messages);
    let thread = thread::Builder::new()
        .name("loop".into())
        .spawn(move || event_loop.run(host))
        .map_err(|error| Error::io("starting a thread", error))?;
    while !thread.is_finished() {
        if interrupt::requested() {
            // Connections are told goodbye, and have the loop's time to hang up.
            stopper.stop().map_err(failed)?;
            break;
        }
        thread::sleep(LOOK);
    }
    let ended = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let statistics = ended.map_err(failed)?;
    if interrupt::requested() {
        messages.note("stopped");
    }
    tell(&statistics, messages);
    Ok(())
}

fn tell(statistics: &LoopStatistics, messages: Messages) {
    let LoopStatistics { accepted, handshakes, done, late, stopped, failed, .. } = statistics;
    let LoopStatistics { peak, accept_failures, rounds, turns, cut_turns, syscalls, .. } = statistics;
    messages.note(&format!(
        "connections: {accepted} accepted, {handshakes} handshakes, {peak} at once at most, {done} done, {late} late, \
         {failed} failed, {stopped} stopped, {accept_failures} times none could be accepted"
    ));
    messages.note(&format!(
        "event loop: {rounds} rounds, {turns} turns, {cut_turns} of them cut; system calls: {} reads, {} writes, {} polls, \
         {} signals, {} setups",
        syscalls.reads, syscalls.writes, syscalls.polls, syscalls.signals, syscalls.setups
    ));
}

/// What the loop asks about connections.
struct Host {
    mode: Mode,
    messages: Messages,
    /// What sources send.
    pattern: Arc<Pattern>,
    /// Whether it was told that none can be accepted; once is enough, until one can be.
    has_complained: bool,
}

impl Host {
    fn new(mode: Mode, messages: Messages) -> Self {
        let pattern = Arc::new(Pattern::new(SOURCE_SEED, work::PIECE_BYTES));
        Self { mode, messages, pattern, has_complained: false }
    }
}

impl Service for Host {
    type Handler = Work;

    fn accepted(&mut self, _: SocketAddr) -> Work {
        self.has_complained = false;
        Work::new(self.mode, &self.pattern)
    }

    fn ready(&mut self, peer: SocketAddr, connection: &Connection) {
        if let Some(negotiated) = connection.negotiated() {
            self.messages.detail(&format!("{peer}: {}", outcome::summary(negotiated)));
        }
    }

    fn accept_failed(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.has_complained, true) {
            self.messages.complaint(&format!("accepting a connection: {error}"));
        }
    }

    fn ended(&mut self, peer: SocketAddr, work: Work, connection: &Connection, end: &End) {
        let is_handshaking = connection.is_handshaking();
        match failure(end, is_handshaking) {
            Some(failure) if is_handshaking || !work.ends_well_with(&failure) => {
                self.messages.complaint(&failure.with_target(&peer.to_string()).to_string());
            }
            _ => {
                let (opened, sealed) = (connection.opened().bytes, connection.sealed().bytes);
                self.messages.detail(&format!("{peer}: ended; {opened} bytes received, {sealed} sent"));
            }
        }
    }
}

/// The same words as for connections that have a thread each.
fn failure(end: &End, is_handshaking: bool) -> Option<Failure> {
    match end {
        End::Done | End::Stopped => None,
        End::Tls(tls_engine::Error::Truncated) if is_handshaking => Some(Failure::Cut),
        End::Tls(error) => Some(Failure::Tls(error.clone())),
        End::Transport(error) => Some(Failure::Transport(io::Error::new(error.kind(), error.to_string()))),
        End::Late => Some(Failure::Late),
    }
}
