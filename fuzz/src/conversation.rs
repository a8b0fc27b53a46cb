//! A connection of the engine, the subject, against a peer that has real keys and follows a program: it does a handshake, and at
//! any place in it, and behind it, what a peer should not do.
//!
//! Asserted of every program: no panic, bounded output and memory, an error that is followed by the right alert and is final,
//! data that is what was authentically sent, each byte once and in order, and sessions that only those resume who know the PSK.

use tls_engine::Error;
use tls_engine::codes::{AlertDescription, ContentType, HandshakeType};
use tls_engine::limits::{EARLY_DATA_SKIPPED_MAX, HANDSHAKE_MESSAGE_MAX, RECORD_CONTENT_MAX, RECORD_MAX, TICKETS_KEPT};

use crate::Input;
use crate::configs::Settings;
use crate::input::data;
use crate::player::{Client, Player, Server};
use crate::psks::{last_message, selected_identity};
use crate::step::{Changes, Step};
use crate::support::peer::{Peer, is_over};
use crate::support::scripted::Sent;
use crate::support::scripted::draft::message;
use crate::support::scripted::keys::{plain_record, records};

/// The longest program, in steps.
const STEPS_MAX: usize = 40;
/// The most that a handshake is answered with, bytes.
const FLIGHT_BYTES: usize = 4096;
/// The most that a record is answered with behind the handshake, bytes: a KeyUpdate, or an alert.
const ANSWER_BYTES: usize = 32;
/// The most memory that what it receives may take, bytes: some records, and a copy of one.
const INPUT_BYTES_MAX: usize = 6 * RECORD_MAX;
/// The most that is taken before the handshake is done, bytes: the longest messages, and early data that is skipped.
const HANDSHAKE_BYTES_MAX: usize = 3 * HANDSHAKE_MESSAGE_MAX + EARLY_DATA_SKIPPED_MAX;
/// The shortest record, bytes.
const RECORD_BYTES_MIN: usize = 5;

/// A server of the engine against a client. The input: its settings, and steps.
pub fn with_server(bytes: &[u8]) -> Outcome {
    run::<Client>(bytes)
}

/// A client of the engine against a server. The input: its settings, and steps.
pub fn with_client(bytes: &[u8]) -> Outcome {
    run::<Server>(bytes)
}

/// How far a program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the handshake was done.
    pub was_ready: bool,
    /// Bytes of data that the subject has received.
    pub received: usize,
    /// Bytes of data that the subject has written.
    pub written: usize,
    /// Whether the connection has failed.
    pub failed: bool,
    /// Whether a session was resumed.
    pub is_resumed: bool,
}

fn run<P: Player>(bytes: &[u8]) -> Outcome {
    let mut input = Input::new(bytes);
    let mut conversation = Conversation::new(P::start(Settings(input.byte())));
    for _ in 0..STEPS_MAX {
        if input.is_empty() || conversation.error.is_some() {
            break;
        }
        let step = Step::decode(&mut input);
        conversation.take(&step);
        conversation.check();
    }
    conversation.finish()
}

struct Conversation<P> {
    player: P,
    /// Whether the answers are no longer opened: the subject may have been told something that the player does not know of.
    is_deaf: bool,
    /// The same, before the last step.
    was_deaf: bool,
    /// Whether all that was sent were whole records.
    is_framed: bool,
    /// Whether a proof was replaced by something else.
    is_forged: bool,
    /// Whether the handshake was done.
    was_ready: bool,
    error: Option<Error>,
    /// The alert that has to answer the last step, where the RFC leaves no choice.
    due: Option<AlertDescription>,
    /// The data that the subject has to receive.
    authentic: Vec<u8>,
    /// The data that the player has to receive.
    written: Vec<u8>,
    /// What the subject has answered to the last step.
    answer: Vec<u8>,
    /// How much it may answer altogether.
    answers_left: usize,
    /// What it has taken before the handshake was done.
    handshake: Vec<u8>,
    last_record: Vec<u8>,
}

