use core::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// The work of one end in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Payload carried, bytes.
    pub bytes: u64,
    /// Records of application data that carried it; 0 for raw TCP.
    pub records: u64,
    /// Wall time of the end, including system calls and waiting, without the comparisons of received bytes. If one
    /// thread drives both ends, only the time that it worked for this one. For the raw AEAD the same as `engine_ns`.
    pub elapsed_ns: u64,
    /// Processor time of the thread within the engine (or the raw AEAD), for sealing or opening alone. Both are read
    /// from the same clock, which stops while other programs have the processor.
    pub engine_ns: u64,
    /// Processor time of the end, including system calls: all that its thread used in the block. If one thread drives
    /// both ends, what it used while it worked for this one.
    pub cpu_ns: u64,
    /// Whether the library counts copies and key updates. If not, they are 0 here and unknown.
    pub has_counters: bool,
    /// Records of application data for which the library copied nothing; 0 for raw TCP and the raw AEAD.
    pub in_place_records: u64,
    /// Records of application data that it copied entirely or in part.
    pub copied_records: u64,
    /// Payload that the engine copied, not counting encryption and decryption, bytes.
    pub copied_bytes: u64,
    /// Payload that it avoided copying, bytes.
    pub saved_bytes: u64,
    /// Received payload that was compared with what was sent, bytes.
    pub compared_bytes: u64,
    /// System calls that moved bytes or waited for them.
    pub syscalls: u64,
    /// The number of times the end's thread slept to wait for the other; `None` if it never does, or the system does
    /// not count.
    pub waits: Option<u64>,
    /// Key updates.
    pub key_updates: u64,
    /// Heap calls by Rust and C code while the end sealed or opened; 0 in blocks that do not count them.
    pub heap_calls: u64,
}

/// The work of both ends in one block. An end that did not take part is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The sealing end.
    pub send: Option<Part>,
    /// The opening end.
    pub receive: Option<Part>,
    /// From sealing the first byte to opening the last, if both ends are local. If one thread drives both, the sum of
    /// both ends' times, since they never run concurrently.
    pub total_ns: Option<u64>,
}

impl Part {
    /// Payload per second of [`Part::elapsed_ns`], bytes.
    pub fn bytes_per_s(&self) -> f64 {
        per_second(self.bytes, self.elapsed_ns)
    }

    /// Records per second of [`Part::elapsed_ns`].
    pub fn records_per_s(&self) -> f64 {
        per_second(self.records, self.elapsed_ns)
    }

    /// Payload per second of [`Part::engine_ns`], bytes.
    pub fn engine_bytes_per_s(&self) -> f64 {
        per_second(self.bytes, self.engine_ns)
    }
}

impl Sample {
    /// The payload moved: as received, or as sent if the receiver is not local.
    pub fn bytes(&self) -> u64 {
        self.receive.or(self.send).map_or(0, |part| part.bytes)
    }

    /// Payload per second from end to end: of [`Sample::total_ns`], or if that is unknown, of the local end.
    pub fn total_bytes_per_s(&self) -> f64 {
        let elapsed_ns = self.total_ns.or_else(|| Some(self.receive.or(self.send)?.elapsed_ns));
        per_second(self.bytes(), elapsed_ns.unwrap_or(0))
    }

    /// Whether both ends can have moved so many bytes in this block. Every block of every lane moves what it was asked to.
    pub fn is_plausible(&self, bytes: u64) -> bool {
        // In nanoseconds, two weeks: sums of such numbers stay far from the end of their range.
        const MOST: u64 = 1 << 50;
        let is_part = |part: Option<Part>| {
            part.is_some_and(|part| {
                let Part { records, elapsed_ns, engine_ns, cpu_ns, copied_bytes, saved_bytes, .. } = part;
                let numbers = [records, elapsed_ns, engine_ns, cpu_ns, copied_bytes, saved_bytes, part.compared_bytes];
                let others =
                    [part.in_place_records, part.copied_records, part.syscalls, part.key_updates, part.heap_calls];
                let is_small = |number: &u64| *number < MOST;
                part.bytes == bytes
                    && elapsed_ns > 0
                    && numbers.iter().chain(&others).all(is_small)
                    && part.waits.is_none_or(|waits| waits < MOST)
            })
        };
        is_part(self.send) && is_part(self.receive) && self.total_ns.is_none_or(|total| total < MOST)
    }

    /// Adds the work of the other end of the conversation in the same block.
    pub fn merge(&mut self, other: Self) {
        self.send = self.send.or(other.send);
        self.receive = self.receive.or(other.receive);
        self.total_ns = self.total_ns.max(other.total_ns);
    }
}

impl AddAssign for Part {
    /// Adds another block of the same end.
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
        self.elapsed_ns += other.elapsed_ns;
        self.engine_ns += other.engine_ns;
        self.cpu_ns += other.cpu_ns;
        self.has_counters |= other.has_counters;
        self.in_place_records += other.in_place_records;
        self.copied_records += other.copied_records;
        self.copied_bytes += other.copied_bytes;
        self.saved_bytes += other.saved_bytes;
        self.compared_bytes += other.compared_bytes;
        self.syscalls += other.syscalls;
        self.waits = match (self.waits, other.waits) {
            (Some(left), Some(right)) => Some(left + right),
            (left, right) => left.or(right),
        };
        self.key_updates += other.key_updates;
        self.heap_calls += other.heap_calls;
    }
}

/// `count` in `ns` nanoseconds, per second; 0 if no time has passed.
pub fn per_second(count: u64, ns: u64) -> f64 {
    if ns == 0 { 0.0 } else { count as f64 * 1e9 / ns as f64 }
}
