use std::io;
use std::net::SocketAddr;

use crate::conn::{Connection, Reply};
use crate::error::Error;

/// Makes a [`Handler`] for each connection, and hears what becomes of it.
pub trait Service {
    /// What handles a connection.
    type Handler: Handler;

    /// A connection from `peer` has been accepted.
    fn accepted(&mut self, peer: SocketAddr) -> Self::Handler;

    /// Its handshake is done.
    fn ready(&mut self, peer: SocketAddr, connection: &Connection) {
        let _ = (peer, connection);
    }

    /// None could be accepted, mostly for want of file descriptors. The loop tries again by itself.
    fn accept_failed(&mut self, error: &io::Error) {
        let _ = error;
    }

    /// It has ended.
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

/// What is done with one connection. It never waits: it takes what comes, and gives when there is room.
pub trait Handler {
    /// Takes data that has come. As much in answer always fits.
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error>;

    /// There is room to send, for a record at least. Called until it has sent nothing, whenever the connection has its turn.
    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        let _ = reply;
        Ok(())
    }

    /// The peer has said that it sends no more. When this returns, this side says the same.
    fn on_peer_closed(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        let _ = reply;
        Ok(())
    }
}

impl<H: Handler + ?Sized> Handler for Box<H> {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        (**self).on_data(data, reply)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        (**self).on_writable(reply)
    }

    fn on_peer_closed(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        (**self).on_peer_closed(reply)
    }
}

/// Whether data buys its connection more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It does.
    Progress,
    /// It is a piece of something that has to be whole within the time that runs already.
    Partial,
}

/// How a connection ended.
#[derive(Debug)]
pub enum CloseReason {
    /// Both sides have said that they send no more, or this side has and the peer is gone.
    Done,
    /// TLS failed; the peer has been told where it is owed that.
    Tls(Error),
    /// The socket failed.
    Transport(io::Error),
    /// The handshake, a whole request, or any sign of life took too long.
    TimedOut,
    /// All places were taken, and its unfinished handshake was the oldest.
    Evicted,
    /// The loop was stopped.
    Stopped,
}

/// Sends back what comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Echo;

impl Handler for Echo {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        reply.send_all(data)?;
        Ok(Activity::Progress)
    }
}

/// Takes all that comes; at its end, answers with the number of bytes.
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
        // It is far below what always fits.
        reply.send(&[format!("received {} bytes\n", self.bytes).as_bytes()]).map(drop)
    }
}
