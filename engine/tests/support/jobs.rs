//! Handshakes that pause for their jobs, and the peers of the tests that do them.

use std::cell::Cell;

use tls_engine::Error;
use tls_engine::conn::{Connection, JobKind};
use tls_engine::mem::{InBuf, OutBuf};

thread_local! {
    static PAUSES: Cell<bool> = const { Cell::new(false) };
    static DONE: Cell<usize> = const { Cell::new(0) };
}

/// What the configurations that this thread makes pause for.
pub fn paused_for() -> &'static [JobKind] {
    if PAUSES.get() { &JobKind::ALL } else { &[] }
}

/// Whether the configurations that this thread makes from here on pause for every job.
pub fn set_pausing(on: bool) {
    PAUSES.set(on);
}

/// Does what comes with configurations that pause for every job.
pub fn pausing<T>(test: impl FnOnce() -> T) -> T {
    let done = DONE.get();
    set_pausing(true);
    let result = test();
    set_pausing(false);
    assert!(DONE.get() > done, "nothing has paused");
    result
}

/// Does it twice: with handshakes that do their jobs at once, and with such that pause for them.
pub fn at_once_and_pausing(test: impl Fn()) {
    let done = DONE.get();
    test();
    assert_eq!(DONE.get(), done, "something has paused");
    pausing(test);
}

/// Does the job that a connection waits for. Nothing is read until then.
pub fn do_job(connection: &mut Connection, input: &mut InBuf, output: &mut OutBuf) -> Result<(), Error> {
    let waiting = input.len();
    assert!(connection.is_paused() && !connection.has_deliverable(input));
    let job = connection.take_job().expect("the job that it waits for");
    assert!(connection.take_job().is_none(), "there is one");
    assert_eq!(connection.read_tls(input, output), Ok(tls_engine::Progress::Paused));
    assert_eq!(input.len(), waiting, "what waits is not read");
    DONE.set(DONE.get() + 1);
    connection.resume(job.run(), output)
}
