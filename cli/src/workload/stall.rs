use std::time::{Duration, Instant};

use crate::error::Error;

/// How long nothing may arrive before it is an error.
pub(super) const STALL: Duration = Duration::from_secs(10);

/// Detects that data has stopped arriving.
#[derive(Debug, Default)]
pub(super) struct Stall {
    position: u64,
    since: Option<Instant>,
    idle_turns: u32,
}

impl Stall {
    /// Checks for a stall. To be called in each turn with the number of bytes that have arrived.
    #[inline]
    pub(super) fn check(&mut self, position: u64) -> Result<(), Error> {
        if position != self.position {
            *self = Self { position, since: None, idle_turns: 0 };
            return Ok(());
        }
        self.idle_turns += 1;
        // A socket takes some turns to hand over a batch, so the clock is read only after many idle turns.
        if self.idle_turns < 100 {
            return Ok(());
        }
        self.idle_turns = 0;
        if self.since.get_or_insert_with(Instant::now).elapsed() > STALL {
            return Err(Error::Failed(format!("nothing has arrived for {} s", STALL.as_secs())));
        }
        Ok(())
    }
}
