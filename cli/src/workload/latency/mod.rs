//! Round trips: a message is sent, echoed, and compared with what was sent. Libraries, and plain TCP over the same kind of sockets,
//! take turns in one run, so that what TLS adds to a round trip is a number.

mod affinity;
mod block;
mod callers;
mod echo_thread;
mod elsewhere;
mod ends;
mod http;
mod message;
mod metrics;
mod pace;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use tls_engine::io::{Socket, SocketOptions};
use tls_engine::limits::RECORD_CONTENT_MAX;

use super::Lacking;
use super::case::looks_up;
use super::link::Memory;
use super::pair::handshake;
use super::sockets::{Sockets, loopback};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, Library, Negotiated, Room};
use crate::measure::Pattern;

pub use affinity::Affinity;
pub use block::Block;
pub use elsewhere::Elsewhere;
pub use metrics::{PERCENTILES, Percentile, has_percentile, record, samples_needed_of};
pub use turns::{Found, Live, Schedule, Talked, run};

use callers::{BothEnds, Caller, Client, Echo, InMemory, Server};
use ends::{End, RawEnd, TlsEnd};
use message::Message;

/// What a record adds to its content at most: header, explicit nonce and tag of TLS 1.2 (RFC 5288 3).
const RECORD_OVERHEAD_MAX: usize = 5 + 8 + 16;
/// What else an end may have to send with a message: a key update, an alert (RFC 8446 4.6.3, 6).
const SLACK_BYTES: usize = 256;

/// What carries the messages between two ends of this process, and which threads drive these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Buffers in memory; one thread drives both ends.
    Memory,
    /// Two TCP sockets on this machine; one thread drives both ends, and never waits.
    OneThread,
    /// The same with a thread for each end.
    ThreadPerEnd,
}

/// What is said, and over what.
#[derive(Clone, Debug)]
pub struct Work {
    /// The length of a message, bytes; 0 where a server elsewhere is sent requests.
    pub message_bytes: usize,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// Whether an end asks its socket again and again instead of sleeping until something arrives.
    pub busy_poll: bool,
    /// How long an end waits for the other.
    pub patience: Duration,
    /// The seed of the bytes.
    pub seed: u64,
}

/// A conversation that is ready to begin.
pub struct Conversation {
    caller: Box<dyn Caller>,
    /// The other end, where it gets a thread of its own.
    echo: Option<Box<dyn Echo>>,
    pattern: Arc<Pattern>,
    message_bytes: usize,
    /// What its ends have negotiated, if it has TLS.
    pub agreed: Option<Negotiated>,
}

/// What makes conversations: a library of any type.
pub trait Speaks: Send + Sync {
    /// Two ends that have completed their handshake.
    ///
    /// # Errors
    /// Where that fails, or the library can't do what is asked for.
    fn converse(&self, work: &Work, carrier: Carrier) -> Result<Conversation, Error>;
}

impl<T: Library> Speaks for T {
    fn converse(&self, work: &Work, carrier: Carrier) -> Result<Conversation, Error> {
        interrupt::check()?;
        let room = Room { input_bytes: 0, output_bytes: room_bytes(work.message_bytes) };
        let (mut client, mut server) = (self.client(room)?, self.server(room)?);
        if carrier == Carrier::Memory {
            handshake(&mut Memory, &mut client, &mut server)?;
            let agreed = client.negotiated();
            let held = Message::new(work.message_bytes);
            return Ok(Conversation { agreed, ..work.conversation(Box::new(InMemory { client, server, held }), None) });
        }
        let (client_socket, server_socket) = loopback(&work.sockets)?;
        let mut link = Sockets::new(client_socket, server_socket)?;
        handshake(&mut link, &mut client, &mut server)?;
        let agreed = client.negotiated();
        let (client_socket, server_socket) = link.into_sockets();
        let client = TlsEnd { endpoint: client, socket: client_socket };
        let server = TlsEnd { endpoint: server, socket: server_socket };
        if carrier == Carrier::ThreadPerEnd {
            work.waits(&client.socket)?;
            work.waits(&server.socket)?;
        }
        Ok(Conversation { agreed, ..work.between(client, server, carrier) })
    }
}

