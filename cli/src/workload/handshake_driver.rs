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
    /// How often each end sent something after the other had, client first.
    pub flights: [u64; 2],
    /// Whether the server sent a HelloRetryRequest, as its bytes say.
    pub hello_retry: bool,
    /// The time from the creation of the ClientHello until both ends were ready and no data was in flight.
    pub elapsed_ns: u64,
}

/// Completes a handshake between a new client of one library and a new server of the other over `link`, which are the same but
/// for their configurations. The client is the sealing end.
pub(super) fn drive_handshake<T: Library, L: Link>(
    (client, server): (&T, &T),
    link: &mut L,
    observer: &mut impl Observer,
) -> Result<EstablishedPair<T::Client, T::Server>, Error> {
    let mut conversation = Conversation::begin((client, server), observer, |_| ())?;
    conversation.finish(link, observer)?;
    Ok(conversation.established())
}

/// Two ends in the middle of their handshake.
pub(super) struct Conversation<C, S> {
    pub client: C,
    pub server: S,
    /// The bytes that each end sent, and that the other one has received, client first.
    sent: [u64; 2],
    received: [u64; 2],
    flights: [u64; 2],
    /// Which end sent something last.
    last_sender: Option<usize>,
    hello_retry: bool,
    began: Instant,
}

impl<C: Endpoint, S: Endpoint> Conversation<C, S> {
    /// A new client, which is passed to `on_client`, and a new server.
    pub(super) fn begin<T: Library<Client = C, Server = S>>(
        (client, server): (&T, &T),
        observer: &mut impl Observer,
        on_client: impl FnOnce(&C),
    ) -> Result<Self, Error> {
        let began = Instant::now();
        let client = observer.on(Side::Client, || client.client(Room::default()))?;
        on_client(&client);
        let server = observer.on(Side::Server, || server.server(Room::default()))?;
        let (sent, received, flights) = ([0; 2], [0; 2], [0; 2]);
        Ok(Self { client, server, sent, received, flights, last_sender: None, hello_retry: false, began })
    }

    /// Lets the server read what the client has to send.
    pub(super) fn server_reads(
        &mut self,
        link: &mut impl Link,
        observer: &mut impl Observer,
    ) -> Result<Transferred, Error> {
        let moved = transfer(link, observer, (Side::Client, &mut self.client), (Side::Server, &mut self.server))?;
        self.note(0, moved);
        self.hello_retry |= self.asks_again();
        Ok(moved)
    }

    /// Lets the client read what the server has to send.
    pub(super) fn client_reads(
        &mut self,
        link: &mut impl Link,
        observer: &mut impl Observer,
    ) -> Result<Transferred, Error> {
        let moved = transfer(link, observer, (Side::Server, &mut self.server), (Side::Client, &mut self.client))?;
        self.note(1, moved);
        Ok(moved)
    }

    fn note(&mut self, from: usize, moved: Transferred) {
        if moved.sent_bytes > 0 && self.last_sender.replace(from) != Some(from) {
            self.flights[from] += 1;
        }
        self.sent[from] += moved.sent_bytes;
        self.received[from] += moved.received_bytes;
    }

    /// Whether the server has a HelloRetryRequest to send.
    pub(super) fn asks_again(&self) -> bool {
        is_hello_retry(self.server.outgoing())
    }

    /// Fails if the program should end, or if it takes too long.
    pub(super) fn check_time(&self) -> Result<(), Error> {
        interrupt::check()?;
        if self.began.elapsed() > STALL {
            return Err(Error::Failed("the handshake does not finish".to_owned()));
        }
        Ok(())
    }

    /// Goes on until both ends are ready and no data is in flight.
    pub(super) fn finish(&mut self, link: &mut impl Link, observer: &mut impl Observer) -> Result<(), Error> {
        loop {
            self.server_reads(link, observer)?;
            self.client_reads(link, observer)?;
            let is_ready = !self.client.is_handshaking() && !self.server.is_handshaking();
            let is_quiet = self.client.outgoing().is_empty() && self.server.outgoing().is_empty();
            if is_ready && is_quiet && self.sent == self.received {
                return Ok(());
            }
            self.check_time()?;
        }
    }

    /// The ends once they are ready, which is now.
    pub(super) fn established(self) -> EstablishedPair<C, S> {
        let elapsed_ns = nanoseconds(self.began, Instant::now());
        let Self { client, server, sent, flights, hello_retry, .. } = self;
        EstablishedPair { client, server, wire_bytes: sent, flights, hello_retry, elapsed_ns }
    }
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
