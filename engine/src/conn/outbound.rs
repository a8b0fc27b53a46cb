//! From application data to bytes to send.

use super::Connection;
use super::sending::AFTER_CLOSE;
use crate::error::Error;
use crate::mem::OutBuf;
use crate::msgs::KeyUpdateRequest;

impl Connection {
    /// Seals application data into `output` as far as its capacity goes, and tells how many bytes of `plaintext` that
    /// took. With zero-copy a record's content is encrypted from where it is, unless it spans slices.
    ///
    /// Replaces the key on the way when it has sealed as many records as it may (RFC 8446 5.5).
    pub fn write_tls(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<usize, Error> {
        self.check_writable()?;
        if self.key_update_pending && plaintext.iter().any(|part| !part.is_empty()) {
            self.answer_key_update(output)?;
        }
        let taken = self.sending.write(plaintext, output).inspect_err(|error| self.fail(error, output))?;
        self.note_sealed();
        Ok(taken)
    }

    /// Replaces the keys that this side seals with, and asks the peer to do the same where `request_peer` says so.
    pub fn update_keys(&mut self, request_peer: bool, output: &mut OutBuf) -> Result<(), Error> {
        self.check_writable()?;
        if self.key_update_pending {
            self.answer_key_update(output)?;
            if !request_peer {
                return Ok(());
            }
        }
        let request = if request_peer { KeyUpdateRequest::REQUESTED } else { KeyUpdateRequest::NOT_REQUESTED };
        self.sending.replace_key(request, output)?;
        self.note();
        Ok(())
    }

    /// Replaces the keys, as the peer has asked for (RFC 8446 4.6.3).
    #[cold]
    pub(super) fn answer_key_update(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        let replaced = self.sending.replace_key(KeyUpdateRequest::NOT_REQUESTED, output);
        replaced.inspect_err(|error| self.fail(error, output))?;
        self.key_update_pending = false;
        self.note();
        Ok(())
    }

    /// Says that no more will be sent (close_notify). The peer may go on sending (RFC 8446 6.1), but a handshake can't be
    /// finished any more: then the connection has ended.
    pub fn close(&mut self, output: &mut OutBuf) {
        if !self.sending.is_closed && self.failed.is_none() {
            self.sending.close(output);
            self.note();
            if self.is_handshaking() {
                self.fail(&Error::Usage("the connection was closed before the handshake was done"), output);
            }
        }
    }

    /// Notes what has been opened, where the switch for counters is on.
    #[inline]
    pub(super) fn note_opened(&self) {
        if let Some(meter) = &self.meter {
            meter.note_opened(self.opener.counters());
        }
    }

    /// Notes what has been sealed.
    #[inline]
    pub(super) fn note_sealed(&self) {
        if let Some(meter) = &self.meter {
            meter.note_sealed(self.sending.counters());
        }
    }

    /// Both, unless another half counts what is sealed.
    pub(super) fn note(&self) {
        self.note_opened();
        if !self.has_sealing_half {
            self.note_sealed();
        }
    }

    /// Notes that the connection has failed, and what it has sealed to say so.
    #[cold]
    pub(super) fn note_failed(&self) {
        self.note();
        if let Some(meter) = &self.meter {
            meter.note_failed();
        }
    }

    pub(super) fn check_writable(&self) -> Result<(), Error> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if self.sending.is_closed => Err(AFTER_CLOSE),
            None if self.is_handshaking() => Err(Error::Usage("nothing can be sent before the handshake is done")),
            None => Ok(()),
        }
    }
}
