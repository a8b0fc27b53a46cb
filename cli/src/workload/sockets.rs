use std::net::Ipv4Addr;

use tls_engine::io::{Filled, Listener, Socket, SocketOptions};

use super::link::{Link, Role};
use crate::error::Error;
use crate::library::{Endpoint, fill, flush};
use crate::measure::Stopwatch;

/// Two ends of a TCP connection on this machine: the one that connected, and the one that accepted.
pub(super) fn loopback(options: &SocketOptions) -> Result<(Socket, Socket), Error> {
    let connect = || {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), *options)?;
        let connected = Socket::connect(listener.local_addr()?, options)?;
        // The backlog holds the connection until it is accepted, so one thread can do both.
        let (accepted, _) = listener.accept()?;
        Ok((connected, accepted))
    };
    connect().map_err(|error| Error::io("connecting over loopback", error))
}

/// Two sockets that one thread serves in turn, without ever blocking on either.
pub(super) struct Sockets {
    sealing: Socket,
    opening: Socket,
}

impl Sockets {
    /// Takes the sockets of the two ends.
    pub(super) fn new(sealing: Socket, opening: Socket) -> Result<Self, Error> {
        for socket in [&sealing, &opening] {
            socket.set_nonblocking(true).map_err(|error| Error::io("setting up a socket", error))?;
        }
        Ok(Self { sealing, opening })
    }

    /// Returns the sockets, which are non-blocking.
    pub(super) fn into_sockets(self) -> (Socket, Socket) {
        (self.sealing, self.opening)
    }

    const fn of(&mut self, end: Role) -> &mut Socket {
        match end {
            Role::Sealing => &mut self.sealing,
            Role::Opening => &mut self.opening,
        }
    }
}

impl Link for Sockets {
    fn push(&mut self, role: Role, from: &mut impl Endpoint, watch: &mut Stopwatch) -> Result<(), Error> {
        if from.outgoing().is_empty() {
            return Ok(());
        }
        watch.start();
        let flushed = flush(from, self.of(role));
        watch.stop();
        flushed.map(drop).map_err(|error| Error::io("sending", error))
    }

    fn carry(&mut self, _: &mut impl Endpoint, _: &mut impl Endpoint) -> Result<(), Error> {
        Ok(())
    }

    fn pull(&mut self, role: Role, to: &mut impl Endpoint, watch: &mut Stopwatch) -> Result<bool, Error> {
        watch.start();
        let filled = fill(to, self.of(role));
        watch.stop();
        filled.map(|filled| filled != Filled::End).map_err(|error| Error::io("receiving", error))
    }

    fn syscalls(&self, end: Role) -> u64 {
        match end {
            Role::Sealing => self.sealing.syscalls().total(),
            Role::Opening => self.opening.syscalls().total(),
        }
    }
}
