use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{HandshakeSchedule, Handshakes, PhaseTimes, Prepared};
use crate::error::Error;
use crate::library::Expected;
use crate::measure::Order;
use crate::workload::rounds::{attempt, longer_and_longer, unless_interrupted};
use crate::workload::{Advance, Limit};

/// The minimum number of connections in a round.
const CONNECTIONS_MIN: usize = 8;
/// The target number of rounds of the timed part: more samples would add no information and bloat the results.
const ROUNDS_WANTED: f64 = 200.0;
/// The number of rounds of a run of a given count, unless a round would have too many connections. A run that is ended
/// early keeps only whole rounds.
const ROUNDS_OF_COUNT: u64 = 20;
const CONNECTIONS_MAX: u64 = 500;

/// The times of a round: some connections, and as many times the bare cryptography.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The processor time of client and server, microseconds: the median connection.
    pub cpu_us: [f64; 2],
    /// The same for the bare cryptography, if there is any to compare with.
    pub raw_us: Option<[f64; 2]>,
    /// The time of each handshake, nanoseconds.
    pub handshakes_ns: Vec<u64>,
    /// How many of them resumed a session.
    pub resumed: usize,
    /// How many of them have sent early data, which was accepted.
    pub with_early_data: usize,
    /// How many of them used an external pre-shared key.
    #[serde(default)]
    pub with_external_psk: usize,
    /// How many of them passed through a HelloRetryRequest.
    pub retried: usize,
    /// The phases of other handshakes, as many, if they are timed.
    pub phases: Vec<PhaseTimes>,
    /// The threads that performed them.
    pub threads: usize,
    /// The wall time that both ends were busy with all connections, nanoseconds. Of several threads the time from the beginning of
    /// the first to the end of the last of as many others, without clocks in them.
    pub busy_ns: u64,
}

impl Round {
    /// Whether this can be a round of so many connections.
    pub fn is_plausible(&self, connections: usize) -> bool {
        let times = self.cpu_us.iter().chain(self.raw_us.iter().flatten());
        let is_time = |time: &f64| time.is_finite() && *time > 0.0;
        let shares = [self.resumed, self.with_early_data, self.with_external_psk, self.retried];
        self.handshakes_ns.len() == connections
            && [0, connections].contains(&self.phases.len())
            && shares.iter().all(|count| *count <= connections)
            && self.threads > 0
            && self.busy_ns > 0
            && times.copied().all(|time| is_time(&time))
    }
}

/// A case that takes turns with others.
pub(super) struct Turn {
    /// What performs its handshakes, with what was found before, or why it has failed.
    pub state: Result<(Box<dyn Handshakes>, Prepared), Error>,
    /// Its rounds so far.
    pub rounds: Vec<Round>,
    /// The number of connections in its rounds.
    connections: usize,
}

impl HandshakeSchedule {
    /// So many connections or a few more, so that a round has all kinds of the mix in their shares.
    const fn whole(&self, connections: usize) -> usize {
        connections.next_multiple_of(if self.period == 0 { 1 } else { self.period })
    }
}

impl Turn {
    /// A case that is prepared, and must negotiate what is `expected`.
    pub(super) fn new(handshakes: Result<Box<dyn Handshakes>, Error>, expected: &Expected) -> Self {
        let state = handshakes.and_then(|mut handshakes| {
            let prepared = handshakes.prepare()?;
            prepared.negotiated.check(expected)?;
            Ok((handshakes, prepared))
        });
        Self { state, rounds: Vec::new(), connections: CONNECTIONS_MIN }
    }
}

/// The number of cases that have not failed.
fn working(turns: &[Turn]) -> u32 {
    turns.iter().filter(|turn| turn.state.is_ok()).count() as u32
}