impl<P: Player> Conversation<P> {
    fn new(player: P) -> Self {
        Self {
            player,
            is_deaf: false,
            was_deaf: false,
            is_framed: true,
            is_forged: false,
            was_ready: false,
            error: None,
            due: None,
            authentic: Vec::new(),
            written: Vec::new(),
            answer: Vec::new(),
            answers_left: FLIGHT_BYTES,
            handshake: Vec::new(),
            last_record: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step<'_>) {
        self.answer.clear();
        self.due = None;
        self.was_deaf = self.is_deaf;
        match *step {
            Step::Right(piece_len) => self.right(piece_len),
            Step::Changed(changes) => self.changed(changes),
            Step::Spoiled(changes) => self.spoiled(changes),
            Step::Skipped(is_noted) => self.skipped(is_noted),
            Step::Repeated => {
                if self.last_record.first() == Some(&ContentType::APPLICATION_DATA.0) {
                    self.expect(AlertDescription::BAD_RECORD_MAC);
                }
                self.feed(&self.last_record.clone(), true);
            }
            Step::Raw(bytes) => {
                self.is_framed = false;
                self.feed(bytes, true);
            }
            Step::Plain(kind, content) => self.feed(&plain_record(ContentType(kind), content), true),
            Step::Record(kind, content) => self.record(kind, content),
            Step::Zeros(kind, len) => self.record(kind, &vec![0; len]),
            Step::Inner(inner) => self.inner(inner),
            Step::Message(kind, body) => {
                let message = message(HandshakeType(kind), body);
                let record = self.player.protect(ContentType::HANDSHAKE, &message);
                self.player.note_other(&message);
                self.feed(&record, true);
            }
            Step::KeyUpdate(request) => self.key_update(request),
            Step::Data(len) => {
                let data = data(self.authentic.len(), len);
                self.record(ContentType::APPLICATION_DATA.0, &data);
            }
            Step::Psk(choice) => self.player.choose_psk(choice),
            Step::SubjectWrites(_) | Step::SubjectUpdatesKeys(_) | Step::SubjectCloses | Step::EndOfInput => {
                self.subject_acts(step);
            }
        }
        self.was_ready |= self.subject().connection.negotiated().is_some();
    }

    fn subject(&mut self) -> &mut Peer {
        &mut self.player.wire().subject
    }

    fn right(&mut self, piece_len: usize) {
        if self.is_deaf {
            return self.changed(Changes(&[]));
        }
        let before = self.player.wire().bytes_from_subject.len();
        let sent_before = self.player.wire().bytes_to_subject.len();
        self.player.send_right(piece_len);
        let wire = self.player.wire();
        self.answer = wire.bytes_from_subject[before..].to_vec();
        self.error = wire.error.clone();
        let sent = wire.bytes_to_subject[sent_before..].to_vec();
        self.account(&sent);
        // From here on the answers do not open.
        self.is_deaf |= self.player.has_other_keys();
        if self.error.is_none() {
            self.hear();
        }
    }

    fn changed(&mut self, changes: Changes<'_>) {
        let is_proof = self.player.is_proof();
        let Some(right) = self.player.right() else { return };
        let message = changes.applied_to(&right, true);
        self.is_forged |= is_proof && !message.starts_with(&right) && !right.starts_with(&message);
        // RFC 8446 4.4.4: another digest of the right length.
        if right[0] == HandshakeType::FINISHED.0 && has_other_body(&message, &right, 4) {
            self.expect(AlertDescription::DECRYPT_ERROR);
        }
        let record = self.player.protect(ContentType::HANDSHAKE, &message);
        self.player.note(&message);
        self.feed(&record, true);
    }

    fn spoiled(&mut self, changes: Changes<'_>) {
        let Some(right) = self.player.right() else { return };
        let record = self.player.protect(ContentType::HANDSHAKE, &right);
        self.player.note(&right);
        self.is_framed = false;
        let spoiled = changes.applied_to(&record, false);
        if record[0] == ContentType::APPLICATION_DATA.0 && has_other_body(&spoiled, &record, RECORD_BYTES_MIN) {
            self.expect(AlertDescription::BAD_RECORD_MAC);
        }
        self.feed(&spoiled, true);
    }

    fn skipped(&mut self, is_noted: bool) {
        let is_proof = self.player.is_proof();
        let Some(right) = self.player.right() else { return };
        self.is_forged |= is_proof;
        if is_noted {
            self.player.note(&right);
        } else {
            self.player.leave_out();
        }
        self.is_deaf = true;
    }

    fn record(&mut self, kind: u8, content: &[u8]) {
        if self.player.wire().write.is_some() {
            self.inner(&[content, &[kind]].concat());
        } else {
            self.feed(&plain_record(ContentType(kind), content), true);
        }
    }

    /// An encrypted record, whose data is authentic once the handshake is done.
    fn inner(&mut self, inner: &[u8]) {
        if self.player.wire().write.is_none() {
            return self.feed(&plain_record(ContentType::APPLICATION_DATA, inner), true);
        }
        let record = self.player.seal(inner);
        let content = inner.iter().rposition(|byte| *byte != 0).map(|place| (inner[place], &inner[..place]));
        let is_done = self.subject().connection.negotiated().is_some();
        let is_handshake = content.is_some_and(|(kind, _)| kind == ContentType::HANDSHAKE.0);
        match content {
            // RFC 8446 5.4.
            _ if inner.len() > RECORD_CONTENT_MAX + 1 => self.expect(AlertDescription::RECORD_OVERFLOW),
            Some((23, data)) if is_done => self.authentic.extend_from_slice(data),
            Some((23, _)) => self.expect(AlertDescription::UNEXPECTED_MESSAGE),
            _ => {}
        }
        self.feed(&record, is_handshake);
    }

    /// A KeyUpdate, which is taken once the handshake is done.
    fn key_update(&mut self, request: u8) {
        let message = message(HandshakeType::KEY_UPDATE, &[request]);
        let record = self.player.protect(ContentType::HANDSHAKE, &message);
        let is_done = self.subject().connection.negotiated().is_some();
        if is_done && request < 2 {
            self.player.on_own_message(&message);
        }
        self.feed(&record, !is_done);
    }

    /// Gives the subject whole records or any bytes. `deafens` where they may be a message.
    fn feed(&mut self, bytes: &[u8], deafens: bool) {
        self.last_record = bytes.to_vec();
        self.is_deaf |= deafens;
        self.account(bytes);
        self.error = self.subject().feed(bytes).err();
        self.take_answer();
    }

    /// Notes that no other alert may answer the encrypted record that comes next. Where the keys may differ by now it may be any.
    fn expect(&mut self, alert: AlertDescription) {
        if !self.is_deaf && !self.subject().closed && self.player.wire().write.is_some() {
            self.due = Some(alert);
        }
    }

    fn subject_acts(&mut self, step: &Step<'_>) {
        let written = self.written.len();
        let subject = self.subject();
        match *step {
            Step::SubjectWrites(len) => {
                let data = data(written, len);
                if let Ok(count) = subject.write(&data) {
                    self.written.extend_from_slice(&data[..count]);
                    self.answers_left += 2 * count + FLIGHT_BYTES;
                }
            }
            // Refused before the handshake is done.
            Step::SubjectUpdatesKeys(request) => drop(subject.update_keys(request)),
            Step::SubjectCloses => subject.close(),
            _ => drop(subject.connection.end_of_input()),
        }
        self.answers_left += 4 * ANSWER_BYTES;
        self.error = self.subject().feed(&[]).err();
        self.take_answer();
    }

    fn take_answer(&mut self) {
        if self.is_deaf || self.error.is_some() {
            self.answer = self.subject().drain();
            self.is_deaf = true;
            return;
        }
        let before = self.player.wire().bytes_from_subject.len();
        self.player.absorb();
        self.answer = self.player.wire().bytes_from_subject[before..].to_vec();
        self.hear();
    }

    /// What the subject has written arrives whole.
    fn hear(&mut self) {
        let is_data = |sent: &&Sent| sent.content_type == ContentType::APPLICATION_DATA;
        let heard = self.player.wire().sent.iter().filter(is_data).flat_map(|sent| &sent.content).copied();
        let heard: Vec<u8> = heard.collect();
        assert!(heard == self.written, "{} bytes written, {} heard", self.written.len(), heard.len());
    }

    /// As many records as `bytes` can be may be answered.
    fn account(&mut self, bytes: &[u8]) {
        if !self.was_ready {
            self.handshake.extend_from_slice(bytes);
        }
        self.answers_left += bytes.len().div_ceil(RECORD_BYTES_MIN) * ANSWER_BYTES;
    }

    fn check(&mut self) {
        self.answers_left = self.answers_left.checked_sub(self.answer.len()).expect("bounded output");
        assert!(!self.is_forged || !self.was_ready || self.error.is_some(), "ready without a proof");
        let (is_framed, is_whole) = (self.is_framed, self.error.is_none());
        let authentic = std::mem::take(&mut self.authentic);
        let subject = self.subject();
        let (received, closed) = (&subject.received, subject.closed);
        assert!(authentic.starts_with(received), "{} bytes of data that nobody sent", received.len());
        if is_framed && is_whole && !closed {
            assert_eq!(received.len(), authentic.len(), "all that was sent");
        }
        assert!(subject.input.held_bytes() <= INPUT_BYTES_MAX, "{} bytes of memory", subject.input.held_bytes());
        assert!(subject.connection.tickets().len() <= TICKETS_KEPT);
        assert!(!is_whole || self.handshake.len() <= HANDSHAKE_BYTES_MAX, "{} bytes", self.handshake.len());
        self.check_resumption();
        self.authentic = authentic;
        if let Some(due) = self.due {
            assert_eq!(self.error.as_ref().and_then(Error::alert), Some(due), "{:?}", self.error);
        }
        let Some(error) = self.error.clone() else { return };
        self.check_alert(&error);
        is_over(self.subject(), &error).expect("an end");
    }

    /// Sessions are resumed by those who know the PSK: a server selects none without its binder, and what both have chosen shows.
    fn check_resumption(&mut self) {
        let clear = records(&self.answer).into_iter().filter(|record| record[0] == ContentType::HANDSHAKE.0);
        if clear.filter_map(|record| selected_identity(&record[RECORD_BYTES_MIN..])).next().is_some() {
            let hello = last_message(&self.handshake);
            assert!(self.player.may_select(&hello), "a PSK without its binder");
        }
        let is_resuming = self.player.is_resuming();
        let is_deaf = self.is_deaf;
        let Some(negotiated) = self.subject().connection.negotiated() else { return };
        assert!(is_resuming || !negotiated.is_resumed(), "resumed without the PSK");
        assert!(is_deaf || is_resuming == negotiated.is_resumed(), "not resumed with the PSK");
    }

    /// Where an alert is due it is the last record that is sent, encrypted or not.
    fn check_alert(&mut self, error: &Error) {
        let Some(alert) = error.alert() else { return };
        if self.subject().connection.has_sent_close() {
            return;
        }
        let records = records(&self.answer);
        let last = records.last().copied().unwrap_or_default();
        let is_clear = last == [21, 3, 3, 0, 2, 2, alert.0];
        let is_encrypted = last.len() == 5 + 2 + 1 + 16 && last[0] == 23;
        assert!(is_clear || is_encrypted, "{error:?} without an alert: {last:02x?}");
        let (false, Some(keys)) = (self.was_deaf, &mut self.player.wire().read) else { return };
        let opened = records.iter().filter(|record| record[0] == 23).map(|record| keys.open(record)).last().flatten();
        // Where it was answered by new keys before, or was opened already, it does not open.
        if let Some((content_type, content)) = opened {
            assert_eq!((content_type, &content[..]), (ContentType::ALERT, &[2, alert.0][..]), "{error:?}");
        }
    }

    fn finish(mut self) -> Outcome {
        Outcome {
            was_ready: self.was_ready,
            received: self.subject().received.len(),
            written: self.written.len(),
            failed: self.error.is_some(),
            is_resumed: self.subject().connection.negotiated().is_some_and(tls_engine::Negotiated::is_resumed),
        }
    }
}

/// Whether two messages or records of one length differ only behind a header of `header` bytes.
fn has_other_body(one: &[u8], other: &[u8], header: usize) -> bool {
    one.len() == other.len() && one.starts_with(&other[..header]) && one != other
}
