use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tls_engine::codes::ProtocolVersion;
use tls_engine::conn::ClientConfig;
use tls_engine::crypto::Suite;
use tls_engine::io::{Socket, SocketOptions};
use tls_engine::limits::RECORD_CONTENT_MAX;
use tls_engine::mem::BufferPool;

use super::ends::{OpeningEnd, SealingEnd, buffer_bytes};
use super::link::{Link, Memory};
use super::one_thread::OneThread;
use super::pair::{Pair, handshake};
use super::raw_tcp::{RawPair, RawReceiver, RawSender};
use super::sockets::{Sockets, loopback};
use super::thread_per_end::{LOOK, OpeningThread, SealingThread};
use super::verifier::{Verifier, Verify};
use super::worker_pool::{Lane, Worker, WorkerPool};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, EngineEndpoint, Library, Room};
use crate::measure::{Layout, Pattern, RawAead};
use crate::net::Target;

/// The seed of the stream that `tlsbench serve --mode source` sends; both ends must use the same one.
pub const SOURCE_SEED: u64 = 0;

/// The direction of the data, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The client seals and the server opens.
    Send,
    /// The server seals and the client opens.
    Receive,
}

impl Direction {
    /// The name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
        }
    }
}

/// What carries the records, and which threads drive the ends.
#[derive(Clone)]
pub enum Transport {
    /// Buffers in memory; one thread drives both ends.
    Memory(Arc<dyn AnyLibrary>),
    /// Two TCP sockets on this machine; one thread drives both ends.
    LoopbackOneThread(Arc<dyn AnyLibrary>),
    /// Two TCP sockets on this machine, with a thread for each end.
    LoopbackThreadPerEnd(Arc<dyn AnyLibrary>),
    /// A socket to another process, which runs `tlsbench serve`.
    Remote(Remote),
}

impl Transport {
    /// The name as part of case names.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::LoopbackOneThread(_) => "loopback-1",
            Self::LoopbackThreadPerEnd(_) => "loopback-2",
            Self::Remote(_) => "remote",
        }
    }
}

/// A library of any type: what a case needs of it, once for each conversation.
pub trait AnyLibrary: Send + Sync {
    /// The ends of conversation `index` of `work`.
    fn workers(&self, work: &Work, pattern: &Arc<Pattern>, index: u64) -> Result<Vec<Box<dyn Worker>>, Error>;
}

impl<T: Library> AnyLibrary for T {
    fn workers(&self, work: &Work, pattern: &Arc<Pattern>, index: u64) -> Result<Vec<Box<dyn Worker>>, Error> {
        let verifier = work.verifier(pattern, index);
        let is_client_sealing = work.direction == Direction::Send;
        let client = self.client(work.room(is_client_sealing))?;
        let server = self.server(work.room(!is_client_sealing))?;
        if is_client_sealing {
            work.connect(client, server, pattern, verifier)
        } else {
            work.connect(server, client, pattern, verifier)
        }
    }
}

/// A library that can't do the work, and why: with it a case refuses to start.
pub struct Lacking(pub String);

impl AnyLibrary for Lacking {
    fn workers(&self, _: &Work, _: &Arc<Pattern>, _: u64) -> Result<Vec<Box<dyn Worker>>, Error> {
        Err(Error::Usage(self.0.clone()))
    }
}

/// The other process.
#[derive(Clone)]
pub struct Remote {
    /// Its address.
    pub target: Target,
    /// The name to verify.
    pub name: ServerName<'static>,
    /// How to connect.
    pub config: Arc<ClientConfig>,
    /// Where its buffers come from.
    pub pool: BufferPool,
}

/// What a case moves, and over what.
#[derive(Clone)]
pub struct Work {
    /// The protocol version.
    pub version: ProtocolVersion,
    /// The suite of TLS 1.3 with the same AEAD, for the raw AEAD.
    pub suite: Suite,
    /// The length of a write, bytes.
    pub write_bytes: usize,
    /// The approximate size of each end's buffer, bytes.
    pub buffer_bytes: usize,
    /// The direction of the data.
    pub direction: Direction,
    /// What carries the records.
    pub transport: Transport,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// The number of concurrent conversations.
    pub conversations: usize,
    /// Which received records are compared.
    pub verify: Verify,
    /// The seed for the bytes, and for which records are compared.
    pub seed: u64,
}

impl Work {
    /// How writes are grouped into batches.
    pub fn layout(&self) -> Layout {
        Layout::new(self.write_bytes, self.buffer_bytes)
    }

