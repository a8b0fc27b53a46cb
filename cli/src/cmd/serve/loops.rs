//! All connections on event loops, a thread each.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tls_engine::conn::Connection;
use tls_engine::io::Listener;
use tls_engine::io::event_loop::{CloseReason, EventLoop, LoopStatistics, Service};

use super::outcome;
use super::work::{self, Work};
use crate::error::Error;
use crate::interrupt;
use crate::measure::Pattern;
use crate::memory::{Resident, resident_bytes};
use crate::net::Failure;
use crate::plan::{Mode, Serve};
use crate::render::Messages;
use crate::units::grouped;
use crate::workload::SOURCE_SEED;

/// How often the server looks whether its end was asked for.
const LOOK: Duration = Duration::from_millis(50);

type LoopThread = JoinHandle<io::Result<LoopStatistics>>;

/// Serves until Ctrl-C, or until as many connections as asked for have ended; tells what was done.
pub(super) fn run(listener: Listener, plan: Serve, messages: Messages) -> Result<(), Error> {
    let Serve { config, options, threads, mode, .. } = plan;
    let pattern = Arc::new(Pattern::new(SOURCE_SEED, work::PIECE_BYTES));
    let loops = EventLoop::group(listener, &config, &options, threads).map_err(failed)?;
    let stopper = loops[0].stopper();
    let open = Arc::<AtomicU64>::default();
    let start = |event_loop: EventLoop| {
        let (pattern, open) = (Arc::clone(&pattern), Arc::clone(&open));
        let host = Host { mode, messages, pattern, open, has_complained: false };
        let thread = thread::Builder::new().name("loop".into());
        thread.spawn(move || event_loop.run(host)).map_err(|error| Error::io("starting a thread", error))
    };
    let (before, mut resident) = (resident_bytes(), None);
    let threads = loops.into_iter().map(start).collect::<Result<Vec<LoopThread>, Error>>()?;
    while !threads.iter().all(JoinHandle::is_finished) {
        if interrupt::requested() {
            // Connections get close_notify, and have the loops' time to hang up.
            stopper.stop().map_err(failed)?;
            break;
        }
        resident = Resident::most(resident, open.load(Ordering::Relaxed), before);
        thread::sleep(LOOK);
    }
    let statistics = join(threads)?;
    if interrupt::requested() {
        messages.note("stopped");
    }
    tell(&statistics, resident, messages);
    Ok(())
}

fn failed(error: io::Error) -> Error {
    Error::io("running the event loop", error)
}

/// What all loops have done together.
fn join(threads: Vec<LoopThread>) -> Result<LoopStatistics, Error> {
    let mut sum = LoopStatistics::default();
    for thread in threads {
        let ended = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        sum += ended.map_err(failed)?;
    }
    Ok(sum)
}

fn tell(statistics: &LoopStatistics, resident: Option<Resident>, messages: Messages) {
    let LoopStatistics { accepted, handshakes, done, timed_out, evicted, stopped, failed, .. } = statistics;
    let LoopStatistics { peak, accept_failures, rounds, turns, cut_turns, syscalls, .. } = statistics;
    messages.note(&format!(
        "connections: {accepted} accepted, {handshakes} handshakes, {peak} at once at most, {done} done, {timed_out} late, \
         {failed} failed, {stopped} stopped, {evicted} evicted, {accept_failures} times none could be accepted"
    ));
    messages.note(&format!(
        "event loop: {rounds} rounds, {turns} turns, {cut_turns} of them cut; system calls: {} reads, {} writes, {} polls, \
         {} signals, {} setups",
        syscalls.reads, syscalls.writes, syscalls.polls, syscalls.signals, syscalls.setups
    ));
    if let Some((resident, bytes)) = resident.and_then(|resident| Some((resident, resident.per_connection()?))) {
        let connections = grouped(resident.connections);
        messages.note(&format!("memory: {connections} open connections, {} B resident for each", grouped(bytes)));
    }
}

/// What a loop asks about connections.
struct Host {
    mode: Mode,
    messages: Messages,
    /// What sources send.
    pattern: Arc<Pattern>,
    /// How many connections are open in all loops, with their handshakes completed. Relaxed: nothing else depends on it.
    open: Arc<AtomicU64>,
    /// Whether it was told that none can be accepted; once is enough, until one can be.
    has_complained: bool,
}

impl Service for Host {
    type Handler = Work;

    fn accepted(&mut self, _: SocketAddr) -> Work {
        self.has_complained = false;
        Work::new(self.mode, &self.pattern)
    }

    fn ready(&mut self, peer: SocketAddr, connection: &Connection) {
        self.open.fetch_add(1, Ordering::Relaxed);
        if let Some(negotiated) = connection.negotiated() {
            self.messages.detail(&format!("{peer}: {}", outcome::summary(negotiated)));
        }
    }

    fn accept_failed(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.has_complained, true) {
            self.messages.complaint(&format!("accepting a connection: {error}"));
        }
    }

    fn ended(&mut self, peer: SocketAddr, work: Work, connection: &Connection, end: &CloseReason) {
        if matches!(end, CloseReason::Evicted) {
            let why = "the connection limit was reached, and its handshake was the oldest unfinished one";
            return self.messages.complaint(&format!("{peer}: closed in favor of a new connection: {why}"));
        }
        let is_handshaking = connection.is_handshaking();
        if !is_handshaking {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
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

/// Why it ended, where that is worth a complaint.
fn failure(end: &CloseReason, is_handshaking: bool) -> Option<Failure> {
    match end {
        CloseReason::Tls(tls_engine::Error::Truncated) if is_handshaking => Some(Failure::Cut),
        CloseReason::Tls(error) => Some(Failure::Tls(error.clone())),
        CloseReason::Transport(error) => Some(Failure::Transport(io::Error::new(error.kind(), error.to_string()))),
        CloseReason::TimedOut => Some(Failure::Late),
        _ => None,
    }
}
