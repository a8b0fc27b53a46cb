use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::interrupt;
use crate::library::Negotiated;
use crate::measure::Sample;

/// What is timed in separate blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// The library, over the transport.
    Tls,
    /// The library while heap calls are counted, which costs time.
    Counted,
    /// Plain TCP over the same transport.
    RawTcp,
    /// The AEAD without TLS, in place.
    RawAeadInPlace,
    /// The AEAD without TLS, out of place.
    RawAeadOutOfPlace,
}

impl Lane {
    /// Whether the ends of a conversation run this lane one after the other.
    const fn takes_turns(self) -> bool {
        matches!(self, Self::RawAeadInPlace | Self::RawAeadOutOfPlace)
    }
}

/// The part of one thread in a case: one end of a conversation, or both.
pub trait Worker: Send {
    /// Completes the handshake, and returns what was negotiated.
    fn prepare(&mut self) -> Result<Negotiated, Error>;

    /// Runs a block of `writes` writes in `lane`.
    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error>;

    /// Ends the conversation.
    fn finish(&mut self) -> Result<(), Error>;
}

/// The threads of a case. All do the same step at the same time, so that everything that is compared runs with the same
/// neighbours. The AEAD alone is the exception: there the ends of a conversation take turns. Two threads that encrypt
/// all the time on processors that share a core slow each other down more than two that wait for each other do, which
/// would make the reference too easy to beat.
pub struct WorkerPool {
    threads: Vec<WorkerThread>,
    replies: Receiver<(usize, Result<Done, Error>)>,
    pairs: usize,
}

struct WorkerThread {
    pair: usize,
    /// Which end of its conversation it is.
    end: usize,
    orders: Option<Sender<Step>>,
    handle: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Prepare,
    Run(Lane, u64),
    Finish,
}

/// The result of a step.
#[derive(Clone, Debug)]
enum Done {
    Prepared(Box<Negotiated>),
    Ran(Box<Sample>),
    Finished,
}

impl WorkerPool {
    /// Starts a thread for each worker. The workers of an inner list are the ends of one conversation.
    pub fn start(pairs: Vec<Vec<Box<dyn Worker>>>) -> Result<Self, Error> {
        let (reply, replies) = channel();
        let mut pool = Self { threads: Vec::new(), replies, pairs: pairs.len() };
        for (pair, workers) in pairs.into_iter().enumerate() {
            for (end, worker) in workers.into_iter().enumerate() {
                let (orders, steps) = channel();
                let (reply, thread) = (reply.clone(), pool.threads.len());
                let handle = Builder::new()
                    .name(format!("end-{thread}"))
                    .spawn(move || serve(worker, &steps, |outcome| reply.send((thread, outcome)).is_ok()))
                    .map_err(|error| Error::io("starting a thread", error))?;
                pool.threads.push(WorkerThread { pair, end, orders: Some(orders), handle: Some(handle) });
            }
        }
        Ok(pool)
    }

    /// The number of conversations.
    pub const fn pairs(&self) -> usize {
        self.pairs
    }

    /// Prepares all conversations, and returns what each of their ends negotiated.
    pub fn prepare(&mut self) -> Result<Vec<Negotiated>, Error> {
        let mut agreed = Vec::new();
        self.step(
            |_| Some(Step::Prepare),
            |_, done| {
                if let Done::Prepared(negotiated) = done {
                    agreed.push(*negotiated);
                }
            },
        )?;
        Ok(agreed)
    }

    /// Runs a block of `lane` with `writes(index)` writes in each conversation, and returns the sample of each.
    pub fn run(&mut self, lane: Lane, writes: impl Fn(usize) -> u64) -> Result<Vec<Sample>, Error> {
        let mut samples = vec![Sample::default(); self.pairs];
        let mut on_done = |pair: usize, done| {
            if let Done::Ran(sample) = done {
                samples[pair].merge(*sample);
            }
        };
        let order = |thread: &WorkerThread| Step::Run(lane, writes(thread.pair));
        if lane.takes_turns() {
            let ends = self.threads.iter().map(|thread| thread.end + 1).max().unwrap_or(0);
            for end in 0..ends {
                self.step(|thread| (thread.end == end).then(|| order(thread)), &mut on_done)?;
            }
        } else {
            self.step(|thread| Some(order(thread)), &mut on_done)?;
        }
        Ok(samples)
    }