impl Speaks for Lacking {
    fn converse(&self, _: &Work, _: Carrier) -> Result<Conversation, Error> {
        Err(Error::Usage(self.0.clone()))
    }
}

impl Work {
    /// The same without TLS. `None` in memory, where it would be a copy of bytes.
    ///
    /// # Errors
    /// Where there are no sockets to be had.
    pub fn raw_tcp(&self, carrier: Carrier) -> Result<Option<Conversation>, Error> {
        if carrier == Carrier::Memory {
            return Ok(None);
        }
        let (client, server) = loopback(&self.sockets)?;
        for socket in [&client, &server] {
            if carrier == Carrier::OneThread {
                socket.set_nonblocking(true).map_err(|error| Error::io("setting up a socket", error))?;
            } else {
                self.waits(socket)?;
            }
        }
        Ok(Some(self.between(RawEnd(client), RawEnd(server), carrier)))
    }

    /// A conversation of two ends over sockets.
    fn between(&self, client: impl End + 'static, server: impl End + 'static, carrier: Carrier) -> Conversation {
        let (held, patience) = (Message::new(self.message_bytes), self.patience);
        if carrier == Carrier::ThreadPerEnd {
            let server = Server { end: server, held, patience };
            return self.conversation(Box::new(Client { end: client, patience }), Some(Box::new(server)));
        }
        self.conversation(Box::new(BothEnds { client, server, held, patience }), None)
    }

    fn conversation(&self, caller: Box<dyn Caller>, echo: Option<Box<dyn Echo>>) -> Conversation {
        let pattern = Arc::new(Pattern::new(self.seed, self.message_bytes));
        Conversation { caller, echo, pattern, message_bytes: self.message_bytes, agreed: None }
    }

    /// Lets a thread that waits for a socket sleep, and look for an interrupt from time to time; or not sleep.
    fn waits(&self, socket: &Socket) -> Result<(), Error> {
        socket.set_nonblocking(self.busy_poll).map_err(|error| Error::io("setting up a socket", error))?;
        looks_up(socket)
    }
}

