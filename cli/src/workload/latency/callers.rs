//! Who makes round trips, and who echoes.

use std::time::Duration;

use super::ends::End;
use super::message::{Message, Patience};
use crate::error::Error;
use crate::library::{Endpoint, Received};
use crate::workload::link::{Link, Memory};

/// What has come of a round trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trip {
    /// The echo is whole.
    Made,
    /// The connection had ended before, and there is a new one: it has to be made and timed again.
    Again,
}

/// The system calls of the ends that a caller drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) client: u64,
    /// Those of the other end, if the caller drives it too.
    pub(super) server: Option<u64>,
}

/// Makes round trips.
pub(super) trait Caller: Send {
    /// Sends `message`, and waits for all of its echo.
    fn round_trip(&mut self, message: &[u8], echo: &mut Message) -> Result<Trip, Error>;

    /// The system calls so far; `None` where there are no sockets.
    fn calls(&self) -> Option<Calls>;

    /// Ends the conversation.
    fn close(&mut self) {}
}

/// The end that echoes, for a thread of its own.
pub(super) trait Echo: Send {
    /// Waits for a message, and sends it back.
    fn echo(&mut self) -> Result<(), Error>;

    /// The system calls so far.
    fn syscalls(&self) -> u64;
}

/// Both ends in memory.
pub(super) struct InMemory<C, S> {
    pub(super) client: C,
    pub(super) server: S,
    /// What the server has received.
    pub(super) held: Message,
}

impl<C: Endpoint, S: Endpoint> Caller for InMemory<C, S> {
    fn round_trip(&mut self, message: &[u8], echo: &mut Message) -> Result<Trip, Error> {
        self.held.clear();
        carry(&mut self.client, &mut self.server, message, &mut self.held)?;
        carry(&mut self.server, &mut self.client, self.held.bytes(), echo)?;
        Ok(Trip::Made)
    }

    fn calls(&self) -> Option<Calls> {
        None
    }
}

/// Seals a message at one end, copies its records, and opens them at the other.
fn carry(
    from: &mut impl Endpoint,
    to: &mut impl Endpoint,
    message: &[u8],
    arriving: &mut Message,
) -> Result<(), Error> {
    let mut done = 0;
    while !arriving.is_whole() {
        if done < message.len() {
            done += from.send(&message[done..])?;
        }
        if from.outgoing().is_empty() {
            return Err(Error::Failed("a message does not arrive".to_owned()));
        }
        Memory.carry(from, to)?;
        if to.receive(|data| arriving.take(data))? == Received::Closed {
            return Err(Error::Failed("the other end has closed".to_owned()));
        }
    }
    Ok(())
}

/// Both ends over sockets that do not block.
pub(super) struct BothEnds<C, S> {
    pub(super) client: C,
    pub(super) server: S,
    /// What the server has received.
    pub(super) held: Message,
    pub(super) patience: Duration,
}

impl<C: End, S: End> Caller for BothEnds<C, S> {
    fn round_trip(&mut self, message: &[u8], echo: &mut Message) -> Result<Trip, Error> {
        self.held.clear();
        transfer(&mut self.client, &mut self.server, message, &mut self.held, self.patience)?;
        transfer(&mut self.server, &mut self.client, self.held.bytes(), echo, self.patience)?;
        Ok(Trip::Made)
    }

    fn calls(&self) -> Option<Calls> {
        Some(Calls { client: self.client.syscalls(), server: Some(self.server.syscalls()) })
    }

    fn close(&mut self) {
        self.client.close();
    }
}

/// Sends a message at one end and receives it at the other, in turns while it is longer than the kernel's buffers.
fn transfer(
    from: &mut impl End,
    to: &mut impl End,
    message: &[u8],
    arriving: &mut Message,
    patience: Duration,
) -> Result<(), Error> {
    let (mut done, mut patience) = (0, Patience::new(patience));
    let mut is_sent = from.push(message, &mut done)?;
    while !arriving.is_whole() {
        if !to.pull(arriving)? {
            patience.wait()?;
        }
        if !is_sent {
            is_sent = from.push(message, &mut done)?;
        }
    }
    Ok(())
}

/// The client alone: the other end has a thread of its own, or is elsewhere.
pub(super) struct Client<C> {
    pub(super) end: C,
    pub(super) patience: Duration,
}

impl<C: End> Caller for Client<C> {
    fn round_trip(&mut self, message: &[u8], echo: &mut Message) -> Result<Trip, Error> {
        push_all(&mut self.end, message, self.patience)?;
        pull_all(&mut self.end, echo, self.patience)?;
        Ok(Trip::Made)
    }

    fn calls(&self) -> Option<Calls> {
        Some(Calls { client: self.end.syscalls(), server: None })
    }

    fn close(&mut self) {
        self.end.close();
    }
}

/// The other end, in a thread of its own.
pub(super) struct Server<S> {
    pub(super) end: S,
    pub(super) held: Message,
    pub(super) patience: Duration,
}

impl<S: End> Echo for Server<S> {
    fn echo(&mut self) -> Result<(), Error> {
        self.held.clear();
        pull_all(&mut self.end, &mut self.held, self.patience)?;
        push_all(&mut self.end, self.held.bytes(), self.patience)
    }

    fn syscalls(&self) -> u64 {
        self.end.syscalls()
    }
}

/// Sends all of a message.
fn push_all(end: &mut impl End, message: &[u8], patience: Duration) -> Result<(), Error> {
    let (mut done, mut patience) = (0, Patience::new(patience));
    while !end.push(message, &mut done)? {
        patience.wait()?;
    }
    Ok(())
}

/// Waits for all of a message.
fn pull_all(end: &mut impl End, message: &mut Message, patience: Duration) -> Result<(), Error> {
    let mut patience = Patience::new(patience);
    while !message.is_whole() {
        if !end.pull(message)? {
            patience.wait()?;
        }
    }
    Ok(())
}
