//! Signals with a file descriptor: an eventfd where there is one, else a pipe.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::pipe;

use crate::signal::{Flag, Signal};

/// A signal with a file descriptor that is readable while the signal is raised. The descriptor does not block, and is closed on
/// exec.
///
/// Raising it again makes no system call. It may be polled level-triggered, where [`Signal::clear`] answers a wake-up, or
/// edge-triggered, where [`Signal::acknowledge`] is enough, which makes no system call with an eventfd.
#[derive(Debug)]
pub struct SignalFd {
    flag: Flag,
    descriptors: Descriptors,
    raises: AtomicU64,
    clears: AtomicU64,
}

#[derive(Debug)]
enum Descriptors {
    /// A counter in the kernel: writes add to it, one read resets it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    EventFd(OwnedFd),
    Pipe {
        read: OwnedFd,
        write: OwnedFd,
    },
}

impl SignalFd {
    /// A signal over an eventfd, or over a pipe on systems without eventfd.
    pub fn event_fd() -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::event::{EventfdFlags, eventfd};
            Ok(Self::new(Descriptors::EventFd(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)))
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Self::pipe()
    }

    /// A signal over a pipe.
    pub fn pipe() -> io::Result<Self> {
        let (read, write) = nonblocking_pipe()?;
        Ok(Self::new(Descriptors::Pipe { read, write }))
    }

    const fn new(descriptors: Descriptors) -> Self {
        Self { flag: Flag::new(), descriptors, raises: AtomicU64::new(0), clears: AtomicU64::new(0) }
    }

    /// Its kind: `eventfd` or `pipe`.
    pub const fn name(&self) -> &'static str {
        match self.descriptors {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Descriptors::EventFd(_) => "eventfd",
            Descriptors::Pipe { .. } => "pipe",
        }
    }

    /// How many system calls have raised it, and how many have cleared it.
    pub fn syscalls(&self) -> (u64, u64) {
        // Relaxed: counts that order nothing.
        (self.raises.load(Ordering::Relaxed), self.clears.load(Ordering::Relaxed))
    }

    /// Makes the file descriptor readable. Where it is full it is readable already.
    #[cold]
    fn write(&self) {
        self.raises.fetch_add(1, Ordering::Relaxed);
        let (end, message): (_, &[u8]) = match &self.descriptors {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Descriptors::EventFd(fd) => (fd, &1_u64.to_ne_bytes()),
            Descriptors::Pipe { write, .. } => (write, &[1]),
        };
        // No other error is possible: both ends are open, and owned here.
        while rustix::io::write(end, message) == Err(Errno::INTR) {}
    }

    /// Reads everything that was written.
    fn read(&self) {
        let mut bytes = [0; 64];
        loop {
            self.clears.fetch_add(1, Ordering::Relaxed);
            match rustix::io::read(self, &mut bytes) {
                // A pipe may hold more where threads raised it meanwhile.
                Ok(count) if count == bytes.len() => {}
                Err(Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

impl Signal for SignalFd {
    #[inline]
    fn raise(&self) {
        if self.flag.raise() {
            self.write();
        }
    }

    fn clear(&self) {
        // In this order, see `Flag`: the other way round, the read could swallow the wake-up of a later raise.
        self.read();
        self.flag.clear();
    }

    fn acknowledge(&self) {
        // Each write to an eventfd is an edge, whatever its counter is. A pipe would fill up.
        if matches!(self.descriptors, Descriptors::Pipe { .. }) {
            self.read();
        }
        self.flag.clear();
    }
}

impl AsFd for SignalFd {
    /// The descriptor to poll.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.descriptors {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Descriptors::EventFd(fd) => fd.as_fd(),
            Descriptors::Pipe { read, .. } => read.as_fd(),
        }
    }
}

impl AsRawFd for SignalFd {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

#[cfg(not(target_vendor = "apple"))]
fn nonblocking_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe::pipe_with(pipe::PipeFlags::NONBLOCK | pipe::PipeFlags::CLOEXEC)?)
}

/// Without pipe2, a child that another thread starts in between inherits the descriptors; that can't be helped.
#[cfg(target_vendor = "apple")]
fn nonblocking_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe::pipe()?;
    for end in [&read, &write] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        rustix::fs::fcntl_setfl(end, rustix::fs::OFlags::NONBLOCK)?;
    }
    Ok((read, write))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(signal: &SignalFd) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut fds = [PollFd::new(signal, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    }

    fn kinds() -> [SignalFd; 2] {
        [SignalFd::event_fd().unwrap(), SignalFd::pipe().unwrap()]
    }

    #[test]
    fn it_is_readable_while_it_is_up() {
        for signal in kinds() {
            assert!(!is_readable(&signal));
            for _ in 0..3 {
                signal.raise();
                assert!(is_readable(&signal), "{}", signal.name());
                signal.clear();
                assert!(!is_readable(&signal), "{}", signal.name());
            }
        }
    }

    #[test]
    fn repeated_raises_make_one_system_call() {
        for signal in kinds() {
            for round in 1..=3 {
                (0..100).for_each(|_| signal.raise());
                assert_eq!(signal.syscalls().0, round);
                signal.acknowledge();
            }
            assert_eq!(signal.syscalls().1, if signal.name() == "pipe" { 3 } else { 0 });
        }
    }

    #[test]
    fn it_is_not_inherited_and_never_blocks() {
        for signal in kinds() {
            assert_eq!(rustix::io::fcntl_getfd(&signal).unwrap(), rustix::io::FdFlags::CLOEXEC);
            signal.clear();
            assert!(rustix::fs::fcntl_getfl(&signal).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
        }
    }

    /// A poll that is woken once too often is right; one that is not woken never descriptors, and fails by its deadline.
    #[test]
    fn threads_that_raise_lose_nothing() {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const ITEMS: u64 = 20_000;
        for signal in kinds() {
            let published = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        for _ in 0..ITEMS {
                            published.fetch_add(1, Ordering::Relaxed);
                            signal.raise();
                        }
                    });
                }
                let mut seen = 0;
                while seen < 2 * ITEMS {
                    let mut fds = [PollFd::new(&signal, PollFlags::IN)];
                    let woken = poll(&mut fds, Some(&Timespec { tv_sec: 10, tv_nsec: 0 })).unwrap();
                    assert_eq!(woken, 1, "{} of {} seen, and asleep", seen, 2 * ITEMS);
                    signal.clear();
                    seen = published.load(Ordering::Relaxed);
                }
            });
            assert!(signal.syscalls().0 <= 2 * ITEMS);
        }
    }
}
