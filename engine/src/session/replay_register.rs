use std::collections::HashSet;
use std::fmt;
use std::mem;
use std::sync::{Mutex, PoisonError};

use rustls_pki_types::UnixTime;

use crate::limits::EARLY_DATA_WINDOW_S;

/// What is kept of a ClientHello, bytes: the front of its binder, a MAC over the rest of it.
const KEPT_LEN: usize = 16;
/// Threads meet only where they have the same one of so many parts.
const PARTS: usize = 64;
/// How long a ClientHello is kept at least, seconds: a replay may come as early as the window allows, and the first one as late.
const KEPT_S: u64 = 2 * EARLY_DATA_WINDOW_S;

/// The ClientHellos whose early data was accepted lately, so that none is accepted twice (RFC 8446 8.2). It is asked for early data
/// alone; where it is full, early data is rejected, and the handshake goes on without.
///
/// It protects the servers that share it, in one process. Servers in other processes that open the same tickets
/// ([`TicketKeys::from_secret`](super::TicketKeys::from_secret)) accept the same early data once each.
pub struct ReplayRegister {
    /// When it was made: what earlier processes have accepted, it can't know.
    made_at: UnixTime,
    part_capacity: usize,
    parts: [Mutex<Part>; PARTS],
}

#[derive(Default)]
struct Part {
    /// Which time of [`KEPT_S`] seconds it is.
    period: u64,
    current: HashSet<[u8; KEPT_LEN]>,
    previous: HashSet<[u8; KEPT_LEN]>,
}

impl ReplayRegister {
    /// A register, made `now`, for up to `capacity` ClientHellos in 20 seconds, some more or fewer as they are spread over its parts. It
    /// takes memory for as many as there are, some 40 bytes each.
    ///
    /// Where tickets outlast the process, `now` is to be a second later than it is: times are whole seconds, and an earlier process may
    /// have given tickets in this one.
    pub fn new(capacity: usize, now: UnixTime) -> Self {
        let part_capacity = capacity.div_ceil(PARTS).max(1);
        Self { made_at: now, part_capacity, parts: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Notes the ClientHello with this binder, which has arrived `now` and resumes a session whose ticket was made at `issued_at`. Returns
    /// whether its early data may be accepted: it is the first one, and there is room to remember it.
    pub(crate) fn note(&self, binder: &[u8], issued_at: UnixTime, now: UnixTime) -> bool {
        let Some(kept) = binder.first_chunk::<KEPT_LEN>() else { return false };
        // RFC 8446 8.2: a register that is new waits until it knows all that is still fresh. A younger ticket was never seen before.
        if issued_at < self.made_at && now.as_secs() < self.made_at.as_secs().saturating_add(KEPT_S) {
            return false;
        }
        let mut part = self.parts[usize::from(kept[0]) % PARTS].lock().unwrap_or_else(PoisonError::into_inner);
        if !part.go_on_to(now.as_secs() / KEPT_S) {
            return false;
        }
        let is_known = part.previous.contains(kept) || part.current.contains(kept);
        !is_known && part.current.len() < self.part_capacity && part.current.insert(*kept)
    }
}

impl Part {
    /// Forgets what is too old to be replayed. Returns whether it is known what is fresh in `period`: not before that in which it was
    /// asked last, as where a clock was set back.
    fn go_on_to(&mut self, period: u64) -> bool {
        if period <= self.period {
            return period == self.period;
        }
        self.previous = mem::take(&mut self.current);
        if period > self.period + 1 {
            self.previous.clear();
        }
        self.period = period;
        true
    }
}

impl fmt::Debug for ReplayRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayRegister(up to {})", self.part_capacity.saturating_mul(PARTS))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn binder(number: u64) -> [u8; 32] {
        let mut binder = [0; 32];
        binder[0] = number as u8;
        binder[8..16].copy_from_slice(&number.to_be_bytes());
        binder
    }

    #[test]
    fn none_is_taken_twice_while_a_replay_would_be_fresh() {
        for first in KEPT_S..2 * KEPT_S {
            for later in 0..=KEPT_S {
                let register = ReplayRegister::new(1000, at(0));
                assert!(register.note(&binder(1), at(first), at(first)));
                assert!(!register.note(&binder(1), at(first), at(first + later)), "{later} s later");
                assert!(register.note(&binder(2), at(first), at(first + later)), "another one");
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_forgets_nothing() {
        let register = ReplayRegister::new(1000, at(0));
        assert!(register.note(&binder(1), at(100), at(100)));
        for now in [90, 50, 1, 100] {
            assert!(!register.note(&binder(1), at(100), at(now)));
        }
        // In the same part, so late that the first one is forgotten, and then the clock is set back.
        let mut another = binder(1);
        another[15] ^= 1;
        assert!(register.note(&another, at(160), at(160)));
        assert!(!register.note(&binder(1), at(100), at(100)));
    }

    #[test]
    fn it_keeps_no_more_than_it_may_and_has_room_again_later() {
        let register = ReplayRegister::new(PARTS * 4, at(0));
        let taken =
            |now| (0..10_000).filter(|number| register.note(&binder(now * 10_000 + number), at(now), at(now))).count();
        assert_eq!(taken(1000), PARTS * 4);
        assert_eq!(taken(1000), 0);
        assert_eq!(taken(1000 + KEPT_S), PARTS * 4);
        let kept = |part: &Mutex<Part>| {
            let part = part.lock().unwrap();
            part.current.len() + part.previous.len()
        };
        assert_eq!(register.parts.iter().map(kept).sum::<usize>(), 2 * PARTS * 4);
        assert_eq!(taken(2000), PARTS * 4);
        assert_eq!(register.parts.iter().map(kept).sum::<usize>(), PARTS * 4, "what is older is gone");
    }

    #[test]
    fn a_new_one_waits_for_tickets_of_earlier_processes() {
        let register = ReplayRegister::new(10, at(1000));
        assert!(!register.note(&binder(1), at(999), at(1000)));
        assert!(!register.note(&binder(2), at(999), at(1000 + KEPT_S - 1)));
        assert!(register.note(&binder(3), at(999), at(1000 + KEPT_S)));
        assert!(register.note(&binder(4), at(1000), at(1000)));
    }
}
