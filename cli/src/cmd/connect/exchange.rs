//! The conversation after the handshake. Standard input goes to the server, its answer to standard output.

use std::io::{ErrorKind, IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tls_engine::conn::{Connection, Progress};
use tls_engine::io::{Filled, fill, flush};
use tls_engine::mem::{InBuf, OutBuf};

use super::LOOK;
use super::open::{Opened, note_traffic};
use crate::error::Error;
use crate::interrupt;
use crate::measure::nanoseconds_of;
use crate::net::http::Dialogue;
use crate::net::{DeadlineSocket, Failure};
use crate::plan::Connect;
use crate::render::{Answer, Messages};
use crate::schema::Warning;
use crate::schema::connection::Connection as About;

/// The most that is read from standard input at once, bytes.
const PIECE_BYTES: usize = 16 << 10;

/// The least time the peer has to answer close_notify and end the connection: what it answers may come only then.
const PARTING: Duration = Duration::from_secs(1);

/// The conversation after the handshake: one thread that waits for both of its sources at once.
pub(super) struct Exchange {
    connection: Connection,
    socket: DeadlineSocket,
    input: InBuf,
    output: OutBuf,
    target: String,
    messages: Messages,
    /// Where what the peer says goes.
    answer: Answer,
    answer_bytes: u64,
    /// What was said, where it is HTTP.
    dialogue: Dialogue,
    linger: Duration,
    /// When the handshake had completed, or the first byte after it was sealed: what the answer is timed from.
    asked_at: Instant,
    has_asked: bool,
    /// How long the answer took to begin.
    first_byte: Option<Duration>,
    /// When the peer, or standard input, was last heard of.
    last_data: Instant,
    standard_input_is_over: bool,
    peer_is_over: bool,
    /// What was read from standard input and is not sealed yet.
    pending: Vec<u8>,
}

impl Exchange {
    /// The conversation on a connection whose handshake has completed. `pending` is sent before standard input.
    pub(super) fn new(plan: &Connect, opened: Opened, pending: Vec<u8>, messages: Messages) -> Self {
        let Opened { connection, socket, input, output, ready_at, .. } = opened;
        let mut dialogue = Dialogue::new();
        dialogue.sent(&plan.early_data);
        Self {
            connection,
            socket,
            input,
            output,
            target: plan.target.to_string(),
            messages,
            answer: if plan.prints_answer() { Answer::to_standard_output() } else { Answer::dropped() },
            answer_bytes: 0,
            dialogue,
            linger: plan.linger,
            asked_at: ready_at,
            has_asked: false,
            first_byte: None,
            last_data: Instant::now(),
            standard_input_is_over: false,
            peer_is_over: false,
            pending,
        }
    }

    /// What it has come to so far.
    pub(super) fn note(&self, about: &mut About) {
        about.answer_bytes = self.answer_bytes;
        about.times.first_byte_ns = self.first_byte.map(nanoseconds_of);
        note_traffic(about, self.socket.traffic());
    }

    /// Carries data both ways until one side ends it.
    pub(super) fn run(&mut self) -> Result<(), Error> {
        // What came with the end of the handshake is in the buffer already.
        self.take_records()?;
        while !self.peer_is_over {
            self.send()?;
            if self.peer_is_over {
                break;
            }
            let (from_peer, from_input) = self.wait()?;
            if from_peer {
                self.receive()?;
            }
            if from_input {
                self.read_standard_input()?;
            }
            let silence = self.last_data.elapsed();
            if !self.connection.is_ready() {
                if silence >= self.linger.max(PARTING) {
                    return Ok(());
                }
            } else if self.standard_input_is_over && silence >= self.linger {
                self.connection.close(&mut self.output);
                self.last_data = Instant::now();
            }
            if interrupt::requested() {
                return Err(Error::Interrupted);
            }
        }
        self.connection.close(&mut self.output);
        // A last word to a peer that has said its own.
        let _ = self.send();
        Ok(())
    }

    /// Seals what is pending and sends what the socket takes. Where it takes nothing any more, the peer is heard first: its
    /// reason for leaving may have come already.
    fn send(&mut self) -> Result<(), Error> {
        loop {
            if !self.pending.is_empty() {
                if !std::mem::replace(&mut self.has_asked, true) {
                    self.asked_at = Instant::now();
                }
                let taken = self.connection.write_tls(&[&self.pending], &mut self.output).map_err(|e| self.tls(e))?;
                self.pending.drain(..taken);
            }
            let is_sent = match flush(&mut self.output, &mut self.socket) {
                Ok(is_sent) => is_sent,
                Err(error) => return self.hear_last_words(error),
            };
            if !is_sent || self.pending.is_empty() {
                return Ok(());
            }
        }
    }

    /// Waits until the peer or standard input has something, or the socket takes more, for a moment at most.
    fn wait(&self) -> Result<(bool, bool), Error> {
        let is_sending = !self.output.is_empty() || !self.pending.is_empty();
        let socket_flags = if is_sending { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let standard_input = std::io::stdin();
        let mut sources = vec![PollFd::from_borrowed_fd(self.socket.socket().tcp().as_fd(), socket_flags)];
        if !self.standard_input_is_over && !is_sending {
            sources.push(PollFd::from_borrowed_fd(standard_input.as_fd(), PollFlags::IN));
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as _ };
        match poll(&mut sources, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::io("waiting for data", error.into())),
        }
        let readable = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        let is_ready = |index: usize| sources.get(index).is_some_and(|source| source.revents().intersects(readable));
        Ok((is_ready(0), is_ready(1)))
    }

    fn receive(&mut self) -> Result<(), Error> {
        match fill(&mut self.input, &mut self.socket) {
            Ok(Filled::End) => {
                let ended = self.connection.end_of_input().map_err(|error| self.tls(error));
                ended.or_else(|error| self.part(error))?;
                self.peer_is_over = true;
                Ok(())
            }
            Ok(Filled::Bytes(_) | Filled::Full | Filled::WouldBlock) => self.take_records(),
            Err(error) => self.hear_last_words(error),
        }
    }

    /// The socket has failed: takes what came before, and tells of the failure only where that is not the end already.
    fn hear_last_words(&mut self, failure: std::io::Error) -> Result<(), Error> {
        self.take_records()?;
        while !self.peer_is_over && matches!(fill(&mut self.input, &mut self.socket), Ok(Filled::Bytes(_))) {
            self.take_records()?;
        }
        if !self.peer_is_over {
            self.part(self.io(failure))?;
            self.peer_is_over = true;
        }
        Ok(())
    }

    /// The peer is gone without close_notify, which anybody between could have made up (RFC 8446 6.1). That is no loss where
    /// its answer has told how long it is, and is not shorter: many servers of HTTP leave so.
    fn part(&self, error: Error) -> Result<(), Error> {
        if !self.input.is_empty() || !self.dialogue.is_whole() {
            return Err(error);
        }
        self.messages.warning(&Warning {
            message: format!("{}: the peer closed the connection without close_notify", self.target),
            advice: "its HTTP response is complete".into(),
        });
        Ok(())
    }

    fn take_records(&mut self) -> Result<(), Error> {
        loop {
            match self.connection.read_tls(&mut self.input, &mut self.output) {
                Ok(Progress::Data(data)) => {
                    self.last_data = Instant::now();
                    self.answer_bytes += data.len() as u64;
                    self.first_byte.get_or_insert_with(|| self.last_data.duration_since(self.asked_at));
                    self.dialogue.received(data);
                    match self.answer.write(data) {
                        // The reader has closed: `| head` is no failure.
                        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                            self.peer_is_over = true;
                            return Ok(());
                        }
                        result => result.map_err(|error| Error::io("writing to standard output", error))?,
                    }
                }
                Ok(Progress::Advanced) => {}
                // The configuration pauses for nothing.
                Ok(Progress::NeedInput | Progress::Paused) => break,
                Ok(Progress::Closed) => {
                    self.peer_is_over = true;
                    break;
                }
                Err(error) => {
                    // The alert is a courtesy to the peer.
                    let _ = flush(&mut self.output, &mut self.socket);
                    return Err(self.tls(error));
                }
            }
        }
        self.answer.flush().map_err(|error| Error::io("writing to standard output", error))
    }

    fn read_standard_input(&mut self) -> Result<(), Error> {
        let mut piece = [0; PIECE_BYTES];
        // At a terminal, the end of input is typed: whoever types it waits for nothing more.
        let count = match std::io::stdin().lock().read(&mut piece) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(Error::io("reading standard input", error)),
        };
        self.last_data = Instant::now();
        self.pending.extend_from_slice(&piece[..count]);
        self.dialogue.sent(&piece[..count]);
        if count == 0 {
            self.standard_input_is_over = true;
            if std::io::stdin().is_terminal() {
                self.linger = Duration::ZERO;
            }
        }
        Ok(())
    }

    fn tls(&self, source: tls_engine::Error) -> Error {
        Error::Tls { target: self.target.clone(), source }
    }

    fn io(&self, source: std::io::Error) -> Error {
        Failure::Transport(source).with_target(&self.target)
    }
}
