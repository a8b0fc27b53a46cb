//! Receiving: from bytes to application data.

use super::{Connection, Reading, Role, StopReason};
use crate::codes::{AlertDescription, ContentType};
use crate::error::Error;
use crate::handshake::{Flow, Machine, Reassembled, Workspace};
use crate::mem::{InBuf, OutBuf, Span};
use crate::msgs::Alert;
use crate::record::{Frame, Path};

/// What [`Connection::read_tls`] has found.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// There is no whole record: more bytes from the peer are needed.
    NeedInput,
    /// A record without application data was taken. There may be something to send.
    Advanced,
    /// Application data, in the receive buffer.
    Data(&'a [u8]),
    /// The handshake waits for the result of a job, and nothing was taken: see [`Connection::take_job`]. Only where the
    /// configuration asks for it.
    Paused,
    /// The peer has sent close_notify.
    Closed,
}

/// [`Progress`] without borrowing the data, for callers inside the engine.
#[derive(Clone, Copy)]
pub(crate) enum Received {
    NeedInput,
    Advanced,
    Data(Plaintext),
    Paused,
    Closed,
}

/// Where opened application data is: in the receive buffer where it was opened, or without zero-copy in a copy there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Plaintext(pub(crate) Span);

impl Plaintext {
    /// Its bytes in `input`, opened in place there (`zero_copy`) or copied.
    #[inline]
    pub(super) fn bytes(self, zero_copy: bool, input: &InBuf) -> &[u8] {
        if zero_copy { input.span(self.0) } else { input.staged(self.0) }
    }
}

impl Received {
    /// What is not data, out of the way of what is.
    #[cold]
    const fn without_data(self) -> Progress<'static> {
        match self {
            Self::NeedInput => Progress::NeedInput,
            Self::Advanced | Self::Data(_) => Progress::Advanced,
            Self::Paused => Progress::Paused,
            Self::Closed => Progress::Closed,
        }
    }

    /// Why a turn ends with this, if it does. Out of the way of data, too.
    #[cold]
    pub(super) const fn stop_reason(self) -> Option<StopReason> {
        match self {
            Self::NeedInput => Some(StopReason::NeedInput),
            Self::Paused => Some(StopReason::Paused),
            Self::Closed => Some(StopReason::Closed),
            Self::Advanced | Self::Data(_) => None,
        }
    }
}

impl Connection {
    /// Takes at most one record from `input`.
    ///
    /// Answers, such as those of the handshake, are added to `output`. The data of [`Progress::Data`] is consumed from `input`.
    ///
    /// # Errors
    /// An error is final, and every later call returns it. Its alert is in `output`: send it, then drop the connection.
    #[inline]
    pub fn read_tls<'a>(&'a mut self, input: &'a mut InBuf, output: &mut OutBuf) -> Result<Progress<'a>, Error> {
        Ok(match self.receive(input, output)? {
            Received::Data(plaintext) => Progress::Data(self.plaintext(input, plaintext)),
            other => other.without_data(),
        })
    }

    /// Reports that the transport has ended.
    ///
    /// # Errors
    /// [`Error::Truncated`], unless the peer has sent close_notify before (RFC 8446 6.1).
    pub fn end_of_input(&mut self) -> Result<(), Error> {
        match (&self.failed, self.is_closed_by_peer()) {
            (Some(error), _) => Err(error.clone()),
            (None, true) => Ok(()),
            (None, false) => {
                self.handshake = None;
                self.note_failed();
                self.failed = Some(Error::Truncated);
                Err(Error::Truncated)
            }
        }
    }

    /// [`Connection::read_tls`], with the place of the data instead of a slice.
    #[inline]
    pub(crate) fn receive(&mut self, input: &mut InBuf, output: &mut OutBuf) -> Result<Received, Error> {
        (self.take_record)(self, input, output).inspect_err(|error| self.fail(error, output))
    }

    /// The bytes of `plaintext`.
    #[inline]
    pub(crate) fn plaintext<'a>(&'a self, input: &'a InBuf, plaintext: Plaintext) -> &'a [u8] {
        plaintext.bytes(self.zero_copy, input)
    }

