//! `tlsbench connect`: a conversation by hand. Standard input goes to the server, its answer to standard output.

mod earlier_session;

use std::io::{ErrorKind, IsTerminal, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tls_engine::Authentication;
use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientCertificate, Connection, Negotiated, Progress};
use tls_engine::io::{Filled, Socket, StreamParts, fill, flush};
use tls_engine::mem::{InBuf, OutBuf};

use crate::error::Error;
use crate::identity;
use crate::interrupt;
use crate::net::http::Dialogue;
use crate::net::{Conversation, Failure};
use crate::plan::Connect;
use crate::render::{Answer, Messages};
use crate::schema::Warning;

/// The most that is read from standard input at once, bytes.
const PIECE_BYTES: usize = 16 << 10;
/// How often a wait looks up for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// Connects, and carries data both ways until one side ends it.
pub fn run(plan: &Connect, messages: Messages) -> Result<(), Error> {
    plan.notes.iter().for_each(|note| messages.note(note));
    let target = plan.target.to_string();
    let failed = |failure: Failure| failure.with_target(&target);
    let has_ticket = earlier_session::obtain_ticket(plan)?;
    if plan.tickets.is_some() && !has_ticket {
        messages.warning(&Warning {
            message: format!(
                "{target} has sent no ticket in an earlier connection, which was waited for {:?}",
                plan.linger
            ),
            advice:
                "the handshake is a full one; some servers send tickets only with an answer (--linger waits longer)"
                    .into(),
        });
    }
    let (conversation, early_bytes) = connected(plan, &plan.early_data)?;
    let mut pending = plan.early_data.clone();
    if let Some(negotiated) = conversation.connection().negotiated() {
        if has_ticket && !negotiated.is_resumed() {
            messages.warning(&Warning {
                message: format!("{target} has not taken its ticket: the handshake is a full one"),
                advice: "servers behind one address may not share their keys, or may have restarted".into(),
            });
        }
        describe(negotiated, &target, messages);
        if !plan.early_data.is_empty() {
            messages.note(&format!("early data: {}", early_data(negotiated, early_bytes, pending.len())));
        }
        if negotiated.early_data {
            pending.drain(..early_bytes);
        }
        if let Some(told) = own_certificate(negotiated, plan.has_certificate) {
            messages.note(&format!("client:    {told}"));
        }
        messages.note(&match &plan.verified {
            _ if negotiated.authentication == Authentication::ExternalPsk => {
                format!("server:    knows the external PSK {}", identity::of_psk(negotiated))
            }
            _ if negotiated.psk_identity.is_some() => {
                format!("server:    knew the external PSK {} before", identity::of_psk(negotiated))
            }
            Some(name) => format!("server:    verified as {name}"),
            None => "server:    not verified (-k accepts any certificate)".to_owned(),
        });
    }
    let parts = conversation.into_parts().map_err(|error| failed(error.into()))?;
    let StreamParts { connection, transport: socket, input, output, unread } = parts;
    let mut dialogue = Dialogue::new();
    dialogue.sent(&plan.early_data);
    let exchange = Exchange {
        connection,
        socket,
        input,
        output,
        target,
        messages,
        answer: Answer::to_standard_output(),
        dialogue,
        linger: plan.linger,
        last_data: Instant::now(),
        standard_input_is_over: false,
        peer_is_over: false,
        pending,
    };
    exchange.run(&unread)
}

/// A connection whose handshake has completed, and how many bytes of `early_data` were sent before.
fn connected(plan: &Connect, early_data: &[u8]) -> Result<(Conversation, usize), Error> {
    let target = plan.target.to_string();
    let failed = |failure: Failure| failure.with_target(&target);
    let deadline = Instant::now() + plan.timeout;
    let socket = plan.target.connect(&plan.sockets)?;
    let mut output = Conversation::output_buffer(&plan.pool);
    let mut connection = Connection::client(&plan.config, plan.name.clone(), &mut output)?;
    let early_bytes = connection.write_early_data(early_data, &mut output)?;
    let mut conversation =
        Conversation::new(connection, socket, output, &plan.pool).map_err(|error| failed(error.into()))?;
    conversation.handshake(deadline).map_err(failed)?;
    Ok((conversation, early_bytes))
}

