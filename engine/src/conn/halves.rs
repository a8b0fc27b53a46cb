//! A connection in two halves, one that seals and one that opens, which may be on two threads.
//!
//! Each has its own buffer and its own keys, and no record takes a lock. What the opening half receives and the sealing half
//! has to answer goes through a small shared state. Then a signal is raised, because the thread of the sealing half sleeps, and
//! no socket wakes it.

use std::sync::{Arc, OnceLock};

use super::sending::{AFTER_CLOSE, Sending};
use super::{Connection, Negotiated, Progress, Received};
use crate::counters::{Counters, Meter};
use crate::error::Error;
use crate::mem::{InBuf, OutBuf};
use crate::msgs::KeyUpdateRequest;
use crate::pki::Stapled;
use crate::session::Ticket;
use crate::signal::{Flag, Signal};

/// What the halves share. Each part is published as a whole before the signal is raised; there is no order between the parts.
#[derive(Debug, Default)]
struct Shared {
    /// Whether a KeyUpdate has to be sent. One answers all requests before it (RFC 8446 4.6.3).
    key_update_pending: Flag,
    /// Why the connection has failed, set by the half that failed first.
    failure: OnceLock<Error>,
    /// Whether the peer has sent close_notify.
    closed_by_peer: OnceLock<()>,
}

/// The half that seals.
pub struct SealingHalf {
    sending: Sending,
    meter: Option<Arc<Meter>>,
    shared: Arc<Shared>,
    /// Whether the alert of the failure was sent.
    has_failed: bool,
}

/// The half that opens. It raises its signal when the sealing half has something to send, or to learn.
pub struct OpeningHalf<S> {
    connection: Connection,
    shared: Arc<Shared>,
    signal: S,
    /// In place of a send buffer: all answers are sent by the sealing half.
    nothing: OutBuf,
}

impl Connection {
    /// Splits the connection, once its handshake has completed. `signal` is raised when the sealing half has to
    /// [answer](SealingHalf::answer): the thread of that half waits for it, and for its socket.
    ///
    /// What is in the two buffers of the connection stays there. Records that wait to be sent go before those of the sealing
    /// half, and the opening half continues with the same receive buffer.
    ///
    /// # Errors
    /// Where the handshake has not completed ([`Connection::is_handshaking`]), where there is early data, or the connection has failed. The
    /// connection is dropped then.
    pub fn split<S: Signal>(mut self, signal: S) -> Result<(SealingHalf, OpeningHalf<S>), Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.is_handshaking() {
            return Err(Error::Usage("a connection can't be split before its handshake is done"));
        }
        if self.has_early_data() {
            return Err(Error::Usage("a connection can't be split before its early data is taken"));
        }
        let shared = Arc::new(Shared::default());
        if core::mem::take(&mut self.key_update_pending) {
            // No thread waits yet, so none is woken.
            let _ = shared.key_update_pending.raise();
        }
        if self.is_closed_by_peer() {
            let _ = shared.closed_by_peer.set(());
        }
        let rest = Sending::new(self.role.common());
        let sending = core::mem::replace(&mut self.sending, rest);
        self.has_sealing_half = true;
        let sealing =
            SealingHalf { sending, meter: self.meter.clone(), shared: Arc::clone(&shared), has_failed: false };
        Ok((sealing, OpeningHalf { connection: self, shared, signal, nothing: OutBuf::unused() }))
    }
}

