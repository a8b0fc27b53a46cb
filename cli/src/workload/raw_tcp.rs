//! Plain TCP with the same bytes in the same batches as the engine: what the transport can do on its own.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use tls_engine::io::Socket;

use super::stall::Stall;
use super::verifier::Verifier;
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Batches, Layout, Part, Pattern, Sample, Stopwatch};

/// The sending end.
pub(super) struct RawSender {
    socket: Socket,
    layout: Layout,
    pattern: Arc<Pattern>,
    position: u64,
    batches: Batches,
    /// The remaining bytes of the current batch.
    left: usize,
}

/// The receiving end, which checks what arrives.
pub(super) struct RawReceiver {
    socket: Socket,
    buffer: Vec<u8>,
    verifier: Verifier,
}

/// Both ends, driven by one thread. The sockets must be non-blocking.
pub(super) struct RawPair {
    /// The sending end.
    pub sender: RawSender,
    /// The receiving end.
    pub receiver: RawReceiver,
}

impl RawSender {
    /// An end that sends `pattern` in the batches of `layout`.
    pub(super) fn new(socket: Socket, layout: Layout, pattern: Arc<Pattern>) -> Self {
        Self { socket, layout, pattern, position: 0, batches: layout.batches(0), left: 0 }
    }

    /// Starts a block of `writes` writes.
    pub(super) fn begin(&mut self, writes: u64) {
        self.batches = self.layout.batches(writes);
        self.left = 0;
    }

    /// Sends a new batch or the rest of one in a single call. Returns `false` once the block is complete.
    pub(super) fn send_some(&mut self) -> Result<bool, Error> {
        if self.left == 0 {
            let Some(batch) = self.batches.next() else { return Ok(false) };
            self.left = batch.bytes();
        }
        match self.socket.write(self.pattern.at(self.position, self.left)) {
            Ok(count) => {
                self.left -= count;
                self.position += count as u64;
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(true),
            Err(error) => Err(Error::io("sending plain TCP", error)),
        }
    }

    /// The number of bytes sent so far.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// The socket.
    pub(super) const fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl RawReceiver {
    /// An end that receives through a buffer of `buffer_bytes`.
    pub(super) fn new(socket: Socket, buffer_bytes: usize, verifier: Verifier) -> Self {
        Self { socket, buffer: vec![0; buffer_bytes], verifier }
    }

    /// Starts a block of `bytes`.
    pub(super) fn begin(&mut self, bytes: u64) {
        self.verifier.expect(bytes);
    }

    /// Receives what a single call returns, while `watch` runs.
    pub(super) fn receive_some(&mut self, watch: &mut Stopwatch) -> Result<(), Error> {
        watch.start();
        let received = self.socket.read(&mut self.buffer);
        let accepted = match received {
            Ok(0) => Err(Error::Failed("plain TCP ended too early".to_owned())),
            Ok(count) => self.verifier.accept(&self.buffer[..count], watch),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
            Err(error) => Err(Error::io("receiving plain TCP", error)),
        };
        watch.stop();
        accepted
    }

    /// The check of what arrives.
    pub(super) const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The socket.
    pub(super) const fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl RawPair {
    /// Makes both sockets non-blocking, as one thread needs them.
    pub(super) fn set_nonblocking(&self) -> Result<(), Error> {
        for socket in [&self.sender.socket, &self.receiver.socket] {
            socket.set_nonblocking(true).map_err(|error| Error::io("setting up a socket", error))?;
        }
        Ok(())
    }

    /// Moves `writes` writes of `write_bytes` from one end to the other.
    pub(super) fn run(&mut self, writes: u64, write_bytes: u64) -> Result<Sample, Error> {
        let syscalls = [self.sender.socket.syscalls().total(), self.receiver.socket.syscalls().total()];
        let bytes = writes * write_bytes;
        self.sender.begin(writes);
        self.receiver.begin(bytes);
        let (mut send_watch, mut receive_watch, mut stall) =
            (Stopwatch::default(), Stopwatch::default(), Stall::default());
        let mut is_sending = true;
        while is_sending || self.receiver.verifier.missing() > 0 {
            if is_sending {
                send_watch.start();
                is_sending = self.sender.send_some()?;
                send_watch.stop();
            }
            if self.receiver.verifier.missing() > 0 {
                self.receiver.receive_some(&mut receive_watch)?;
            }
            stall.check(self.receiver.verifier.position())?;
            interrupt::check()?;
        }
        self.receiver.verifier.check_complete()?;
        let part = |watch: &Stopwatch, syscalls| Part {
            bytes,
            elapsed_ns: watch.total_ns(),
            cpu_ns: watch.cpu_ns(),
            syscalls,
            ..Part::default()
        };
        let send = part(&send_watch, self.sender.socket.syscalls().total() - syscalls[0]);
        let receive = part(&receive_watch, self.receiver.socket.syscalls().total() - syscalls[1]);
        let total_ns = Some(send.elapsed_ns + receive.elapsed_ns);
        Ok(Sample { send: Some(send), receive: Some(receive), total_ns })
    }
}
