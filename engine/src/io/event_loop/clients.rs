use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;
use std::{fmt, io};

use rustls_pki_types::ServerName;

use super::dialing::Dialing;
use super::handler::{CloseReason, Handler};
use super::parts::LoopParts;
use super::{LoopOptions, LoopStatistics, Stopper};
use crate::conn::{ClientConfig, Connection, Reply};
use crate::error::Error;
use crate::io::SocketOptions;

/// Says which connections a loop of clients begins, and is told what becomes of them. Its methods must not block.
pub trait Clients {
    /// The handler of a connection.
    type Handler: Handler;

    /// What to do next, while there are `open` connections, those included that TCP has not connected yet. The loop asks again until it is
    /// told to wait, and whenever a connection has ended.
    fn dial(&mut self, open: usize, now: Instant) -> Dial<Self::Handler>;

    /// TCP has connected.
    fn connected(&mut self, handler: &mut Self::Handler) {
        let _ = handler;
    }

    /// The ClientHello is about to be sent. Early data may go with it ([`Reply::send_early_data`]).
    ///
    /// # Errors
    /// An error fails the connection.
    fn begun(&mut self, handler: &mut Self::Handler, reply: &mut Reply<'_>) -> Result<(), Error> {
        let _ = (handler, reply);
        Ok(())
    }

    /// The handshake has completed, and the client's last flight is on its way.
    fn ready(&mut self, handler: &mut Self::Handler, connection: &Connection) {
        let _ = (handler, connection);
    }

    /// The connection has ended; `None` is one that TCP did not connect.
    fn ended(&mut self, handler: Self::Handler, connection: Option<&Connection>, reason: &CloseReason);
}

impl<C: Clients> Clients for &mut C {
    type Handler = C::Handler;

    fn dial(&mut self, open: usize, now: Instant) -> Dial<Self::Handler> {
        (**self).dial(open, now)
    }

    fn connected(&mut self, handler: &mut Self::Handler) {
        (**self).connected(handler);
    }

    fn begun(&mut self, handler: &mut Self::Handler, reply: &mut Reply<'_>) -> Result<(), Error> {
        (**self).begun(handler, reply)
    }

    fn ready(&mut self, handler: &mut Self::Handler, connection: &Connection) {
        (**self).ready(handler, connection);
    }

    fn ended(&mut self, handler: Self::Handler, connection: Option<&Connection>, reason: &CloseReason) {
        (**self).ended(handler, connection, reason);
    }
}

/// What a loop of clients does next.
#[derive(Debug)]
pub enum Dial<H> {
    /// It begins this connection, and asks again.
    Begin(Call<H>),
    /// It asks again at this time, or when a connection has ended.
    At(Instant),
    /// It asks again when a connection has ended.
    Wait,
    /// It begins no more connections, and ends when the last one has.
    Over,
}

/// A connection to begin.
pub struct Call<H> {
    /// The server's address.
    pub address: SocketAddr,
    /// This side's address. The system chooses one where there is none, and always the port.
    pub bind: Option<IpAddr>,
    /// How TLS is configured.
    pub config: Arc<ClientConfig>,
    /// The server's name.
    pub name: ServerName<'static>,
    /// What handles the connection.
    pub handler: H,
}

impl<H> fmt::Debug for Call<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, bind, name, .. } = self;
        f.debug_struct("Call").field("address", address).field("bind", bind).field("name", name).finish_non_exhaustive()
    }
}

/// A loop of clients, before it runs.
pub struct ClientLoop {
    parts: LoopParts,
    sockets: SocketOptions,
}

impl ClientLoop {
    /// A loop on one thread.
    pub fn new(sockets: SocketOptions, options: &LoopOptions) -> io::Result<Self> {
        let mut loops = Self::group(sockets, options, NonZeroUsize::MIN)?;
        // There is one for each.
        loops.pop().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// Several `loops`, each of which has to be run by a thread of its own, with clients of its own. They share the threads for jobs, and
    /// a [`Stopper`]. Of `options`, what concerns accepting has no meaning here; [`LoopOptions::handshake_timeout`] is for TCP and TLS
    /// each.
    pub fn group(sockets: SocketOptions, options: &LoopOptions, loops: NonZeroUsize) -> io::Result<Vec<Self>> {
        Ok(LoopParts::group(options, loops)?.into_iter().map(|parts| Self { parts, sockets }).collect())
    }

    /// A handle that stops this loop and all others of its group.
    pub fn stopper(&self) -> Stopper {
        self.parts.stopper()
    }

    /// Runs until `clients` say that it is over, or until it is stopped. Fails only where the poll does. Then the other loops of the group
    /// end, too.
    pub fn run(self, clients: impl Clients) -> io::Result<LoopStatistics> {
        self.parts.run(Dialing::new(clients, self.sockets))
    }
}
