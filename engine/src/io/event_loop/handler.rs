use std::io;
use std::net::SocketAddr;

use crate::conn::{Connection, Reply};
use crate::error::Error;

/// Makes a [`Handler`] for each connection, and is told how it ends.
pub trait Service {
    /// The handler of a connection.
    type Handler: Handler;

    /// A connection from `peer` has been accepted.
    fn accepted(&mut self, peer: SocketAddr) -> Self::Handler;

    /// Its handshake has completed.
    fn ready(&mut self, peer: SocketAddr, connection: &Connection) {
        let _ = (peer, connection);
    }

    /// Accepting failed, mostly because the process has too many open files. The loop tries again by itself.
    fn accept_failed(&mut self, error: &io::Error) {
        let _ = error;
    }

    /// The connection has ended.
    fn ended(&mut self, peer: SocketAddr, handler: Self::Handler, connection: &Connection, reason: &CloseReason) {
        let _ = (peer, handler, connection, reason);
    }
}

impl<H: Handler, F: FnMut(SocketAddr) -> H> Service for F {
    type Handler = H;

    fn accepted(&mut self, peer: SocketAddr) -> H {
        self(peer)
    }
}

/// Handles one connection. Its methods must not block.
///
/// An error of a method fails the connection.
pub trait Handler {
    /// Data was received. An answer that is no longer always fits.
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error>;

    /// Early data was received, and accepted (RFC 8446 8). By default it is passed to [`Handler::on_data`].
    fn on_early_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        self.on_data(data, reply)
    }

    /// Whether [`Handler::on_early_data`] is called before the handshake is done, so that its answer arrives a round trip earlier. **The
    /// data may be a replay then**, of what another connection has sent. By default it waits until the client has shown that it is there.
    fn answers_early_data(&self) -> bool {
        false
    }

    /// There is room to send a record, at least. Called in every turn of the connection, until it sends nothing.
    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        let _ = reply;
        Ok(())
    }

    /// The peer has sent close_notify. When this returns, the loop sends close_notify, too.
    fn on_peer_closed(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        let _ = reply;
        Ok(())
    }
}

impl<H: Handler + ?Sized> Handler for Box<H> {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        (**self).on_data(data, reply)
    }

    fn on_early_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        (**self).on_early_data(data, reply)
    }

    fn answers_early_data(&self) -> bool {
        (**self).answers_early_data()
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        (**self).on_writable(reply)
    }

    fn on_peer_closed(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        (**self).on_peer_closed(reply)
    }
}

/// Whether received data restarts the timeout of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It restarts the timeout.
    Progress,
    /// It does not: it is part of something that has to be complete before the timeout, such as a request.
    Partial,
}

/// Why a connection ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// Both sides have sent close_notify, or this side has and the peer is gone.
    Done,
    /// TLS failed. The alert, if there is one, was sent.
    Tls(Error),
    /// The socket failed.
    Transport(io::Error),
    /// The handshake, or the activity of the peer, took too long.
    TimedOut,
    /// The loop was full, and this was the oldest unfinished handshake.
    Evicted,
    /// The loop was stopped.
    Stopped,
}

/// Sends back what it receives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Handler for Echo {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        reply.send_all(data)?;
        Ok(Activity::Progress)
    }
}

/// Discards what it receives, and answers with the number of bytes at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sink {
    bytes: u64,
}

impl Handler for Sink {
    fn on_data(&mut self, data: &[u8], _: &mut Reply<'_>) -> Result<Activity, Error> {
        self.bytes += data.len() as u64;
        Ok(Activity::Progress)
    }

    fn on_peer_closed(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        // It is short enough to fit.
        reply.send(&[format!("received {} bytes\n", self.bytes).as_bytes()]).map(drop)
    }
}
