use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::client_population::{CLIENT_BUFFER_BYTES, ClientPopulation, Held};
use super::findings::{Group, Half, Raw, Round};
use super::schedule::{AblationSchedule, ROUNDS_MIN};
use super::{Buckets, Comparison, Ends, Measure};
use crate::error::Error;
use crate::interrupt;
use crate::library::Engine;
use crate::measure::Order;
use crate::schema::{Side, quantity};
use crate::setting::Setting;
use crate::workload::histogram::Times as RoundTrips;

/// The number of populations that exist at once: that of the base, which is compared with all others, and two more.
const POPULATIONS_MAX: u64 = 3;
/// Other files that the process may have open.
const OTHER_FILES: u64 = 200;
/// The number of connections of a loop that is observed over its whole lifetime.
const WATCHED: usize = 16;
/// The minimum number of exchanges on its active connections, and the number for each second of the timed part.
const EXCHANGES_MIN: usize = 8;
const EXCHANGES_PER_S: f64 = 2.0;
/// The number of such lifetimes counted for a setting.
const LIVES: usize = 5;

/// Counted when all clients have connected.
const HELD: [Measure; 2] = [
    Measure { side: Side::Server, quantity: &quantity::IDLE_BYTES_PER_CONNECTION },
    Measure { side: Side::Server, quantity: &quantity::PEAK_BYTES_PER_CONNECTION },
];
/// Counted over whole lifetimes of loops.
const DONE: [Measure; 4] = [
    Measure { side: Side::Server, quantity: &quantity::WAKE_UPS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::TURNS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::SYSCALLS_PER_MESSAGE },
    Measure { side: Side::Server, quantity: &quantity::SYSCALLS_PER_CONNECTION },
];
const TIMED: [Measure; 1] = [Measure { side: Side::Server, quantity: &quantity::CPU_NS_PER_MESSAGE }];

/// Raises the limit on open files as far as this process may, and returns it; `None` means no limit.
pub fn raise_open_files() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    // If it can't be raised, it stays as it is.
    if raised.is_ok() { maximum } else { current }
}

/// The largest population that is possible with this many open files.
pub const fn connections_max(open_files: u64) -> u64 {
    // A connection has two ends, both in this process.
    open_files.saturating_sub(OTHER_FILES) / (2 * POPULATIONS_MAX)
}

/// Compares servers with many connections. Populations take too long to set up to be new in each round, and too many
/// would exist if all settings ran at once. So the comparisons run one after the other, and within each, blocks of both
/// servers take turns. Ctrl-C ends it with the completed comparisons.
pub(super) fn measure(
    ends: &Ends,
    schedule: &AblationSchedule,
    connections: usize,
    advance: &mut dyn FnMut(f64),
) -> Result<Vec<Raw>, Error> {
    let mut servers = Servers::new(ends, connections, schedule.duration)?;
    let mut order = Order::new(schedule.seed);
    // Grouped by base, so that the population of a base is set up only once. Equal settings come first, so that the
    // noise is known if the run ends early.
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

/// A setting, and which of two servers with it: a setting is also compared with itself.
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

/// The running servers, and the counts of all that ran.
struct Servers<'a> {
    ends: &'a Ends,
    clients: Arc<Engine>,
    connections: usize,
    /// The number of exchanges on the active connections of an observed loop.
    exchanges: usize,
    up: Vec<(Key, ClientPopulation, Vec<f64>)>,
    /// For each lifetime, a value for each of [`DONE`].
    lives: Vec<(Key, Vec<Vec<f64>>)>,
}

impl<'a> Servers<'a> {
    fn new(ends: &'a Ends, connections: usize, duration: Duration) -> Result<Self, Error> {
        let clients = ends.engine(&Setting::all()?, CLIENT_BUFFER_BYTES)?;
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
        // Setup takes about half of the time.
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

    /// The index of the population with this key, which is set up if needed.
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

    /// A loop reports its statistics when it ends. The cost of the messages is the difference between a lifetime with
    /// messages and one without; the rest is the cost of handshakes and closing.
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
