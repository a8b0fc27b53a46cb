use std::sync::Arc;
use std::time::Instant;

use super::callers::{Caller, Trip};
use super::message::Message;
use super::pace::Pace;
use crate::clock::thread_cpu_ns;
use crate::error::Error;
use crate::measure::{Pattern, nanoseconds};
use crate::workload::histogram::{Buckets, Times};

/// The round trips of one turn.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Their times.
    pub times: Buckets,
    /// The same since each was due, in an open loop.
    pub corrected: Buckets,
    /// Their number.
    pub trips: u64,
    /// How long the turn took, nanoseconds.
    pub elapsed_ns: u64,
    /// Processor time of the thread that made them, with that of the echo where it drives both ends. Nanoseconds.
    pub cpu_ns: u64,
    /// Processor time of the thread that echoes, if there is one. Nanoseconds.
    pub echo_cpu_ns: Option<u64>,
    /// System calls of the client's end, if it has a socket.
    pub client_calls: Option<u64>,
    /// System calls of the other end, if it has one here.
    pub server_calls: Option<u64>,
    /// How often the connection had to be made anew.
    pub reconnections: u64,
}

/// A conversation with what it says next. Messages differ from one to the next, so that a repeated echo is noticed.
pub(super) struct Talk {
    caller: Box<dyn Caller>,
    pattern: Arc<Pattern>,
    position: u64,
    message_bytes: usize,
    echo: Message,
    pace: Option<Pace>,
    times: Times,
    corrected: Times,
}

impl Talk {
    pub(super) fn new(
        caller: Box<dyn Caller>,
        pattern: &Arc<Pattern>,
        message_bytes: usize,
        pace: Option<Pace>,
    ) -> Result<Self, Error> {
        Ok(Self {
            caller,
            pattern: Arc::clone(pattern),
            position: 0,
            message_bytes,
            echo: Message::new(message_bytes),
            pace,
            times: Times::new()?,
            corrected: Times::new()?,
        })
    }

    /// Makes `settling` round trips that are not timed, so that threads are awake and caches are warm, then `trips` that are. Each
    /// echo is compared with what was sent, outside of its time.
    pub(super) fn block(&mut self, settling: u64, trips: u64) -> Result<Block, Error> {
        let mut reconnections = 0;
        for _ in 0..settling {
            self.next();
            while self.make()? == Trip::Again {}
        }
        let (calls, cpu_ns, began) = (self.caller.calls(), thread_cpu_ns(), Instant::now());
        let mut pace = self.pace;
        let mut turn = pace.as_mut().map(Pace::begin);
        for _ in 0..trips {
            self.next();
            let due = turn.as_mut().map(super::pace::Turn::wait).transpose()?;
            let (sent, made) = loop {
                let sent = Instant::now();
                if self.make()? == Trip::Made {
                    break (sent, Instant::now());
                }
                reconnections += 1;
            };
            self.times.record(nanoseconds(sent, made));
            if let Some(due) = due {
                self.corrected.record(nanoseconds(due, made));
            }
            self.echo.check(self.pattern.at(self.position, self.message_bytes))?;
        }
        if let Some(turn) = turn {
            turn.end();
        }
        self.pace = pace;
        let since =
            |count: fn(&super::callers::Calls) -> Option<u64>| Some(count(&self.caller.calls()?)? - count(&calls?)?);
        Ok(Block {
            client_calls: since(|calls| Some(calls.client)),
            server_calls: since(|calls| calls.server),
            elapsed_ns: nanoseconds(began, Instant::now()),
            cpu_ns: thread_cpu_ns() - cpu_ns,
            echo_cpu_ns: None,
            times: self.times.take(),
            corrected: self.corrected.take(),
            trips,
            reconnections,
        })
    }

    /// Ends the conversation.
    pub(super) fn close(&mut self) {
        self.caller.close();
    }

    /// Turns to the next message.
    fn next(&mut self) {
        self.position += self.message_bytes as u64;
    }

    fn make(&mut self) -> Result<Trip, Error> {
        self.echo.clear();
        self.caller.round_trip(self.pattern.at(self.position, self.message_bytes), &mut self.echo)
    }
}
