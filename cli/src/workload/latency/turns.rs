//! Conversations take turns, so that what disturbs the machine disturbs all of them alike.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use super::block::{Block, Talk};
use super::echo_thread::EchoThread;
use super::pace::Pace;
use super::{Affinity, Conversation, affinity};
use crate::error::Error;
use crate::interrupt;
use crate::library::Negotiated;
use crate::measure::Order;
use crate::workload::Limit;
use crate::workload::rounds::{attempt, block_length, block_of, unless_interrupted};
use crate::workload::worker_pool::is_aftermath;

/// How often the progress is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// The round trips of a conversation that are not timed at the start of its turn, where there are several.
const SETTLING: u64 = 8;
/// The maximum number of turns by which a conversation learns how many round trips make one.
const CALIBRATIONS_MAX: u32 = 32;

/// How long round trips are made, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// How long each case is measured. Plain TCP, which several of them are held against, has a share in their time; of a number it
    /// has as many.
    pub limit: Limit,
    /// The warm-up of each case before that, whose results are discarded.
    pub warmup: Duration,
    /// The target length of a turn, if the duration allows a sensible number of them.
    pub block: Duration,
    /// How many round trips are due per second; otherwise each begins when the one before has ended.
    pub rate: Option<f64>,
    /// Whether waits are spun.
    pub busy_poll: bool,
    /// Where the threads run.
    pub affinity: Affinity,
    /// The seed for the order of turns.
    pub seed: u64,
}

/// How it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Live {
    /// Whether the warm-up is still running.
    pub is_warming_up: bool,
    /// The share that is done, 0 to 1.
    pub done: f64,
    /// Round trips per second in the last turn of the first conversation.
    pub per_s: f64,
    /// What 99 % of them did not exceed, nanoseconds.
    pub p99_ns: f64,
}

/// What came of a conversation.
#[derive(Debug)]
pub struct Talked {
    /// Its turns: the same number of all that have not failed.
    pub blocks: Vec<Block>,
    /// What its ends negotiated, if it has TLS.
    pub agreed: Option<Negotiated>,
    /// Why it has ended early.
    pub failure: Option<Error>,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The cases, in their order.
    pub cases: Vec<Talked>,
    /// Plain TCP, if there was any.
    pub raw_tcp: Option<Talked>,
    /// The length of the timed part, for each case.
    pub elapsed: Duration,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
}

