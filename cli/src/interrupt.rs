//! Signals that end the program: Ctrl-C (INT), TERM and HUP. The first one requests a clean end; only a second Ctrl-C
//! ends at once. The last words that a command has registered are printed even then.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, exit};

/// The signals that request an end.
const ASKING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
/// Two Ctrl-C within this time count as one: programs that start others signal them, and then their process group.
const ONE_WISH: Duration = Duration::from_millis(100);
/// The time limit of a clean end, and the limit for a command that is still printing its results, because nobody may be
/// reading them.
const CLEAN_END_MAX: Duration = Duration::from_millis(1_400);
const SAYING_MAX: Duration = Duration::from_millis(350);
/// The time limit for printing the last words when a clean end is impossible.
const LAST_WORDS_MAX: Duration = Duration::from_millis(300);

static REQUESTED: AtomicBool = AtomicBool::new(false);
static LAST_WORDS: Mutex<LastWords> = Mutex::new(LastWords::Nothing);

/// What to print about a run that ends early.
enum LastWords {
    Nothing,
    Kept(Box<dyn FnOnce() + Send>),
    /// The command is printing its results.
    BeingSaid,
    /// Others depend on a clean end, which has no time limit.
    NotHurried,
    /// There is no time left: only the last words are printed.
    Last,
}

/// Starts listening. Signals that were ignored when the program started stay ignored, as `nohup` and shells require. A
/// clean end may take 1.4 s. After that the program ends, unless [`take_time`] was called.
pub fn listen() -> Result<(), Error> {
    let failed = |error| Error::io("listening for signals", error);
    let ignored = ignored();
    let mut signals = Signals::new(ASKING.into_iter().filter(|signal| !ignored.contains(signal))).map_err(failed)?;
    let answer = move || {
        let mut wishes = Wishes::default();
        for signal in signals.forever() {
            match wishes.hear(signal, Instant::now()) {
                Wish::CleanEnd => begin_to_end(),
                Wish::EndAtOnce => end_at_once(),
                Wish::Known => {}
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(answer).map(drop).map_err(failed)
}

/// Whether an end was requested. Long loops check this once per batch, not once per record.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Returns an error if an end was requested: the current work is abandoned and its result discarded.
pub fn check() -> Result<(), Error> {
    if requested() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Removes the time limit of a clean end, because others depend on it, such as the clients of a server.
pub fn take_time() {
    *last_words() = LastWords::NotHurried;
}

/// Registers what to print if there is no time for a clean end: the results so far.
pub fn keep_last_words(words: impl FnOnce() + Send + 'static) {
    replace(LastWords::Kept(Box::new(words)));
}

/// The command starts to print its results: the registered words are dropped.
pub fn begin_to_say() {
    replace(LastWords::BeingSaid);
}

/// If the last words are being printed, nothing else may be, and the program is about to end.
fn replace(words: LastWords) {
    let mut known = last_words();
    if !matches!(*known, LastWords::Last) {
        *known = words;
        return;
    }
    drop(known);
    thread::sleep(2 * LAST_WORDS_MAX);
}

/// The signals so far.
#[derive(Debug, Default)]
struct Wishes {
    is_known: bool,
    first_interrupt: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The first signal.
    CleanEnd,
    /// Another Ctrl-C after a while.
    EndAtOnce,
    /// No change.
    Known,
}

impl Wishes {
    fn hear(&mut self, signal: i32, now: Instant) -> Wish {
        let is_first = !std::mem::replace(&mut self.is_known, true);
        if signal == SIGINT {
            let first = *self.first_interrupt.get_or_insert(now);
            if now.duration_since(first) > ONE_WISH {
                return Wish::EndAtOnce;
            }
        }
        if is_first { Wish::CleanEnd } else { Wish::Known }
    }
}

fn begin_to_end() {
    REQUESTED.store(true, Ordering::SeqCst);
    let mut errors = std::io::stderr();
    // A progress bar may be on the terminal's current line.
    let line = if errors.is_terminal() { "\nstopping\n" } else { "stopping\n" };
    // The program stops even if this can't be printed.
    let _ = errors.write_all(line.as_bytes());
    let end = || {
        thread::sleep(CLEAN_END_MAX);
        if !matches!(*last_words(), LastWords::NotHurried) {
            end_at_once();
        }
    };
    // Without this thread, a clean end has no time limit.
    let _ = thread::Builder::new().name("end".to_owned()).spawn(end);
}

/// Prints the last words, or lets the command finish printing, within a short time limit, and exits.
fn end_at_once() {
    let words = {
        let mut known = last_words();
        match &*known {
            LastWords::Kept(_) => std::mem::replace(&mut *known, LastWords::Last),
            _ => LastWords::Nothing,
        }
    };
    if let LastWords::Kept(words) = words {
        let (said, is_said) = channel();
        let say = move || {
            words();
            // If it was too late, nobody waits for it any more.
            let _ = said.send(());
        };
        if thread::Builder::new().name("last words".to_owned()).spawn(say).is_ok() {
            let _ = is_said.recv_timeout(LAST_WORDS_MAX);
        }
    } else if matches!(*last_words(), LastWords::BeingSaid) {
        // If the command finishes printing, the program exits by itself.
        thread::sleep(SAYING_MAX);
    }
    std::process::exit(i32::from(exit::INTERRUPTED));
}

fn last_words() -> MutexGuard<'static, LastWords> {
    // Any value is fine after a panic in another thread.
    LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that were ignored when this program started. Unknown on systems without `/proc`.
fn ignored() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ASKING.into_iter().filter(|signal| is_ignored(&status, *signal)).collect()
}

/// Bit 0 of the mask is signal 1.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ctrl_c_once_more_ends_at_once() {
        use Wish::{CleanEnd, EndAtOnce, Known};
        for (heard, expected) in [
            (&[(SIGINT, 0), (SIGINT, 5)][..], &[CleanEnd, Known][..]),
            (&[(SIGINT, 0), (SIGINT, 5), (SIGINT, 101)], &[CleanEnd, Known, EndAtOnce]),
            (&[(SIGTERM, 0), (SIGTERM, 500), (SIGTERM, 900)], &[CleanEnd, Known, Known]),
            (&[(SIGHUP, 0), (SIGHUP, 500)], &[CleanEnd, Known]),
            (&[(SIGTERM, 0), (SIGINT, 500), (SIGINT, 900)], &[CleanEnd, Known, EndAtOnce]),
            (&[(SIGINT, 0), (SIGTERM, 500)], &[CleanEnd, Known]),
        ] {
            let (mut wishes, began) = (Wishes::default(), Instant::now());
            let said: Vec<Wish> =
                heard.iter().map(|(signal, at)| wishes.hear(*signal, began + Duration::from_millis(*at))).collect();
            assert_eq!(said, expected, "{heard:?}");
        }
    }

    #[test]
    fn what_is_ignored_is_read_from_the_mask() {
        let status = "Name:\ttlsbench\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001003\n";
        assert_eq!(ASKING.map(|signal| is_ignored(status, signal)), [true, false, true]);
        assert_eq!(ASKING.map(|signal| is_ignored("", signal)), [false; 3]);
    }
}
