use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use mio::{Poll, Waker};

use super::group::Group;
use super::job_threads::JobThreads;
use super::origin::Origin;
use super::ready::{ReturnedQueue, SignalQueue};
use super::running::RunningLoop;
use super::{LoopOptions, LoopStatistics, Stopper, WAKER};
use crate::io::SignalFd;
use crate::switches::SignalKind;

/// What a loop is made of, wherever its connections come from.
pub(super) struct LoopParts {
    pub(super) poll: Poll,
    pub(super) group: Arc<Group>,
    /// Which loop of the group it is.
    pub(super) index: usize,
    pub(super) options: LoopOptions,
    pub(super) job_threads: Arc<JobThreads>,
}

impl LoopParts {
    pub(super) fn group(options: &LoopOptions, loops: NonZeroUsize) -> io::Result<Vec<Self>> {
        let polls = (0..loops.get()).map(|_| Poll::new()).collect::<io::Result<Vec<_>>>()?;
        let wakers = polls.iter().map(|poll| Waker::new(poll.registry(), WAKER)).collect::<io::Result<Vec<_>>>()?;
        let group = Arc::new(Group::new(wakers));
        let job_threads = Arc::new(JobThreads::start(options.job_threads, &group)?);
        let parts = |(index, poll)| Self {
            poll,
            group: Arc::clone(&group),
            index,
            options: options.clone(),
            job_threads: Arc::clone(&job_threads),
        };
        Ok(polls.into_iter().enumerate().map(parts).collect())
    }

    pub(super) fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.group))
    }

    pub(super) fn run(self, origin: impl Origin) -> io::Result<LoopStatistics> {
        match self.options.signal {
            SignalKind::Off => RunningLoop::new(self, origin, ReturnedQueue::default()).run(),
            SignalKind::Pipe => RunningLoop::new(self, origin, SignalQueue::new(SignalFd::pipe()?)).run(),
            SignalKind::EventFd => RunningLoop::new(self, origin, SignalQueue::new(SignalFd::event_fd()?)).run(),
        }
    }
}
