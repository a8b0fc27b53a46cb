//! Ctrl-C: the first one asks for a clean end, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, exit};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Begins to listen for Ctrl-C (and for a request to terminate).
pub fn listen() -> Result<(), Error> {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    };
    ctrlc::set_handler(handler).map_err(|error| Error::io("listening for Ctrl-C", std::io::Error::other(error)))
}

/// Whether an end was asked for. Long loops look here once a batch, not once a record.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
