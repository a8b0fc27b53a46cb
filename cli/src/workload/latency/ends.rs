//! One end of a conversation over a socket: TLS, or plain TCP as what it is held against.

use std::io::{ErrorKind, Read, Write};

use tls_engine::io::{Filled, Socket};

use super::message::Message;
use crate::error::Error;
use crate::library::{Endpoint, Received, fill, flush, write_failure};

/// One end. Its calls block if its socket does.
pub(super) trait End: Send {
    /// Sends what it can of `message` from `done` on. Returns whether all of it is sent.
    fn push(&mut self, message: &[u8], done: &mut usize) -> Result<bool, Error>;

    /// Receives once, and adds the data to `message`. Returns whether anything has arrived.
    fn pull(&mut self, message: &mut Message) -> Result<bool, Error>;

    /// The system calls so far.
    fn syscalls(&self) -> u64;

    /// Ends the conversation. That is only polite, and may fail.
    fn close(&mut self) {}
}

/// TLS over a socket. A message is sealed as a whole, in as many records as it takes (RFC 8446 5.1: up to 2^14 bytes in each), and
/// what is sealed is sent by one call.
pub(super) struct TlsEnd<E> {
    /// The connection, after its handshake.
    pub endpoint: E,
    /// Its socket.
    pub socket: Socket,
}

impl<E: Endpoint> End for TlsEnd<E> {
    fn push(&mut self, message: &[u8], done: &mut usize) -> Result<bool, Error> {
        loop {
            if *done < message.len() {
                let taken = self.endpoint.send(&message[*done..])?;
                *done += taken;
                if taken == 0 && self.endpoint.outgoing().is_empty() {
                    return Err(Error::Failed("the library takes no more data".to_owned()));
                }
            }
            match flush(&mut self.endpoint, &mut self.socket) {
                // A key update can take the room of a part of the message.
                Ok(true) if *done < message.len() => {}
                Ok(is_sent) => return Ok(is_sent),
                Err(error) => return Err(write_failure(&mut self.endpoint, &mut self.socket, error)),
            }
        }
    }

    fn pull(&mut self, message: &mut Message) -> Result<bool, Error> {
        match fill(&mut self.endpoint, &mut self.socket).map_err(|error| Error::io("receiving", error))? {
            Filled::Bytes(_) | Filled::Full => {}
            Filled::WouldBlock => return Ok(false),
            Filled::End => {
                self.endpoint.end_of_input()?;
                return Err(closed());
            }
        }
        match self.endpoint.receive(|data| message.take(data)) {
            Ok(Received::NeedsInput) => Ok(true),
            Ok(Received::Closed) => Err(closed()),
            Err(error) => {
                // Sending the alert is best effort: the error is reported whether or not the alert arrives.
                let _ = flush(&mut self.endpoint, &mut self.socket);
                Err(error)
            }
        }
    }

    fn syscalls(&self) -> u64 {
        self.socket.syscalls().total()
    }

    fn close(&mut self) {
        let _ = self.endpoint.close().and_then(|()| {
            flush(&mut self.endpoint, &mut self.socket).map(drop).map_err(|error| Error::io("sending", error))
        });
    }
}

/// Plain TCP: the same bytes, written and read where they are.
pub(super) struct RawEnd(pub Socket);

impl End for RawEnd {
    fn push(&mut self, message: &[u8], done: &mut usize) -> Result<bool, Error> {
        while *done < message.len() {
            match self.0.write(&message[*done..]) {
                Ok(count) => *done += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if would_wait(&error) => return Ok(false),
                Err(error) => return Err(Error::io("sending plain TCP", error)),
            }
        }
        Ok(true)
    }

    fn pull(&mut self, message: &mut Message) -> Result<bool, Error> {
        match self.0.read(message.spare()) {
            Ok(0) => Err(closed()),
            Ok(count) => {
                message.filled(count);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted || would_wait(&error) => Ok(false),
            Err(error) => Err(Error::io("receiving plain TCP", error)),
        }
    }

    fn syscalls(&self) -> u64 {
        self.0.syscalls().total()
    }
}

/// A blocking socket whose timeout has passed returns the first on Linux, and the second elsewhere.
fn would_wait(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The other end has gone, which no message says.
fn closed() -> Error {
    Error::io("waiting for a message", ErrorKind::UnexpectedEof.into())
}
