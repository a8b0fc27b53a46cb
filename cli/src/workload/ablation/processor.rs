/// Keeps this thread, and all that it starts, on one processor for as long as it lives. Where a thread happens to run makes
/// more of a difference than what is compared: one that is woken on another processor is late by as long as
/// that takes to wake up. Where the system has no such call, threads run where they do.
pub(super) struct OneProcessor {
    #[cfg(target_os = "linux")]
    before: Option<rustix::thread::CpuSet>,
}

#[cfg(target_os = "linux")]
impl OneProcessor {
    /// The one that it runs on: the scheduler has chosen it as one that is free.
    pub(super) fn begin() -> Self {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
        let Ok(before) = sched_getaffinity(None) else { return Self { before: None } };
        let here = sched_getcpu();
        // A set is as large as the system call's, which not every system of very many processors fits into.
        if here >= CpuSet::MAX_CPU {
            return Self { before: None };
        }
        let mut one = CpuSet::new();
        one.set(here);
        Self { before: sched_setaffinity(None, &one).is_ok().then_some(before) }
    }

    /// Whether it is so.
    pub(super) const fn holds(&self) -> bool {
        self.before.is_some()
    }
}

#[cfg(target_os = "linux")]
impl Drop for OneProcessor {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // Where it fails the thread stays where it is, which is right too.
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
