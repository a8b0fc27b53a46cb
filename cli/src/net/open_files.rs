use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the program has open besides connections: standard streams, listeners, the endpoint for metrics, a connection that waits
/// for a place, files.
const OTHERS: u64 = 14;
/// What each loop has open: its poll, its waker, and its signal, which may be a pipe.
const OF_A_LOOP: u64 = 4;

/// How many files this process may have open. `None` is any number.
#[derive(Clone, Copy, Debug)]
pub struct OpenFiles {
    /// At first.
    pub before: Option<u64>,
    /// Now.
    pub limit: Option<u64>,
    /// Why the limit could not be raised, if it could not.
    pub not_raised: Option<Errno>,
}

impl OpenFiles {
    /// Raises the limit as far as this process may. Many systems begin with 1,024, for the sake of programs that still use select(2).
    pub fn raise() -> Self {
        let before = getrlimit(Resource::Nofile);
        let wanted = Rlimit { current: before.maximum, maximum: before.maximum };
        match setrlimit(Resource::Nofile, wanted) {
            Ok(()) => Self { before: before.current, limit: wanted.current, not_raised: None },
            // macOS does not take its own "unlimited".
            Err(error) => Self { before: before.current, limit: before.current, not_raised: Some(error) },
        }
    }

    /// How many files are needed for other things than connections, with so many event loops.
    pub const fn others(loops: usize) -> u64 {
        OTHERS + OF_A_LOOP * loops as u64
    }

    /// How many connections there is room for, with so many event loops.
    pub fn room(&self, loops: usize) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(Self::others(loops)) as usize)
    }
}
