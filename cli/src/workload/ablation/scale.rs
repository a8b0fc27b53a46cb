use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::client_population::{CLIENT_BUFFER_BYTES, ClientPopulation, Held};
use super::findings::{Group, Half, Raw, Round};
use super::schedule::{AblationSchedule, ROUNDS_MIN};
use super::{Buckets, Comparison, Ends, Measure};
use crate::error::Error;
use crate::interrupt;
use crate::measure::Order;
use crate::schema::{Side, quantity};
use crate::setting::Setting;
use crate::workload::EndpointConfigs;
use crate::workload::histogram::Times as RoundTrips;

/// Crowds that are up at once: that of a base, which is compared with all others, and two more.
const POPULATIONS_MAX: u64 = 3;
/// Files that the process may have open besides.
const OTHER_FILES: u64 = 200;
/// Connections of a loop that is watched over its whole life.
const WATCHED: usize = 16;
/// How often its active ones exchange a message at the least, and for each second of the timed part.
const EXCHANGES_MIN: usize = 8;
const EXCHANGES_PER_S: f64 = 2.0;
/// How many such lives are counted for a setting.
const LIVES: usize = 5;

/// Counted when all connections have come.
const HELD: [Measure; 2] = [
    Measure { side: Side::Server, quantity: &quantity::IDLE_BYTES_PER_CONNECTION },
    Measure { side: Side::Server, quantity: &quantity::PEAK_BYTES_PER_CONNECTION },
];
/// Counted over whole lives of loops.
const DONE: [Measure; 4] = [
    Measure { side: Side::Server, quantity: &quantity::WAKE_UPS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::TURNS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::SYSCALLS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::SYSCALLS_PER_CONNECTION },
];
const TIMED: [Measure; 1] = [Measure { side: Side::Server, quantity: &quantity::CPU_NS_PER_MESSAGE }];

/// Raises the limit on open files as far as this process may, and returns it; none is no limit.
pub fn raise_open_files() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    // Where it can't be raised, it stays what it is.
    if raised.is_ok() { maximum } else { current }
}

/// The most connections that a population may have with so many open files.
pub const fn connections_max(open_files: u64) -> u64 {
    // A connection has two ends, both in this process.
    open_files.saturating_sub(OTHER_FILES) / (2 * POPULATIONS_MAX)
}

