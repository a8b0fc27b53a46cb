use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::acceptor::Acceptor;
use super::group::{Group, Inbox, ReturnAddress};
use super::handler::{CloseReason, Service};
use super::job_threads::JobThreads;
use super::ready::Readiness;
use super::slot::{ForcedClose, Slot, Turn};
use super::timers::Timers;
use super::{EventLoop, LISTENER, LoopOptions, LoopStatistics, SIGNAL, WAKER};
use crate::conn::{Connection, JobResult, ServerConfig, Signalled};
use crate::io::Socket;
use crate::signal::Signal;

/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// How much is read at once from a connection that is being closed, bytes.
const SCRATCH: usize = 1 << 14;

/// A running loop.
pub(super) struct RunningLoop<V: Service, R: Readiness> {
    poll: Poll,
    config: Arc<ServerConfig>,
    options: LoopOptions,
    group: Arc<Group>,
    job_threads: Arc<JobThreads>,
    /// Which loop of the group it is.
    index: usize,
    /// Only in the loop that accepts.
    acceptor: Option<Acceptor>,
    service: V,
    readiness: R,
    slots: Slab<Slot<V::Handler, R::Signal>>,
    timers: Timers,
    /// The unfinished handshakes, by when they began.
    handshakes: Timers,
    /// The connections that get a turn in this round.
    listed: Vec<usize>,
    scratch: Box<[u8]>,
    /// Empty between rounds.
    inbox: Inbox,
    is_stopping: bool,
    now: Instant,
    statistics: LoopStatistics,
}

impl<V: Service, R: Readiness> RunningLoop<V, R> {
    pub(super) fn new(parts: EventLoop, service: V, readiness: R) -> Self {
        let EventLoop { poll, group, index, acceptor, config, options, job_threads } = parts;
        Self {
            poll,
            config,
            options,
            group,
            job_threads,
            index,
            acceptor,
            service,
            readiness,
            slots: Slab::new(),
            timers: Timers::default(),
            handshakes: Timers::default(),
            listed: Vec::new(),
            scratch: vec![0; SCRATCH].into_boxed_slice(),
            inbox: Inbox::default(),
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
        self.statistics.peak = self.acceptor.as_ref().map_or(0, Acceptor::peak) as u64;
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
            self.accept()?;
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
        if !self.slots.is_empty() {
            return false;
        }
        // In this order, so that everything that was sent before accepting ended is found.
        self.is_stopping || (self.group.is_accepting_over() && self.group.inbox(self.index).arrivals.is_empty())
    }

    /// How long the poll may wait.
    fn sleep(&self) -> Option<Duration> {
        if self.readiness.is_waiting() {
            return Some(Duration::ZERO);
        }
        let acceptor = self.acceptor.as_ref().filter(|_| !self.is_stopping);
        let accept_at = acceptor.and_then(|acceptor| acceptor.try_at(self.now));
        let wake_at = [self.timers.next(), accept_at].into_iter().flatten().min()?;
        Some(wake_at.saturating_duration_since(Instant::now()))
    }

    /// Notes what the system has reported. Returns whether the signal was.
    fn dispatch(&mut self, events: &Events) -> bool {
        let mut is_woken = false;
        for event in events {
            match event.token() {
                LISTENER => self.acceptor.iter_mut().for_each(Acceptor::on_event),
                SIGNAL => is_woken = true,
                // A permit may be free.
                WAKER => self.acceptor.iter_mut().for_each(Acceptor::retry),
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
            self.service.ready(slot.peer, &slot.tls.connection);
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

    fn accept(&mut self) -> io::Result<()> {
        let Self { acceptor: Some(acceptor), service, statistics, now, is_stopping: false, .. } = self else {
            return Ok(());
        };
        acceptor.accept(*now, |error| {
            statistics.accept_failures += 1;
            service.accept_failed(error);
        })
    }

    /// Does what other threads have asked for.
    fn drain_inbox(&mut self) -> io::Result<()> {
        // Kept to reuse its memory.
        let mut inbox = std::mem::take(&mut self.inbox);
        std::mem::swap(&mut inbox, &mut *self.group.inbox(self.index));
        for (socket, peer) in inbox.arrivals.drain(..) {
            self.add(socket, peer);
        }
        for _ in 0..std::mem::take(&mut inbox.evictions) {
            self.evict_oldest_handshake()?;
        }
        for (token, result) in inbox.results.drain(..) {
            self.give_turn(token, Some(result));
        }
        self.inbox = inbox;
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
                self.acceptor.iter_mut().for_each(Acceptor::retry);
                self.group.wake_acceptor(self.index)
            }
        }
    }

    fn add(&mut self, mut socket: Socket, peer: SocketAddr) {
        self.statistics.accepted += 1;
        socket.count_setup();
        let entry = self.slots.vacant_entry();
        let token = entry.key();
        let fd = socket.as_raw_fd();
        let registered = self.poll.registry().register(&mut SourceFd(&fd), Token(token), Interest::READABLE);
        let tls = Signalled { connection: Connection::server(&self.config), signal: self.readiness.signal(token) };
        let slot = Slot::new(socket, peer, tls, self.service.accepted(peer), &self.options, self.now);
        self.timers.insert(slot.timer, token);
        self.handshakes.insert(slot.began, token);
        entry.insert(slot);
        if let Err(error) = registered {
            self.end(token, &CloseReason::Transport(error));
        }
    }

    fn end(&mut self, token: usize, reason: &CloseReason) {
        let slot = self.remove(token);
        self.report(slot.peer, slot.handler, &slot.tls.connection, slot.socket, reason);
    }

    fn remove(&mut self, token: usize) -> Slot<V::Handler, R::Signal> {
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
        handler: V::Handler,
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
        // Its permit and its file descriptor are free again.
        if self.group.permits.release(self.index) {
            self.acceptor.iter_mut().for_each(Acceptor::retry);
            // Where this fails, the poll of the acceptor fails, too.
            let _ = self.group.wake_acceptor(self.index);
        }
        self.service.ended(peer, handler, connection, reason);
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
        for (token, slot) in &mut self.slots {
            slot.finish(CloseReason::Stopped, &self.options, self.now);
            list(slot, token, &mut self.listed);
        }
        self.give_turns();
    }
}

/// However a loop ends, even by a panic of its service, the others do not wait for it.
impl<V: Service, R: Readiness> Drop for RunningLoop<V, R> {
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
