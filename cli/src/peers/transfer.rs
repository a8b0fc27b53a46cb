use std::sync::Arc;
use std::time::Duration;

use super::messages::{Between, Order, Reply, TransferOrder};
use super::process::Process;
use super::program::Program;
use crate::error::Error;
use crate::library::{Negotiated, Setup};
use crate::measure::{Pattern, Sample};
use crate::workload::{AnyLibrary, Lane, Transport, Work, Worker};

/// How long a handshake may take, and the end of a conversation.
const PATIENCE: Duration = Duration::from_secs(20);
/// A library that is slower than this hangs, bytes per second.
const SLOWEST_BYTES_PER_S: f64 = 1e6;

/// A library in a program of its own, with the configuration of both ends. Each conversation has a process.
pub struct PeerLibrary {
    /// The program.
    pub program: Arc<Program>,
    /// What both ends are configured with.
    pub setup: Setup,
    /// The provider of the raw AEAD.
    pub provider: &'static str,
}

impl AnyLibrary for PeerLibrary {
    fn workers(&self, work: &Work, _: &Arc<Pattern>, index: u64) -> Result<Vec<Box<dyn Worker>>, Error> {
        let between = match work.transport {
            Transport::Memory(_) => Between::Memory,
            Transport::LoopbackOneThread(_) => Between::LoopbackOneThread,
            Transport::LoopbackThreadPerEnd(_) => Between::LoopbackThreadPerEnd,
            Transport::Remote(_) => return Err(Error::Usage("--connect is for --library tls-engine".to_owned())),
        };
        let order = TransferOrder {
            setup: (&self.setup).into(),
            provider: self.provider.to_owned(),
            aead: work.suite.code.0,
            write_bytes: work.write_bytes,
            buffer_bytes: work.buffer_bytes,
            direction: work.direction,
            between,
            sockets: work.sockets.into(),
            verify: work.verify,
            seed: work.seed.wrapping_add(index),
        };
        let process = self.program.start()?;
        let write_bytes = work.write_bytes;
        Ok(vec![Box::new(Conversation { process, order: Some(Box::new(order)), write_bytes })])
    }
}

/// Both ends of a conversation, in the other process.
struct Conversation {
    process: Process,
    /// What it is told first.
    order: Option<Box<TransferOrder>>,
    write_bytes: usize,
}

impl Worker for Conversation {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        let order = self.order.take().ok_or_else(|| self.process.confused())?;
        match self.process.ask(&Order::Transfer(order), PATIENCE)? {
            Reply::Negotiated(agreed) => Ok(agreed.into()),
            _ => Err(self.process.confused()),
        }
    }

    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
        let bytes = writes as f64 * self.write_bytes as f64;
        let patience = PATIENCE + Duration::from_secs_f64(bytes / SLOWEST_BYTES_PER_S);
        match self.process.ask(&Order::Run { lane, writes }, patience)? {
            Reply::Ran(sample) if sample.is_plausible(writes * self.write_bytes as u64) => Ok(*sample),
            _ => Err(self.process.confused()),
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        match self.process.ask(&Order::Finish, PATIENCE)? {
            Reply::Finished => Ok(()),
            _ => Err(self.process.confused()),
        }
    }
}
