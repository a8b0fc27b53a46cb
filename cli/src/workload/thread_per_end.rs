use std::io;
use std::time::{Duration, Instant};

use tls_engine::io::{Filled, Socket};

use super::ends::{OpeningEnd, SealingEnd};
use super::one_thread::{no_such_lane, raw_aead};
use super::raw_tcp::{RawReceiver, RawSender};
use super::worker_pool::{Lane, Worker};
use crate::clock::{thread_cpu_ns, thread_waits};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, Negotiated, Received, fill, flush, write_failure};
use crate::measure::{Method, Part, RawAead, Sample, Stopwatch, nanoseconds};

/// The longest time that a call on an end's socket blocks before the end checks for an interrupt.
pub(super) const LOOK: Duration = Duration::from_millis(250);
/// How long an end waits for its peer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that an end may give after close_notify: a number of bytes, and a line break.
const LAST_WORDS_MAX: usize = 64;

/// The sealing end, with a thread of its own and a socket that blocks for up to [`LOOK`].
pub(super) struct SealingThread<E> {
    /// The library's end.
    pub end: SealingEnd<E>,
    /// Its socket.
    pub socket: Socket,
    /// Plain TCP over the same transport.
    pub raw_tcp: Option<RawSender>,
    /// The AEAD alone.
    pub aead: RawAead,
    /// Whether the other end answers close_notify with the number of bytes that it received.
    pub wants_receipt: bool,
}

/// The opening end, with a thread of its own and a socket that blocks for up to [`LOOK`].
pub(super) struct OpeningThread<E> {
    /// The library's end.
    pub end: OpeningEnd<E>,
    /// Its socket.
    pub socket: Socket,
    /// Plain TCP over the same transport.
    pub raw_tcp: Option<RawReceiver>,
    /// The AEAD alone.
    pub aead: RawAead,
    /// The length of a write, bytes.
    pub write_bytes: u64,
    /// Whether the sender knows nothing of blocks, and sends until close_notify.
    pub is_endless: bool,
}

impl<E: Endpoint> Worker for SealingThread<E> {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        handshake(&mut self.end.endpoint, &mut self.socket)
    }

    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
        let send = match lane {
            Lane::Tls => Some(self.run_tls(writes)?),
            Lane::Counted => {
                self.end.count_heap(true);
                let part = self.run_tls(writes);
                self.end.count_heap(false);
                Some(part?)
            }
            Lane::RawTcp => Some(self.run_raw_tcp(writes)?),
            Lane::RawAeadInPlace => raw_aead(&mut self.aead, Method::InPlace, writes)?.send,
            Lane::RawAeadOutOfPlace => raw_aead(&mut self.aead, Method::OutOfPlace, writes)?.send,
        };
        Ok(Sample { send, ..Sample::default() })
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.end.endpoint.close()?;
        send_all(&mut self.end.endpoint, &mut self.socket)?;
        // Whatever the other end sends must be read, or a reset of the connection would discard data still in flight.
        let mut last_words = Vec::new();
        until_closed(&mut self.end.endpoint, &mut self.socket, |words| {
            last_words.extend_from_slice(words);
            if last_words.len() > LAST_WORDS_MAX { not_a_sink() } else { Ok(()) }
        })?;
        if self.wants_receipt { check_receipt(&last_words, self.end.position()) } else { Ok(()) }
    }
}

impl<E: Endpoint> SealingThread<E> {
    fn run_tls(&mut self, writes: u64) -> Result<Part, Error> {
        receive_waiting(&mut self.end.endpoint, &mut self.socket)?;
        self.end.begin(writes);
        let block = Block::begin(&self.socket);
        let mut watch = Stopwatch::default();
        while self.end.seal_batch(&mut watch)? {
            interrupt::check()?;
            send_all(&mut self.end.endpoint, &mut self.socket)?;
        }
        Ok(block.end(&self.socket, &watch, self.end.counted()))
    }

    fn run_raw_tcp(&mut self, writes: u64) -> Result<Part, Error> {
        let sender = self.raw_tcp.as_mut().ok_or_else(no_such_lane)?;
        let before = sender.position();
        sender.begin(writes);
        let block = Block::begin(sender.socket());
        while sender.send_some()? {
            interrupt::check()?;
        }
        let counted = Part { bytes: sender.position() - before, ..Part::default() };
        Ok(block.end(sender.socket(), &Stopwatch::default(), counted))
    }
}

