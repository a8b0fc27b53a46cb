//! The sending direction of a connection, whoever has it: the connection, or its sealing half on a thread of its own.

use super::Traffic;
use crate::codes::{AlertDescription, ContentType};
use crate::counters::Counters;
use crate::crypto::Suite;
use crate::error::Error;
use crate::keys::TrafficSecret;
use crate::mem::OutBuf;
use crate::msgs::{Alert, KeyUpdate, KeyUpdateRequest};
use crate::record::{Fragments, Sealer};
use crate::switches::Switches;

/// What records are sealed with, and whether this side has said that no more follow.
pub(super) struct Sending {
    pub(super) sealer: Sealer,
    traffic: Option<Traffic>,
    /// Whether close_notify was sent, after which nothing follows (RFC 8446 6.1).
    pub(super) is_closed: bool,
}

impl Sending {
    pub(super) const fn new(switches: &Switches) -> Self {
        Self { sealer: Sealer::new(switches), traffic: None, is_closed: false }
    }

    pub(super) const fn counters(&self) -> Counters {
        self.sealer.counters()
    }

    /// From now on seals with the keys of `secret`, each for `records_per_key` records of application data.
    pub(super) fn install(&mut self, suite: Suite, secret: TrafficSecret, records_per_key: u64) -> Result<(), Error> {
        self.sealer.install(&suite, &secret.keys(suite.aead), records_per_key)?;
        self.traffic = Some(Traffic { suite, secret });
        Ok(())
    }

    /// Seals application data as far as the capacity of `output` goes, and tells how many bytes that took. Replaces the key on
    /// the way when it has sealed as many records as it may (RFC 8446 5.5).
    pub(super) fn write(&mut self, plaintext: &[&[u8]], output: &mut OutBuf) -> Result<usize, Error> {
        let mut fragments = Fragments::new(plaintext);
        let offered = fragments.left();
        loop {
            self.sealer.seal_application_data(&mut fragments, output)?;
            if fragments.left() == 0 || !self.sealer.is_key_spent() {
                return Ok(offered - fragments.left());
            }
            self.replace_key(KeyUpdateRequest::NOT_REQUESTED, output)?;
        }
    }

    /// Sends a KeyUpdate and seals with new keys from then on (RFC 8446 4.6.3).
    pub(super) fn replace_key(&mut self, request: KeyUpdateRequest, output: &mut OutBuf) -> Result<(), Error> {
        let mut message = Vec::new();
        KeyUpdate { request }.encode(&mut message);
        self.sealer.seal_control(ContentType::HANDSHAKE, &message, output)?;
        let Some(Traffic { suite, secret }) = self.traffic.take() else {
            return Err(Error::Internal("a key update without keys"));
        };
        self.install(suite, secret.next(), self.sealer.records_per_key())?;
        self.sealer.count_key_update();
        Ok(())
    }

    pub(super) fn alert(&mut self, description: AlertDescription, output: &mut OutBuf) {
        let alert = Alert { description }.encode();
        // An alert that can't be sent is lost with the connection that it ends.
        let _ = self.sealer.seal_control(ContentType::ALERT, &alert, output);
    }

    /// The alert that `error` owes the peer, unless that has been told that nothing follows.
    #[cold]
    pub(super) fn alert_for(&mut self, error: &Error, output: &mut OutBuf) {
        if !self.is_closed
            && let Some(description) = error.alert()
        {
            self.alert(description, output);
        }
    }

    /// Says that nothing follows.
    pub(super) fn close(&mut self, output: &mut OutBuf) {
        self.is_closed = true;
        self.alert(AlertDescription::CLOSE_NOTIFY, output);
    }
}

/// What a write is told after close_notify.
pub(super) const AFTER_CLOSE: Error = Error::Usage("nothing can be sent after close_notify");
