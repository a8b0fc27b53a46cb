use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use tls_engine::io::Socket;

use crate::interrupt;

/// How often a waiting call checks for Ctrl-C and for its deadline.
const POLL: Duration = Duration::from_millis(100);

/// A socket whose calls wait until a deadline or Ctrl-C, and no longer. Both end in [`ErrorKind::TimedOut`].
///
/// The deadline applies to all calls until the next one is set, so a peer can't extend it by sending a byte now and
/// then.
pub struct DeadlineSocket {
    socket: Socket,
    deadline: Cell<Option<Instant>>,
    traffic: Traffic,
}

/// Bytes that a socket has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What was written.
    pub sent_bytes: u64,
    /// What was read.
    pub received_bytes: u64,
}

impl DeadlineSocket {
    /// Calls do not wait until a deadline is set.
    pub fn new(socket: Socket) -> io::Result<Self> {
        socket.tcp().set_read_timeout(Some(POLL))?;
        socket.tcp().set_write_timeout(Some(POLL))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, deadline: Cell::new(None), traffic: Traffic::default() })
    }

    /// Makes calls wait until `deadline`; with `None` they do not wait.
    pub fn wait_until(&self, deadline: Option<Instant>) -> io::Result<()> {
        if deadline.is_some() != self.deadline.get().is_some() {
            self.socket.set_nonblocking(deadline.is_none())?;
        }
        self.deadline.set(deadline);
        Ok(())
    }

    /// The underlying socket.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// What it has carried so far.
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    fn patiently(&mut self, mut call: impl FnMut(&mut Socket) -> io::Result<usize>) -> io::Result<usize> {
        let Some(deadline) = self.deadline.get() else { return call(&mut self.socket) };
        loop {
            if Instant::now() >= deadline || interrupt::requested() {
                return Err(ErrorKind::TimedOut.into());
            }
            match call(&mut self.socket) {
                // A timeout is reported as `WouldBlock` on Linux and as `TimedOut` elsewhere.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                result => return result,
            }
        }
    }
}

impl Read for DeadlineSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.patiently(|socket| socket.read(buffer))?;
        self.traffic.received_bytes += count as u64;
        Ok(count)
    }
}

impl Write for DeadlineSocket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.patiently(|socket| socket.write(data))?;
        self.traffic.sent_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
