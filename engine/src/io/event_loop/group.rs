use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::Waker;

use super::permits::Permits;
use crate::conn::JobResult;
use crate::io::Socket;

/// What the loops of one server share. The first one of them accepts.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) permits: Permits,
    loops: Box<[LoopHandle]>,
    is_stopped: AtomicBool,
    /// Whether all connections have been accepted that were asked for.
    is_accepting_over: AtomicBool,
    began: Instant,
}

/// What the other loops see of a loop.
#[derive(Debug)]
struct LoopHandle {
    waker: Waker,
    inbox: Mutex<Inbox>,
    /// When the oldest of its unfinished handshakes began, milliseconds after the group; [`NONE`] where there is none. Relaxed:
    /// it is a hint of which loop to ask, and that loop checks again.
    oldest_handshake_ms: AtomicU64,
}

/// What other loops have asked a loop to do.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// Connections handed over to it, with permits.
    pub(super) arrivals: Vec<(Socket, SocketAddr)>,
    /// How many of its oldest unfinished handshakes to evict.
    pub(super) evictions: usize,
    /// Results of jobs, by the tokens of their connections. Meanwhile a token may have become that of another connection.
    pub(super) results: Vec<(usize, JobResult)>,
}

/// Where the result of a job goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ReturnAddress {
    /// The loop.
    pub(super) index: usize,
    /// The connection.
    pub(super) token: usize,
}

const NONE: u64 = u64::MAX;
/// The loop that accepts.
const ACCEPTOR: usize = 0;

impl Group {
    pub(super) fn new(wakers: Vec<Waker>) -> Self {
        let handle = |waker| LoopHandle { waker, inbox: Mutex::default(), oldest_handshake_ms: AtomicU64::new(NONE) };
        Self {
            permits: Permits::new(wakers.len()),
            loops: wakers.into_iter().map(handle).collect(),
            is_stopped: AtomicBool::new(false),
            is_accepting_over: AtomicBool::new(false),
            began: Instant::now(),
        }
    }

    /// Makes all loops end. The wakers' system calls order it; Release is for a loop that sees it without being woken.
    pub(super) fn stop(&self) -> io::Result<()> {
        self.is_stopped.store(true, Ordering::Release);
        self.wake_all()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Publishes that no more connections will be sent to any loop.
    pub(super) fn end_accepting(&self) -> io::Result<()> {
        self.is_accepting_over.store(true, Ordering::Release);
        self.wake_all()
    }

    /// Whether accepting is over. A loop that reads this before its inbox finds everything there.
    pub(super) fn is_accepting_over(&self) -> bool {
        self.is_accepting_over.load(Ordering::Acquire)
    }

    /// Hands a connection to the loop with the fewest, with a permit.
    pub(super) fn send(&self, arrival: (Socket, SocketAddr)) -> io::Result<()> {
        let index = self.permits.least_loaded();
        self.permits.acquire(index);
        self.leave(index, |inbox| inbox.arrivals.push(arrival))
    }

    /// The loop with the oldest unfinished handshake, and when that began, to the millisecond.
    pub(super) fn oldest_handshake(&self) -> Option<(usize, Instant)> {
        let began = self.loops.iter().map(|handle| handle.oldest_handshake_ms.load(Ordering::Relaxed));
        let (index, began_ms) = began.enumerate().min_by_key(|(_, began_ms)| *began_ms)?;
        (began_ms != NONE).then(|| (index, self.began + Duration::from_millis(began_ms)))
    }

    /// Publishes when the oldest unfinished handshake of the loop `index` began.
    pub(super) fn publish_oldest_handshake(&self, index: usize, began: Option<Instant>) {
        // Rounded up, so that no handshake is evicted early.
        let began_ms = began.map_or(NONE, |began| began.saturating_duration_since(self.began).as_millis() as u64 + 1);
        let published = &self.loops[index].oldest_handshake_ms;
        if published.load(Ordering::Relaxed) != began_ms {
            published.store(began_ms, Ordering::Relaxed);
        }
    }

    /// Asks the loop `index` to evict its oldest unfinished handshake. The acceptor is woken when it has.
    pub(super) fn evict(&self, index: usize) -> io::Result<()> {
        self.leave(index, |inbox| inbox.evictions += 1)
    }

    /// Hands the result of a job to its loop, from another thread.
    pub(super) fn give_back(&self, address: ReturnAddress, result: JobResult) -> io::Result<()> {
        let mut inbox = self.inbox(address.index);
        inbox.results.push((address.token, result));
        let is_first = inbox.results.len() == 1;
        drop(inbox);
        // The loop takes all that it finds when it is woken.
        if is_first { self.loops[address.index].waker.wake() } else { Ok(()) }
    }

    /// Wakes the loop that accepts, unless that is the loop `from`, which is awake.
    pub(super) fn wake_acceptor(&self, from: usize) -> io::Result<()> {
        if from == ACCEPTOR { Ok(()) } else { self.loops[ACCEPTOR].waker.wake() }
    }

    /// The inbox of the loop `index`.
    pub(super) fn inbox(&self, index: usize) -> MutexGuard<'_, Inbox> {
        self.loops[index].inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, index: usize, what: impl FnOnce(&mut Inbox)) -> io::Result<()> {
        what(&mut self.inbox(index));
        // The loop that accepts looks at its own in the same round.
        if index == ACCEPTOR { Ok(()) } else { self.loops[index].waker.wake() }
    }

    fn wake_all(&self) -> io::Result<()> {
        self.loops.iter().try_for_each(|handle| handle.waker.wake())
    }
}
