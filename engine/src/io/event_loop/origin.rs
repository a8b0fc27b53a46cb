use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::Registry;
use mio::event::Event;

use super::handler::{CloseReason, Handler};
use super::{LoopOptions, LoopStatistics};
use crate::conn::Connection;
use crate::io::Socket;
use crate::mem::OutBuf;

/// Where the connections of a loop come from, and who is told what becomes of them. A loop does the same with all of them.
pub(super) trait Origin {
    /// The handler of a connection.
    type Handler: Handler;

    /// Whether no connection will begin any more.
    fn is_over(&self) -> bool;

    /// When to call [`Origin::begin`] at the latest, `now` or later; `None` to wait for an event.
    fn begin_at(&self, now: Instant) -> Option<Instant>;

    /// The system has reported something that is no connection of the loop's.
    fn on_event(&mut self, event: &Event);

    /// Beginning a connection may succeed now.
    fn retry(&mut self);

    /// Begins connections, and adds those that are ready for their handshake to `arrivals`.
    fn begin(&mut self, beginning: &mut Beginning<'_>, arrivals: &mut Vec<Arrival<Self::Handler>>) -> io::Result<()>;

    /// The handshake of a connection has completed.
    fn ready(&mut self, peer: SocketAddr, handler: &mut Self::Handler, connection: &Connection);

    /// A connection has ended, and its socket is closed.
    fn ended(&mut self, peer: SocketAddr, handler: Self::Handler, connection: &Connection, reason: &CloseReason);

    /// Begins no more connections, because the loop is stopped.
    fn stop(&mut self);

    /// The most connections at once, where it knows.
    fn peak(&self) -> usize;
}

/// What a loop lends to its [`Origin`] for beginning connections.
pub(super) struct Beginning<'a> {
    pub(super) registry: &'a Registry,
    pub(super) options: &'a LoopOptions,
    pub(super) statistics: &'a mut LoopStatistics,
    /// The connections that the loop has.
    pub(super) open: usize,
    pub(super) now: Instant,
}

/// A connection that is ready for its handshake.
pub(super) struct Arrival<H> {
    pub(super) socket: Socket,
    pub(super) peer: SocketAddr,
    pub(super) connection: Connection,
    /// What it sends first.
    pub(super) output: OutBuf,
    pub(super) handler: H,
    /// Whether the socket is registered already, with another token.
    pub(super) is_registered: bool,
}
