use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use super::local::{LANES_MAX, Local};
use super::{Handshakes, Prepared, Round};
use crate::error::Error;
use crate::library::Library;
use crate::measure::nanoseconds;
use crate::workload::link::Link;

/// Handshakes in this process, in several threads at once. Each has clients of its own, and all have the same servers. The threads
/// stay, as what they keep for themselves would otherwise be cold in each round.
pub(super) struct Threads<T, L> {
    workers: Vec<Worker<T, L>>,
    /// The number of the next handshake that they perform together.
    next: usize,
}

/// A thread.
struct Worker<T, L> {
    tasks: Option<Sender<Task<T, L>>>,
    thread: Option<JoinHandle<()>>,
}

type Task<T, L> = Box<dyn FnOnce(&mut Local<T, L>) + Send>;

impl<T: Library, L: Link + Send + 'static> Worker<T, L> {
    fn start(mut local: Local<T, L>) -> Result<Self, Error> {
        let (tasks, received) = mpsc::channel::<Task<T, L>>();
        let thread = Builder::new().spawn(move || received.iter().for_each(|task| task(&mut local)));
        let thread = thread.map_err(|error| Error::Failed(format!("a thread can't start: {error}")))?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }
}

/// What follows is not disturbed by the end of a thread.
impl<T, L> Drop for Worker<T, L> {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            // A panic was an error before.
            let _ = thread.join();
        }
    }
}

impl<T: Library, L: Link + Send + 'static> Threads<T, L> {
    pub(super) fn new(threads: Vec<Local<T, L>>) -> Result<Self, Error> {
        Ok(Self { workers: threads.into_iter().map(Worker::start).collect::<Result<_, _>>()?, next: 0 })
    }

    /// Lets threads begin at once, each with its task. Returns the results in their order, and the time from the beginning to
    /// the end of the last, nanoseconds.
    fn at_once<R: Send + 'static>(
        workers: &[Worker<T, L>],
        tasks: impl IntoIterator<Item = impl FnOnce(&mut Local<T, L>) -> Result<R, Error> + Send + 'static>,
    ) -> Result<(Vec<R>, u64), Error> {
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().unwrap_or_else(PoisonError::into_inner);
        let (reply, replies) = mpsc::channel();
        for (index, (worker, task)) in workers.iter().zip(tasks).enumerate() {
            let (gate, reply) = (Arc::clone(&gate), reply.clone());
            let task: Task<T, L> = Box::new(move |local| {
                drop(gate.read());
                let result = task(local);
                // Nobody waits for it only if the program ends.
                let _ = reply.send((index, Instant::now(), result));
            });
            let sent = worker.tasks.as_ref().map(|tasks| tasks.send(task));
            sent.and_then(Result::ok).ok_or_else(ended)?;
        }
        drop(reply);
        let began = Instant::now();
        drop(closed);
        let mut all: Vec<(usize, Instant, Result<R, Error>)> = replies.iter().collect();
        all.sort_by_key(|(index, ..)| *index);
        let last = all.iter().map(|(_, ended, _)| *ended).max().unwrap_or(began);
        let results = all.into_iter().map(|(.., result)| result).collect::<Result<Vec<_>, Error>>()?;
        if results.len() == workers.len() { Ok((results, nanoseconds(began, last))) } else { Err(ended()) }
    }

    /// The time that all threads together take for so many handshakes, without clocks in them. Who has completed one takes the
    /// next, so that none is left to work alone at the end.
    fn time_together(&self, connections: usize) -> Result<u64, Error> {
        let number = Arc::new(AtomicUsize::new(self.next));
        let end = self.next + connections;
        let task = |_: &Worker<T, L>| {
            let number = Arc::clone(&number);
            move |local: &mut Local<T, L>| {
                loop {
                    match number.fetch_add(1, Ordering::Relaxed) {
                        number if number < end => local.unwatched(number)?,
                        _ => return Ok(()),
                    }
                }
            }
        };
        Self::at_once(&self.workers, self.workers.iter().map(task)).map(|(_, time_ns)| time_ns)
    }
}

