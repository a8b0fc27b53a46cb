use serde::{Deserialize, Serialize};

use super::Work;
use crate::error::Error;
use crate::library::Library;
use crate::workload::handshake_driver::{SideCounts, Unobserved};
use crate::workload::link::{Link, Role};

/// The number of counted connections. The length of an ECDSA signature varies by a byte or two, and with it what
/// depends on it. Over this many, the median of calls and of bytes on the wire is the same in every run.
const CONNECTIONS: usize = 101;
/// The number of uncounted connections of each pair that fill empty pools and arenas first.
const WARM_UP: usize = 2;

/// The counts of a connection. In each array, the client comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Allocator calls by Rust and C code.
    pub heap_calls: [u64; 2],
    /// Those made by C code.
    pub c_heap_calls: [u64; 2],
    /// The bytes that these calls requested.
    pub heap_bytes: [u64; 2],
    /// The bytes sent.
    pub wire_bytes: [u64; 2],
    /// System calls.
    pub syscalls: [u64; 2],
    /// The peak heap memory of both ends together.
    pub peak_bytes: i64,
}

/// Counts connections of all pairs in turn.
pub(super) fn count<T: Library, L: Link>(work: &Work<T>, link: &mut L) -> Result<Vec<Counted>, Error> {
    for pair in &work.pairs {
        for _ in 0..WARM_UP {
            work.shake_hands(pair, link, &mut Unobserved)?;
        }
    }
    let mut all = Vec::with_capacity(CONNECTIONS);
    for pair in work.pairs.iter().cycle().take(CONNECTIONS) {
        let calls = [link.syscalls(Role::Sealing), link.syscalls(Role::Opening)];
        let mut tallies = SideCounts::default();
        let (established, whole) = heap_meter::count(|| work.shake_hands(pair, link, &mut tallies));
        let established = established?;
        let sides = [tallies.client, tallies.server];
        all.push(Counted {
            heap_calls: sides.map(|side| side.calls()),
            c_heap_calls: sides.map(|side| side.c_calls),
            heap_bytes: sides.map(|side| side.rust_bytes + side.c_bytes),
            wire_bytes: established.wire_bytes,
            syscalls: [link.syscalls(Role::Sealing) - calls[0], link.syscalls(Role::Opening) - calls[1]],
            peak_bytes: whole.peak_bytes,
        });
    }
    Ok(all)
}