/// The capacity of a buffer for a message and its records, bytes.
pub const fn room_bytes(message_bytes: usize) -> usize {
    let records = message_bytes.div_ceil(RECORD_CONTENT_MAX);
    message_bytes + records * RECORD_OVERHEAD_MAX + SLACK_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::engine;
    use crate::workload::Limit;
    use tls_engine::codes::CipherSuite;

    fn work(message_bytes: usize, busy_poll: bool) -> Work {
        let sockets = SocketOptions { timeout: Some(Duration::from_secs(10)), ..SocketOptions::default() };
        Work { message_bytes, sockets, busy_poll, patience: Duration::from_secs(10), seed: 1 }
    }

    fn schedule(trips: u64, rate: Option<f64>) -> Schedule {
        Schedule {
            limit: Limit::Writes(trips),
            warmup: Duration::ZERO,
            block: Duration::from_millis(5),
            rate,
            busy_poll: false,
            affinity: Affinity::default(),
            seed: 1,
        }
    }

    const ALL: [Carrier; 3] = [Carrier::Memory, Carrier::OneThread, Carrier::ThreadPerEnd];

    #[test]
    fn every_carrier_carries_messages_of_every_size_and_makes_as_many_round_trips_as_were_asked_for() {
        let engine = engine(CipherSuite::AES_128_GCM_SHA256, None, true);
        for carrier in ALL {
            for (size, busy_poll) in [(1, false), (64, true), (16_384, false), (65_536, false)] {
                let work = work(size, busy_poll);
                let raw_tcp = work.raw_tcp(carrier).expect("sockets");
                let found = run(vec![engine.converse(&work, carrier)], raw_tcp, &schedule(50, None), &mut |_| ());
                let found = found.expect("results");
                assert_eq!(found.raw_tcp.is_some(), carrier != Carrier::Memory);
                for talked in found.cases.iter().chain(&found.raw_tcp) {
                    assert!(talked.failure.is_none(), "{carrier:?} {size}: {:?}", talked.failure);
                    assert_eq!(talked.blocks.iter().map(|block| block.trips).sum::<u64>(), 50);
                    let times: u64 = talked.blocks.iter().map(|block| block.times.count()).sum();
                    assert_eq!((times, talked.blocks.iter().map(|block| block.corrected.count()).sum()), (50, 0));
                }
            }
        }
    }

    #[test]
    fn a_small_message_takes_each_end_one_write_and_one_read() {
        let engine = engine(CipherSuite::AES_128_GCM_SHA256, None, true);
        let work = work(64, false);
        let raw_tcp = work.raw_tcp(Carrier::OneThread).expect("sockets");
        let conversation = engine.converse(&work, Carrier::OneThread);
        let found = run(vec![conversation], raw_tcp, &schedule(64, None), &mut |_| ()).expect("results");
        for talked in found.cases.iter().chain(&found.raw_tcp) {
            let calls = |count: fn(&Block) -> Option<u64>| talked.blocks.iter().filter_map(count).sum::<u64>();
            assert_eq!((calls(|block| block.client_calls), calls(|block| block.server_calls)), (128, 128));
        }
    }

    #[test]
    fn keys_that_are_replaced_do_not_end_a_conversation() {
        let engine = engine(CipherSuite::AES_128_GCM_SHA256, Some(3), true);
        for carrier in ALL {
            let work = work(20_000, false);
            let found = run(vec![engine.converse(&work, carrier)], None, &schedule(40, None), &mut |_| ());
            let found = found.expect("results");
            assert!(found.cases[0].failure.is_none(), "{carrier:?}: {:?}", found.cases[0].failure);
        }
    }

    /// Echoes, but for one bit of every tenth message.
    struct Corrupting(Box<dyn Caller>, u64);

    impl Caller for Corrupting {
        fn round_trip(&mut self, message: &[u8], echo: &mut Message) -> Result<callers::Trip, Error> {
            self.1 += 1;
            let mut message = message.to_vec();
            message[0] ^= u8::from(self.1.is_multiple_of(10));
            self.0.round_trip(&message, echo)
        }

        fn calls(&self) -> Option<callers::Calls> {
            self.0.calls()
        }
    }

    #[test]
    fn a_corrupted_echo_ends_its_own_case_alone() {
        let engine = engine(CipherSuite::AES_128_GCM_SHA256, None, true);
        let work = work(64, false);
        let mut corrupted = engine.converse(&work, Carrier::Memory).expect("a conversation");
        corrupted.caller = Box::new(Corrupting(corrupted.caller, 0));
        let cases = vec![Ok(corrupted), engine.converse(&work, Carrier::Memory)];
        let found = run(cases, None, &schedule(100, None), &mut |_| ()).expect("results");
        let failure = found.cases[0].failure.as_ref().expect("a failure").to_string();
        assert_eq!(failure, "an echo is not what was sent");
        assert!(found.cases[1].failure.is_none());
        assert_eq!(found.cases[1].blocks.iter().map(|block| block.trips).sum::<u64>(), 100);
    }

    #[test]
    fn an_open_loop_times_each_round_trip_also_since_it_was_due() {
        let engine = engine(CipherSuite::AES_128_GCM_SHA256, None, true);
        let work = work(64, false);
        let began = std::time::Instant::now();
        let conversation = engine.converse(&work, Carrier::ThreadPerEnd);
        let found = run(vec![conversation], None, &schedule(50, Some(1000.0)), &mut |_| ()).expect("results");
        assert!(began.elapsed() >= Duration::from_millis(45), "nothing is sent before it is due");
        let blocks = &found.cases[0].blocks;
        assert_eq!(blocks.iter().map(|block| block.corrected.count()).sum::<u64>(), 50);
        for block in blocks {
            assert!(block.corrected.percentile(0.5) >= block.times.percentile(0.5), "{block:?}");
        }
    }
}
