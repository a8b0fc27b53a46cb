//! Signals that ask for an end: Ctrl-C (INT), TERM and HUP. The first asks for a clean one; only Ctrl-C once more ends at
//! once. What a command keeps for that case is said even then.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, exit};

/// What asks for an end.
const ASKING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
/// Two Ctrl-C within this time are one: programs that start others signal them, and then their group.
const ONE_WISH: Duration = Duration::from_millis(100);
/// How long a command whose end is bounded may take for it, and how long it may still be saying what it has to say: somebody
/// has to read it.
const CLEAN_END_MAX: Duration = Duration::from_millis(1_400);
const SAYING_MAX: Duration = Duration::from_millis(350);
/// How long what is kept may take to be said where there is no time left.
const LAST_WORDS_MAX: Duration = Duration::from_millis(300);

static REQUESTED: AtomicBool = AtomicBool::new(false);
static LAST_WORDS: Mutex<LastWords> = Mutex::new(LastWords::Nothing);

/// What is said of a run that has to end before it is through.
enum LastWords {
    Nothing,
    Kept(Box<dyn FnOnce() + Send>),
    /// The command is saying all it has to say.
    BeingSaid,
    /// Others depend on a clean end, which takes the time that it takes.
    NotHurried,
    /// There is no time left: they are said, and nothing else is.
    Last,
}

/// Begins to listen. What was ignored when the program started stays ignored, as `nohup` and shells want it. A clean end
/// may take 1.4 s; what is not done by then is left, unless [`take_time`] was called.
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

/// Whether an end was asked for. Long loops look here once a batch, not once a record.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// An error where an end was asked for: what is under way is given up, and counts for nothing.
pub fn check() -> Result<(), Error> {
    if requested() { Err(Error::Interrupted) } else { Ok(()) }
}

/// Lets a clean end take the time that it takes: others depend on it, as the clients of a server do.
pub fn take_time() {
    *last_words() = LastWords::NotHurried;
}

/// Keeps what is to be said should there be no time for a clean end: what was measured so far.
pub fn keep_last_words(words: impl FnOnce() + Send + 'static) {
    replace(LastWords::Kept(Box::new(words)));
}

/// The command begins to say all it has to say: nothing is kept any more.
pub fn begin_to_say() {
    replace(LastWords::BeingSaid);
}

/// Where the last words are being said nothing else is, and the program ends.
fn replace(words: LastWords) {
    let mut known = last_words();
    if !matches!(*known, LastWords::Last) {
        *known = words;
        return;
    }
    drop(known);
    thread::sleep(2 * LAST_WORDS_MAX);
}

/// What the signals so far come to.
#[derive(Debug, Default)]
struct Wishes {
    is_known: bool,
    first_interrupt: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The first.
    CleanEnd,
    /// Ctrl-C once more, by somebody who has waited.
    EndAtOnce,
    /// Nothing new.
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
    // At a terminal a bar may stand in the line.
    let line = if errors.is_terminal() { "\nstopping\n" } else { "stopping\n" };
    // Who does not listen to it is stopped all the same.
    let _ = errors.write_all(line.as_bytes());
    let end = || {
        thread::sleep(CLEAN_END_MAX);
        if !matches!(*last_words(), LastWords::NotHurried) {
            end_at_once();
        }
    };
    // Without a thread for it the end is as late as the command makes it.
    let _ = thread::Builder::new().name("end".to_owned()).spawn(end);
}

/// Says what is kept, or lets the command end what it is saying, as far as that is possible at once, and ends.
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
            // Nobody waits for it any more where it came too late.
            let _ = said.send(());
        };
        if thread::Builder::new().name("last words".to_owned()).spawn(say).is_ok() {
            let _ = is_said.recv_timeout(LAST_WORDS_MAX);
        }
    } else if matches!(*last_words(), LastWords::BeingSaid) {
        // Where it comes to an end the program does, too.
        thread::sleep(SAYING_MAX);
    }
    std::process::exit(i32::from(exit::INTERRUPTED));
}

fn last_words() -> MutexGuard<'static, LastWords> {
    // A thread that panicked has left one value or another.
    LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that were ignored when this program started. Systems without `/proc` do not tell.
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
