use core::ops::AddAssign;

/// What one end did in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Payload that was carried, bytes.
    pub bytes: u64,
    /// Records of application data that it came in; for raw TCP, 0.
    pub records: u64,
    /// How long the end took in wall time, system calls and waiting included, comparisons of received bytes not. Where one
    /// thread drives both ends, only while it was at work for this one. Of the raw AEAD the same as `engine_ns`.
    pub elapsed_ns: u64,
    /// Processor time of the thread within the engine (or the raw AEAD): sealing or opening alone. Both by the same clock,
    /// which stands still while other programs have the processor.
    pub engine_ns: u64,
    /// Processor time of the end, system calls included: all that its thread used in the block, or where one thread drives
    /// both ends what that used while it was at work for this one.
    pub cpu_ns: u64,
    /// Records of application data that the engine copied nothing for; for raw TCP and the raw AEAD, 0.
    pub in_place_records: u64,
    /// Records of application data that it copied, whole or in part.
    pub copied_records: u64,
    /// Payload that the engine copied apart from encrypting or decrypting it, bytes.
    pub copied_bytes: u64,
    /// Payload that it was spared to copy, bytes.
    pub saved_bytes: u64,
    /// Received payload that was compared with what was sent, bytes.
    pub compared_bytes: u64,
    /// System calls that moved bytes or waited for them.
    pub syscalls: u64,
    /// How often the end's thread went to sleep to wait for the other; `None` where it never does, or nobody counts.
    pub waits: Option<u64>,
    /// Key updates.
    pub key_updates: u64,
    /// Heap calls, of Rust and of C code, while the end sealed or opened; 0 in blocks in which nobody counts them.
    pub heap_calls: u64,
}

/// What both ends did in one block; an end that the block did not have is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The sealing end.
    pub send: Option<Part>,
    /// The opening end.
    pub receive: Option<Part>,
    /// From the first byte's sealing to the last byte's opening, where both ends were at hand. Where one thread drives both,
    /// that is the time of both together, since neither runs beside the other.
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
    /// The payload that was moved: as received, or where nobody here received as sent.
    pub fn bytes(&self) -> u64 {
        self.receive.or(self.send).map_or(0, |part| part.bytes)
    }

    /// Payload per second from end to end: of [`Sample::total_ns`], or where that is unknown of the end that was here.
    pub fn total_bytes_per_s(&self) -> f64 {
        let elapsed_ns = self.total_ns.or_else(|| Some(self.receive.or(self.send)?.elapsed_ns));
        per_second(self.bytes(), elapsed_ns.unwrap_or(0))
    }

    /// Adds what the other end of the conversation did in the same block.
    pub fn merge(&mut self, other: Self) {
        self.send = self.send.or(other.send);
        self.receive = self.receive.or(other.receive);
        self.total_ns = self.total_ns.max(other.total_ns);
    }
}

impl AddAssign for Part {
    /// Adds what another block of the same end came to.
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
        self.elapsed_ns += other.elapsed_ns;
        self.engine_ns += other.engine_ns;
        self.cpu_ns += other.cpu_ns;
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

/// `count` in `ns` nanoseconds, per second; 0 where no time has passed.
pub fn per_second(count: u64, ns: u64) -> f64 {
    if ns == 0 { 0.0 } else { count as f64 * 1e9 / ns as f64 }
}
