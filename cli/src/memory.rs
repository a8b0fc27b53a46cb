//! The memory of this process that is resident, and what connections take of it.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

/// The resident memory, at the first call of this process alone: what connections have taken and given back, an allocator keeps for others.
pub fn resident_bytes_before_connections() -> Option<u64> {
    static IS_KNOWN: AtomicBool = AtomicBool::new(false);
    if IS_KNOWN.swap(true, Ordering::Relaxed) { None } else { resident_bytes() }
}

/// The fewest connections whose memory is told: of fewer, it is mostly that of other things.
const TELLING: u64 = 100;

/// Memory of this process that is resident, beside what it had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// How many connections were open.
    pub connections: u64,
    /// What they took, bytes.
    pub bytes: u64,
}

impl Resident {
    /// The same, or what is true now if no fewer connections are open. `before` was resident without them.
    pub fn most(known: Option<Self>, open: u64, before: Option<u64>) -> Option<Self> {
        if open == 0 || known.is_some_and(|known| known.connections > open) {
            return known;
        }
        let now = || Some(Self { connections: open, bytes: resident_bytes()?.saturating_sub(before?) });
        now().or(known)
    }

    /// What a connection took, bytes; `None` of so few that it says nothing.
    pub fn per_connection(&self) -> Option<u64> {
        (self.connections >= TELLING).then(|| self.bytes / self.connections)
    }
}

/// The resident memory of this process, bytes, as Linux tells it.
pub fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_where_most_are_open_and_of_many() {
        let before = resident_bytes();
        assert!(before.is_some_and(|bytes| bytes > 1 << 20), "{before:?}");
        let held = vec![1_u8; 64 << 20];
        let most = Resident::most(None, 200, before).expect("memory");
        assert!(most.bytes >= 60 << 20, "{most:?}");
        assert_eq!(Resident::most(Some(most), 199, before), Some(most), "fewer are open");
        assert_eq!(most.per_connection(), Some(most.bytes / 200));
        assert_eq!(Resident { connections: 99, ..most }.per_connection(), None);
        drop(held);
    }
}
