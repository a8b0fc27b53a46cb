use std::time::Instant;

use super::{Pair, Work};
use crate::error::Error;
use crate::library::{Endpoint, Library};
use crate::measure::nanoseconds;
use crate::schema::quantity::PHASES;
use crate::workload::handshake_driver::{Conversation, Unobserved};
use crate::workload::link::Link;

/// The time that each phase of a connection takes, and that of all of them, in the order of [`PHASES`], nanoseconds.
pub type PhaseTimes = [u64; PHASES.len()];

const CLIENT_HELLO: usize = 0;
const SERVER_FLIGHT: usize = 1;
const FLIGHT_READ: usize = 2;
const FINISHED_READ: usize = 3;
const FIRST_BYTE: usize = 4;
const ALL: usize = 5;

/// Completes a handshake of a kind of the mix and sends the server a byte. A clock that takes no system call is read once between
/// two steps. Another ClientHello and the HelloRetryRequest before it belong to the phases of what they repeat.
pub(super) fn drive<T: Library, L: Link>(
    work: &Work<T>,
    pair: &Pair<T>,
    kind: usize,
    link: &mut L,
) -> Result<PhaseTimes, Error> {
    let ends = work.ends(pair, kind)?;
    let began = Instant::now();
    let mut since = began;
    let mut times = PhaseTimes::default();
    let mut lap = |phase: usize| {
        let now = Instant::now();
        times[phase] += nanoseconds(since, now);
        since = now;
    };
    let mut conversation = Conversation::begin(ends, &mut Unobserved, |_| lap(CLIENT_HELLO))?;
    let mut is_flight_read = false;
    // In TLS 1.2 the server's Finished comes last, and the client reads it before it sends its data.
    while conversation.client.is_handshaking() || conversation.server.is_handshaking() {
        conversation.server_reads(link, &mut Unobserved)?;
        lap(if is_flight_read { FINISHED_READ } else { SERVER_FLIGHT });
        if !conversation.client.is_handshaking() && !conversation.server.is_handshaking() {
            break;
        }
        let is_retry = conversation.asks_again();
        let read = conversation.client_reads(link, &mut Unobserved)?;
        lap(match (is_retry, is_flight_read) {
            (true, _) => CLIENT_HELLO,
            (false, false) => FLIGHT_READ,
            (false, true) => FIRST_BYTE,
        });
        is_flight_read |= !is_retry && read.received_bytes > 0;
        conversation.check_time()?;
    }
    let mut arrived = 0;
    if conversation.client.send(b"!")? == 1 {
        while arrived == 0 {
            arrived = conversation.server_reads(link, &mut Unobserved)?.data_bytes;
            conversation.check_time()?;
        }
    }
    lap(FIRST_BYTE);
    if arrived != 1 {
        return Err(Error::Failed("the byte after the handshake is not what was sent".to_owned()));
    }
    times[ALL] = times[..ALL].iter().sum();
    // The ticket may still be on its way.
    conversation.finish(link, &mut Unobserved)?;
    work.checked(conversation.established(), kind)?;
    Ok(times)
}