impl<E: Endpoint> Worker for OpeningThread<E> {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        handshake(&mut self.end.endpoint, &mut self.socket)
    }

    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
        let receive = match lane {
            Lane::Tls => Some(self.run_tls(writes)?),
            Lane::Counted => {
                self.end.count_heap(true);
                let part = self.run_tls(writes);
                self.end.count_heap(false);
                Some(part?)
            }
            Lane::RawTcp => Some(self.run_raw_tcp(writes)?),
            Lane::RawAeadInPlace => raw_aead(&mut self.aead, Method::InPlace, writes)?.receive,
            Lane::RawAeadOutOfPlace => raw_aead(&mut self.aead, Method::OutOfPlace, writes)?.receive,
        };
        // This end waits from the start of the block to its last byte, so its time is that of the whole block.
        Ok(Sample { receive, total_ns: receive.map(|part| part.elapsed_ns), ..Sample::default() })
    }

    fn finish(&mut self) -> Result<(), Error> {
        if self.is_endless {
            self.end.endpoint.close()?;
            // Whether the sender reads this does not matter: it learns of the end when the connection closes.
            return send_all(&mut self.end.endpoint, &mut self.socket);
        }
        until_closed(&mut self.end.endpoint, &mut self.socket, |_| {
            Err(Error::Failed("more bytes were received than sent".to_owned()))
        })?;
        self.end.endpoint.close()?;
        send_all(&mut self.end.endpoint, &mut self.socket)
    }
}

impl<E: Endpoint> OpeningThread<E> {
    fn run_tls(&mut self, writes: u64) -> Result<Part, Error> {
        self.end.begin(writes);
        let block = Block::begin(&self.socket);
        let mut watch = Stopwatch::default();
        while self.end.verifier.missing() > 0 {
            interrupt::check()?;
            fill_some(&mut self.end.endpoint, &mut self.socket)?;
            let opened = self.end.open_waiting(&mut watch);
            if opened.is_err() {
                // Sending the alert is best effort: the error is reported whether or not the alert arrives.
                let _ = flush(&mut self.end.endpoint, &mut self.socket);
            }
            let is_closed = opened?;
            if !self.end.endpoint.outgoing().is_empty() {
                send_all(&mut self.end.endpoint, &mut self.socket)?;
            }
            if is_closed {
                break;
            }
        }
        if !self.is_endless {
            self.end.verifier.check_complete()?;
        }
        Ok(block.end(&self.socket, &watch, self.end.counted()))
    }

    fn run_raw_tcp(&mut self, writes: u64) -> Result<Part, Error> {
        let receiver = self.raw_tcp.as_mut().ok_or_else(no_such_lane)?;
        let bytes = writes * self.write_bytes;
        receiver.begin(bytes);
        let block = Block::begin(receiver.socket());
        let mut watch = Stopwatch::default();
        while receiver.verifier().missing() > 0 {
            interrupt::check()?;
            receiver.receive_some(&mut watch)?;
        }
        receiver.verifier().check_complete()?;
        let counted = Part { bytes, compared_bytes: receiver.verifier().compared_bytes(), ..Part::default() };
        let mut part = block.end(receiver.socket(), &watch, counted);
        part.engine_ns = 0;
        Ok(part)
    }
}

/// An end's clocks and counts at the start of its block.
struct Block {
    waits: Option<u64>,
    syscalls: u64,
    cpu_ns: u64,
    began: Instant,
}

impl Block {
    fn begin(socket: &Socket) -> Self {
        // In this order, because reading the waits takes longer than reading a clock.
        let (waits, syscalls) = (thread_waits(), socket.syscalls().total());
        Self { waits, syscalls, cpu_ns: thread_cpu_ns(), began: Instant::now() }
    }

    /// The end's work since then, without its own measuring and the comparisons for which `watch` was stopped.
    fn end(&self, socket: &Socket, watch: &Stopwatch, counted: Part) -> Part {
        Part {
            elapsed_ns: nanoseconds(self.began, Instant::now()).saturating_sub(watch.excluded_ns()),
            engine_ns: watch.cpu_ns(),
            cpu_ns: (thread_cpu_ns() - self.cpu_ns).saturating_sub(watch.excluded_cpu_ns()),
            syscalls: socket.syscalls().total() - self.syscalls,
            waits: self.waits.and_then(|before| Some(thread_waits()? - before)),
            ..counted
        }
    }
}

