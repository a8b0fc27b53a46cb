use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls_pki_types::UnixTime;
use subtle::ConstantTimeEq;

use super::{SessionState, Tickets};
use crate::crypto::Random;
use crate::error::Error;

/// The random part of a ticket, bytes.
const ID_LEN: usize = 28;

/// Sessions in memory, a bounded number of them: a ticket is the place of its session and a random number. Each resumes once, and is
/// gone with the first ClientHello that offers its ticket, whatever becomes of that handshake.
///
/// Threads meet only at the place of a session, not at the whole cache.
pub struct SessionCache {
    lifetime_s: u32,
    places: Box<[Mutex<Option<Box<Entry>>>]>,
    /// The next place, modulo their number: the oldest session makes room.
    next: AtomicU32,
}

struct Entry {
    id: [u8; ID_LEN],
    session: SessionState,
}

impl SessionCache {
    /// A cache for up to `capacity` sessions (at least one, at most 2^24), each for `lifetime_s` seconds.
    pub fn new(capacity: usize, lifetime_s: u32) -> Self {
        let capacity = capacity.clamp(1, 1 << 24);
        Self { lifetime_s, places: (0..capacity).map(|_| Mutex::default()).collect(), next: AtomicU32::new(0) }
    }

    /// How many sessions are kept.
    pub fn len(&self) -> usize {
        self.places.iter().filter(|place| lock(place).is_some()).count()
    }

    /// Whether no session is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Tickets for SessionCache {
    fn lifetime_s(&self) -> u32 {
        self.lifetime_s
    }

    fn seal(
        &self,
        session: &SessionState,
        random: &dyn Random,
        _now: UnixTime,
        ticket: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut id = [0; ID_LEN];
        random.fill(&mut id)?;
        // The count wraps at 2^32, which moves the oldest place once, and harms nothing.
        let place = self.next.fetch_add(1, Ordering::Relaxed) as usize % self.places.len();
        ticket.extend_from_slice(&(place as u32).to_be_bytes());
        ticket.extend_from_slice(&id);
        *lock(&self.places[place]) = Some(Box::new(Entry { id, session: session.clone() }));
        Ok(())
    }

    fn open(&self, ticket: &[u8], _now: UnixTime) -> Option<SessionState> {
        let (place, id) = ticket.split_first_chunk::<4>()?;
        let mut place = lock(self.places.get(u32::from_be_bytes(*place) as usize)?);
        place.take_if(|entry| entry.id[..].ct_eq(id).into()).map(|entry| entry.session.clone())
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionCache({} of {} sessions)", self.len(), self.places.len())
    }
}
