use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use rustls_pki_types::UnixTime;

use super::{SessionState, Tickets};
use crate::codes::CipherSuite;
use crate::crypto::{AeadKey, KEY_MAX, Provider, Random, Suite, TAG_LEN};
use crate::error::Error;
use crate::limits::{SESSION_STATE_MAX, TICKET_LIFETIME_MAX};
use crate::mem::{Secret, SecretBytes};

/// The name of a key in front of the tickets that it has sealed, bytes.
const NAME_LEN: usize = 16;
/// AES-256-GCM has one of 96 bits (RFC 5116 5.2). It is random: a key seals the tickets of one period, far fewer than 2^32.
const NONCE_LEN: usize = 12;

/// Keys that seal sessions into tickets, so that the server keeps nothing. Each key seals for the lifetime of a ticket, and opens
/// what it has sealed for another.
///
/// Clones are the same keys. No thread waits for another: the keys are read without a lock, and while one thread makes the next
/// keys, the others use the ones before. Only where nothing was sealed for longer than a lifetime they wait for the first.
#[derive(Clone)]
pub struct TicketKeys(Arc<Keys>);

struct Keys {
    lifetime_s: u32,
    suite: Suite,
    source: Source,
    pair: ArcSwap<Pair>,
    /// Held by the thread that makes the next keys.
    rotating: Mutex<()>,
}

/// Where keys come from.
enum Source {
    /// Each is random, so that no later secret opens the tickets of earlier keys.
    Random(&'static dyn Random),
    /// All are derived from one secret and the period, so that servers which share it open each other's tickets.
    Secret(Secret),
}

/// The keys of a period.
struct Pair {
    period: u64,
    current: Arc<Key>,
    previous: Option<Arc<Key>>,
}

struct Key {
    name: [u8; NAME_LEN],
    key: Box<dyn AeadKey>,
}

impl TicketKeys {
    /// The shortest secret for [`TicketKeys::from_secret`], bytes.
    pub const SECRET_MIN: usize = 32;

    /// Random keys, which end with the process. `lifetime_s` is how long a ticket may be used, seconds.
    ///
    /// # Errors
    /// [`Error::Config`] where the lifetime is 0 or over seven days (RFC 8446 4.6.1).
    pub fn new(provider: &Provider, lifetime_s: u32) -> Result<Self, Error> {
        Self::build(provider, lifetime_s, Source::Random(provider.random))
    }

    /// Keys that come from a secret, which must be random: tickets outlast the process, and are valid for all servers with the same
    /// secret and lifetime. Whoever learns it opens all tickets that were ever sealed with it.
    ///
    /// # Errors
    /// As [`TicketKeys::new`], and where the secret is shorter than [`TicketKeys::SECRET_MIN`].
    pub fn from_secret(provider: &Provider, lifetime_s: u32, secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < Self::SECRET_MIN {
            return Err(Error::Config(format!("a secret for tickets has at least {} bytes", Self::SECRET_MIN)));
        }
        let extracted = suite(provider)?.hash.hkdf_extract(b"tickets", secret);
        Self::build(provider, lifetime_s, Source::Secret(extracted))
    }

    fn build(provider: &Provider, lifetime_s: u32, source: Source) -> Result<Self, Error> {
        if !(1..=TICKET_LIFETIME_MAX).contains(&lifetime_s) {
            return Err(Error::Config(format!("a ticket lives 1 to {TICKET_LIFETIME_MAX} seconds")));
        }
        let suite = suite(provider)?;
        let current = Arc::new(source.key(&suite, 0)?);
        let pair = ArcSwap::from_pointee(Pair { period: 0, current, previous: None });
        Ok(Self(Arc::new(Keys { lifetime_s, suite, source, pair, rotating: Mutex::default() })))
    }
}

/// What tickets are sealed with, and keys derived with.
fn suite(provider: &Provider) -> Result<Suite, Error> {
    let suite = provider.suite(CipherSuite::AES_256_GCM_SHA384).copied();
    suite.ok_or_else(|| Error::Config("tickets are sealed with AES-256-GCM, which the provider lacks".into()))
}

impl Keys {
    /// The keys of the time `now`.
    fn pair(&self, now: UnixTime) -> Result<arc_swap::Guard<Arc<Pair>>, Error> {
        let period = now.as_secs() / u64::from(self.lifetime_s);
        let pair = self.pair.load();
        if is_due(&pair, period) { self.rotate(period) } else { Ok(pair) }
    }