/// Completes the handshake over a blocking socket.
pub(super) fn handshake(endpoint: &mut impl Endpoint, socket: &mut Socket) -> Result<Negotiated, Error> {
    while endpoint.is_handshaking() {
        send_all(endpoint, socket)?;
        let came_early = |_: &[u8]| Err(Error::Failed("data arrived before it was expected".to_owned()));
        if receive(endpoint, socket, came_early)? == Received::Closed {
            return Err(tls_engine::Error::Truncated.into());
        }
        if endpoint.is_handshaking() && endpoint.outgoing().is_empty() {
            fill_some(endpoint, socket)?;
        }
    }
    send_all(endpoint, socket)?;
    endpoint.negotiated().ok_or_else(|| Error::Failed("nothing was negotiated".to_owned()))
}

/// Receives data until the peer has sent close_notify.
fn until_closed(
    endpoint: &mut impl Endpoint,
    socket: &mut Socket,
    mut on_data: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    while receive(endpoint, socket, &mut on_data)? == Received::NeedsInput {
        fill_some(endpoint, socket)?;
    }
    Ok(())
}

/// Processes what has arrived at the sealing end, without waiting. A peer may refuse the handshake with an alert and go on reading,
/// and then nothing else tells that it has.
fn receive_waiting(endpoint: &mut impl Endpoint, socket: &mut Socket) -> Result<(), Error> {
    let wait = |socket: &Socket, waits: bool| {
        socket.set_nonblocking(!waits).map_err(|error| Error::io("setting up a socket", error))
    };
    wait(socket, false)?;
    let filled = fill(endpoint, socket).map_err(|error| Error::io("receiving", error));
    wait(socket, true)?;
    if filled? == Filled::WouldBlock {
        return Ok(());
    }
    receive(endpoint, socket, |_| not_a_sink()).map(drop)
}

fn not_a_sink() -> Result<(), Error> {
    Err(Error::Failed("the other end sends data: it is not a sink".to_owned()))
}

/// Processes what has been received.
fn receive(
    endpoint: &mut impl Endpoint,
    socket: &mut Socket,
    on_data: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<Received, Error> {
    let received = endpoint.receive(on_data);
    if received.is_err() {
        // Sending the alert is best effort: the error is reported whether or not the alert arrives.
        let _ = flush(endpoint, socket);
    }
    received
}

/// Waits for bytes from the peer.
fn fill_some(endpoint: &mut impl Endpoint, socket: &mut Socket) -> Result<(), Error> {
    let filled = patiently("receiving", || match fill(endpoint, socket) {
        Ok(Filled::WouldBlock) => Ok(None),
        Ok(filled) => Ok(Some(filled)),
        Err(error) => Err(Error::io("receiving", error)),
    })?;
    if filled == Filled::End { endpoint.end_of_input() } else { Ok(()) }
}

/// Sends everything that is pending. There is no time limit while the peer keeps accepting some of it.
fn send_all(endpoint: &mut impl Endpoint, socket: &mut Socket) -> Result<(), Error> {
    loop {
        let waiting = endpoint.outgoing().len();
        let is_sent = patiently("sending", || match flush(endpoint, socket) {
            Ok(is_sent) => Ok((is_sent || endpoint.outgoing().len() < waiting).then_some(is_sent)),
            Err(error) => Err(write_failure(endpoint, socket, error)),
        })?;
        if is_sent {
            return Ok(());
        }
    }
}

/// Repeats `call` until it returns something, unless there is an interrupt or [`PATIENCE`] runs out.
fn patiently<T>(doing: &str, mut call: impl FnMut() -> Result<Option<T>, Error>) -> Result<T, Error> {
    let mut since = None;
    loop {
        if let Some(done) = call()? {
            return Ok(done);
        }
        interrupt::check()?;
        if since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            return Err(Error::io(doing, io::ErrorKind::TimedOut.into()));
        }
    }
}

/// Compares the number of bytes that a sink reports with the number sent.
fn check_receipt(words: &[u8], sent_bytes: u64) -> Result<(), Error> {
    let bytes = std::str::from_utf8(words)
        .ok()
        .and_then(|words| words.strip_prefix("received ")?.strip_suffix(" bytes\n")?.parse::<u64>().ok());
    match bytes {
        Some(bytes) if bytes == sent_bytes => Ok(()),
        Some(bytes) => Err(Error::Failed(format!("{sent_bytes} bytes were sent and {bytes} received"))),
        None => Err(Error::Failed(
            "the other end did not say how many bytes it got: is it `tlsbench serve --mode sink`?".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_to_name_the_bytes_that_were_sent() {
        assert!(check_receipt(b"received 1000 bytes\n", 1000).is_ok());
        for words in [&b"received 999 bytes\n"[..], b"", b"received -1 bytes\n", b"\xff", b"received 1000 bytes"] {
            assert!(check_receipt(words, 1000).is_err(), "{words:?}");
        }
    }
}
