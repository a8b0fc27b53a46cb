use std::time::Instant;

use heap_meter::Counts;
use tls_engine::codes::{ContentType, HandshakeType};
use tls_engine::internal::msgs::HELLO_RETRY_REQUEST_RANDOM;
use tls_engine::limits::{HANDSHAKE_HEADER, RECORD_HEADER};

use super::link::{Link, Memory, Role};
use super::stall::STALL;
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, Library, Received, Room};
use crate::measure::{Stopwatch, nanoseconds};
use crate::schema::Side;

/// Two ends that have completed their handshake.
pub(super) struct EstablishedPair<C, S> {
    /// The client.
    pub client: C,
    /// The server.
    pub server: S,
    /// The bytes that each end sent, client first.
    pub wire_bytes: [u64; 2],
    /// Whether the server sent a HelloRetryRequest, as its bytes say.
    pub hello_retry: bool,
    /// The time from the creation of the ClientHello until both ends were ready and no data was in flight.
    pub elapsed_ns: u64,
}

/// Completes a handshake between a new client and a new server of `library` over `link`. The client is the sealing end.
pub(super) fn drive_handshake<T: Library, L: Link>(
    library: &T,
    link: &mut L,
    observer: &mut impl Observer,
) -> Result<EstablishedPair<T::Client, T::Server>, Error> {
    let began = Instant::now();
    let mut client = observer.on(Side::Client, || library.client(Room::default()))?;
    let mut server = observer.on(Side::Server, || library.server(Room::default()))?;
    let (mut sent, mut received) = ([0; 2], [0; 2]);
    let mut hello_retry = false;
    loop {
        let to_server = transfer(link, observer, (Side::Client, &mut client), (Side::Server, &mut server))?;
        hello_retry |= is_hello_retry(server.outgoing());
        let to_client = transfer(link, observer, (Side::Server, &mut server), (Side::Client, &mut client))?;
        for (index, transferred) in [to_server, to_client].into_iter().enumerate() {
            sent[index] += transferred.sent_bytes;
            received[index] += transferred.received_bytes;
        }
        let is_ready = !client.is_handshaking() && !server.is_handshaking();
        if is_ready && client.outgoing().is_empty() && server.outgoing().is_empty() && sent == received {
            break;
        }
        interrupt::check()?;
        if began.elapsed() > STALL {
            return Err(Error::Failed("the handshake does not finish".to_owned()));
        }
    }
    let elapsed_ns = nanoseconds(began, Instant::now());
    Ok(EstablishedPair { client, server, wire_bytes: sent, hello_retry, elapsed_ns })
}

/// Whether a record of a HelloRetryRequest is the first of these bytes: a ServerHello with its random (RFC 8446 4.1.3).
fn is_hello_retry(bytes: &[u8]) -> bool {
    // The legacy version comes before the random.
    let random = RECORD_HEADER + HANDSHAKE_HEADER + 2;
    bytes.first() == Some(&ContentType::HANDSHAKE.0)
        && bytes.get(RECORD_HEADER) == Some(&HandshakeType::SERVER_HELLO.0)
        && bytes.get(random..).is_some_and(|rest| rest.starts_with(&HELLO_RETRY_REQUEST_RANDOM))
}

impl<C: Endpoint, S: Endpoint> EstablishedPair<C, S> {
    /// Moves the client's `request` and the server's `answer` in memory. Then both ends give back what an idle connection
    /// does not need.
    pub(super) fn rest_after(
        &mut self,
        request: &[u8],
        answer: &[u8],
        observer: &mut impl Observer,
    ) -> Result<(), Error> {
        say(request, observer, (Side::Client, &mut self.client), (Side::Server, &mut self.server))?;
        say(answer, observer, (Side::Server, &mut self.server), (Side::Client, &mut self.client))?;
        observer.on(Side::Client, || self.client.release_buffers());
        observer.on(Side::Server, || self.server.release_buffers());
        Ok(())
    }
}

/// Moves `data` in memory, all of it at once.
fn say(
    data: &[u8],
    observer: &mut impl Observer,
    (from_side, from): (Side, &mut impl Endpoint),
    (to_side, to): (Side, &mut impl Endpoint),
) -> Result<(), Error> {
    let sent = observer.on(from_side, || from.send(data))?;
    let mut arrived = 0;
    while !from.outgoing().is_empty() {
        let transferred = transfer(&mut Memory, observer, (from_side, &mut *from), (to_side, &mut *to))?;
        arrived += transferred.data_bytes;
        if transferred == Transferred::default() {
            break;
        }
    }
    if (sent, arrived) == (data.len(), data.len()) {
        Ok(())
    } else {
        Err(Error::Failed("the data after the handshake is not what was sent".to_owned()))
    }
}

/// What one end sent to the other in one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Transferred {
    /// Bytes sent on the wire.
    pub sent_bytes: u64,
    /// Bytes received from the wire.
    pub received_bytes: u64,
    /// Application data among the bytes that were read.
    pub data_bytes: usize,
}

/// Lets `to` read what `from` has to send. Carrying the bytes over counts as the reader's work.
pub(super) fn transfer<L: Link>(
    link: &mut L,
    observer: &mut impl Observer,
    (from_side, from): (Side, &mut impl Endpoint),
    (to_side, to): (Side, &mut impl Endpoint),
) -> Result<Transferred, Error> {
    let mut unread = Stopwatch::default();
    let waiting = from.outgoing().len();
    observer.on(from_side, || link.push(role(from_side), from, &mut unread))?;
    observer.on(to_side, || {
        let before = to.unprocessed();
        link.carry(from, to)?;
        let is_open = link.pull(role(to_side), to, &mut unread)?;
        let mut transferred = Transferred {
            sent_bytes: (waiting - from.outgoing().len()) as u64,
            received_bytes: (to.unprocessed() - before) as u64,
            data_bytes: 0,
        };
        let received = to.receive(|data| {
            transferred.data_bytes += data.len();
            Ok(())
        })?;
        if received == Received::Closed || !is_open {
            to.end_of_input()?;
        }
        Ok(transferred)
    })
}

const fn role(side: Side) -> Role {
    if matches!(side, Side::Client) { Role::Sealing } else { Role::Opening }
}

/// Observes each step of a connection, with the side that does it.
pub(super) trait Observer {
    /// Runs a step of `side`.
    fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T;
}

/// Observes nothing.
pub(super) struct Unobserved;

impl Observer for Unobserved {
    fn on<T>(&mut self, _: Side, step: impl FnOnce() -> T) -> T {
        step()
    }
}

/// Times each side's steps.
#[derive(Default)]
pub(super) struct SideStopwatches {
    pub client: Stopwatch,
    pub server: Stopwatch,
}

impl Observer for SideStopwatches {
    fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T {
        let watch = if side == Side::Client { &mut self.client } else { &mut self.server };
        watch.start();
        let result = step();
        watch.stop();
        result
    }
}

/// Counts heap calls.
#[derive(Default)]
pub(super) struct SideCounts {
    pub client: Counts,
    pub server: Counts,
}

impl Observer for SideCounts {
    fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T {
        let (result, counts) = heap_meter::count(step);
        let tally = if side == Side::Client { &mut self.client } else { &mut self.server };
        tally.rust_calls += counts.rust_calls;
        tally.rust_bytes += counts.rust_bytes;
        tally.c_calls += counts.c_calls;
        tally.c_bytes += counts.c_bytes;
        tally.live_bytes += counts.live_bytes;
        result
    }
}
