/// Pins this thread, and all threads that it starts, to one processor for as long as it lives. The choice of processor
/// has a larger effect than what is compared: a thread that is woken on another processor is delayed until that one
/// wakes up. On systems without such a call, threads are not pinned.
pub(super) struct OneProcessor {
    #[cfg(target_os = "linux")]
    before: Option<rustix::thread::CpuSet>,
}

#[cfg(target_os = "linux")]
impl OneProcessor {
    /// Pins to the current processor: the scheduler has chosen it as a free one.
    pub(super) fn begin() -> Self {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
        let Ok(before) = sched_getaffinity(None) else { return Self { before: None } };
        let here = sched_getcpu();
        // The set has the size of the system call's, which is too small for some systems with very many processors.
        if here >= CpuSet::MAX_CPU {
            return Self { before: None };
        }
        let mut one = CpuSet::new();
        one.set(here);
        Self { before: sched_setaffinity(None, &one).is_ok().then_some(before) }
    }

    /// Whether the thread is pinned.
    pub(super) const fn holds(&self) -> bool {
        self.before.is_some()
    }
}

#[cfg(target_os = "linux")]
impl Drop for OneProcessor {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // If this fails, the thread stays where it is, which is fine too.
            let _ = rustix::thread::sched_setaffinity(None, &before);
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl OneProcessor {
    pub(super) const fn begin() -> Self {
        Self {}
    }

    pub(super) const fn holds(&self) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::sched_getaffinity;

    #[test]
    fn a_thread_and_what_it_starts_run_on_one_and_then_where_they_did() {
        let before = sched_getaffinity(None).expect("a set").count();
        let here = OneProcessor::begin();
        assert!(here.holds());
        let started = std::thread::spawn(|| sched_getaffinity(None).expect("a set").count());
        assert_eq!((sched_getaffinity(None).expect("a set").count(), started.join().expect("it ends")), (1, 1));
        drop(here);
        assert_eq!(sched_getaffinity(None).expect("a set").count(), before);
    }
}