    /// Ends all conversations.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.step(|_| Some(Step::Finish), |_, _| ())
    }

    /// Gives each thread the step that `step` returns for it, and waits for those that got one.
    fn step(
        &self,
        step: impl Fn(&WorkerThread) -> Option<Step>,
        mut on_done: impl FnMut(usize, Done),
    ) -> Result<(), Error> {
        let mut busy = 0;
        for thread in &self.threads {
            let Some(step) = step(thread) else { continue };
            busy += 1;
            if let Some(orders) = &thread.orders {
                // A thread that is gone has reported why, or is detected below.
                let _ = orders.send(step);
            }
        }
        let mut failure: Option<Error> = None;
        for _ in 0..busy {
            let Ok((thread, outcome)) = self.replies.recv() else {
                return Err(failure.unwrap_or_else(|| Error::Failed("a thread ended too early".to_owned())));
            };
            match outcome {
                Ok(done) => on_done(self.threads[thread].pair, done),
                // When one end fails, the other fails too because its peer is gone. The cause is the error worth
                // reporting.
                Err(error) if failure.as_ref().is_none_or(|known| is_aftermath(known) && !is_aftermath(&error)) => {
                    failure = Some(error);
                }
                Err(_) => {}
            }
        }
        // After an interrupt, errors of the threads about each other are only its consequences.
        failure.map_or(Ok(()), |failure| interrupt::check().and(Err(failure)))
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        for thread in &mut self.threads {
            thread.orders = None;
        }
        for thread in &mut self.threads {
            if let Some(Err(panic)) = thread.handle.take().map(JoinHandle::join)
                && !std::thread::panicking()
            {
                resume_unwind(panic);
            }
        }
    }
}

/// A thread's loop: does steps until one fails or the channel closes. A worker that fails is dropped at once, so that
/// its sockets close and its peer stops waiting.
fn serve(worker: Box<dyn Worker>, steps: &Receiver<Step>, reply: impl Fn(Result<Done, Error>) -> bool) {
    let mut worker = Some(worker);
    for step in steps {
        let outcome = match (&mut worker, step) {
            (None, _) => {
                Err(Error::Io { doing: "continuing".to_owned(), source: std::io::ErrorKind::NotConnected.into() })
            }
            (Some(worker), Step::Prepare) => worker.prepare().map(|agreed| Done::Prepared(Box::new(agreed))),
            (Some(worker), Step::Run(lane, writes)) => {
                worker.run(lane, writes).map(|sample| Done::Ran(Box::new(sample)))
            }
            (Some(worker), Step::Finish) => worker.finish().map(|()| Done::Finished),
        };
        if outcome.is_err() {
            worker = None;
        }
        if !reply(outcome) {
            return;
        }
    }
}

/// Whether an error only says that the peer has failed.
pub(super) fn is_aftermath(error: &Error) -> bool {
    use tls_engine::Error as Engine;
    match error {
        Error::Engine(source) | Error::Tls { source, .. } => matches!(source, Engine::PeerAlert(_) | Engine::Truncated),
        Error::Io { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

    use crate::measure::Part;

    /// What two ends may negotiate.
    pub(in crate::workload) fn agreed() -> Negotiated {
        Negotiated {
            version: ProtocolVersion::TLS13,
            suite: CipherSuite::AES_128_GCM_SHA256,
            group: Some(NamedGroup::X25519),
            signature: Some(SignatureScheme::ED25519),
            alpn: None,
            hello_retry: Some(false),
            is_resumed: false,
            early_data: false,
        }
    }

    struct Counting {
        fails_at: Option<u64>,
        sends: bool,
    }

    impl Worker for Counting {
        fn prepare(&mut self) -> Result<Negotiated, Error> {
            Ok(agreed())
        }

        fn run(&mut self, _: Lane, writes: u64) -> Result<Sample, Error> {
            if self.fails_at == Some(writes) {
                return Err(Error::Failed("the cause".to_owned()));
            }
            if writes > 100 {
                return Err(tls_engine::Error::Truncated.into());
            }
            let side = Some(Part { bytes: writes, ..Part::default() });
            Ok(if self.sends {
                Sample { send: side, ..Sample::default() }
            } else {
                Sample { receive: side, ..Sample::default() }
            })
        }

        fn finish(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    fn workers(fails_at: Option<u64>) -> WorkerPool {
        let pair = || -> Vec<Box<dyn Worker>> {
            vec![Box::new(Counting { fails_at: None, sends: true }), Box::new(Counting { fails_at, sends: false })]
        };
        WorkerPool::start(vec![pair(), pair()]).unwrap()
    }

    #[test]
    fn both_ends_of_a_pair_make_one_sample() {
        let mut workers = workers(None);
        assert_eq!(workers.prepare().unwrap().len(), 4);
        let samples = workers.run(Lane::Tls, |pair| pair as u64 + 1).unwrap();
        let bytes: Vec<_> =
            samples.iter().map(|sample| (sample.send.unwrap().bytes, sample.receive.unwrap().bytes)).collect();
        assert_eq!(bytes, [(1, 1), (2, 2)]);
        workers.finish().unwrap();
    }

    #[test]
    fn the_cause_is_told_and_not_what_follows_from_it() {
        let mut workers = workers(Some(101));
        let error = workers.run(Lane::Tls, |_| 101).unwrap_err();
        assert_eq!(error.to_string(), "the cause");
        assert!(workers.run(Lane::Tls, |_| 1).is_err(), "who has failed stays away");
    }
}
