//! The sending direction, which a connection has until it is split, and then its sealing half.

use crate::codes::{AlertDescription, ContentType};
use crate::counters::Counters;
use crate::error::Error;
use crate::handshake::Common;
use crate::keys::{Ratchet, TrafficKeys};
use crate::mem::OutBuf;
use crate::msgs::{Alert, KeyUpdate, KeyUpdateRequest};
use crate::record::Sealer;

/// The keys for sending, and whether close_notify was sent.
pub(super) struct Sending {
    pub(super) sealer: Sealer,
    /// Where the next keys come from.
    next: Option<Ratchet>,
    /// Whether close_notify was sent, after which nothing follows (RFC 8446 6.1).
    pub(super) is_closed: bool,
}

impl Sending {
    pub(super) const fn new(common: &Common) -> Self {
        Self { sealer: Sealer::new(&common.switches, common.max_fragment), next: None, is_closed: false }
    }

    pub(super) const fn counters(&self) -> Counters {
        self.sealer.counters()
    }

    /// Installs `keys`, for `records_per_key` records of application data, and remembers where the `next` ones come from.
    pub(super) fn install(
        &mut self,
        keys: &TrafficKeys,
        next: Option<Ratchet>,
        records_per_key: u64,
    ) -> Result<(), Error> {
        self.sealer.install(keys, records_per_key)?;
        self.next = next;
        Ok(())
    }

    /// Seals application data up to the capacity of `output`, and returns how many bytes were taken. Updates the key when it has
    /// sealed as many records as it may (RFC 8446 5.5).
    #[inline]
    pub(super) fn write(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<usize, Error> {
        let taken = self.sealer.seal_application_data(plaintext, 0, output)?;
        if self.sealer.is_key_spent() { self.write_rest(plaintext, taken, output) } else { Ok(taken) }
    }

    /// Seals what is left after the first `taken` bytes, with new keys.
    #[cold]
    fn write_rest(&mut self, plaintext: &[&[u8]], mut taken: usize, output: &mut OutBuf) -> Result<usize, Error> {
        let offered = plaintext.iter().map(|part| part.len()).sum();
        while taken < offered && self.sealer.is_key_spent() {
            self.replace_key(KeyUpdateRequest::NOT_REQUESTED, output)?;
            taken = self.sealer.seal_application_data(plaintext, taken, output)?;
        }
        Ok(taken)
    }

    /// Sends a KeyUpdate, and installs the next keys (RFC 8446 4.6.3).
    pub(super) fn replace_key(&mut self, request: KeyUpdateRequest, output: &mut OutBuf) -> Result<(), Error> {
        let mut message = Vec::new();
        KeyUpdate { request }.encode(&mut message);
        self.sealer.seal_control(ContentType::HANDSHAKE, &message, output)?;
        let Some(mut ratchet) = self.next.take() else {
            return Err(Error::Internal("a key update without keys"));
        };
        ratchet.advance();
        self.install(&ratchet.keys(), Some(ratchet), self.sealer.records_per_key())?;
        self.sealer.count_key_update();
        Ok(())
    }

    pub(super) fn alert(&mut self, description: AlertDescription, output: &mut OutBuf) {
        let alert = Alert { description }.encode();
        // An alert that does not fit is lost; the connection ends in any case.
        let _ = self.sealer.seal_control(ContentType::ALERT, &alert, output);
    }

    /// Sends the alert of `error`, if it has one and close_notify was not sent.
    #[cold]
    pub(super) fn alert_for(&mut self, error: &Error, output: &mut OutBuf) {
        if !self.is_closed
            && let Some(description) = error.alert()
        {
            self.alert(description, output);
        }
    }

    /// Sends close_notify.
    pub(super) fn close(&mut self, output: &mut OutBuf) {
        self.is_closed = true;
        self.alert(AlertDescription::CLOSE_NOTIFY, output);
    }
}

/// The error of a write after close_notify.
pub(super) const AFTER_CLOSE: Error = Error::Usage("nothing can be sent after close_notify");
