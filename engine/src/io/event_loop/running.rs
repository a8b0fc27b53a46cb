use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::acceptor::Acceptor;
use super::handler::{End, Service};
use super::ready::Readiness;
use super::slot::{Slot, Turn};
use super::timers::Timers;
use super::{EventLoop, LISTENER, LoopOptions, LoopStatistics, SIGNAL, Stopper, WAKER};
use crate::conn::{Connection, ServerConfig, Signalled};
use crate::io::Socket;
use crate::signal::Signal;

/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// What is read at once of what a connection sends after its end, bytes.
const SCRATCH: usize = 1 << 14;

/// A server that runs.
pub(super) struct Running<V: Service, R: Readiness> {
    poll: Poll,
    config: Arc<ServerConfig>,
    options: LoopOptions,
    stopper: Stopper,
    service: V,
    readiness: R,
    acceptor: Acceptor,
    slots: Slab<Slot<V::Handler, R::Signal>>,
    timers: Timers,
    /// Who gets a turn in this round.
    listed: Vec<usize>,
    scratch: Box<[u8]>,
    is_stopping: bool,
    now: Instant,
    statistics: LoopStatistics,
}

impl<V: Service, R: Readiness> Running<V, R> {
    pub(super) fn new(parts: EventLoop, service: V, readiness: R) -> Self {
        let EventLoop { poll, listener, config, options, stopper } = parts;
        Self {
            poll,
            config,
            options,
            stopper,
            service,
            readiness,
            acceptor: Acceptor::new(listener),
            slots: Slab::new(),
            timers: Timers::default(),
            listed: Vec::new(),
            scratch: vec![0; SCRATCH].into_boxed_slice(),
            is_stopping: false,
            now: Instant::now(),
            statistics: LoopStatistics::default(),
        }
    }

