use super::Work;
use crate::error::Error;
use crate::workload::handshake_driver::{SideCounts, Unobserved, drive_handshake};
use crate::workload::link::{Link, Role};

/// How many connections are counted. The length of an ECDSA signature varies by a byte or two, and what is made of it
/// with it: among so many the median of calls and of bytes on the wire is the same in every run.
const CONNECTIONS: usize = 101;
/// Connections of each pair that find pools and arenas empty, before any is counted.
const WARM_UP: usize = 2;

/// What a connection asked for. Of both ends the client's comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Calls of the allocator, of Rust and of C code.
    pub heap_calls: [u64; 2],
    /// Those of C code among them.
    pub c_heap_calls: [u64; 2],
    /// What they asked for.
    pub heap_bytes: [u64; 2],
    /// What was sent.
    pub wire_bytes: [u64; 2],
    /// System calls.
    pub syscalls: [u64; 2],
    /// The most that both held at once.
    pub peak_bytes: i64,
}

/// Counts connections of all pairs in turn.
pub(super) fn count<L: Link>(work: &Work, link: &mut L) -> Result<Vec<Counted>, Error> {
    for pair in &work.pairs {
        for _ in 0..WARM_UP {
            drive_handshake(&pair.configs, link, &mut Unobserved)?;
        }
    }
    let mut all = Vec::with_capacity(CONNECTIONS);
    for pair in work.pairs.iter().cycle().take(CONNECTIONS) {
        let calls = [link.syscalls(Role::Sealing), link.syscalls(Role::Opening)];
        let mut tallies = SideCounts::default();
        let (established, whole) = heap_meter::count(|| drive_handshake(&pair.configs, link, &mut tallies));
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
