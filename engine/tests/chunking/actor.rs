//! One end of a conversation, which does what its part says at places that do not depend on how bytes come.

use std::collections::VecDeque;
use std::sync::Arc;

use rustls_pki_types::UnixTime;
use tls_engine::Error;
use tls_engine::codes::CipherSuite;
use tls_engine::conn::{ClientConfig, Connection, Negotiated, Progress, ServerConfig};
use tls_engine::counters::Counters;
use tls_engine::mem::{InBuf, OutBuf, Secret};

use crate::support::jobs::do_job;
use crate::support::{localhost, pattern};

/// When something is done: right after the record that brings it about.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// The handshake is done.
    Ready,
    /// So many bytes of data have come.
    Received(usize),
    /// close_notify has come.
    Closed,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Write so many bytes at once.
    Write(usize),
    /// Update keys, and ask for the peer's or not.
    UpdateKeys(bool),
    Close,
}

pub type Part = Vec<(When, Vec<Act>)>;

pub struct Actor {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
    part: VecDeque<(When, Vec<Act>)>,
    sent: Vec<u8>,
    received: Vec<u8>,
    written: usize,
    closed: bool,
    error: Option<Error>,
}

/// All that can be seen of an end, when all is over.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub sent: Vec<u8>,
    pub received: Vec<u8>,
    pub negotiated: Option<Negotiated>,
    pub tickets: Vec<TicketSeen>,
    pub sealed: Counters,
    pub opened: Counters,
    pub closed: bool,
    pub error: Option<Error>,
    pub end_of_input: Result<(), Error>,
}

pub type TicketSeen = (CipherSuite, Secret, Vec<u8>, u32, u32, UnixTime);

impl Actor {
    pub fn client(config: &Arc<ClientConfig>, part: Part) -> Self {
        let mut output = OutBuf::with_capacity(1 << 17);
        let connection = Connection::client(config, localhost(), &mut output).expect("a ClientHello");
        Self::new(connection, output, part)
    }

    pub fn server(config: &Arc<ServerConfig>, part: Part) -> Self {
        Self::new(Connection::server(config), OutBuf::with_capacity(1 << 17), part)
    }

    fn new(connection: Connection, output: OutBuf, part: Part) -> Self {
        Self {
            connection,
            input: InBuf::with_capacity(0),
            output,
            part: part.into(),
            sent: Vec::new(),
            received: Vec::new(),
            written: 0,
            closed: false,
            error: None,
        }
    }

    /// Takes bytes, and goes on as far as they allow.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        loop {
            let taken = self.input.put(bytes);
            bytes = &bytes[taken..];
            while self.step() {
                self.act();
            }
            self.drain();
            if bytes.is_empty() || self.closed || self.error.is_some() {
                return;
            }
        }
    }

    /// Takes one record.
    fn step(&mut self) -> bool {
        if self.closed || self.error.is_some() {
            return false;
        }
        match self.connection.read_tls(&mut self.input, &mut self.output) {
            Ok(Progress::NeedInput) => return false,
            Ok(Progress::Advanced) => {}
            Ok(Progress::Data(data)) => self.received.extend_from_slice(data),
            Ok(Progress::Closed) => self.closed = true,
            Ok(Progress::Paused) => {
                self.error = do_job(&mut self.connection, &mut self.input, &mut self.output).err();
            }
            Err(error) => self.error = Some(error),
        }
        true
    }

    fn act(&mut self) {
        while let Some((when, _)) = self.part.front() {
            let now = match when {
                When::Ready => self.connection.is_ready(),
                When::Received(count) => self.received.len() >= *count,
                When::Closed => self.closed,
            };
            if !now {
                return;
            }
            let acts = self.part.pop_front().map(|(_, acts)| acts).unwrap_or_default();
            acts.into_iter().for_each(|act| self.do_it(act));
        }
    }

    fn do_it(&mut self, act: Act) {
        let output = &mut self.output;
        match act {
            Act::Write(count) => {
                let data = pattern(count, self.written);
                self.written += count;
                assert_eq!(self.connection.write_tls(&[&data], output), Ok(count), "the buffer holds all of it");
            }
            Act::UpdateKeys(request) => self.connection.update_keys(request, output).expect("a key update"),
            Act::Close => self.connection.close(output),
        }
        self.drain();
    }

    fn drain(&mut self) {
        self.sent.extend_from_slice(self.output.waiting());
        self.output.sent(self.output.len());
    }

    /// What has been sent since `from`.
    pub fn sent_since(&mut self, from: usize) -> Vec<u8> {
        self.drain();
        self.sent[from..].to_vec()
    }

    pub fn outcome(mut self) -> Outcome {
        self.drain();
        let tickets = self.connection.tickets().iter().map(|ticket| {
            let ticket = ticket.clone();
            (ticket.suite, *ticket.psk, ticket.ticket, ticket.lifetime_s, ticket.age_add, ticket.received_at)
        });
        Outcome {
            tickets: tickets.collect(),
            negotiated: self.connection.negotiated().cloned(),
            sealed: self.connection.sealed(),
            opened: self.connection.opened(),
            end_of_input: self.connection.end_of_input(),
            sent: self.sent,
            received: self.received,
            closed: self.closed,
            error: self.error,
        }
    }
}
