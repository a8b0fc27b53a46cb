use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::group::{Group, ReturnAddress};
use super::handler::CloseReason;
use super::job_threads::JobThreads;
use super::origin::{Arrival, Beginning, Origin};
use super::parts::LoopParts;
use super::ready::Readiness;
use super::slot::{ForcedClose, Slot, Turn};
use super::timers::Timers;
use super::{CONNECTING, LoopOptions, LoopStatistics, SIGNAL};
use crate::conn::{Connection, JobResult, Signalled};
use crate::io::Socket;
use crate::signal::Signal;

/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// How much is read at once from a connection that is being closed, bytes.
const SCRATCH: usize = 1 << 14;

/// A running loop.
pub(super) struct RunningLoop<O: Origin, R: Readiness> {
    poll: Poll,
    options: LoopOptions,
    group: Arc<Group>,
    job_threads: Arc<JobThreads>,
    /// Which loop of the group it is.
    index: usize,
    origin: O,
    readiness: R,
    slots: Slab<Slot<O::Handler, R::Signal>>,
    timers: Timers,
    /// The unfinished handshakes, by when they began.
    handshakes: Timers,
    /// The connections that get a turn in this round.
    listed: Vec<usize>,
    scratch: Box<[u8]>,
    /// Empty between rounds.
    arrivals: Vec<Arrival<O::Handler>>,
    /// Empty between rounds.
    results: Vec<(usize, JobResult)>,
    is_stopping: bool,
    now: Instant,
    statistics: LoopStatistics,
}

impl<O: Origin, R: Readiness> RunningLoop<O, R> {
    pub(super) fn new(parts: LoopParts, origin: O, readiness: R) -> Self {
        let LoopParts { poll, group, index, options, job_threads } = parts;
        Self {
            poll,
            options,
            group,
            job_threads,
            index,
            origin,
            readiness,
            slots: Slab::new(),
            timers: Timers::default(),
            handshakes: Timers::default(),
            listed: Vec::new(),
            scratch: vec![0; SCRATCH].into_boxed_slice(),
            arrivals: Vec::new(),
            results: Vec::new(),
            is_stopping: false,
            now: Instant::now(),
            statistics: LoopStatistics::default(),
        }
    }

    pub(super) fn run(mut self) -> io::Result<LoopStatistics> {
        let ended = self.serve();
        for token in self.slots.iter().map(|(token, _)| token).collect::<Vec<_>>() {
            self.expire(token, ForcedClose::Timeout);
        }
        self.statistics.syscalls.signals += self.readiness.syscalls();
        self.statistics.peak = self.origin.peak() as u64;
        ended.map(|()| self.statistics)
    }

