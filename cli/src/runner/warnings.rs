//! Warnings that are known before measuring, about what any case of several commands can be asked for.

use std::time::Duration;

use crate::schema::Document;
use crate::workload::Limit;

/// The shortest duration that lets the clock of a processor settle.
const DURATION_MIN: Duration = Duration::from_millis(500);

/// That a case is too short.
pub(super) fn of_duration(document: &mut Document, limit: Limit) {
    if matches!(limit, Limit::Duration(duration) if duration < DURATION_MIN) {
        document.warn("the duration is too short for repeatable numbers", "use --duration 3s or more");
    }
}

/// That a client trusts any server, or writes down its secrets.
pub(super) fn of_client(document: &mut Document, trusts_anyone: bool, logs_keys: bool) {
    if logs_keys {
        document.warn("writing secrets to a key log slows down each handshake", "omit --keylog");
    }
    if trusts_anyone {
        document.warn("the server's certificate is not verified", "trust its issuer with --cacert FILE");
    }
}

/// That there are more threads than processors.
pub(super) fn of_threads(document: &mut Document, threads: usize) {
    let processors = document.host.usable_cpus.or(document.host.logical_cpus).unwrap_or(1);
    if threads > processors as usize {
        let message = format!("there are more threads than the {processors} processors, which take turns");
        document.warn(message, "use a lower --threads, unless this is intended");
    }
}
