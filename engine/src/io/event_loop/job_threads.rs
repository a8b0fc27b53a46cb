use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::group::{Group, ReturnAddress};
use crate::conn::Job;

/// The threads that do the jobs of handshakes for all loops of a group. They end with the last handle to them: each as soon as it has
/// done the job that it is at, which nobody waits for.
pub(super) struct JobThreads {
    queue: Arc<JobQueue>,
}

/// The jobs that wait for a thread.
struct JobQueue {
    waiting: Mutex<Waiting>,
    /// Notified once for each job, and for all at the end.
    changed: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<(ReturnAddress, Job)>,
    is_over: bool,
}

impl JobThreads {
    /// How many jobs may wait for each thread. While more do, a loop that does its own is faster.
    const WAITING_PER_THREAD: usize = 32;

    /// Starts `count` threads.
    pub(super) fn start(count: usize, group: &Arc<Group>) -> io::Result<Self> {
        let capacity = count * Self::WAITING_PER_THREAD;
        let queue = Arc::new(JobQueue { waiting: Mutex::default(), changed: Condvar::new(), capacity });
        // Should a thread not start, those before it end with this.
        let threads = Self { queue };
        for index in 0..count {
            let (queue, group) = (Arc::clone(&threads.queue), Arc::clone(group));
            let work = move || {
                while let Some((address, job)) = queue.next() {
                    let result = job.run();
                    // Where the loop can't be woken, its poll fails, too.
                    let _ = group.give_back(address, result);
                }
            };
            thread::Builder::new().name(format!("tls-job-{index}")).spawn(work)?;
        }
        Ok(threads)
    }

    /// Leaves a job to the threads, whose result is for `address`. Returns it where too many wait.
    pub(super) fn offer(&self, address: ReturnAddress, job: Job) -> Option<Job> {
        let mut waiting = self.queue.lock();
        if waiting.jobs.len() >= self.queue.capacity {
            return Some(job);
        }
        waiting.jobs.push_back((address, job));
        drop(waiting);
        self.queue.changed.notify_one();
        None
    }

    /// Takes back the job of a connection that has ended, if no thread is at it, so that it takes no room from others.
    pub(super) fn forget(&self, address: ReturnAddress) {
        let mut waiting = self.queue.lock();
        let place = waiting.jobs.iter().position(|(other, _)| *other == address);
        let job = place.and_then(|place| waiting.jobs.remove(place));
        // What it holds is dropped without the lock.
        drop(waiting);
        drop(job);
    }
}

impl Drop for JobThreads {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.is_over = true;
        let jobs = std::mem::take(&mut waiting.jobs);
        drop(waiting);
        drop(jobs);
        self.queue.changed.notify_all();
    }
}

impl JobQueue {
    /// Waits for the next job. `None` when there will be no more.
    fn next(&self) -> Option<(ReturnAddress, Job)> {
        let mut waiting = self.lock();
        while !waiting.is_over {
            if let Some(next) = waiting.jobs.pop_front() {
                return Some(next);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing under the lock panics.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