impl SealingHalf {
    /// Seals application data into `output`, up to its capacity, see [`Connection::write_tls`]. What has to be answered goes
    /// first, see [`SealingHalf::answer`].
    pub fn write_tls(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<usize, Error> {
        self.answer_pending(output)?;
        if self.sending.is_closed {
            return Err(AFTER_CLOSE);
        }
        let taken = self.sending.write(plaintext, output).inspect_err(|error| self.fail(error, output))?;
        self.note();
        Ok(taken)
    }

    /// Writes the answers to what the opening half has received: a KeyUpdate that was requested (RFC 8446 4.6.3), or the alert of
    /// an error, which this and all later calls return. Call it when the signal was raised, after clearing it, and send what is
    /// in `output`.
    pub fn answer(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        self.answer_pending(output)
    }

    /// Updates the sending keys (RFC 8446 4.6.3), and requests the peer to update its own where `request_peer` is set.
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

    /// Sends close_notify. The peer may still send, and the opening half receive (RFC 8446 6.1). Where the connection has failed,
    /// the alert of the failure is sent instead.
    pub fn close(&mut self, output: &mut OutBuf) {
        if self.answer_pending(output).is_ok() && !self.sending.is_closed {
            self.sending.close(output);
            self.note();
        }
    }

    /// Whether application data can be sent, as far as this half knows.
    pub fn is_ready(&self) -> bool {
        !self.sending.is_closed && self.shared.failure.get().is_none()
    }

    /// Whether this side has sent close_notify.
    pub const fn has_sent_close(&self) -> bool {
        self.sending.is_closed
    }

    /// Whether the peer has sent close_notify.
    pub fn is_closed_by_peer(&self) -> bool {
        self.shared.closed_by_peer.get().is_some()
    }

    /// Counters of what the connection has sealed.
    pub const fn sealed(&self) -> Counters {
        self.sending.counters()
    }

    /// Everything that is sent comes through here, so that a requested KeyUpdate goes before the next application data.
    #[inline]
    fn answer_pending(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        if let Some(error) = self.shared.failure.get() {
            let error = error.clone();
            self.fail(&error, output);
            return Err(error);
        }
        // Read before it is cleared, which is a locked instruction: this runs for every record.
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

    /// Fails the connection, with the alert of the first error.
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
    /// Takes at most one record from `input`, see [`Connection::read_tls`]. What has to be sent because of it, the alert of an
    /// error included, is left to the sealing half, and the signal is raised.
    #[inline]
    pub fn read_tls<'a>(&'a mut self, input: &'a mut InBuf) -> Result<Progress<'a>, Error> {
        match self.connection.receive(input, &mut self.nothing) {
            Ok(Received::Data(plaintext)) => Ok(Progress::Data(self.connection.plaintext(input, plaintext))),
            other => self.publish(other),
        }
    }

    /// Reports that the transport has ended, see [`Connection::end_of_input`].
    pub fn end_of_input(&mut self) -> Result<(), Error> {
        self.connection.end_of_input().inspect_err(|error| self.publish_failure(error))
    }

    /// Whether the next [`OpeningHalf::read_tls`] would return something without more input.
    pub fn has_deliverable(&self, input: &InBuf) -> bool {
        self.connection.has_deliverable(input)
    }

    /// What was negotiated. Always there, as the handshake has completed.
    pub const fn negotiated(&self) -> Option<&Negotiated> {
        self.connection.negotiated()
    }

    /// What the server has stapled to its certificate, see [`Connection::stapled`].
    pub fn stapled(&self) -> Option<&Stapled> {
        self.connection.stapled()
    }

    /// Keying material for the application, see [`Connection::export_keying_material`].
    pub fn export_keying_material(&self, label: &[u8], context: &[u8], output: &mut [u8]) -> Result<(), Error> {
        self.connection.export_keying_material(label, context, output)
    }

    /// Whether the peer has sent close_notify.
    pub const fn is_closed_by_peer(&self) -> bool {
        self.connection.is_closed_by_peer()
    }

    /// The tickets that were received, see [`Connection::tickets`].
    pub fn tickets(&self) -> &[Ticket] {
        self.connection.tickets()
    }

    /// Counters of what the connection has opened.
    pub const fn opened(&self) -> Counters {
        self.connection.opened()
    }

    /// The signal that is raised for the sealing half.
    pub const fn signal(&self) -> &S {
        &self.signal
    }

    /// Publishes what the sealing half has to know of a record without data, and then raises the signal.
    fn publish(&mut self, received: Result<Received, Error>) -> Result<Progress<'static>, Error> {
        match received {
            // The other half may have failed, and then there is nothing to wait for.
            // After the handshake nothing pauses.
            Ok(Received::NeedInput | Received::Paused) => match self.shared.failure.get() {
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