/// Compares servers of many connections. They take too long to gather to be new in each round, and all settings together
/// would be too many: one comparison follows the other, and within it blocks of both servers take turns. Ctrl-C ends it, with
/// the comparisons that are done.
pub(super) fn measure(
    ends: &Ends,
    schedule: &AblationSchedule,
    connections: usize,
    advance: &mut dyn FnMut(f64),
) -> Result<Vec<Raw>, Error> {
    let mut servers = Servers::new(ends, connections, schedule.duration)?;
    let mut order = Order::new(schedule.seed);
    // Base by base, so that the population of a base has to gather once; equals first, so that the noise is known of a run that
    // ends early.
    let mut in_turn: Vec<(usize, &Comparison)> = schedule.comparisons.iter().enumerate().collect();
    in_turn.sort_by_key(|(_, comparison)| (comparison.base as usize, comparison.row.is_some()));
    let steps = schedule.comparisons.len().max(1);
    let mut all: Vec<Raw> = schedule.comparisons.iter().map(|_| Raw::default()).collect();
    for (step, (index, comparison)) in in_turn.into_iter().enumerate() {
        let mut advance = |done: f64| advance((step as f64 + done) / steps as f64);
        let duration = schedule.duration / u32::try_from(steps).unwrap_or(u32::MAX);
        match servers.compare(comparison, duration, &mut order, &mut advance) {
            Ok(raw) => all[index] = raw,
            Err(Error::Interrupted) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// A setting, and which of two servers that have it: equals are compared too.
#[derive(Clone, Copy)]
struct Key {
    setting: Setting,
    is_second: bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let same = |key: &Self| (key.setting.switches, key.setting.provider.name, key.is_second);
        same(self) == same(other)
    }
}

/// The servers that are up, and what was counted of those that were.
struct Servers<'a> {
    ends: &'a Ends,
    clients: Arc<EndpointConfigs>,
    connections: usize,
    /// How often the active ones of a loop that is watched exchange a message.
    exchanges: usize,
    up: Vec<(Key, ClientPopulation, Vec<f64>)>,
    /// Of each life, a value for each of [`DONE`].
    lives: Vec<(Key, Vec<Vec<f64>>)>,
}

impl<'a> Servers<'a> {
    fn new(ends: &'a Ends, connections: usize, duration: Duration) -> Result<Self, Error> {
        let clients = ends.endpoint_configs(&Setting::all()?, CLIENT_BUFFER_BYTES)?;
        let exchanges = EXCHANGES_MIN.max((duration.as_secs_f64() * EXCHANGES_PER_S) as usize);
        Ok(Self { ends, clients, connections, exchanges, up: Vec::new(), lives: Vec::new() })
    }

    fn compare(
        &mut self,
        comparison: &Comparison,
        duration: Duration,
        order: &mut Order,
        advance: &mut dyn FnMut(f64),
    ) -> Result<Raw, Error> {
        let Comparison { row, base, with, without } = *comparison;
        let keys = [Key { setting: with, is_second: row.is_none() }, Key { setting: without, is_second: false }];
        let of_base = Key { setting: base.setting()?, is_second: false };
        if keys.iter().any(|key| self.position(key).is_none()) {
            self.up.retain(|(key, ..)| keys.contains(key) || *key == of_base);
        }
        // Gathering takes about half of the time.
        let with = self.gathered(&keys[0], &mut |done| advance(done / 4.0))?;
        let without = self.gathered(&keys[1], &mut |done| advance(0.25 + done / 4.0))?;
        let held: Round = [with, without].map(|at| Half::of(self.up[at].2.clone()));
        let done = self.lives(&keys)?;
        let timed = self.time([with, without], duration, order, &mut |done| advance(0.5 + done / 2.0))?;
        Ok(Raw(vec![
            Group { measures: &HELD, rounds: vec![held] },
            Group { measures: &DONE, rounds: done },
            Group { measures: &TIMED, rounds: timed },
        ]))
    }

    fn position(&self, wanted: &Key) -> Option<usize> {
        self.up.iter().position(|(key, ..)| key == wanted)
    }

    /// Where the population is that has this key, once it has gathered.
    fn gathered(&mut self, key: &Key, advance: &mut dyn FnMut(f64)) -> Result<usize, Error> {
        if let Some(at) = self.position(key) {
            return Ok(at);
        }
        let (population, Held { idle_bytes, peak_bytes }) =
            ClientPopulation::gather_counted(self.ends, &self.clients, &key.setting, self.connections, advance)?;
        let held = [idle_bytes, peak_bytes].map(|bytes| bytes as f64 / self.connections as f64);
        self.up.push((*key, population, held.to_vec()));
        Ok(self.up.len() - 1)
    }

    fn lives(&mut self, keys: &[Key; 2]) -> Result<Vec<Round>, Error> {
        for key in keys {
            if self.lives.iter().all(|(known, _)| known != key) {
                let lives = (0..LIVES).map(|_| self.life(&key.setting)).collect::<Result<_, _>>()?;
                self.lives.push((*key, lives));
            }
        }
        let of = |key: &Key| self.lives.iter().find(|(known, _)| known == key).map_or(&[][..], |(_, lives)| &lives[..]);
        let pairs = of(&keys[0]).iter().zip(of(&keys[1]));
        Ok(pairs.map(|(with, without)| [Half::of(with.clone()), Half::of(without.clone())]).collect())
    }

    /// A loop tells what it has done when it ends. The messages' share is what one with messages has done more than one
    /// without; what is left is the handshakes' and the ends'.
    fn life(&self, setting: &Setting) -> Result<Vec<f64>, Error> {
        let live = |exchanges: usize| {
            let mut population = ClientPopulation::gather(self.ends, &self.clients, setting, WATCHED, &mut |_| ())?;
            (0..exchanges).try_for_each(|_| population.exchange(None))?;
            let messages = (exchanges * population.active()) as f64;
            let done = population.leave()?;
            Ok::<_, Error>(([done.rounds, done.turns, done.syscalls.total()].map(|count| count as f64), messages))
        };
        let ((idle, _), (busy, messages)) = (live(0)?, live(self.exchanges)?);
        let per_message = busy.iter().zip(idle).map(|(busy, idle)| (busy - idle) / messages);
        Ok(per_message.chain([idle[2] / WATCHED as f64]).collect())
    }

    fn time(
        &mut self,
        sides: [usize; 2],
        duration: Duration,
        order: &mut Order,
        advance: &mut dyn FnMut(f64),
    ) -> Result<Vec<Round>, Error> {
        let began = Instant::now();
        let mut rounds = Vec::new();
        while rounds.len() < ROUNDS_MIN || began.elapsed() < duration {
            interrupt::check()?;
            let mut sums = [0.0; 2];
            let mut round_trips = [RoundTrips::new()?, RoundTrips::new()?];
            let first = usize::from(!order.next().is_multiple_of(2));
            for side in [first, 1 - first, 1 - first, first] {
                sums[side] += self.up[sides[side]].1.block(&mut round_trips[side])? / 2.0;
            }
            let half = |side: usize| Half { values: vec![sums[side]], round_trips: round_trips[side].buckets() };
            rounds.push([half(0), half(1)]);
            advance((began.elapsed().as_secs_f64() / duration.as_secs_f64().max(1e-9)).min(1.0));
        }
        Ok(rounds)
    }
}

impl Half {
    fn of(values: Vec<f64>) -> Self {
        Self { values, round_trips: Buckets::default() }
    }
}
