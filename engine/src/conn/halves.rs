//! A connection in two halves, one that seals and one that opens, which may live on two threads.
//!
//! Each has its own buffer and its own keys; no lock is taken for a record. What the opening half finds that the other has
//! to answer goes through a small shared state, and is followed by a signal: whoever polls for the sealing half sleeps on its
//! file descriptors, and no socket tells of it.

use std::sync::{Arc, OnceLock};

use super::sending::{AFTER_CLOSE, Sending};
use super::{Connection, Negotiated, Progress, Received};
use crate::counters::{Counters, Meter};
use crate::error::Error;
use crate::mem::{InBuf, OutBuf};
use crate::msgs::KeyUpdateRequest;
use crate::session::Ticket;
use crate::signal::{Flag, Signal};

/// What crosses between the halves. No ordering beyond that of its parts: each is published whole, and then signalled.
#[derive(Debug, Default)]
struct Shared {
    /// Whether the peer is owed a KeyUpdate. One answers all requests that came before it (RFC 8446 4.6.3).
    key_update_pending: Flag,
    /// Why the connection has failed, from the half that found out first.
    failure: OnceLock<Error>,
    /// Whether the peer has sent close_notify.
    closed_by_peer: OnceLock<()>,
}

/// The half that seals.
pub struct SealingHalf {
    sending: Sending,
    meter: Option<Arc<Meter>>,
    shared: Arc<Shared>,
    /// Whether the failure was answered.
    has_failed: bool,
}

/// The half that opens. Raises its signal when the sealing half has something to answer or to know.
pub struct OpeningHalf<S> {
    connection: Connection,
    shared: Arc<Shared>,
    signal: S,
    /// What a connection would write its answers to; the sealing half gives them.
    nothing: OutBuf,
}

impl Connection {
    /// Takes the connection apart, once its handshake is done. `signal` is raised when the sealing half has to
    /// [answer](SealingHalf::answer); whoever drives that half waits for it beside the socket.
    ///
    /// What is in the connection's two buffers stays there: records that wait to be sent go before those of the sealing half,
    /// and the opening half goes on with the same receive buffer. Where the handshake is not done, or the connection
    /// has failed, it is lost with an error; [`Connection::is_handshaking`] tells before.
    pub fn split<S: Signal>(mut self, signal: S) -> Result<(SealingHalf, OpeningHalf<S>), Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.is_handshaking() {
            return Err(Error::Usage("a connection can't be split before its handshake is done"));
        }
        let shared = Arc::new(Shared::default());
        if core::mem::take(&mut self.key_update_pending) {
            // Nobody has to be woken: nobody waits yet.
            let _ = shared.key_update_pending.raise();
        }
        if self.close_received {
            let _ = shared.closed_by_peer.set(());
        }
        let rest = Sending::new(&self.role.common().switches);
        let sending = core::mem::replace(&mut self.sending, rest);
        self.has_sealing_half = true;
        let sealing =
            SealingHalf { sending, meter: self.meter.clone(), shared: Arc::clone(&shared), has_failed: false };
        Ok((sealing, OpeningHalf { connection: self, shared, signal, nothing: OutBuf::unused() }))
    }
}

