//! The quantities of metrics, with their units: one list, so that all commands use the same names and read them alike.

use super::{Better, Kind, Side};

/// A quantity: the NAME in a metric's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The name, with the unit at the end.
    pub name: &'static str,
    /// The unit, in short form.
    pub unit: &'static str,
    /// Which direction is good.
    pub better: Better,
    /// How it varies.
    pub kind: Kind,
    /// Its role among the metrics of a case.
    pub role: Role,
    /// Which numbers it may be compared with.
    pub comparable: Comparable,
    /// The heading of its column.
    pub heading: &'static str,
}

/// The role of a quantity among the metrics of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It shows something of its own, on every side.
    Primary,
    /// Primary on the side `total` if there is one: the other sides follow from it.
    OfTheWhole,
    /// Primary on the sides that send and receive if both are there: `total` follows from them.
    OfEachEnd,
    /// A reference for another metric, or the same fact in another form. Its changes are the machine's.
    Reference,
    /// It explains another metric: part of the results document, but not of tables.
    Detail,
}

/// Which numbers of its quantity a number may be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparable {
    /// Between all machines: it is counted the same way everywhere.
    Anywhere,
    /// Between machines whose processors run the raw AEAD with the same instructions.
    WithTheAead,
    /// Between builds of one compiler, counted by the same valgrind with the same C library.
    WithTheToolchain,
    /// Within one machine.
    OnThisMachine,
}

impl Quantity {
    /// The maximum, if there is one: a part is never more than the whole.
    pub fn most(&self) -> Option<f64> {
        (self.name == EFFICIENCY.name).then_some(1.0)
    }

    /// Whether it is a difference of two measured values, which can be below zero.
    pub fn is_difference(&self) -> bool {
        self.name == ADDED_ROUND_TRIP_NS.name
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

/// A phase of a handshake.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// Who is at work.
    pub side: Side,
    /// How long it takes, as a histogram.
    pub time: &'static Quantity,
    /// The time that 99 % do not exceed.
    pub p99: &'static Quantity,
}

/// The phases of a handshake in their order, and all of them.
pub const PHASES: [Phase; 6] = [
    Phase { side: Side::Client, time: &PHASE_CLIENT_HELLO_NS, p99: &PHASE_CLIENT_HELLO_P99_NS },
    Phase { side: Side::Server, time: &PHASE_SERVER_FLIGHT_NS, p99: &PHASE_SERVER_FLIGHT_P99_NS },
    Phase { side: Side::Client, time: &PHASE_FLIGHT_READ_NS, p99: &PHASE_FLIGHT_READ_P99_NS },
    Phase { side: Side::Server, time: &PHASE_FINISHED_READ_NS, p99: &PHASE_FINISHED_READ_P99_NS },
    Phase { side: Side::Server, time: &PHASE_FIRST_BYTE_NS, p99: &PHASE_FIRST_BYTE_P99_NS },
    Phase { side: Side::Total, time: &PHASES_NS, p99: &PHASES_P99_NS },
];

/// The phases of a connection to a server elsewhere, as its client sees them, and all of them.
pub const CONNECTION_PHASES: [Phase; 4] = [
    Phase { side: Side::Client, time: &TCP_CONNECT_NS, p99: &TCP_CONNECT_P99_NS },
    Phase { side: Side::Client, time: &TLS_CONNECT_NS, p99: &TLS_CONNECT_P99_NS },
    Phase { side: Side::Client, time: &RESPONSE_BEGUN_NS, p99: &RESPONSE_BEGUN_P99_NS },
    Phase { side: Side::Client, time: &CONNECTION_NS, p99: &CONNECTION_P99_NS },
];

/// The phases of each kind of connection that is timed by phases.
pub const ALL_PHASES: [&[Phase]; 2] = [&PHASES, &CONNECTION_PHASES];

/// The quantity with this name.
pub fn find(name: &str) -> Option<&'static Quantity> {
    ALL.iter().copied().find(|quantity| quantity.name == name)
}