    fn serve(&mut self) -> io::Result<()> {
        self.readiness.register(self.poll.registry(), SIGNAL)?;
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_over() {
            self.statistics.syscalls.polls += 1;
            match self.poll.poll(&mut events, self.sleep()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.statistics.rounds += 1;
            self.now = Instant::now();
            let is_woken = self.dispatch(&events);
            self.list_unfinished(is_woken);
            self.give_turns();
            self.begin_connections()?;
            self.drain_inbox()?;
            self.expire_due();
            if self.group.is_stopped() && !self.is_stopping {
                self.stop();
            }
            self.group.publish_oldest_handshake(self.index, self.handshakes.next());
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.slots.is_empty() && (self.is_stopping || self.origin.is_over())
    }

    /// How long the poll may wait.
    fn sleep(&self) -> Option<Duration> {
        if self.readiness.is_waiting() {
            return Some(Duration::ZERO);
        }
        let wake_at = [self.timers.next(), self.origin.begin_at(self.now)].into_iter().flatten().min()?;
        Some(wake_at.saturating_duration_since(Instant::now()))
    }

    /// Notes what the system has reported. Returns whether the signal was.
    fn dispatch(&mut self, events: &Events) -> bool {
        let mut is_woken = false;
        for event in events {
            match event.token() {
                SIGNAL => is_woken = true,
                Token(token) if token >= CONNECTING => self.origin.on_event(event),
                Token(token) => {
                    // Events of closed sockets are not reported, so it can only have ended in this round.
                    let Some(slot) = self.slots.get_mut(token) else { continue };
                    let is_failed = event.is_error();
                    slot.on_event(
                        event.is_readable() || is_failed,
                        event.is_writable() || is_failed,
                        event.is_read_closed() || is_failed,
                    );
                    list(slot, token, &mut self.listed);
                }
            }
        }
        is_woken
    }

    /// Lists the connections that earlier turns left with more to do.
    fn list_unfinished(&mut self, is_woken: bool) {
        let first = self.listed.len();
        self.readiness.take(is_woken, &mut self.listed);
        // A connection that is listed already gets one turn, and one that has ended gets none.
        let mut kept = first;
        for at in first..self.listed.len() {
            let token = self.listed[at];
            let Some(slot) = self.slots.get_mut(token) else { continue };
            slot.tls.signal.clear();
            if !std::mem::replace(&mut slot.is_listed, true) {
                self.listed[kept] = token;
                kept += 1;
            }
        }
        self.listed.truncate(kept);
    }

    fn give_turns(&mut self) {
        let mut listed = std::mem::take(&mut self.listed);
        for token in listed.drain(..) {
            self.give_turn(token, None);
        }
        self.listed = listed;
    }

    /// Gives a connection a turn, with the `result` of its job where there is one.
    fn give_turn(&mut self, token: usize, result: Option<JobResult>) {
        let Some(slot) = self.slots.get_mut(token) else { return };
        slot.is_listed = false;
        self.statistics.turns += 1;
        let was_handshaking = slot.tls.connection.is_handshaking();
        if let Some(result) = result {
            slot.resume(result, &self.options, self.now);
        }
        let mut turn = slot.turn(&self.options, &mut self.scratch, self.now);
        while was_handshaking
            && matches!(turn, Turn::Idle | Turn::Cut)
            && let Some(job) = slot.tls.connection.take_job()
            && let Some(job) = self.job_threads.offer(ReturnAddress { index: self.index, token }, job)
        {
            slot.resume(job.run(), &self.options, self.now);
            turn = slot.turn(&self.options, &mut self.scratch, self.now);
        }
        if was_handshaking && !slot.tls.connection.is_handshaking() {
            self.statistics.handshakes += 1;
            self.handshakes.remove(slot.began, token);
            self.origin.ready(slot.peer, &mut slot.handler, &slot.tls.connection);
        }
        match turn {
            Turn::Cut => {
                self.statistics.cut_turns += 1;
                self.readiness.defer(token);
            }
            Turn::Idle if slot.wants_write_watch() => {
                slot.is_write_watched = true;
                slot.socket.count_setup();
                let interest = Interest::READABLE | Interest::WRITABLE;
                let fd = slot.socket.as_raw_fd();
                if let Err(error) = self.poll.registry().reregister(&mut SourceFd(&fd), Token(token), interest) {
                    return self.end(token, &CloseReason::Transport(error));
                }
            }
            Turn::Idle => {}
            Turn::Closed(reason) => return self.end(token, &reason),
        }
        // A timer is only moved to an earlier time here. When it is due, it is moved to a later one.
        let slot = &mut self.slots[token];
        if slot.expires < slot.timer {
            self.timers.remove(slot.timer, token);
            slot.timer = slot.expires;
            self.timers.insert(slot.timer, token);
        }
    }

    fn begin_connections(&mut self) -> io::Result<()> {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        let Self { origin, poll, options, statistics, slots, now, .. } = self;
        let open = slots.len();
        origin
            .begin(&mut Beginning { registry: poll.registry(), options, statistics, open, now: *now }, &mut arrivals)?;
        for arrival in arrivals.drain(..) {
            self.add(arrival);
        }
        // Kept to reuse its memory.
        self.arrivals = arrivals;
        Ok(())
    }

    /// Does what other threads have asked for.
    fn drain_inbox(&mut self) -> io::Result<()> {
        let mut results = std::mem::take(&mut self.results);
        let mut inbox = self.group.inbox(self.index);
        let evictions = std::mem::take(&mut inbox.evictions);
        std::mem::swap(&mut results, &mut inbox.results);
        drop(inbox);
        for _ in 0..evictions {
            self.evict_oldest_handshake()?;
        }
        for (token, result) in results.drain(..) {
            self.give_turn(token, Some(result));
        }
        self.results = results;
        Ok(())
    }

    /// Evicts the oldest unfinished handshake, if it is old enough.
    fn evict_oldest_handshake(&mut self) -> io::Result<()> {
        match self.handshakes.first() {
            Some((began, token)) if began + self.options.eviction_age() <= self.now => {
                self.expire(token, ForcedClose::Eviction);
                Ok(())
            }
            // It has completed meanwhile. The acceptor has to look for another.
            _ => {
                self.origin.retry();
                self.group.wake_acceptor(self.index)
            }
        }
    }

    fn add(&mut self, arrival: Arrival<O::Handler>) {
        let Arrival { mut socket, peer, connection, output, handler, is_registered } = arrival;
        self.statistics.accepted += 1;
        socket.count_setup();
        let entry = self.slots.vacant_entry();
        let token = entry.key();
        let fd = socket.as_raw_fd();
        let (mut source, registry) = (SourceFd(&fd), self.poll.registry());
        let registered = if is_registered {
            registry.reregister(&mut source, Token(token), Interest::READABLE)
        } else {
            registry.register(&mut source, Token(token), Interest::READABLE)
        };
        let speaks_first = !output.is_empty();
        let tls = Signalled { connection, signal: self.readiness.signal(token) };
        let slot = Slot::new(socket, peer, tls, output, handler, &self.options, self.now);
        self.timers.insert(slot.timer, token);
        self.handshakes.insert(slot.began, token);
        entry.insert(slot);
        match registered {
            Err(error) => self.end(token, &CloseReason::Transport(error)),
            Ok(()) if speaks_first => self.give_turn(token, None),
            Ok(()) => {}
        }
    }

    fn end(&mut self, token: usize, reason: &CloseReason) {
        let slot = self.remove(token);
        self.report(slot.peer, slot.handler, &slot.tls.connection, slot.socket, reason);
    }

    fn remove(&mut self, token: usize) -> Slot<O::Handler, R::Signal> {
        let slot = self.slots.remove(token);
        self.timers.remove(slot.timer, token);
        self.handshakes.remove(slot.began, token);
        if slot.tls.connection.is_paused() {
            self.job_threads.forget(ReturnAddress { index: self.index, token });
        }
        slot
    }

    fn report(
        &mut self,
        peer: SocketAddr,
        handler: O::Handler,
        connection: &Connection,
        mut socket: Socket,
        reason: &CloseReason,
    ) {
        match reason {
            CloseReason::Done => self.statistics.done += 1,
            CloseReason::TimedOut => self.statistics.timed_out += 1,
            CloseReason::Evicted => self.statistics.evicted += 1,
            CloseReason::Stopped => self.statistics.stopped += 1,
            CloseReason::Tls(_) | CloseReason::Transport(_) => self.statistics.failed += 1,
        }
        // For closing it.
        socket.count_setup();
        self.statistics.syscalls += socket.syscalls();
        drop(socket);
        self.origin.ended(peer, handler, connection, reason);
    }

    fn expire_due(&mut self) {
        while let Some(token) = self.timers.pop_due(self.now) {
            let Some(slot) = self.slots.get_mut(token) else { continue };
            if slot.expires > self.now {
                slot.timer = slot.expires;
                self.timers.insert(slot.timer, token);
            } else {
                self.expire(token, ForcedClose::Timeout);
            }
        }
    }

    fn expire(&mut self, token: usize, cause: ForcedClose) {
        let (peer, handler, connection, socket, reason) = self.remove(token).force_close(cause);
        self.report(peer, handler, &connection, socket, &reason);
    }

    fn stop(&mut self) {
        self.is_stopping = true;
        self.origin.stop();
        for (token, slot) in &mut self.slots {
            slot.finish(CloseReason::Stopped, &self.options, self.now);
            list(slot, token, &mut self.listed);
        }
        self.give_turns();
    }
}

/// However a loop ends, even by a panic of its service, the others do not wait for it.
impl<O: Origin, R: Readiness> Drop for RunningLoop<O, R> {
    fn drop(&mut self) {
        if !self.is_over() {
            let _ = self.group.stop();
        }
    }
}

fn list<H, S>(slot: &mut Slot<H, S>, token: usize, listed: &mut Vec<usize>) {
    if !std::mem::replace(&mut slot.is_listed, true) {
        listed.push(token);
    }
}