impl SealingHalf {
    /// Seals application data into `output` as far as its capacity goes, see [`Connection::write_tls`]. What the opening
    /// half has found to be owed is written first.
    pub fn write_tls(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<usize, Error> {
        self.answer_pending(output)?;
        if self.sending.is_closed {
            return Err(AFTER_CLOSE);
        }
        let taken = self.sending.write(plaintext, output).inspect_err(|error| self.fail(error, output))?;
        self.note();
        Ok(taken)
    }

    /// Writes what the peer is owed because of what the opening half has read: a KeyUpdate that was asked for (RFC 8446
    /// 4.6.3), or the alert of an error, which is returned then and ever after. To be called when the signal is up, after
    /// it was cleared; then send what is in `output`.
    pub fn answer(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        self.answer_pending(output)
    }

    /// Replaces the keys that this half seals with, and asks the peer to do the same where `request_peer` says so.
    pub fn update_keys(&mut self, request_peer: bool, output: &mut OutBuf) -> Result<(), Error> {
        self.answer_pending(output)?;
        if self.sending.is_closed {
            return Err(AFTER_CLOSE);
        }
        let request = if request_peer { KeyUpdateRequest::REQUESTED } else { KeyUpdateRequest::NOT_REQUESTED };
        self.sending.replace_key(request, output).inspect_err(|error| self.fail(error, output))?;
        self.note();
        Ok(())
    }

    /// Says that no more will be sent (close_notify). The peer may go on sending, and the opening half reading (RFC 8446
    /// 6.1). Where the connection has failed, the alert of that is sent instead.
    pub fn close(&mut self, output: &mut OutBuf) {
        if self.answer_pending(output).is_ok() && !self.sending.is_closed {
            self.sending.close(output);
            self.note();
        }
    }

    /// Whether application data can be sent, as far as is known here.
    pub fn is_ready(&self) -> bool {
        !self.sending.is_closed && self.shared.failure.get().is_none()
    }

    /// Whether this side has said that it sends no more.
    pub const fn has_sent_close(&self) -> bool {
        self.sending.is_closed
    }

    /// Whether the peer has said that it sends no more.
    pub fn is_closed_by_peer(&self) -> bool {
        self.shared.closed_by_peer.get().is_some()
    }

    /// What the connection has sealed.
    pub const fn sealed(&self) -> Counters {
        self.sending.counters()
    }

    /// Every way out comes through here: a peer that asks for a KeyUpdate gets it before the next application data.
    #[inline]
    fn answer_pending(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        if let Some(error) = self.shared.failure.get() {
            let error = error.clone();
            self.fail(&error, output);
            return Err(error);
        }
        // Looked at before it is taken down, which is a locked instruction: this is asked for every record.
        if self.shared.key_update_pending.is_up() && self.shared.key_update_pending.clear() {
            self.answer_key_update(output)?;
        }
        Ok(())
    }

    #[cold]
    fn answer_key_update(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        if !self.sending.is_closed {
            let replaced = self.sending.replace_key(KeyUpdateRequest::NOT_REQUESTED, output);
            replaced.inspect_err(|error| self.fail(error, output))?;
            self.note();
        }
        Ok(())
    }

    /// Ends the connection, with the alert of the error that came first.
    #[cold]
    fn fail(&mut self, error: &Error, output: &mut OutBuf) {
        if core::mem::replace(&mut self.has_failed, true) {
            return;
        }
        let first = self.shared.failure.get_or_init(|| error.clone());
        self.sending.alert_for(first, output);
        self.note();
        if let Some(meter) = &self.meter {
            meter.note_failed();
        }
    }

    #[inline]
    fn note(&self) {
        if let Some(meter) = &self.meter {
            meter.note_sealed(self.sending.counters());
        }
    }
}

impl<S: Signal> OpeningHalf<S> {
    /// Takes at most one record from `input`, see [`Connection::read_tls`]. What is to be sent because of it is the sealing
    /// half's: it is told, and the signal raised. That half owns the alert of an error, too.
    #[inline]
    pub fn read_tls<'a>(&'a mut self, input: &'a mut InBuf) -> Result<Progress<'a>, Error> {
        match self.connection.receive(input, &mut self.nothing) {
            Ok(Received::Data(plaintext)) => Ok(Progress::Data(self.connection.plaintext(input, plaintext))),
            other => self.publish(other),
        }
    }

    /// Says that the transport has ended, see [`Connection::end_of_input`].
    pub fn end_of_input(&mut self) -> Result<(), Error> {
        self.connection.end_of_input().inspect_err(|error| self.publish_failure(error))
    }

    /// Whether the next [`OpeningHalf::read_tls`] would bring something without more input.
    pub fn has_deliverable(&self, input: &InBuf) -> bool {
        self.connection.has_deliverable(input)
    }

    /// What was agreed on. There always is something, as the handshake is done.
    pub const fn negotiated(&self) -> Option<&Negotiated> {
        self.connection.negotiated()
    }

    /// Whether the peer has said that it sends no more.
    pub const fn is_closed_by_peer(&self) -> bool {
        self.connection.is_closed_by_peer()
    }

    /// The tickets that came, see [`Connection::tickets`].
    pub fn tickets(&self) -> &[Ticket] {
        self.connection.tickets()
    }

    /// What the connection has opened.
    pub const fn opened(&self) -> Counters {
        self.connection.opened()
    }

    /// What is raised for the sealing half.
    pub const fn signal(&self) -> &S {
        &self.signal
    }

    /// Hands on what was no data: publishes first, then raises.
    fn publish(&mut self, received: Result<Received, Error>) -> Result<Progress<'static>, Error> {
        match received {
            // The other half has failed: there is nothing to wait for.
            Ok(Received::NeedInput) => match self.shared.failure.get() {
                None => Ok(Progress::NeedInput),
                Some(error) => Err(error.clone()),
            },
            Ok(Received::Closed) => {
                if self.shared.closed_by_peer.set(()).is_ok() {
                    self.signal.raise();
                }
                Ok(Progress::Closed)
            }
            Ok(Received::Advanced | Received::Data(_)) => {
                if core::mem::take(&mut self.connection.key_update_pending) && self.shared.key_update_pending.raise() {
                    self.signal.raise();
                }
                Ok(Progress::Advanced)
            }
            Err(error) => {
                self.publish_failure(&error);
                Err(error)
            }
        }
    }

    #[cold]
    fn publish_failure(&self, error: &Error) {
        if self.shared.failure.set(error.clone()).is_ok() {
            self.signal.raise();
        }
    }
}