    /// What is timed: TLS first, then its references. The raw AEAD is that of TLS 1.3, whose records have no explicit nonce and
    /// other additional data.
    pub fn lanes(&self) -> &'static [Lane] {
        let is_tls13 = self.version == ProtocolVersion::TLS13;
        match self.transport {
            Transport::Memory(_) | Transport::Remote(_) if is_tls13 => {
                &[Lane::Tls, Lane::RawAeadInPlace, Lane::RawAeadOutOfPlace]
            }
            Transport::Memory(_) | Transport::Remote(_) => &[Lane::Tls],
            Transport::LoopbackOneThread(_) | Transport::LoopbackThreadPerEnd(_) if is_tls13 => {
                &[Lane::Tls, Lane::RawTcp, Lane::RawAeadInPlace, Lane::RawAeadOutOfPlace]
            }
            Transport::LoopbackOneThread(_) | Transport::LoopbackThreadPerEnd(_) => &[Lane::Tls, Lane::RawTcp],
        }
    }

    /// The target length of one lane's block. It is short, so that few blocks are disturbed by other programs and the
    /// median ignores those. It is long compared with the gap between two blocks: threads that wake each other, and
    /// kernel buffers that fill and drain, take longer to settle than the work of a single thread.
    pub const fn block(&self) -> Duration {
        match self.transport {
            Transport::Memory(_) => Duration::from_millis(2),
            Transport::LoopbackOneThread(_) => Duration::from_millis(5),
            Transport::LoopbackThreadPerEnd(_) | Transport::Remote(_) => Duration::from_millis(50),
        }
    }

    /// The number of writes in the block whose heap calls are counted: whole batches, and enough of them to show a call
    /// that is made only occasionally.
    pub fn counted_writes(&self) -> u64 {
        const BYTES: u64 = 16 << 20;
        let cycle = self.layout().cycle_writes().max(1);
        (BYTES / self.write_bytes.max(1) as u64).clamp(1, 1_000).next_multiple_of(cycle)
    }

    /// Starts the threads with their connections.
    pub fn start(&self) -> Result<WorkerPool, Error> {
        let pattern = Arc::new(self.pattern());
        let conversations: Result<Vec<_>, Error> =
            (0..self.conversations).map(|index| self.workers(&pattern, index as u64)).collect();
        WorkerPool::start(conversations?)
    }

    /// The ends of one conversation.
    fn workers(&self, pattern: &Arc<Pattern>, index: u64) -> Result<Vec<Box<dyn Worker>>, Error> {
        interrupt::check()?;
        match &self.transport {
            Transport::Memory(library)
            | Transport::LoopbackOneThread(library)
            | Transport::LoopbackThreadPerEnd(library) => library.workers(self, pattern, index),
            Transport::Remote(remote) => {
                let socket = remote.target.connect(&self.sockets)?.socket;
                looks_up(&socket)?;
                let room = self.room(self.direction == Direction::Send);
                let endpoint = EngineEndpoint::client(&remote.config, remote.name.clone(), &remote.pool, room)?;
                Ok(vec![match self.direction {
                    Direction::Send => self.sealing_thread(endpoint, socket, None, pattern, true)?,
                    Direction::Receive => {
                        self.opening_thread(endpoint, socket, None, pattern, self.verifier(pattern, index), true)?
                    }
                }])
            }
        }
    }

    /// The ends of a conversation between these two, before their handshake.
    fn connect<S: Endpoint, O: Endpoint>(
        &self,
        sealing: S,
        opening: O,
        pattern: &Arc<Pattern>,
        verifier: Verifier,
    ) -> Result<Vec<Box<dyn Worker>>, Error> {
        match &self.transport {
            Transport::Memory(_) => Ok(vec![self.one_thread(sealing, opening, Memory, None, pattern, verifier)?]),
            Transport::LoopbackOneThread(_) => {
                let (from, to) = self.loopback()?;
                let link = Sockets::new(from, to)?;
                let raw_tcp = self.raw_tcp(pattern, verifier.clone())?;
                raw_tcp.set_nonblocking()?;
                Ok(vec![self.one_thread(sealing, opening, link, Some(raw_tcp), pattern, verifier)?])
            }
            Transport::LoopbackThreadPerEnd(_) | Transport::Remote(_) => {
                let (from, to) = self.loopback()?;
                let RawPair { sender, receiver } = self.raw_tcp(pattern, verifier.clone())?;
                Ok(vec![
                    self.sealing_thread(sealing, from, Some(sender), pattern, false)?,
                    self.opening_thread(opening, to, Some(receiver), pattern, verifier, false)?,
                ])
            }
        }
    }

    fn verifier(&self, pattern: &Arc<Pattern>, index: u64) -> Verifier {
        Verifier::new(Arc::clone(pattern), self.verify, self.seed.wrapping_add(index))
    }

    /// The capacities of an end's buffers. The one that carries the data holds a batch.
    fn room(&self, is_sealing: bool) -> Room {
        let layout = self.layout();
        let explicit_nonces = match self.version {
            ProtocolVersion::TLS13 => 0,
            // Records of TLS 1.2 are longer by the explicit nonce, and have no inner type (RFC 5288 3).
            _ => layout.records_per_batch() * 8,
        };
        let bytes = buffer_bytes(&layout) + explicit_nonces;
        if is_sealing {
            Room { input_bytes: 0, output_bytes: bytes }
        } else {
            Room { input_bytes: bytes, output_bytes: 0 }
        }
    }

    /// The sockets of the sealing and the opening end. The client connects.
    fn loopback(&self) -> Result<(Socket, Socket), Error> {
        let (client, server) = loopback(&self.sockets)?;
        looks_up(&client)?;
        looks_up(&server)?;
        Ok(if self.direction == Direction::Send { (client, server) } else { (server, client) })
    }

    fn raw_tcp(&self, pattern: &Arc<Pattern>, verifier: Verifier) -> Result<RawPair, Error> {
        let (from, to) = self.loopback()?;
        let layout = self.layout();
        Ok(RawPair {
            sender: RawSender::new(from, layout, Arc::clone(pattern)),
            receiver: RawReceiver::new(to, buffer_bytes(&layout), verifier),
        })
    }

    fn one_thread<L: Link + Send + 'static, S: Endpoint, O: Endpoint>(
        &self,
        mut sealing: S,
        mut opening: O,
        mut link: L,
        raw_tcp: Option<RawPair>,
        pattern: &Arc<Pattern>,
        verifier: Verifier,
    ) -> Result<Box<dyn Worker>, Error> {
        handshake(&mut link, &mut sealing, &mut opening)?;
        let sealing = SealingEnd::new(sealing, self.layout(), Arc::clone(pattern));
        let pair = Pair::new(sealing, OpeningEnd::new(opening, self.layout(), verifier), link);
        Ok(Box::new(OneThread { pair, raw_tcp, aead: self.aead(pattern)?, write_bytes: self.write_bytes as u64 }))
    }

    fn sealing_thread(
        &self,
        endpoint: impl Endpoint,
        socket: Socket,
        raw_tcp: Option<RawSender>,
        pattern: &Arc<Pattern>,
        wants_receipt: bool,
    ) -> Result<Box<dyn Worker>, Error> {
        let end = SealingEnd::new(endpoint, self.layout(), Arc::clone(pattern));
        Ok(Box::new(SealingThread { end, socket, raw_tcp, aead: self.aead(pattern)?, wants_receipt }))
    }

    fn opening_thread(
        &self,
        endpoint: impl Endpoint,
        socket: Socket,
        raw_tcp: Option<RawReceiver>,
        pattern: &Arc<Pattern>,
        verifier: Verifier,
        is_endless: bool,
    ) -> Result<Box<dyn Worker>, Error> {
        let end = OpeningEnd::new(endpoint, self.layout(), verifier);
        let (aead, write_bytes) = (self.aead(pattern)?, self.write_bytes as u64);
        Ok(Box::new(OpeningThread { end, socket, raw_tcp, aead, write_bytes, is_endless }))
    }

    fn aead(&self, pattern: &Arc<Pattern>) -> Result<RawAead, Error> {
        Ok(RawAead::new(&self.suite, self.layout(), Arc::clone(pattern))?)
    }

    fn pattern(&self) -> Pattern {
        match (&self.transport, self.direction) {
            // The sender is another process and does not know the batches of this end.
            (Transport::Remote(_), Direction::Receive) => Pattern::new(SOURCE_SEED, RECORD_CONTENT_MAX),
            _ => Pattern::new(self.seed, self.layout().batch_bytes()),
        }
    }
}

/// Makes blocking calls on a socket return at intervals, so that the waiting thread can check for an interrupt.
pub(super) fn looks_up(socket: &Socket) -> Result<(), Error> {
    let tcp = socket.tcp();
    tcp.set_read_timeout(Some(LOOK))
        .and_then(|()| tcp.set_write_timeout(Some(LOOK)))
        .map_err(|error| Error::io("setting up a socket", error))
}
