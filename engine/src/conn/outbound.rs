//! Sending: from application data to bytes.

use super::Connection;
use super::sending::AFTER_CLOSE;
use crate::error::Error;
use crate::mem::OutBuf;
use crate::msgs::KeyUpdateRequest;

impl Connection {
    /// Seals application data into `output`, up to its capacity, and returns how many bytes of `plaintext` were taken. With
    /// zero-copy, data is encrypted from where it is, unless a record spans several slices.
    ///
    /// Updates the key when it has sealed as many records as it may (RFC 8446 5.5).
    ///
    /// # Errors
    /// [`Error::Usage`] before the handshake has completed and after [`Connection::close`]; the error of a connection that has
    /// failed.
    #[inline]
    pub fn write_tls(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<usize, Error> {
        if !self.is_ready() || self.key_update_pending {
            self.prepare_to_write(plaintext, output)?;
        }
        let written = self.sending.write(plaintext, output);
        match &written {
            Ok(_) => self.note_sealed(),
            Err(error) => self.fail(error, output),
        }
        written
    }

    /// Refuses to write where nothing can be sent, and answers a KeyUpdate before there is data.
    #[cold]
    fn prepare_to_write(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<(), Error> {
        self.check_writable()?;
        if self.key_update_pending && plaintext.iter().any(|part| !part.is_empty()) {
            self.answer_key_update(output)?;
        }
        Ok(())
    }

    /// Updates the sending keys (RFC 8446 4.6.3), and requests the peer to update its own where `request_peer` is set.
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

    /// Updates the sending keys, as the peer has requested (RFC 8446 4.6.3).
    #[cold]
    pub(super) fn answer_key_update(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        let replaced = self.sending.replace_key(KeyUpdateRequest::NOT_REQUESTED, output);
        replaced.inspect_err(|error| self.fail(error, output))?;
        self.key_update_pending = false;
        self.note();
        Ok(())
    }

    /// Sends close_notify: nothing follows from this side. The peer may still send (RFC 8446 6.1). A connection whose handshake
    /// has not completed has failed with this.
    pub fn close(&mut self, output: &mut OutBuf) {
        if !self.sending.is_closed && self.failed.is_none() {
            self.sending.close(output);
            self.note();
            if self.is_handshaking() {
                self.fail(&Error::Usage("the connection was closed before the handshake was done"), output);
            }
        }
    }

    /// Reports what has been opened, where the switch `counters` is on.
    #[inline]
    pub(super) fn note_opened(&self) {
        if let Some(meter) = &self.meter {
            meter.note_opened(self.opener.counters());
        }
    }

    /// Reports what has been sealed.
    #[inline]
    pub(super) fn note_sealed(&self) {
        if let Some(meter) = &self.meter {
            meter.note_sealed(self.sending.counters());
        }
    }

    /// Reports both, unless a sealing half reports what is sealed.
    pub(super) fn note(&self) {
        self.note_opened();
        if !self.has_sealing_half {
            self.note_sealed();
        }
    }

    /// Reports that the connection has failed, and the alert that was sealed.
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
            None if self.is_handshaking() && !self.has_accepted_early_data() => {
                Err(Error::Usage("nothing can be sent before the handshake is done"))
            }
            None => Ok(()),
        }
    }
}
