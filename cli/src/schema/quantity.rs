//! The quantities that metrics are of, with their units: one list, so that every command names and reads them alike.

use super::{Better, Kind};

/// A quantity: the NAME in a metric's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Its name, with the unit at the end.
    pub name: &'static str,
    /// Its unit, short.
    pub unit: &'static str,
    /// Which direction is good.
    pub better: Better,
    /// How it varies.
    pub kind: Kind,
    /// What it is among the metrics of a case.
    pub role: Role,
    /// Where a number of it may be compared with another.
    pub comparable: Comparable,
    /// The heading of its column.
    pub heading: &'static str,
}

/// What a quantity is among the metrics of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says something of its own, on every side.
    Primary,
    /// Primary on the side `total` where there is one: what a side does follows from it.
    OfTheWhole,
    /// Primary on the sides that send and receive where both are there: `total` follows from them.
    OfEachEnd,
    /// What another metric is held against, or says in other words. Its changes are the machine's.
    Reference,
    /// It explains another: in the results document, but not in tables.
    Detail,
}

/// Where a number may be compared with another of its quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparable {
    /// Between machines: it is counted alike everywhere.
    Anywhere,
    /// Between machines whose processors run the raw AEAD with the same instructions.
    WithTheAead,
    /// Between builds of one compiler, counted by one valgrind with one C library.
    WithTheToolchain,
    /// Within one machine.
    OnThisMachine,
}

impl Quantity {
    /// The most that it can be, where something bounds it: a part is no more than the whole.
    pub fn most(&self) -> Option<f64> {
        (self.name == EFFICIENCY.name).then_some(1.0)
    }

    /// Whether it only explains another quantity.
    pub fn is_detail(&self) -> bool {
        self.role == Role::Detail
    }
}

macro_rules! quantities {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $unit:literal, $better:ident, $kind:ident,
        $role:ident, $comparable:ident, $heading:literal;)*) => {
        $($(#[$doc])* pub const $constant: Quantity = Quantity {
            name: $name, unit: $unit, better: Better::$better, kind: Kind::$kind,
            role: Role::$role, comparable: Comparable::$comparable, heading: $heading,
        };)*

        /// All quantities, in the order that tables print them.
        pub const ALL: &[&Quantity] = &[$(&$constant),*];
    };
}

/// The quantity of that name.
pub fn find(name: &str) -> Option<&'static Quantity> {
    ALL.iter().copied().find(|quantity| quantity.name == name)
}