fn ended() -> Error {
    Error::Failed("a thread has ended before its time".to_owned())
}

impl<T: Library, L: Link + Send + 'static> Handshakes for Threads<T, L> {
    fn prepare(&mut self) -> Result<Prepared, Error> {
        let (first, others) = self.workers.split_at(self.workers.len().min(1));
        // What is counted is counted in one thread, while no other is at work.
        let (mut prepared, _) = Self::at_once(first, first.iter().map(|_| Local::prepare))?;
        Self::at_once(others, others.iter().map(|_| Local::first_of_each))?;
        prepared.pop().ok_or_else(ended)
    }

    fn round(&mut self, connections: usize, is_raw_first: bool) -> Result<Round, Error> {
        let count = self.workers.len();
        let part = |index: usize| connections / count + usize::from(index < connections % count);
        let mut rounds = vec![Round::default(); count];
        for place in 0..LANES_MAX {
            let task = |(index, mut round): (usize, Round)| {
                let part = part(index);
                move |local: &mut Local<T, L>| {
                    if let Some(lane) = local.lanes(is_raw_first).get(place) {
                        local.lane(*lane, part, &mut round)?;
                    }
                    Ok(round)
                }
            };
            (rounds, _) = Self::at_once(&self.workers, rounds.into_iter().enumerate().map(task))?;
        }
        let advance = |index: usize| {
            let part = part(index);
            move |local: &mut Local<T, L>| {
                local.advance(part);
                Ok(())
            }
        };
        Self::at_once(&self.workers, (0..count).map(advance))?;
        let busy_ns = self.time_together(connections)?;
        self.next += connections;
        Ok(Round { busy_ns, ..joined(rounds) })
    }
}

/// What the threads have measured each, as one round.
fn joined(rounds: Vec<Round>) -> Round {
    let threads = rounds.len();
    let count: usize = rounds.iter().map(|round| round.handshakes_ns.len()).sum();
    let mean = |times: fn(&Round) -> Option<[f64; 2]>| -> Option<[f64; 2]> {
        let mut sum = [0.0; 2];
        for round in rounds.iter().filter(|round| !round.handshakes_ns.is_empty()) {
            let times = times(round)?;
            let weight = round.handshakes_ns.len() as f64 / count as f64;
            sum.iter_mut().zip(times).for_each(|(sum, time)| *sum += time * weight);
        }
        Some(sum)
    };
    let mut all = Round {
        cpu_us: mean(|round| Some(round.cpu_us)).unwrap_or_default(),
        raw_us: mean(|round| round.raw_us),
        threads,
        ..Round::default()
    };
    for round in rounds {
        all.handshakes_ns.extend(round.handshakes_ns);
        all.phases.extend(round.phases);
        all.resumed += round.resumed;
        all.with_early_data += round.with_early_data;
        all.with_external_psk += round.with_external_psk;
        all.retried += round.retried;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_counts_by_its_handshakes() {
        let round = |connections: usize, factor: f64| Round {
            cpu_us: [100.0 * factor, 50.0 * factor],
            raw_us: Some([80.0 * factor, 40.0 * factor]),
            handshakes_ns: vec![200_000; connections],
            resumed: connections,
            threads: 1,
            ..Round::default()
        };
        let all = joined(vec![round(6, 1.0), round(2, 2.0), round(0, 0.0)]);
        assert_eq!((all.cpu_us, all.raw_us), ([125.0, 62.5], Some([100.0, 50.0])));
        assert_eq!((all.handshakes_ns.len(), all.resumed, all.threads), (8, 8, 3));
        let without = joined(vec![Round { raw_us: None, ..round(1, 1.0) }, round(1, 1.0)]);
        assert_eq!(without.raw_us, None);
    }
}