quantities! {
    /// Application data moved, per second of wall time. For a side, as seen by that side; for concurrent conversations,
    /// their sum. If one thread drives both ends, a side's time is that of its own work, and `total` has the time of
    /// both, so it is about half of each side.
    THROUGHPUT_BYTES_PER_S = "throughput_bytes_per_s", "B/s", Higher, Time,
        OfTheWhole, OnThisMachine, "throughput";
    /// The share of the raw AEAD's speed, measured in the same run by the same clock: processor time of the thread. For
    /// a handshake, the share of the bare cryptography in a side's processor time. Never above 1.
    EFFICIENCY = "efficiency", "ratio", Higher, Time,
        Primary, WithTheAead, "efficiency";
    /// The speed of the raw AEAD in the same run, per second of processor time: the reference of `efficiency`. For
    /// several conversations, the sum over their threads.
    RAW_AEAD_BYTES_PER_S = "raw_aead_bytes_per_s", "B/s", Higher, Time,
        Reference, OnThisMachine, "raw AEAD";
    /// The raw AEAD in place.
    RAW_AEAD_IN_PLACE_BYTES_PER_S = "raw_aead_in_place_bytes_per_s", "B/s", Higher, Time,
        Detail, OnThisMachine, "raw AEAD, in place";
    /// The raw AEAD from one buffer to another.
    RAW_AEAD_OUT_OF_PLACE_BYTES_PER_S = "raw_aead_out_of_place_bytes_per_s", "B/s", Higher, Time,
        Detail, OnThisMachine, "raw AEAD, out of place";
    /// Application data per second of processor time for sealing or opening alone, without the transport: the engine's
    /// part in `efficiency`. For several conversations, the sum.
    ENGINE_BYTES_PER_S = "engine_bytes_per_s", "B/s", Higher, Time,
        Detail, OnThisMachine, "engine alone";
    /// The speed of plain TCP over the same transport in the same run.
    RAW_TCP_BYTES_PER_S = "raw_tcp_bytes_per_s", "B/s", Higher, Time,
        Reference, OnThisMachine, "plain TCP";
    /// Throughput as a share of plain TCP over the same transport in the same run.
    RAW_TCP_SHARE = "raw_tcp_share", "ratio", Higher, Time,
        Primary, OnThisMachine, "of plain TCP";
    /// Processor time of one side per byte of application data, including system calls, by the clock of its thread. If
    /// one thread drives both ends, the time that it works for that side. For several conversations, the mean.
    CPU_NS_PER_BYTE = "cpu_ns_per_byte", "ns/B", Lower, Time,
        OfEachEnd, OnThisMachine, "CPU";
    /// Records sealed or opened per second.
    RECORDS_PER_S = "records_per_s", "1/s", Higher, Time,
        Reference, OnThisMachine, "records";
    /// Bytes that the engine copied, not counting encryption and decryption, per byte carried.
    COPIED_BYTES_PER_BYTE = "copied_bytes_per_byte", "B/B", Lower, Count,
        Primary, Anywhere, "copied";
    /// Bytes that an engine with a staging buffer would have copied and this one did not, per byte carried.
    SAVED_BYTES_PER_BYTE = "saved_bytes_per_byte", "B/B", Higher, Count,
        Detail, Anywhere, "saved";
    /// Records of application data for which nothing was copied.
    IN_PLACE_RECORDS = "in_place_records", "", Higher, Count,
        Detail, OnThisMachine, "in place";
    /// Records of application data that were copied entirely or in part.
    COPIED_RECORDS = "copied_records", "", Lower, Count,
        Detail, OnThisMachine, "copied records";
    /// System calls per MiB carried.
    SYSCALLS_PER_MIB = "syscalls_per_mib", "1/MiB", Lower, Count,
        Primary, Anywhere, "system calls";
    /// Number of times that a side's thread slept to wait for the other, per MiB carried.
    WAITS_PER_MIB = "waits_per_mib", "1/MiB", Lower, Time,
        Reference, OnThisMachine, "waits";
    /// Operations of raw cryptography per second.
    OPERATIONS_PER_S = "operations_per_s", "1/s", Higher, Time,
        Primary, OnThisMachine, "operations";
    /// The speed of an implementation as a share of the one that the provider `auto` uses, measured in the same run.
    SHARE_OF_AUTO = "share_of_auto", "ratio", Higher, Time,
        Primary, OnThisMachine, "of auto";
    /// Instructions of the engine's own work per record, without cryptography.
    INSTRUCTIONS_PER_RECORD = "instructions_per_record", "1/record", Lower, Count,
        Primary, WithTheToolchain, "instructions";
    /// Instructions of the engine's own work per handshake, without cryptography: a connection is created, performs its
    /// handshake and is dropped.
    INSTRUCTIONS_PER_HANDSHAKE = "instructions_per_handshake", "1/handshake", Lower, Count,
        Primary, WithTheToolchain, "instructions";
    /// Instructions per record, including cryptography. They vary if the cryptography can't use seeded randomness.
    ALL_INSTRUCTIONS_PER_RECORD = "all_instructions_per_record", "1/record", Lower, Time,
        Primary, WithTheToolchain, "with cryptography";
    /// Instructions per handshake, including cryptography. They vary if the cryptography can't use seeded randomness.
    ALL_INSTRUCTIONS_PER_HANDSHAKE = "all_instructions_per_handshake", "1/handshake", Lower, Time,
        Primary, WithTheToolchain, "with cryptography";
    /// Number of times that a key was replaced.
    KEY_UPDATES = "key_updates", "", Lower, Count,
        Detail, Anywhere, "key updates";
    /// Allocator calls per record.
    HEAP_CALLS_PER_RECORD = "heap_calls_per_record", "1/record", Lower, Count,
        Primary, Anywhere, "heap calls";
    /// Allocator calls by Rust and C code per connection: its handshake, and a short exchange if switches are compared.
    HEAP_CALLS_PER_HANDSHAKE = "heap_calls_per_handshake", "", Lower, Count,
        Primary, Anywhere, "heap calls";
    /// The allocator calls by C code among `heap_calls_per_handshake`.
    C_HEAP_CALLS_PER_HANDSHAKE = "c_heap_calls_per_handshake", "", Lower, Count,
        Detail, Anywhere, "heap calls of C";
    /// The bytes that `heap_calls_per_handshake` requested.
    HEAP_BYTES_PER_HANDSHAKE = "heap_bytes_per_handshake", "B", Lower, Count,
        Primary, Anywhere, "heap bytes";
    /// Peak heap memory while connections were set up, per connection: bytes requested, not resident.
    PEAK_BYTES_PER_CONNECTION = "peak_bytes_per_connection", "B", Lower, Count,
        Primary, OnThisMachine, "peak";
    /// Heap memory that an idle connection holds: bytes requested, not resident memory, which is less if pages were
    /// never touched, and more by what an allocator keeps.
    IDLE_BYTES_PER_CONNECTION = "idle_bytes_per_connection", "B", Lower, Count,
        Primary, OnThisMachine, "idle";
    /// What one side of an idle connection holds after 100 B each way: heap memory of Rust and C code, as rounded by the
    /// heap, and the structures that its user keeps. It has given back what its library can give back.
    IDLE_BYTES_AFTER_100_B = "idle_bytes_after_100_b", "B", Lower, Count,
        Primary, OnThisMachine, "idle after 100 B";
    /// The same after 16 KiB each way.
    IDLE_BYTES_AFTER_16_KIB = "idle_bytes_after_16_kib", "B", Lower, Count,
        Primary, OnThisMachine, "idle after 16 KiB";
    /// Memory of the process that became resident while connections were opened, per open connection, where most are open: what the
    /// system gave, with all that an allocator keeps. Of 100 connections and more, and of the first case of a run alone.
    RESIDENT_BYTES_PER_CONNECTION = "resident_bytes_per_connection", "B", Lower, Time,
        Primary, OnThisMachine, "resident";
    /// Processor time of one side per connection: its handshake, a short exchange if switches are compared, and the
    /// close.
    CPU_US_PER_HANDSHAKE = "cpu_us_per_handshake", "us", Lower, Time,
        Primary, OnThisMachine, "CPU";
    /// Processor time of the bare cryptography of a handshake, in the same run: the reference of `efficiency`. It
    /// consists of the key exchange, the key schedule with the transcript (RFC 8446 4.4.1, 7.1), the signature, and on
    /// the client the verification of the signature and of the chain.
    RAW_CRYPTO_US_PER_HANDSHAKE = "raw_crypto_us_per_handshake", "us", Lower, Time,
        Reference, OnThisMachine, "raw cryptography";
    /// Handshakes per second of all threads together, each of which drives both ends; or of all connections to a server elsewhere.
    HANDSHAKES_PER_S = "handshakes_per_s", "1/s", Higher, Time,
        Primary, OnThisMachine, "handshakes";
    /// Handshakes per second of processor time of both ends, or of the client alone. Threads that wait for each other, or outnumber the processors, lower
    /// the handshakes per second, and hardly this.
    HANDSHAKES_PER_CPU_S = "handshakes_per_cpu_s", "1/s", Higher, Time,
        Reference, OnThisMachine, "handshakes, CPU";
    /// Bytes that a side sends in a handshake.
    WIRE_BYTES_PER_HANDSHAKE = "wire_bytes_per_handshake", "B", Lower, Count,
        Primary, Anywhere, "on the wire";
    /// Flights that a side sends in a handshake: how often it sends something after the other has. A ticket after the handshake is part of
    /// one.
    FLIGHTS_PER_HANDSHAKE = "flights_per_handshake", "", Lower, Count,
        Detail, Anywhere, "flights";
    /// System calls of a side in a handshake.
    SYSCALLS_PER_HANDSHAKE = "syscalls_per_handshake", "", Lower, Count,
        Primary, Anywhere, "system calls";
    /// From the creation of the ClientHello until both ends are ready: all handshakes, as a histogram.
    HANDSHAKE_NS = "handshake_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "time";
    /// The time that 90 % of handshakes do not exceed.
    HANDSHAKE_P90_NS = "handshake_p90_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "time, p90";
    /// The time that 99 % of handshakes do not exceed.
    HANDSHAKE_P99_NS = "handshake_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "time, p99";
    /// The client makes its ClientHello; after a HelloRetryRequest both of them. In handshakes whose phases are timed, as a
    /// histogram.
    PHASE_CLIENT_HELLO_NS = "phase_client_hello_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "ClientHello made";
    /// The time that 99 % of them do not exceed.
    PHASE_CLIENT_HELLO_P99_NS = "phase_client_hello_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "ClientHello made, p99";
    /// The server reads the ClientHello and makes its flight, from the ServerHello to Finished, and a HelloRetryRequest before
    /// that. Its creation is part of it.
    PHASE_SERVER_FLIGHT_NS = "phase_server_flight_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "server's flight made";
    /// The time that 99 % of them do not exceed.
    PHASE_SERVER_FLIGHT_P99_NS = "phase_server_flight_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "server's flight made, p99";
    /// The client reads the server's flight, verifies the certificate where there is one, and makes its Finished.
    PHASE_FLIGHT_READ_NS = "phase_flight_read_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "server's flight read";
    /// The time that 99 % of them do not exceed.
    PHASE_FLIGHT_READ_P99_NS = "phase_flight_read_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "server's flight read, p99";
    /// The server reads the client's Finished. If it sends a ticket, that is part of it.
    PHASE_FINISHED_READ_NS = "phase_finished_read_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "Finished read";
    /// The time that 99 % of them do not exceed.
    PHASE_FINISHED_READ_P99_NS = "phase_finished_read_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "Finished read, p99";
    /// The client sends the first byte of its data, and the server reads it. In TLS 1.2, the client reads the server's Finished
    /// before that.
    PHASE_FIRST_BYTE_NS = "phase_first_byte_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "first byte read";
    /// The time that 99 % of them do not exceed.
    PHASE_FIRST_BYTE_P99_NS = "phase_first_byte_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "first byte read, p99";
    /// All phases together: until the server has the first byte of the client's data.
    PHASES_NS = "phases_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "all phases";
    /// The time that 99 % of them do not exceed.
    PHASES_P99_NS = "phases_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "all phases, p99";
    /// TCP connects, as a histogram.
    TCP_CONNECT_NS = "tcp_connect_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "TCP";
    /// The time that 99 % of them do not exceed.
    TCP_CONNECT_P99_NS = "tcp_connect_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "TCP, p99";
    /// From the connected socket until the client's Finished is sent, as a histogram.
    TLS_CONNECT_NS = "tls_connect_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "TLS handshake";
    /// The time that 99 % of them do not exceed.
    TLS_CONNECT_P99_NS = "tls_connect_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "TLS handshake, p99";
    /// From when a request could be sent, at first at the end of the handshake, until the first byte of the response: as a histogram.
    RESPONSE_BEGUN_NS = "response_begun_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "first byte";
    /// The time that 99 % of them do not exceed.
    RESPONSE_BEGUN_P99_NS = "response_begun_p99_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "first byte, p99";
    /// From the start of a connection, TCP included, until its handshake has completed, or its whole response is there: as a
    /// histogram.
    CONNECTION_NS = "connection_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "connection";
    /// The time that half of them do not exceed.
    CONNECTION_P50_NS = "connection_p50_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "connection, p50";
    /// The time that 90 % of them do not exceed.
    CONNECTION_P90_NS = "connection_p90_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "connection, p90";
    /// The time that 99 % of them do not exceed.
    CONNECTION_P99_NS = "connection_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "connection, p99";
    /// The same from when the connection was due, in an open loop: corrected for coordinated omission.
    CORRECTED_CONNECTION_NS = "corrected_connection_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "since due";
    /// The time that half of them do not exceed.
    CORRECTED_CONNECTION_P50_NS = "corrected_connection_p50_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p50";
    /// The time that 90 % of them do not exceed.
    CORRECTED_CONNECTION_P90_NS = "corrected_connection_p90_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "since due, p90";
    /// The time that 99 % of them do not exceed.
    CORRECTED_CONNECTION_P99_NS = "corrected_connection_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p99";
    /// Requests per second that were answered with success, of all connections.
    REQUESTS_PER_S = "requests_per_s", "1/s", Higher, Time,
        Primary, OnThisMachine, "requests";
    /// Processor time of the client per answered request, system calls included.
    CPU_US_PER_REQUEST = "cpu_us_per_request", "us", Lower, Time,
        Primary, OnThisMachine, "CPU";
    /// Answered requests per second of the client's processor time.
    REQUESTS_PER_CPU_S = "requests_per_cpu_s", "1/s", Higher, Time,
        Reference, OnThisMachine, "requests, CPU";
    /// From when a request could be sent on an open connection until its whole response is there: as a histogram.
    RESPONSE_NS = "response_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "response";
    /// The time that half of them do not exceed.
    RESPONSE_P50_NS = "response_p50_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "response, p50";
    /// The time that 90 % of them do not exceed.
    RESPONSE_P90_NS = "response_p90_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "response, p90";
    /// The time that 99 % of them do not exceed.
    RESPONSE_P99_NS = "response_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "response, p99";
    /// The time that 99.9 % of them do not exceed.
    RESPONSE_P999_NS = "response_p99_9_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "response, p99.9";
    /// From the first byte of a message to the last byte of its echo: all round trips, as a histogram.
    ROUND_TRIP_NS = "round_trip_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "round trip";
    /// The time that half of the round trips do not exceed.
    ROUND_TRIP_P50_NS = "round_trip_p50_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p50";
    /// The time that 90 % of the round trips do not exceed.
    ROUND_TRIP_P90_NS = "round_trip_p90_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p90";
    /// The time that 99 % of the round trips do not exceed.
    ROUND_TRIP_P99_NS = "round_trip_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p99";
    /// The time that 99.9 % of the round trips do not exceed.
    ROUND_TRIP_P999_NS = "round_trip_p99_9_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p99.9";
    /// The time that 99.99 % of the round trips do not exceed.
    ROUND_TRIP_P9999_NS = "round_trip_p99_99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "p99.99";
    /// From when a message was due to the last byte of its echo, in an open loop: corrected for coordinated omission, as a histogram.
    CORRECTED_ROUND_TRIP_NS = "corrected_round_trip_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "since due";
    /// The time since they were due that half of the round trips do not exceed.
    CORRECTED_ROUND_TRIP_P50_NS = "corrected_round_trip_p50_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p50";
    /// The time since they were due that 90 % of the round trips do not exceed.
    CORRECTED_ROUND_TRIP_P90_NS = "corrected_round_trip_p90_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p90";
    /// The time since they were due that 99 % of the round trips do not exceed.
    CORRECTED_ROUND_TRIP_P99_NS = "corrected_round_trip_p99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p99";
    /// The time since they were due that 99.9 % of the round trips do not exceed.
    CORRECTED_ROUND_TRIP_P999_NS = "corrected_round_trip_p99_9_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p99.9";
    /// The time since they were due that 99.99 % of the round trips do not exceed.
    CORRECTED_ROUND_TRIP_P9999_NS = "corrected_round_trip_p99_99_ns", "ns", Lower, Time,
        Primary, OnThisMachine, "since due, p99.99";
    /// A round trip of the same bytes over plain TCP, in turns with those over TLS: all of them, as a histogram.
    RAW_TCP_ROUND_TRIP_NS = "raw_tcp_round_trip_ns", "ns", Lower, Time,
        Detail, OnThisMachine, "plain TCP";
    /// The time that half of the round trips over plain TCP do not exceed.
    RAW_TCP_ROUND_TRIP_P50_NS = "raw_tcp_round_trip_p50_ns", "ns", Lower, Time,
        Reference, OnThisMachine, "plain TCP, p50";
    /// The time that 99 % of the round trips over plain TCP do not exceed.
    RAW_TCP_ROUND_TRIP_P99_NS = "raw_tcp_round_trip_p99_ns", "ns", Lower, Time,
        Reference, OnThisMachine, "plain TCP, p99";
    /// What TLS adds to a round trip: its median less that of plain TCP in the same round, of which there are many. It may be
    /// below zero where that is inside the noise.
    ADDED_ROUND_TRIP_NS = "added_round_trip_ns", "ns", Lower, Time,
        Reference, OnThisMachine, "TLS adds";
    /// Processor time of one side, including system calls, per message sent and echoed.
    CPU_NS_PER_MESSAGE = "cpu_ns_per_message", "ns", Lower, Time,
        Primary, OnThisMachine, "CPU";
    /// System calls of one side per message sent and echoed.
    SYSCALLS_PER_MESSAGE = "syscalls_per_message", "", Lower, Count,
        Primary, Anywhere, "system calls";
    /// Rounds of an event loop, in which it was woken or did not have to sleep, per message.
    WAKE_UPS_PER_MESSAGE = "wake_ups_per_message", "", Lower, Count,
        Primary, OnThisMachine, "wake-ups";
    /// Turns that an event loop gave to connections, per message.
    TURNS_PER_MESSAGE = "turns_per_message", "", Lower, Count,
        Primary, OnThisMachine, "turns";
    /// System calls of an event loop per connection, for its handshake and its close.
    SYSCALLS_PER_CONNECTION = "syscalls_per_connection", "", Lower, Count,
        Detail, Anywhere, "system calls of a connection";
}