quantities! {
    /// Application data moved, per second of wall time: of a side as that saw it, of all conversations that run at once together.
    /// Where one thread drives both ends a side's time is that of its own work, and `total` has that of both, so that it is
    /// about half of each side.
    THROUGHPUT_BYTES_PER_S = "throughput_bytes_per_s", "B/s", Higher, Time,
        OfTheWhole, OnThisMachine, "throughput";
    /// The share of the raw AEAD's speed, measured in the same run by the same clock: processor time of the thread. Of a
    /// handshake the share of the bare cryptography in a side's processor time. Never above 1.
    EFFICIENCY = "efficiency", "ratio", Higher, Time,
        Primary, WithTheAead, "efficiency";
    /// What the raw AEAD reaches in the same run, per second of processor time: the reference of `efficiency`. Of several
    /// conversations the sum of what the thread of each reaches.
    RAW_AEAD_BYTES_PER_S = "raw_aead_bytes_per_s", "B/s", Higher, Time,
        Reference, OnThisMachine, "raw AEAD";
    /// The raw AEAD with plaintext and ciphertext in one place.
    RAW_AEAD_IN_PLACE_BYTES_PER_S = "raw_aead_in_place_bytes_per_s", "B/s", Higher, Time,
        Detail, OnThisMachine, "raw AEAD, in place";
    /// The raw AEAD from one place to another.
    RAW_AEAD_OUT_OF_PLACE_BYTES_PER_S = "raw_aead_out_of_place_bytes_per_s", "B/s", Higher, Time,
        Detail, OnThisMachine, "raw AEAD, out of place";
    /// Application data per second of processor time of sealing or opening alone, without the transport: the engine's part in
    /// `efficiency`. Of several conversations the sum.
    ENGINE_BYTES_PER_S = "engine_bytes_per_s", "B/s", Higher, Time,
        Detail, OnThisMachine, "engine alone";
    /// What plain TCP reaches over the same transport in the same run.
    RAW_TCP_BYTES_PER_S = "raw_tcp_bytes_per_s", "B/s", Higher, Time,
        Reference, OnThisMachine, "plain TCP";
    /// Throughput as a share of plain TCP's over the same transport in the same run.
    RAW_TCP_SHARE = "raw_tcp_share", "ratio", Higher, Time,
        Primary, OnThisMachine, "of plain TCP";
    /// Processor time of one side per byte of application data, system calls included, by the clock of its thread; where one
    /// thread drives both ends, while it is at work for that side. Of several conversations the mean.
    CPU_NS_PER_BYTE = "cpu_ns_per_byte", "ns/B", Lower, Time,
        OfEachEnd, OnThisMachine, "CPU";
    /// Records sealed or opened.
    RECORDS_PER_S = "records_per_s", "1/s", Higher, Time,
        Reference, OnThisMachine, "records";
    /// Bytes that the engine copied apart from encrypting, per byte carried.
    COPIED_BYTES_PER_BYTE = "copied_bytes_per_byte", "B/B", Lower, Count,
        Primary, Anywhere, "copied";
    /// Bytes that an engine with a staging buffer would have copied and this one has not, per byte carried.
    SAVED_BYTES_PER_BYTE = "saved_bytes_per_byte", "B/B", Higher, Count,
        Detail, Anywhere, "saved";
    /// Records of application data that nothing was copied for.
    IN_PLACE_RECORDS = "in_place_records", "", Higher, Count,
        Detail, OnThisMachine, "in place";
    /// Records of application data that were copied, whole or in part.
    COPIED_RECORDS = "copied_records", "", Lower, Count,
        Detail, OnThisMachine, "copied records";
    /// System calls per MiB carried.
    SYSCALLS_PER_MIB = "syscalls_per_mib", "1/MiB", Lower, Count,
        Primary, Anywhere, "system calls";
    /// Times per MiB carried that a side's thread went to sleep to wait for the other.
    WAITS_PER_MIB = "waits_per_mib", "1/MiB", Lower, Time,
        Reference, OnThisMachine, "waits";
    /// Operations of raw cryptography.
    OPERATIONS_PER_S = "operations_per_s", "1/s", Higher, Time,
        Primary, OnThisMachine, "operations";
    /// The speed of a part as a share of that of the part that the provider `auto` takes, measured in the same run.
    SHARE_OF_AUTO = "share_of_auto", "ratio", Higher, Time,
        Primary, OnThisMachine, "of auto";
    /// Instructions of the engine's own work, without cryptography, per record.
    INSTRUCTIONS_PER_RECORD = "instructions_per_record", "1/record", Lower, Count,
        Primary, WithTheToolchain, "instructions";
    /// The same per handshake: a connection is made, shakes hands and is dropped.
    INSTRUCTIONS_PER_HANDSHAKE = "instructions_per_handshake", "1/handshake", Lower, Count,
        Primary, WithTheToolchain, "instructions";
    /// Instructions per record, cryptography among them. They vary where it takes no randomness from outside.
    ALL_INSTRUCTIONS_PER_RECORD = "all_instructions_per_record", "1/record", Lower, Time,
        Primary, WithTheToolchain, "with cryptography";
    /// The same per handshake.
    ALL_INSTRUCTIONS_PER_HANDSHAKE = "all_instructions_per_handshake", "1/handshake", Lower, Time,
        Primary, WithTheToolchain, "with cryptography";
    /// Times that a key was replaced.
    KEY_UPDATES = "key_updates", "", Lower, Count,
        Detail, Anywhere, "key updates";
    /// Calls of the allocator per record.
    HEAP_CALLS_PER_RECORD = "heap_calls_per_record", "1/record", Lower, Count,
        Primary, Anywhere, "heap calls";
    /// Calls of the allocator, of Rust and of C code, per connection: its handshake, and where switches are compared a short
    /// exchange.
    HEAP_CALLS_PER_HANDSHAKE = "heap_calls_per_handshake", "", Lower, Count,
        Primary, Anywhere, "heap calls";
    /// Those of C code among them.
    C_HEAP_CALLS_PER_HANDSHAKE = "c_heap_calls_per_handshake", "", Lower, Count,
        Detail, Anywhere, "heap calls of C";
    /// What all of them asked for.
    HEAP_BYTES_PER_HANDSHAKE = "heap_bytes_per_handshake", "B", Lower, Count,
        Primary, Anywhere, "heap bytes";
    /// The most of the heap that connections held at once while they came, per connection: bytes asked for, not resident.
    PEAK_BYTES_PER_CONNECTION = "peak_bytes_per_connection", "B", Lower, Count,
        Primary, OnThisMachine, "peak";
    /// What a connection that has nothing to do has asked of the heap and not given back: bytes asked for, not resident memory,
    /// which is less where pages were never touched, and more by what an allocator keeps.
    IDLE_BYTES_PER_CONNECTION = "idle_bytes_per_connection", "B", Lower, Count,
        Primary, OnThisMachine, "idle";
    /// Processor time of one side per connection: its handshake, where switches are compared a short exchange, and the end.
    CPU_US_PER_HANDSHAKE = "cpu_us_per_handshake", "us", Lower, Time,
        Primary, OnThisMachine, "CPU";
    /// The same of the bare cryptography of a handshake, in the same run: the reference of `efficiency`. The key exchange, the key
    /// schedule with the transcript (RFC 8446 4.4.1, 7.1), the signature, and on the client the verification of it and of the
    /// chain.
    RAW_CRYPTO_US_PER_HANDSHAKE = "raw_crypto_us_per_handshake", "us", Lower, Time,
        Reference, OnThisMachine, "raw cryptography";
    /// Handshakes of one thread that drives both ends.
    HANDSHAKES_PER_S = "handshakes_per_s", "1/s", Higher, Time,
        Primary, OnThisMachine, "handshakes";
    /// What a side sends in a handshake.
    WIRE_BYTES_PER_HANDSHAKE = "wire_bytes_per_handshake", "B", Lower, Count,
        Primary, Anywhere, "on the wire";
    /// System calls of a side in a handshake.
    SYSCALLS_PER_HANDSHAKE = "syscalls_per_handshake", "", Lower, Count,
        Primary, Anywhere, "system calls";
    /// From the making of the ClientHello until both ends are ready: all handshakes, as a histogram.
    HANDSHAKE_NS = "handshake_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "time";
    /// What 90 % of them do not exceed.
    HANDSHAKE_P90_NS = "handshake_p90_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "time, p90";
    /// What 99 % of them do not exceed.
    HANDSHAKE_P99_NS = "handshake_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "time, p99";
    /// From the first byte of a message to the last of its answer: all of them, as a histogram.
    ROUND_TRIP_NS = "round_trip_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "round trip";
    /// What half of the round trips do not exceed.
    ROUND_TRIP_P50_NS = "round_trip_p50_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p50";
    /// What 90 % of them do not exceed.
    ROUND_TRIP_P90_NS = "round_trip_p90_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p90";
    /// What 99 % of them do not exceed.
    ROUND_TRIP_P99_NS = "round_trip_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p99";
    /// What 99.9 % of them do not exceed.
    ROUND_TRIP_P999_NS = "round_trip_p99_9_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p99.9";
    /// Processor time of one side, system calls included, per message that goes there and comes back.
    CPU_NS_PER_MESSAGE = "cpu_ns_per_message", "ns", Lower, Time,
        Primary, OnThisMachine, "CPU";
    /// System calls of one side per message that goes there and comes back.
    SYSCALLS_PER_MESSAGE = "syscalls_per_message", "", Lower, Count,
        Primary, Anywhere, "system calls";
    /// Rounds of an event loop, in which it was woken or did not have to sleep, per message.
    WAKE_UPS_PER_MESSAGE = "wake_ups_per_message", "", Lower, Count,
        Primary, OnThisMachine, "wake-ups";
    /// Turns that an event loop gave to connections, per message.
    TURNS_PER_MESSAGE = "turns_per_message", "", Lower, Count,
        Primary, OnThisMachine, "turns";
    /// System calls of an event loop per connection, for its handshake and its end.
    SYSCALLS_PER_CONNECTION = "syscalls_per_connection", "", Lower, Count,
        Detail, Anywhere, "system calls of a connection";
}