/// Lets the conversations of `cases`, and plain TCP, take turns. A case that fails ends alone, and keeps the error. One thread is
/// the client of all of them; this one shows how it goes, and sleeps meanwhile, so that figures do not depend on who looks.
pub fn run(
    cases: Vec<Result<Conversation, Error>>,
    raw_tcp: Option<Conversation>,
    schedule: &Schedule,
    show: &mut dyn FnMut(Live),
) -> Result<Found, Error> {
    let (live, is_done) = (Mutex::new(Live::default()), AtomicBool::new(false));
    let viewer = thread::current();
    thread::scope(|scope| {
        let work = || {
            let found = Turns::new(cases, raw_tcp, schedule, &live).and_then(Turns::run);
            is_done.store(true, Ordering::Release);
            viewer.unpark();
            found
        };
        let client = Builder::new()
            .name("client".to_owned())
            .spawn_scoped(scope, work)
            .map_err(|error| Error::io("starting a thread", error))?;
        while !is_done.load(Ordering::Acquire) && !client.is_finished() {
            show(*live.lock().unwrap_or_else(PoisonError::into_inner));
            thread::park_timeout(SHOWN_EVERY);
        }
        client.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// All conversations.
struct Turns<'a> {
    lanes: Vec<Lane>,
    cases: usize,
    echo: Option<EchoThread>,
    schedule: &'a Schedule,
    settling: u64,
    live: &'a Mutex<Live>,
}

/// A conversation, and the number of round trips in a turn of the target length.
struct Lane {
    index: usize,
    talk: Result<Talk, Error>,
    agreed: Option<Negotiated>,
    has_echo: bool,
    block: Duration,
    trips: u64,
    calibrations: u32,
    is_calibrated: bool,
    kept: Vec<Block>,
}

impl<'a> Turns<'a> {
    fn new(
        cases: Vec<Result<Conversation, Error>>,
        raw_tcp: Option<Conversation>,
        schedule: &'a Schedule,
        live: &'a Mutex<Live>,
    ) -> Result<Self, Error> {
        affinity::pin(schedule.affinity.client)?;
        let count = cases.len();
        let all: Vec<_> = cases.into_iter().chain(raw_tcp.map(Ok)).collect();
        let share = match schedule.limit {
            Limit::Duration(duration) => Some(duration * count as u32 / all.len().max(1) as u32),
            Limit::Writes(_) => None,
        };
        let block = share.map_or(schedule.block, |share| block_length(schedule.block, share));
        let settling = if all.len() > 1 { SETTLING } else { 0 };
        let (mut lanes, mut ends) = (Vec::new(), Vec::new());
        for (index, conversation) in all.into_iter().enumerate() {
            let pace = schedule.rate.map(|per_s| Pace::new(per_s, schedule.busy_poll));
            let (mut agreed, mut end) = (None, None);
            let talk = conversation.and_then(|conversation| {
                (agreed, end) = (conversation.agreed, conversation.echo);
                Talk::new(conversation.caller, &conversation.pattern, conversation.message_bytes, pace)
            });
            let has_echo = end.is_some();
            ends.push(end);
            let (calibrations, is_calibrated, kept) = (0, false, Vec::new());
            lanes.push(Lane { index, talk, agreed, has_echo, block, trips: 1, calibrations, is_calibrated, kept });
        }
        let has_echo = lanes.iter().any(|lane| lane.has_echo);
        let echo = has_echo.then(|| EchoThread::start(ends, schedule.affinity.echo)).transpose()?;
        Ok(Self { lanes, cases: count, echo, schedule, settling, live })
    }

    fn run(mut self) -> Result<Found, Error> {
        let mut order = Order::new(self.schedule.seed);
        let is_warm = unless_interrupted(self.warm_up(&mut order))?;
        let began = Instant::now();
        let (mut rounds, mut done_trips) = (0, 0);
        while is_warm.is_some() && self.lanes.iter().any(|lane| lane.index < self.cases && lane.talk.is_ok()) {
            let (done, trips) = match self.schedule.limit {
                Limit::Duration(duration) => (share(began.elapsed(), duration * self.cases as u32), None),
                Limit::Writes(count) => {
                    (done_trips as f64 / count.max(1) as f64, Some(block_of(count, 1, rounds, done_trips)))
                }
            };
            self.tell(false, done);
            if done >= 1.0 && rounds > 0 {
                break;
            }
            order.shuffle(&mut self.lanes);
            if unless_interrupted(self.round(trips))?.is_none() {
                break;
            }
            done_trips += trips.unwrap_or(0);
            rounds += 1;
        }
        let elapsed = began.elapsed() / self.cases.max(1) as u32;
        self.lanes.sort_by_key(|lane| lane.index);
        let talked = |mut lane: Lane| {
            if let Ok(talk) = &mut lane.talk {
                talk.close();
            }
            // The turns of an interrupted round have nothing to be compared with.
            lane.kept.truncate(rounds as usize);
            Talked { blocks: lane.kept, agreed: lane.agreed, failure: lane.talk.err() }
        };
        let mut cases: Vec<Talked> = self.lanes.into_iter().map(talked).collect();
        let raw_tcp = cases.drain(self.cases..).next();
        Ok(Found { cases, raw_tcp, elapsed, interrupted: interrupt::requested() })
    }

    /// Makes round trips that are discarded, until the machine is warm. If time is the limit, also until it is known how many of
    /// them make a turn.
    fn warm_up(&mut self, order: &mut Order) -> Result<(), Error> {
        let began = Instant::now();
        let warmup = self.schedule.warmup * self.cases as u32;
        let must_calibrate = matches!(self.schedule.limit, Limit::Duration(_));
        while began.elapsed() < warmup || (must_calibrate && self.lanes.iter().any(|lane| !lane.is_calibrated)) {
            self.tell(true, share(began.elapsed(), warmup));
            order.shuffle(&mut self.lanes);
            for lane in &mut self.lanes {
                let trips = lane.trips;
                let made = lane.turn(self.echo.as_ref(), self.settling, trips)?;
                lane.calibrate(made.as_ref());
            }
        }
        Ok(())
    }

    /// Gives each conversation one turn.
    fn round(&mut self, trips: Option<u64>) -> Result<(), Error> {
        for lane in &mut self.lanes {
            let trips = trips.unwrap_or(lane.trips);
            let block = lane.turn(self.echo.as_ref(), self.settling, trips)?;
            lane.kept.extend(block);
        }
        Ok(())
    }

    /// Leaves a word about how it goes for those who look.
    fn tell(&self, is_warming_up: bool, done: f64) {
        let first = self.lanes.iter().find(|lane| lane.index == 0).and_then(|lane| lane.kept.last());
        let (per_s, p99_ns) = first.map_or((0.0, 0.0), |block| {
            let per_s = block.trips as f64 * 1e9 / (block.elapsed_ns as f64).max(1.0);
            (per_s, block.times.percentile(0.99).unwrap_or(0.0))
        });
        let live = Live { is_warming_up, done: done.min(1.0), per_s, p99_ns };
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }
}

impl Lane {
    /// Makes round trips, together with the thread that echoes if it needs it. `None` if it has failed, now or before.
    fn turn(&mut self, echo: Option<&EchoThread>, settling: u64, trips: u64) -> Result<Option<Block>, Error> {
        let echo = echo.filter(|_| self.has_echo && self.talk.is_ok());
        if let Some(echo) = echo {
            echo.begin(self.index, settling + trips);
        }
        let mut block = attempt(&mut self.talk, |talk| talk.block(settling, trips))?;
        let Some(echo) = echo else { return Ok(block) };
        // Where the client has failed, its socket is closed by now, and the other end does not wait for it.
        match (echo.wait(), &mut self.talk) {
            (Ok(echoed), _) => {
                if let Some(block) = &mut block {
                    // What it did for those that are not timed counts alike.
                    let per_trip = |all: u64| (all as f64 * trips as f64 / (settling + trips) as f64).round() as u64;
                    block.echo_cpu_ns = Some(per_trip(echoed.cpu_ns));
                    block.server_calls = Some(per_trip(echoed.syscalls));
                }
            }
            (Err(Error::Interrupted), _) => return Err(Error::Interrupted),
            // When one end fails, the other fails too because its peer is gone. The cause is the error worth reporting.
            (Err(error), Err(known)) if is_aftermath(known) && !is_aftermath(&error) => self.talk = Err(error),
            (Err(_), Err(_)) => {}
            (Err(error), Ok(_)) => self.talk = Err(error),
        }
        Ok(block)
    }

    /// Adjusts the number of round trips to what a turn has made.
    fn calibrate(&mut self, made: Option<&Block>) {
        let Some(made) = made else {
            // It has failed, and nobody has to wait for it.
            self.is_calibrated = true;
            return;
        };
        let factor = self.block.as_nanos() as f64 / (made.elapsed_ns as f64).max(1.0);
        self.calibrations += 1;
        // A factor of two is close enough, since turns are compared by their medians.
        self.is_calibrated =
            (0.5..2.0).contains(&factor) || (factor < 1.0 && self.trips == 1) || self.calibrations >= CALIBRATIONS_MAX;
        self.trips = (self.trips as f64 * factor.min(16.0)).round().max(1.0) as u64;
    }
}

fn share(elapsed: Duration, of: Duration) -> f64 {
    elapsed.as_secs_f64() / of.as_secs_f64().max(1e-9)
}
