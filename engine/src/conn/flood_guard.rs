use crate::error::Error;
use crate::limits::{CHANGE_CIPHER_SPECS_MAX, EMPTY_RECORDS_MAX, KEY_UPDATES_MAX, TICKETS_MAX, WARNING_ALERTS_MAX};

/// Counts what costs this side work and carries no data, and refuses too much of it in a row. Application data resets all counts
/// but that of ChangeCipherSpec records.
#[derive(Default)]
pub(super) struct FloodGuard {
    empty_records: u32,
    key_updates: u32,
    tickets: u32,
    warning_alerts: u32,
    change_cipher_specs: u32,
}

impl FloodGuard {
    #[inline]
    pub(super) const fn on_data(&mut self) {
        *self = Self {
            empty_records: 0,
            key_updates: 0,
            tickets: 0,
            warning_alerts: 0,
            change_cipher_specs: self.change_cipher_specs,
        };
    }

    pub(super) fn on_empty_record(&mut self) -> Result<(), Error> {
        count(&mut self.empty_records, EMPTY_RECORDS_MAX, "empty records")
    }

    pub(super) fn on_key_update(&mut self) -> Result<(), Error> {
        count(&mut self.key_updates, KEY_UPDATES_MAX, "key updates")
    }

    pub(super) fn on_ticket(&mut self) -> Result<(), Error> {
        count(&mut self.tickets, TICKETS_MAX, "tickets")
    }

    pub(super) fn on_warning_alert(&mut self) -> Result<(), Error> {
        count(&mut self.warning_alerts, WARNING_ALERTS_MAX, "warning alerts")
    }

    pub(super) fn on_change_cipher_spec(&mut self) -> Result<(), Error> {
        count(&mut self.change_cipher_specs, CHANGE_CIPHER_SPECS_MAX, "ChangeCipherSpec records")
    }
}

fn count(counter: &mut u32, limit: u32, what: &'static str) -> Result<(), Error> {
    *counter += 1;
    if *counter > limit { Err(Error::TooMany(what)) } else { Ok(()) }
}