    pub(super) fn run(mut self) -> io::Result<LoopStatistics> {
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
            let is_woken = self.hear(&events);
            self.list_left(is_woken);
            self.give_turns();
            self.accept();
            self.expire();
            if self.stopper.is_stopped.load(Ordering::Acquire) && !self.is_stopping {
                self.stop();
            }
        }
        for token in self.slots.iter().map(|(token, _)| token).collect::<Vec<_>>() {
            self.expire_one(token);
        }
        self.statistics.syscalls.signals += self.readiness.syscalls();
        Ok(self.statistics)
    }

    fn is_over(&self) -> bool {
        let accepts_more = self.options.connections_total.is_none_or(|total| self.statistics.accepted < total);
        self.slots.is_empty() && (self.is_stopping || !accepts_more)
    }

    /// How long the poll may wait.
    fn sleep(&self) -> Option<Duration> {
        if self.readiness.is_waiting() || (self.acceptor.has_more() && self.has_place()) {
            return Some(Duration::ZERO);
        }
        let retry_at = if self.has_place() { self.acceptor.retry_at() } else { None };
        let wake_at = [self.timers.next(), retry_at].into_iter().flatten().min()?;
        Some(wake_at.saturating_duration_since(Instant::now()))
    }

    /// Notes what the system has reported. Tells whether the signal was.
    fn hear(&mut self, events: &Events) -> bool {
        let mut is_woken = false;
        for event in events {
            match event.token() {
                LISTENER => self.acceptor.on_event(),
                SIGNAL => is_woken = true,
                WAKER => {}
                Token(token) => {
                    // It may have ended in this round's turns, not before: events of closed sockets do not come.
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

    /// Lists who was left with more to do in earlier turns.
    fn list_left(&mut self, is_woken: bool) {
        let first = self.listed.len();
        self.readiness.take(is_woken, &mut self.listed);
        // Who is listed already has one turn all the same, and who has ended none.
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
            self.give_turn(token);
        }
        self.listed = listed;
    }

    fn give_turn(&mut self, token: usize) {
        let Some(slot) = self.slots.get_mut(token) else { return };
        slot.is_listed = false;
        self.statistics.turns += 1;
        let was_handshaking = slot.tls.connection.is_handshaking();
        let turn = slot.turn(&self.options, &mut self.scratch, self.now);
        if was_handshaking && !slot.tls.connection.is_handshaking() {
            self.statistics.handshakes += 1;
            self.service.ready(slot.peer, &slot.tls.connection);
        }
        match turn {
            Turn::Cut => {
                self.statistics.cut_turns += 1;
                self.readiness.left(token);
            }
            Turn::Sleeps if slot.wants_write_watch() => {
                slot.is_write_watched = true;
                slot.socket.count_setup();
                let interest = Interest::READABLE | Interest::WRITABLE;
                let fd = slot.socket.as_raw_fd();
                if let Err(error) = self.poll.registry().reregister(&mut SourceFd(&fd), Token(token), interest) {
                    return self.remove(token, &End::Transport(error));
                }
            }
            Turn::Sleeps => {}
            Turn::Over(end) => return self.remove(token, &end),
        }
        // A timer is put forward here, and back only when it is due.
        let slot = &mut self.slots[token];
        if slot.expires < slot.timer {
            self.timers.remove(slot.timer, token);
            slot.timer = slot.expires;
            self.timers.insert(slot.timer, token);
        }
    }

    fn has_place(&self) -> bool {
        let accepts_more = self.options.connections_total.is_none_or(|total| self.statistics.accepted < total);
        self.slots.len() < self.options.connections_max && accepts_more && !self.is_stopping
    }

    fn accept(&mut self) {
        for _ in 0..Acceptor::BURST {
            if !self.has_place() {
                return;
            }
            match self.acceptor.accept(self.now) {
                Ok(Some((socket, peer))) => self.add(socket, peer),
                Ok(None) => return,
                Err(error) => {
                    self.statistics.accept_failures += 1;
                    self.service.accept_failed(&error);
                }
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
        entry.insert(slot);
        self.statistics.peak = self.statistics.peak.max(self.slots.len() as u64);
        if let Err(error) = registered {
            self.remove(token, &End::Transport(error));
        }
    }

    fn remove(&mut self, token: usize, end: &End) {
        let slot = self.slots.remove(token);
        self.timers.remove(slot.timer, token);
        self.report(slot.peer, slot.handler, &slot.tls.connection, slot.socket, end);
    }

    fn report(
        &mut self,
        peer: SocketAddr,
        handler: V::Handler,
        connection: &Connection,
        mut socket: Socket,
        end: &End,
    ) {
        match end {
            End::Done => self.statistics.done += 1,
            End::Late => self.statistics.late += 1,
            End::Stopped => self.statistics.stopped += 1,
            End::Tls(_) | End::Transport(_) => self.statistics.failed += 1,
        }
        // Closing it.
        socket.count_setup();
        self.statistics.syscalls += socket.syscalls();
        drop(socket);
        // Its file descriptor is free for one that could not be accepted.
        self.acceptor.retry();
        self.service.ended(peer, handler, connection, end);
    }

    fn expire(&mut self) {
        while let Some(token) = self.timers.pop_due(self.now) {
            let Some(slot) = self.slots.get_mut(token) else { continue };
            if slot.expires > self.now {
                slot.timer = slot.expires;
                self.timers.insert(slot.timer, token);
            } else {
                self.expire_one(token);
            }
        }
    }

    fn expire_one(&mut self, token: usize) {
        let slot = self.slots.remove(token);
        self.timers.remove(slot.timer, token);
        let (peer, handler, connection, socket, end) = slot.into_late();
        self.report(peer, handler, &connection, socket, &end);
    }

    fn stop(&mut self) {
        self.is_stopping = true;
        for (token, slot) in &mut self.slots {
            slot.finish(End::Stopped, &self.options, self.now);
            list(slot, token, &mut self.listed);
        }
        self.give_turns();
    }
}

fn list<H, S>(slot: &mut Slot<H, S>, token: usize, listed: &mut Vec<usize>) {
    if !std::mem::replace(&mut slot.is_listed, true) {
        listed.push(token);
    }
}
