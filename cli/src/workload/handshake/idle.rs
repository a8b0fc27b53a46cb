use serde::{Deserialize, Serialize};

use super::Work;
use crate::error::Error;
use crate::library::Library;
use crate::workload::handshake_driver::{SideCounts, Unobserved};
use crate::workload::link::Memory;

/// The number of connections that are open at once. They are of as many servers, because the length of a certificate varies
/// by a byte or two.
const CONNECTIONS: usize = 33;
/// What goes each way before a connection is idle, bytes.
const LITTLE: usize = 100;
const MUCH: usize = 16 << 10;

/// The memory that an idle connection holds: its part of the heap, and what the library's user holds for it. In each array,
/// the client comes first. Of a mix it is the mean of its kinds, by their shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Idle {
    /// After 100 B each way.
    pub after_100_b: [f64; 2],
    /// After 16 KiB each way.
    pub after_16_kib: [f64; 2],
}

/// Counts what idle connections hold, which are of all pairs in turn. They run in memory, whatever carries the timed ones.
pub(super) fn count<T: Library>(work: &Work<T>) -> Result<Vec<Idle>, Error> {
    let [little, much] = [open_all(work, &[b'?'; LITTLE])?, open_all(work, &[b'?'; MUCH])?];
    let idle = |(after_100_b, after_16_kib)| Idle { after_100_b, after_16_kib };
    Ok(little.into_iter().zip(much).map(idle).collect())
}

/// What connections of all kinds hold that each carried `data` both ways.
fn open_all<T: Library>(work: &Work<T>, data: &[u8]) -> Result<Vec<[f64; 2]>, Error> {
    let kinds = work.mix.kinds().enumerate();
    let kinds = kinds.map(|(kind, _)| open(work, kind, data)).collect::<Result<Vec<_>, Error>>()?;
    let mean = |number: usize| [0, 1].map(|side| work.mix.mean(kinds.iter().map(|kind| kind[number][side] as f64)));
    Ok((0..CONNECTIONS).map(mean).collect())
}

/// Opens connections of a kind that each carry `data` both ways, and returns what they hold while all of them are idle.
fn open<T: Library>(work: &Work<T>, kind: usize, data: &[u8]) -> Result<Vec<[i64; 2]>, Error> {
    let pairs = || work.pairs.iter().cycle().take(CONNECTIONS);
    // What connections share is allocated by the first of each pair.
    for pair in pairs() {
        work.shake_hands(pair, kind, &mut Memory, &mut Unobserved)?.rest_after(data, data, &mut Unobserved)?;
    }
    let mut connections = Vec::with_capacity(CONNECTIONS);
    let mut held = Vec::with_capacity(CONNECTIONS);
    for pair in pairs() {
        let mut tallies = SideCounts::default();
        let mut connection = work.shake_hands(pair, kind, &mut Memory, &mut tallies)?;
        connection.rest_after(data, data, &mut tallies)?;
        let on_heap = [tallies.client.live_bytes, tallies.server.live_bytes];
        held.push([on_heap[0] + size_of::<T::Client>() as i64, on_heap[1] + size_of::<T::Server>() as i64]);
        connections.push(connection);
    }
    Ok(held)
}