    #[cold]
    fn rotate(&self, period: u64) -> Result<arc_swap::Guard<Arc<Pair>>, Error> {
        let is_next = self.pair.load().period + 1 == period;
        let _rotating = match self.rotating.try_lock() {
            Ok(rotating) => rotating,
            // The keys of the period before are good for this one, too.
            Err(TryLockError::WouldBlock) if is_next => return Ok(self.pair.load()),
            // After a longer time, or at first, they are not.
            Err(TryLockError::WouldBlock) => self.rotating.lock().unwrap_or_else(PoisonError::into_inner),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        let pair = self.pair.load();
        // Another thread may have done it in between.
        if is_due(&pair, period) {
            let previous = match &self.source {
                Source::Random(_) => Some(pair.current.clone()),
                Source::Secret(_) => Some(Arc::new(self.source.key(&self.suite, period.saturating_sub(1))?)),
            };
            let current = Arc::new(self.source.key(&self.suite, period)?);
            self.pair.store(Arc::new(Pair { period, current, previous }));
        }
        Ok(self.pair.load())
    }
}

/// Whether the keys of `period` have to take the place of `pair`: also where a clock was ahead and is no longer. Between two periods
/// that follow each other, threads may disagree.
fn is_due(pair: &Pair, period: u64) -> bool {
    pair.period < period || pair.period > period + 1
}

impl Source {
    fn key(&self, suite: &Suite, period: u64) -> Result<Key, Error> {
        let mut bytes = SecretBytes::<{ NAME_LEN + KEY_MAX }>::zeroed(NAME_LEN + suite.aead.key_len());
        match self {
            Self::Random(random) => random.fill(bytes.as_mut_bytes())?,
            Self::Secret(secret) => {
                let info = [&b"ticket key"[..], &period.to_be_bytes()];
                suite.hash.hkdf_expand(secret.as_bytes(), &info, bytes.as_mut_bytes());
            }
        }
        let (name, key) = bytes.as_bytes().split_first_chunk().ok_or(Error::Internal("a key without a name"))?;
        Ok(Key { name: *name, key: suite.aead.key(key)? })
    }
}

impl Tickets for TicketKeys {
    fn lifetime_s(&self) -> u32 {
        self.0.lifetime_s
    }

    fn seal(
        &self,
        session: &SessionState,
        random: &dyn Random,
        now: UnixTime,
        ticket: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let pair = self.0.pair(now)?;
        let Key { name, key } = &*pair.current;
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let session = session.as_bytes();
        ticket.extend_from_slice(name);
        ticket.extend_from_slice(&nonce);
        let start = ticket.len();
        ticket.resize(start + session.len() + TAG_LEN, 0);
        let _ = key.seal_into(&nonce, name, session, &[], &mut ticket[start..])?;
        Ok(())
    }

    fn open(&self, ticket: &[u8], now: UnixTime) -> Option<SessionState> {
        let (name, rest) = ticket.split_first_chunk::<NAME_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let len = sealed.len().checked_sub(TAG_LEN).filter(|len| *len <= SESSION_STATE_MAX)?;
        let pair = self.0.pair(now).ok()?;
        let keys = [Some(&pair.current), pair.previous.as_ref()];
        let key = keys.into_iter().flatten().find(|key| key.name == *name)?;
        let mut session = SessionState::zeroed(len);
        let _ = key.key.open_into(nonce, name, sealed, session.as_mut_bytes()).ok()?;
        Some(session)
    }
}

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketKeys({} s)", self.0.lifetime_s)
    }
}