    /// The hot path: a whole record of application data under the current keys. Everything else is out of line.
    ///
    /// `METERED` is the switch `counters`. Counting is done in here, because a wrapper would have to move the result, which takes
    /// longer than counting.
    pub(super) fn take_record<P: Path, const METERED: bool>(
        &mut self,
        input: &mut InBuf,
        output: &mut OutBuf,
    ) -> Result<Received, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.reading != Reading::Open {
            return Ok(self.not_reading());
        }
        self.check_first_record(input.waiting())?;
        let Some(frame) = P::deframe(input.waiting())? else { return Ok(Received::NeedInput) };
        let record = input.consume(frame.len());
        let body = Span { start: record.end - frame.body_len, end: record.end };
        if !self.opener.opens(frame.content_type) {
            return self.on_clear_record(&frame, input.span(body), output);
        }
        let (content_type, len) = match P::open(&mut self.opener, &frame, input.span_mut(body)) {
            Ok(opened) => opened,
            Err(error) => return self.skip_early_data(&frame, error),
        };
        let content = Span { start: body.start, end: body.start + len };
        if content_type != ContentType::APPLICATION_DATA {
            return self.on_other_content(content_type, input.span(content), output);
        }
        match self.admits_data(len) {
            Ok(true) => {}
            Ok(false) => return Ok(Received::Advanced),
            Err(error) => return self.on_early_data(input.span(content), error),
        }
        self.opener.counters_mut().count_data(len, if self.zero_copy { 0 } else { len });
        if METERED {
            self.note_opened();
        }
        Ok(Received::Data(Plaintext(if self.zero_copy { content } else { input.stage(content) })))
    }

    /// What is found where no records are taken.
    #[cold]
    const fn not_reading(&self) -> Received {
        if self.is_paused() { Received::Paused } else { Received::Closed }
    }

    /// Refuses a peer that does not speak TLS, at its first record.
    #[inline(always)]
    pub(super) fn check_first_record(&self, bytes: &[u8]) -> Result<(), Error> {
        if self.opener.counters().records == 0 { check_first_bytes(bytes) } else { Ok(()) }
    }

    /// Whether there is application data: not in an empty record. Refuses it where it is not allowed.
    #[inline(always)]
    pub(super) fn admits_data(&mut self, len: usize) -> Result<bool, Error> {
        let got = ContentType::APPLICATION_DATA;
        if self.is_handshaking() {
            return Err(Error::UnexpectedRecord { got, reason: "before the handshake is done" });
        }
        if self.post_handshake.is_partial() {
            return Err(Error::UnexpectedRecord { got, reason: BETWEEN_PARTS });
        }
        if len == 0 {
            return self.on_empty_record();
        }
        self.flood_guard.on_data();
        Ok(true)
    }

    #[cold]
    fn on_empty_record(&mut self) -> Result<bool, Error> {
        self.flood_guard.on_empty_record()?;
        self.note();
        Ok(false)
    }

    /// A record that no key opens.
    #[cold]
    pub(super) fn on_clear_record(
        &mut self,
        frame: &Frame,
        body: &[u8],
        output: &mut OutBuf,
    ) -> Result<Received, Error> {
        let got = frame.content_type;
        let is_first = self.opener.counters().records == 0;
        if got == ContentType::APPLICATION_DATA {
            let reason = "encrypted, before keys were established";
            return self.skip_early_data(frame, Error::UnexpectedRecord { got, reason });
        }
        if got == ContentType::CHANGE_CIPHER_SPEC {
            return self.on_change_cipher_spec(is_first, body);
        }
        // A client that fails before it has keys can only send an unencrypted alert (RFC 8446 6.2). A server that has sent its
        // ServerHello has keys.
        let alert_without_keys = got == ContentType::ALERT
            && matches!(self.role, Role::Server(_))
            && self.is_handshaking()
            && self.opener.opened_with_key() == 0;
        if self.opener.has_key() && !alert_without_keys {
            return Err(Error::UnexpectedRecord { got, reason: "unencrypted, after keys were established" });
        }
        if got == ContentType::ALERT && is_first && matches!(self.role, Role::Server(_)) {
            return Err(Error::UnexpectedRecord { got, reason: "before the ClientHello" });
        }
        if got == ContentType::HANDSHAKE {
            // RFC 8446 4.2.10: after a HelloRetryRequest, early data ends with the second ClientHello.
            self.early_data_to_skip = 0;
        }
        self.opener.take_plaintext();
        self.on_content(got, body, output)
    }

    /// Drops the ChangeCipherSpec of compatibility mode where it is allowed, and refuses it elsewhere (RFC 8446 5).
    fn on_change_cipher_spec(&mut self, is_first: bool, content: &[u8]) -> Result<Received, Error> {
        let got = ContentType::CHANGE_CIPHER_SPEC;
        let before_hello = is_first && matches!(self.role, Role::Server(_));
        if content != [1] || before_hello || !self.is_handshaking() {
            return Err(Error::UnexpectedRecord { got, reason: "not one that compatibility mode allows" });
        }
        if self.is_message_partial() {
            return Err(Error::UnexpectedRecord { got, reason: BETWEEN_PARTS });
        }
        self.flood_guard.on_change_cipher_spec()?;
        self.opener.take_plaintext();
        self.note();
        Ok(Received::Advanced)
    }

    /// The content of an encrypted record that is not application data.
    #[cold]
    pub(super) fn on_other_content(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        output: &mut OutBuf,
    ) -> Result<Received, Error> {
        self.early_data_to_skip = 0;
        self.on_content(content_type, content, output)
    }

    /// The content of a handshake or alert record.
    #[cold]
    fn on_content(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        output: &mut OutBuf,
    ) -> Result<Received, Error> {
        let received = self.on_content_of(content_type, content, output)?;
        self.note();
        Ok(received)
    }

    fn on_content_of(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        output: &mut OutBuf,
    ) -> Result<Received, Error> {
        match content_type {
            // RFC 8446 5.4: neither may be empty.
            ContentType::HANDSHAKE | ContentType::ALERT if content.is_empty() => {
                Err(Error::UnexpectedRecord { got: content_type, reason: "empty" })
            }
            ContentType::HANDSHAKE => self.on_handshake(content, output),
            ContentType::ALERT if self.is_message_partial() => {
                Err(Error::UnexpectedRecord { got: content_type, reason: BETWEEN_PARTS })
            }
            ContentType::ALERT => self.on_alert(Alert::decode(content)?),
            got => Err(Error::UnexpectedRecord { got, reason: "of a type that must not be encrypted" }),
        }
    }

    fn on_handshake(&mut self, content: &[u8], output: &mut OutBuf) -> Result<Received, Error> {
        // On failure the workspace is dropped here, which returns it to its pool.
        let Some(mut workspace) = self.handshake.take() else {
            // A callback has panicked, and the panic was caught.
            if self.is_handshaking() {
                return Err(Error::Internal("a handshake that a panic has interrupted"));
            }
            return self.on_post_handshake_messages(content);
        };
        self.on_messages(&mut workspace, content, output)?;
        self.end_step(workspace);
        Ok(Received::Advanced)
    }

    /// The messages in `content`, up to one that pauses the handshake.
    pub(super) fn on_messages(
        &mut self,
        workspace: &mut Workspace,
        content: &[u8],
        output: &mut OutBuf,
    ) -> Result<(), Error> {
        let Workspace { machine, effects, reassembler } = workspace;
        reassembler.push(content, |reassembled| {
            const ENDED: Error = Error::Internal("a handshake that has ended");
            match reassembled {
                Reassembled::Header(header) => machine.as_ref().map_or(Err(ENDED), |state| state.admit(header))?,
                Reassembled::Message(message) => {
                    let Some(state) = machine.take() else { return Err(ENDED) };
                    *machine = Some(state.on(&message, effects)?);
                    self.carry_out(effects, output)?;
                    if let Some(job) = effects.awaited_job() {
                        Machine::pause(machine, job)?;
                        return Ok(Flow::Hold);
                    }
                }
            }
            Ok(Flow::Continue)
        })
    }

    pub(super) fn is_message_partial(&self) -> bool {
        self.handshake.as_ref().map_or(&self.post_handshake, |workspace| &workspace.reassembler).is_partial()
    }

    fn on_alert(&mut self, alert: Alert) -> Result<Received, Error> {
        match alert.description {
            // During the handshake it is not authenticated, so it may be anyone's.
            AlertDescription::CLOSE_NOTIFY if self.is_handshaking() => Err(Error::Truncated),
            AlertDescription::CLOSE_NOTIFY => {
                self.reading = Reading::Closed;
                Ok(Received::Closed)
            }
            // RFC 8446 6.1: a close_notify follows.
            AlertDescription::USER_CANCELED => {
                self.flood_guard.on_warning_alert()?;
                Ok(Received::Advanced)
            }
            description => Err(Error::PeerAlert(description)),
        }
    }

    /// Drops a record of early data that was not accepted, up to a limit (RFC 8446 4.2.10). Any other record that can't be opened
    /// is an error.
    #[cold]
    pub(super) fn skip_early_data(&mut self, frame: &Frame, error: Error) -> Result<Received, Error> {
        let may_be_early_data = match error {
            Error::BadRecordMac => self.opener.opened_with_key() == 0,
            Error::UnexpectedRecord { .. } => !self.opener.has_key(),
            _ => false,
        };
        if !may_be_early_data || self.is_message_partial() || self.early_data_to_skip < frame.len() {
            return Err(error);
        }
        self.early_data_to_skip -= frame.len();
        Ok(Received::Advanced)
    }
}

/// RFC 8446 5.1: no other record comes between the parts of a handshake message.
const BETWEEN_PARTS: &str = "between the parts of a handshake message";

/// Detects other protocols by their first byte, before the length is read. The version behind it must be ignored (RFC 8446
/// 5.1).
#[cold]
fn check_first_bytes(bytes: &[u8]) -> Result<(), Error> {
    match bytes {
        [20..=23, ..] | [] => Ok(()),
        _ => Err(Error::NotTls),
    }
}
