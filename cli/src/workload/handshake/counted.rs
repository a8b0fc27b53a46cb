use serde::{Deserialize, Serialize};

use super::{Mix, Work};
use crate::error::Error;
use crate::library::Library;
use crate::workload::handshake_driver::{SideCounts, Unobserved};
use crate::workload::link::{Link, Role};

/// The number of counted connections of each kind. The length of an ECDSA signature varies by a byte or two, and with it what
/// depends on it. Over this many, the median of calls and of bytes on the wire is the same in every run.
const CONNECTIONS: usize = 101;
/// The number of uncounted connections of each pair that fill empty pools and arenas first.
const WARM_UP: usize = 2;

/// The counts of a connection; of a mix the mean of one connection of each kind, by their shares. In each array, the client comes
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// Allocator calls by Rust and C code.
    pub heap_calls: [f64; 2],
    /// Those made by C code.
    pub c_heap_calls: [f64; 2],
    /// The bytes that these calls requested.
    pub heap_bytes: [f64; 2],
    /// The bytes sent.
    pub wire_bytes: [f64; 2],
    /// How often the end sent something after the other had. None are those of a program that does not count them.
    #[serde(default)]
    pub flights: [f64; 2],
    /// System calls.
    pub syscalls: [f64; 2],
    /// The peak heap memory of both ends together.
    pub peak_bytes: f64,
}

/// Counts connections of all pairs in turn, of each kind.
pub(super) fn count<T: Library, L: Link>(work: &Work<T>, link: &mut L) -> Result<Vec<Counted>, Error> {
    let kinds = work.mix.kinds().enumerate();
    let kinds = kinds.map(|(kind, _)| of_kind(work, kind, link)).collect::<Result<Vec<_>, Error>>()?;
    let connection = |number: usize| mean(&work.mix, &kinds.iter().map(|kind| kind[number]).collect::<Vec<_>>());
    Ok((0..CONNECTIONS).map(connection).collect())
}

/// Counts connections of all pairs in turn, of one kind.
fn of_kind<T: Library, L: Link>(work: &Work<T>, kind: usize, link: &mut L) -> Result<Vec<Counted>, Error> {
    for pair in &work.pairs {
        for _ in 0..WARM_UP {
            work.shake_hands(pair, kind, link, &mut Unobserved)?;
        }
    }
    let mut all = Vec::with_capacity(CONNECTIONS);
    for pair in work.pairs.iter().cycle().take(CONNECTIONS) {
        let calls = [link.syscalls(Role::Sealing), link.syscalls(Role::Opening)];
        let mut tallies = SideCounts::default();
        let (established, whole) = heap_meter::count(|| work.shake_hands(pair, kind, link, &mut tallies));
        let established = established?;
        let sides = [tallies.client, tallies.server];
        let syscalls = [link.syscalls(Role::Sealing) - calls[0], link.syscalls(Role::Opening) - calls[1]];
        all.push(Counted {
            heap_calls: sides.map(|side| side.calls() as f64),
            c_heap_calls: sides.map(|side| side.c_calls as f64),
            heap_bytes: sides.map(|side| (side.rust_bytes + side.c_bytes) as f64),
            wire_bytes: established.wire_bytes.map(|bytes| bytes as f64),
            flights: established.flights.map(|flights| flights as f64),
            syscalls: syscalls.map(|calls| calls as f64),
            peak_bytes: whole.peak_bytes as f64,
        });
    }
    Ok(all)
}

/// The mean of a connection of each kind.
fn mean(mix: &Mix, kinds: &[Counted]) -> Counted {
    let sides = |pick: fn(&Counted) -> [f64; 2]| [0, 1].map(|side| mix.mean(kinds.iter().map(|kind| pick(kind)[side])));
    Counted {
        heap_calls: sides(|kind| kind.heap_calls),
        c_heap_calls: sides(|kind| kind.c_heap_calls),
        heap_bytes: sides(|kind| kind.heap_bytes),
        wire_bytes: sides(|kind| kind.wire_bytes),
        flights: sides(|kind| kind.flights),
        syscalls: sides(|kind| kind.syscalls),
        peak_bytes: mix.mean(kinds.iter().map(|kind| kind.peak_bytes)),
    }
}
