use std::hint;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::interrupt;

/// A message of a known length, of which a part has arrived.
pub(super) struct Message {
    bytes: Box<[u8]>,
    arrived: usize,
}

impl Message {
    /// One of `len` bytes, of which none has arrived.
    pub(super) fn new(len: usize) -> Self {
        Self { bytes: vec![0; len].into(), arrived: 0 }
    }

    /// Begins again.
    pub(super) const fn clear(&mut self) {
        self.arrived = 0;
    }

    /// Adds what has arrived next.
    pub(super) fn take(&mut self, data: &[u8]) -> Result<(), Error> {
        let Some(place) = self.spare().get_mut(..data.len()) else {
            return Err(Error::Failed("more was received than was sent".to_owned()));
        };
        place.copy_from_slice(data);
        self.arrived += data.len();
        Ok(())
    }

    /// Where the rest has to go.
    pub(super) fn spare(&mut self) -> &mut [u8] {
        &mut self.bytes[self.arrived..]
    }

    /// The next `count` bytes are in the spare place.
    pub(super) const fn filled(&mut self, count: usize) {
        self.arrived += count;
    }

    /// Whether all of it is here.
    pub(super) const fn is_whole(&self) -> bool {
        self.arrived == self.bytes.len()
    }

    /// Its bytes, once it is whole.
    pub(super) const fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Fails unless it is what was sent.
    pub(super) fn check(&self, sent: &[u8]) -> Result<(), Error> {
        let is_same = self.is_whole() && *self.bytes == *sent;
        if is_same { Ok(()) } else { Err(Error::Failed("an echo is not what was sent".to_owned())) }
    }
}

/// How long an end waits for the other in one round trip. The clock is read only by an end that has to wait.
pub(super) struct Patience {
    limit: Duration,
    since: Option<Instant>,
}

impl Patience {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, since: None }
    }

    /// To be called each time when nothing has arrived.
    pub(super) fn wait(&mut self) -> Result<(), Error> {
        interrupt::check()?;
        hint::spin_loop();
        if self.since.get_or_insert_with(Instant::now).elapsed() > self.limit {
            return Err(Error::io("waiting for a message", ErrorKind::TimedOut.into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_that_is_corrupted_too_short_or_too_long_is_noticed() {
        let mut echo = Message::new(6);
        echo.take(b"ech").expect("room");
        assert!(!echo.is_whole() && echo.check(b"echoes").is_err());
        echo.take(b"oes").expect("room");
        assert!(echo.is_whole() && echo.check(b"echoes").is_ok());
        assert!(echo.check(b"echoed").is_err() && echo.check(b"echoe").is_err());
        assert!(echo.take(b"!").is_err(), "it is longer than what was sent");
        echo.clear();
        echo.take(b"Echoes").expect("room");
        assert!(echo.check(b"echoes").is_err(), "one bit is another");
    }

    #[test]
    fn patience_ends() {
        let mut patience = Patience::new(Duration::from_millis(5));
        let began = Instant::now();
        while patience.wait().is_ok() {
            assert!(began.elapsed() < Duration::from_secs(10));
        }
        assert!(began.elapsed() >= Duration::from_millis(5));
    }
}
