use crate::error::Error;

/// A source of randomness fit for keys. Handed in, so that tests can be exact.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
}
