use std::time::Instant;

use heap_meter::Counts;
use tls_engine::conn::Progress;

use super::EndpointConfigs;
use super::ends::Endpoint;
use super::link::{Link, Role};
use super::stall::STALL;
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Stopwatch, nanoseconds};
use crate::schema::Side;

/// Two ends that have completed their handshake.
pub(super) struct EstablishedPair {
    /// The client.
    pub client: Endpoint,
    /// The server.
    pub server: Endpoint,
    /// The bytes that each end sent, client first.
    pub wire_bytes: [u64; 2],
    /// The time from the creation of the ClientHello until both ends were ready and no data was in flight.
    pub elapsed_ns: u64,
}

/// Completes a handshake between a new client and a new server of `configs` over `link`. The client is the sealing end.
pub(super) fn drive_handshake<L: Link>(
    configs: &EndpointConfigs,
    link: &mut L,
    observer: &mut impl Observer,
) -> Result<EstablishedPair, Error> {
    let began = Instant::now();
    let mut client = observer.on(Side::Client, || configs.client(0, 0))?;
    let mut server = observer.on(Side::Server, || configs.server(0, 0));
    let (mut sent, mut received) = ([0; 2], [0; 2]);
    loop {
        let to_server = transfer(link, observer, (Side::Client, &mut client), (Side::Server, &mut server))?;
        let to_client = transfer(link, observer, (Side::Server, &mut server), (Side::Client, &mut client))?;
        for (index, transferred) in [to_server, to_client].into_iter().enumerate() {
            sent[index] += transferred.sent_bytes;
            received[index] += transferred.received_bytes;
        }
        let is_ready = client.connection.is_ready() && server.connection.is_ready();
        if is_ready && client.output.is_empty() && server.output.is_empty() && sent == received {
            break;
        }
        interrupt::check()?;
        if began.elapsed() > STALL {
            return Err(Error::Failed("the handshake does not finish".to_owned()));
        }
    }
    Ok(EstablishedPair { client, server, wire_bytes: sent, elapsed_ns: nanoseconds(began, Instant::now()) })
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
    (from_side, from): (Side, &mut Endpoint),
    (to_side, to): (Side, &mut Endpoint),
) -> Result<Transferred, Error> {
    let mut unread = Stopwatch::default();
    let waiting = from.output.len();
    observer.on(from_side, || link.push(role(from_side), &mut from.output, &mut unread))?;
    observer.on(to_side, || {
        let before = to.input.len();
        link.carry(&mut from.output, &mut to.input)?;
        let is_open = link.pull(role(to_side), &mut to.input, &mut unread)?;
        let mut transferred = Transferred {
            sent_bytes: (waiting - from.output.len()) as u64,
            received_bytes: (to.input.len() - before) as u64,
            data_bytes: 0,
        };
        loop {
            match to.connection.read_tls(&mut to.input, &mut to.output)? {
                Progress::Data(data) => transferred.data_bytes += data.len(),
                Progress::Advanced => {}
                Progress::NeedInput if is_open => return Ok(transferred),
                Progress::NeedInput | Progress::Closed => {
                    to.connection.end_of_input()?;
                    return Ok(transferred);
                }
            }
        }
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
        result
    }
}
