//! A server of very many connections on one thread, over epoll or kqueue, both edge-triggered.
//!
//! Each connection that something is known of gets one turn per round, and a turn takes a bounded number of bytes: a peer that
//! sends without end keeps none from its share. What a turn leaves behind is heard of as the switch `signal` says: see
//! [`crate::switches::SignalKind`]. A peer that does not read is not read from, and one that is silent for too long is let
//! go.

mod acceptor;
mod handler;
mod ready;
mod slot;
mod timers;

pub use handler::{Echo, End, Handler, Pace, Service, Sink};

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::conn::{Connection, ServerConfig, Signalled};
use crate::io::{Listener, SignalFd, Socket, Syscalls};
use crate::limits::RECORD_MAX;
use crate::mem::{BufferPool, PoolOptions};
use crate::signal::Signal;
use crate::switches::{SignalKind, Switches};
use acceptor::Acceptor;
use ready::{Raised, Readiness, Returned};
use slot::{Slot, Turn};
use timers::Timers;

/// What bounds a loop.
#[derive(Clone, Debug)]
pub struct LoopOptions {
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// Accepts no more than this, and ends with the last of them.
    pub connections_total: Option<u64>,
    /// What one connection may receive and send in a turn, bytes; at least one record.
    pub turn_bytes: usize,
    /// The receive buffer of each connection, bytes; at least one record.
    pub input_bytes: usize,
    /// The send buffer of each connection, bytes; at least one record.
    pub output_bytes: usize,
    /// How long a handshake may take, and how long a peer may be silent or read nothing.
    pub timeout: Duration,
    /// How long a peer may take to hang up after both sides have said that they send no more.
    pub linger: Duration,
    /// How the loop hears of what turns leave behind.
    pub signal: SignalKind,
    /// Where connections have their buffers from. Of a pool that is not off, only while there is something in them.
    pub pool: BufferPool,
}

impl LoopOptions {
    /// The usual bounds, with the optimizations that `switches` name and a pool of its own.
    pub fn new(switches: &Switches) -> Self {
        let sizes = PoolOptions { buffer_bytes: 2 * RECORD_MAX, ..PoolOptions::default() };
        Self {
            connections_max: 10_000,
            connections_total: None,
            turn_bytes: 4 * RECORD_MAX,
            input_bytes: 2 * RECORD_MAX,
            output_bytes: 2 * RECORD_MAX,
            timeout: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            signal: switches.signal,
            pool: BufferPool::new(switches.buffer_pool, sizes),
        }
    }
}

impl Default for LoopOptions {
    fn default() -> Self {
        Self::new(&Switches::default())
    }
}

/// What a loop has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopStatistics {
    /// Connections accepted.
    pub accepted: u64,
    /// Handshakes completed.
    pub handshakes: u64,
    /// Connections that ended as both sides wanted.
    pub done: u64,
    /// Connections that ended for lack of time.
    pub late: u64,
    /// Connections that ended because the loop was stopped.
    pub stopped: u64,
    /// Connections that failed.
    pub failed: u64,
    /// The most connections at once.
    pub peak: u64,
    /// Failures to accept, most of them for want of file descriptors; the loop goes on, and tries again.
    pub accept_failures: u64,
    /// Times the loop was woken or did not have to sleep.
    pub rounds: u64,
    /// Turns of connections.
    pub turns: u64,
    /// Turns that left something behind.
    pub cut_turns: u64,
    /// System calls, of connections that have ended and of the loop itself.
    pub syscalls: Syscalls,
}

/// Stops a loop from another thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    is_stopped: Arc<AtomicBool>,
    waker: Arc<Waker>,
}

impl Stopper {
    /// Lets the loop say goodbye to its connections and end.
    pub fn stop(&self) -> io::Result<()> {
        // The waker's system call orders it; Release for the loop that sees the flag on its way without being woken.
        self.is_stopped.store(true, Ordering::Release);
        self.waker.wake()
    }
}

/// A server that has yet to run.
pub struct EventLoop {
    poll: Poll,
    listener: Listener,
    config: Arc<ServerConfig>,
    options: LoopOptions,
    stopper: Stopper,
}

impl EventLoop {
    /// A server that accepts from `listener` and shakes hands as `config` says.
    pub fn new(listener: Listener, config: Arc<ServerConfig>, options: LoopOptions) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let stopper = Stopper { is_stopped: Arc::default(), waker };
        listener.set_nonblocking(true)?;
        poll.registry().register(&mut SourceFd(&listener.as_raw_fd()), LISTENER, Interest::READABLE)?;
        Ok(Self { poll, listener, config, options, stopper })
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until it is stopped, or the last of [`LoopOptions::connections_total`] has ended. Fails only where the
    /// poll itself does.
    pub fn run(self, service: impl Service) -> io::Result<LoopStatistics> {
        match self.options.signal {
            SignalKind::Off => Running::new(self, service, Returned::default()).run(),
            SignalKind::Pipe => Running::new(self, service, Raised::new(SignalFd::pipe()?)).run(),
            SignalKind::EventFd => Running::new(self, service, Raised::new(SignalFd::event_fd()?)).run(),
        }
    }
}

const LISTENER: Token = Token(usize::MAX - 2);
const SIGNAL: Token = Token(usize::MAX - 3);
const WAKER: Token = Token(usize::MAX - 4);
/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// What is read at once of what a connection sends after its end, bytes.
const SCRATCH: usize = 1 << 14;

/// A server that runs.
struct Running<V: Service, R: Readiness> {
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
    fn new(parts: EventLoop, service: V, readiness: R) -> Self {
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

    fn run(mut self) -> io::Result<LoopStatistics> {
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
                Err(_) => self.statistics.accept_failures += 1,
            }
        }
    }

    fn add(&mut self, mut socket: Socket, peer: std::net::SocketAddr) {
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
        peer: std::net::SocketAddr,
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