/// Times rounds of all cases, in random order in each round. Returns the time that they took, divided by the number of cases.
pub(super) fn time(
    turns: &mut [Turn],
    schedule: &HandshakeSchedule,
    advance: &mut dyn FnMut(Advance),
) -> Result<Duration, Error> {
    let mut order = Order::new(schedule.seed);
    let count = working(turns);
    // An interrupted round is discarded, and what was measured before is the result.
    let is_warm = unless_interrupted(warm_up(turns, schedule, &mut order, advance))?.is_some();
    let began = Instant::now();
    let mut done_connections = 0_u64;
    let mut rounds = 0;
    let mut rate = 0.0;
    while is_warm && working(turns) > 0 {
        let done = match schedule.limit {
            Limit::Duration(duration) => began.elapsed().as_secs_f64() / (duration * count).as_secs_f64().max(1e-9),
            Limit::Writes(count) => done_connections as f64 / count.max(1) as f64,
        };
        advance(Advance { is_warming_up: false, done: done.min(1.0), bytes_per_s: rate });
        if done >= 1.0 && rounds > 0 {
            break;
        }
        if let Limit::Writes(count) = schedule.limit {
            let most = longer_and_longer(CONNECTIONS_MAX, rounds);
            let connections = schedule.whole(count.div_ceil(ROUNDS_OF_COUNT).min(most) as usize) as u64;
            // The last round gets the remainder.
            let connections = connections.min(count - done_connections);
            turns.iter_mut().for_each(|turn| turn.connections = connections as usize);
            done_connections += connections;
        }
        let Some(last) = unless_interrupted(round(turns, &mut order, |turn| turn.connections))? else { break };
        rate = last.first().and_then(Option::as_ref).map_or(0.0, handshakes_per_s);
        for (turn, round) in turns.iter_mut().zip(last) {
            turn.rounds.extend(round);
        }
        rounds += 1;
    }
    Ok(began.elapsed() / count.max(1))
}

/// Times one round of each case, by the index of the case.
fn round(
    turns: &mut [Turn],
    order: &mut Order,
    connections: impl Fn(&Turn) -> usize,
) -> Result<Vec<Option<Round>>, Error> {
    let mut indexes: Vec<usize> = (0..turns.len()).collect();
    order.shuffle(&mut indexes);
    let mut rounds = vec![None; turns.len()];
    for index in indexes {
        let (connections, is_raw_first) = (connections(&turns[index]), order.next().is_multiple_of(2));
        let round = |(handshakes, _): &mut (Box<dyn Handshakes>, _)| handshakes.round(connections, is_raw_first);
        rounds[index] = attempt(&mut turns[index].state, round)?;
    }
    Ok(rounds)
}

/// Runs rounds that are discarded until the machine is warm, and sets how many connections make a round: those that all cases
/// can perform in the same time.
fn warm_up(
    turns: &mut [Turn],
    schedule: &HandshakeSchedule,
    order: &mut Order,
    advance: &mut dyn FnMut(Advance),
) -> Result<(), Error> {
    let began = Instant::now();
    let warmup = schedule.warmup * working(turns);
    let least = schedule.whole(CONNECTIONS_MIN);
    let mut times = vec![Vec::new(); turns.len()];
    loop {
        for (times, last) in times.iter_mut().zip(round(turns, order, |_| least)?) {
            times.extend(last.as_ref().map(round_s));
        }
        let done = began.elapsed().as_secs_f64() / warmup.as_secs_f64().max(1e-9);
        advance(Advance { is_warming_up: true, done: done.min(1.0), bytes_per_s: 0.0 });
        if began.elapsed() >= warmup {
            break;
        }
    }
    if let Limit::Duration(duration) = schedule.limit {
        for (turn, times) in turns.iter_mut().zip(times) {
            let round_s = crate::stats::median(&times).unwrap_or(f64::INFINITY);
            let wanted = duration.as_secs_f64() / ROUNDS_WANTED / round_s.max(1e-9) * least as f64;
            turn.connections = schedule.whole((wanted as usize).max(least));
        }
    }
    Ok(())
}

/// The time that a round takes, with its bare cryptography and its phases, seconds.
fn round_s(round: &Round) -> f64 {
    let raw_us = round.raw_us.iter().flatten().sum::<f64>() * round.handshakes_ns.len() as f64;
    let phases_ns: u64 = round.phases.iter().filter_map(|times| times.last()).sum();
    // Several threads perform all of them twice.
    let times = if round.threads > 1 { 2.0 } else { 1.0 };
    round.busy_ns as f64 * times / 1e9 + (phases_ns as f64 / 1e9 + raw_us / 1e6) / round.threads.max(1) as f64
}

fn handshakes_per_s(round: &Round) -> f64 {
    round.handshakes_ns.len() as f64 * 1e9 / (round.busy_ns as f64).max(1.0)
}