/// What has become of early data, of which `sent` bytes of `all` went with the ClientHello.
fn early_data(negotiated: &Negotiated, sent: usize, all: usize) -> String {
    let rest = "sent after the handshake";
    match sent {
        0 => format!("not announced, as there is no ticket that allows it; {rest}"),
        _ if !negotiated.early_data => format!("rejected; {rest}"),
        _ if sent < all => format!("accepted, {sent} of {all} bytes; the others {rest}"),
        _ => format!("accepted, {sent} bytes"),
    }
}

fn describe(negotiated: &Negotiated, target: &str, messages: Messages) {
    let Negotiated { version, suite, group, authentication, .. } = negotiated;
    messages.note(&format!("connected to {target}"));
    messages.note(&format!("version:   {version}"));
    messages.note(&format!("cipher:    {suite}"));
    let group = group.map_or_else(|| "none".to_owned(), |group| format!("{group}{}", remarks(group, negotiated)));
    messages.note(&format!("group:     {group}"));
    messages.note(&match authentication {
        Authentication::Certificate(scheme) => format!("signature: {scheme}"),
        Authentication::Resumption => "resumed:   with a ticket, so without a certificate".to_owned(),
        Authentication::ExternalPsk => "psk:       an external PSK, so without a certificate".to_owned(),
    });
    if let Some(alpn) = &negotiated.alpn {
        messages.note(&format!("ALPN:      {}", String::from_utf8_lossy(alpn)));
    }
}

/// What has become of the client's certificate, if that is worth a word.
fn own_certificate(negotiated: &Negotiated, has_certificate: bool) -> Option<String> {
    match (&negotiated.client_certificate, has_certificate) {
        (ClientCertificate::NotRequested, false) => None,
        (ClientCertificate::NotRequested, true) => Some("not asked for its certificate".into()),
        (ClientCertificate::Missing, false) => {
            Some("asked for a certificate, and has none (--cert FILE and --key FILE show one)".into())
        }
        (ClientCertificate::Missing, true) => {
            Some("asked for a certificate, but the server takes no signature of the key in --key".into())
        }
        (ClientCertificate::Shown { chain, .. }, _) => {
            Some(format!("shown the certificate of {}", identity::subject(chain)))
        }
    }
}

/// What is to be known of the group, in brackets.
fn remarks(group: NamedGroup, negotiated: &Negotiated) -> String {
    let remarks = [
        negotiated.hello_retry.then_some("after a HelloRetryRequest"),
        (!group.is_post_quantum()).then_some("no post-quantum group"),
    ];
    let remarks: Vec<&str> = remarks.into_iter().flatten().collect();
    if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join("; ")) }
}

/// The conversation after the handshake: one thread that waits for both of its sources at once.
struct Exchange {
    connection: Connection,
    socket: Socket,
    input: InBuf,
    output: OutBuf,
    target: String,
    messages: Messages,
    /// Where what the peer says goes.
    answer: Answer,
    /// What was said, where it is HTTP.
    dialogue: Dialogue,
    linger: Duration,
    /// When the peer, or standard input, was last heard of.
    last_data: Instant,
    standard_input_is_over: bool,
    peer_is_over: bool,
    /// What was read from standard input and is not sealed yet.
    pending: Vec<u8>,
}

impl Exchange {
    /// `unread` is data that came with the end of the handshake.
    fn run(mut self, unread: &[u8]) -> Result<(), Error> {
        self.answer.write(unread).map_err(|error| Error::io("writing to standard output", error))?;
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
            let has_lingered = self.last_data.elapsed() >= self.linger;
            if self.standard_input_is_over && has_lingered && self.connection.is_ready() {
                self.connection.close(&mut self.output);
                self.last_data = Instant::now();
            } else if has_lingered && !self.connection.is_ready() {
                // Both sides were given their time, and this one has said goodbye.
                return Ok(());
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
        let mut sources = vec![PollFd::from_borrowed_fd(self.socket.tcp().as_fd(), socket_flags)];
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
