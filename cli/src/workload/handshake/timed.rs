use std::time::{Duration, Instant};

use super::raw::Raw;
use super::{HandshakeSchedule, Work};
use crate::error::Error;
use crate::interrupt;
use crate::library::Library;
use crate::measure::{Order, Stopwatch};
use crate::schema::Side;
use crate::stats;
use crate::workload::handshake_driver::{Observer, SideStopwatches, drive_handshake};
use crate::workload::link::Link;
use crate::workload::rounds::longer_and_longer;
use crate::workload::{Advance, Limit};

/// The minimum number of connections in a round.
const CONNECTIONS_MIN: usize = 8;
/// The target number of rounds of the timed part: more samples would add no information and bloat the results.
const ROUNDS_WANTED: f64 = 200.0;
/// The number of rounds of a run of a given count, unless a round would have too many connections. A run that is ended
/// early keeps only whole rounds.
const ROUNDS_OF_COUNT: u64 = 20;
const CONNECTIONS_MAX: u64 = 500;

/// The times of a round: some connections through the engine, and as many of the bare cryptography.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// The processor time of client and server, microseconds: the median connection.
    pub cpu_us: [f64; 2],
    /// The same for the bare cryptography.
    pub raw_us: [f64; 2],
    /// The time of each handshake, nanoseconds.
    pub handshakes_ns: Vec<u64>,
    /// The wall time that both ends were busy with all connections, nanoseconds.
    pub busy_ns: u64,
}

/// Runs the rounds. Returns them with the time they took.
pub(super) fn time<T: Library, L: Link>(
    work: &Work<T>,
    raw: &[Raw],
    schedule: &HandshakeSchedule,
    link: &mut L,
    advance: &mut dyn FnMut(Advance),
) -> Result<(Vec<Round>, Duration), Error> {
    let mut turns = Turns { work, raw, next: 0, order: Order::new(schedule.seed) };
    let mut connections = warm_up(&mut turns, schedule, link, advance)?;
    let (mut rounds, mut done_connections) = (Vec::new(), 0_u64);
    let began = Instant::now();
    while !interrupt::requested() {
        let done = match schedule.limit {
            Limit::Duration(duration) => began.elapsed().as_secs_f64() / duration.as_secs_f64().max(1e-9),
            Limit::Writes(count) => done_connections as f64 / count.max(1) as f64,
        };
        advance(Advance { is_warming_up: false, done: done.min(1.0), bytes_per_s: rate(rounds.last()) });
        if done >= 1.0 && !rounds.is_empty() {
            break;
        }
        if let Limit::Writes(count) = schedule.limit {
            let most = longer_and_longer(CONNECTIONS_MAX, rounds.len() as u64);
            // The last round gets the remainder.
            connections = count.div_ceil(ROUNDS_OF_COUNT).min(most).min(count - done_connections) as usize;
        }
        match turns.round(connections, link) {
            // An interrupted round is discarded.
            Err(Error::Interrupted) => break,
            round => rounds.push(round?),
        }
        done_connections += connections as u64;
    }
    Ok((rounds, began.elapsed()))
}

/// Runs rounds that are discarded until the machine is warm, and returns the number of connections in a round.
fn warm_up<T: Library, L: Link>(
    turns: &mut Turns<T>,
    schedule: &HandshakeSchedule,
    link: &mut L,
    advance: &mut dyn FnMut(Advance),
) -> Result<usize, Error> {
    let began = Instant::now();
    let mut rounds = 0;
    while rounds == 0 || began.elapsed() < schedule.warmup {
        let round = match turns.round(CONNECTIONS_MIN, link) {
            Err(Error::Interrupted) => break,
            round => round?,
        };
        rounds += 1;
        let done = began.elapsed().as_secs_f64() / schedule.warmup.as_secs_f64().max(1e-9);
        advance(Advance { is_warming_up: true, done: done.min(1.0), bytes_per_s: rate(Some(&round)) });
    }
    let round_s = began.elapsed().as_secs_f64() / f64::from(rounds.max(1));
    Ok(match schedule.limit {
        Limit::Duration(duration) => {
            let wanted = duration.as_secs_f64() / ROUNDS_WANTED / round_s.max(1e-9) * CONNECTIONS_MIN as f64;
            (wanted as usize).max(CONNECTIONS_MIN)
        }
        Limit::Writes(_) => CONNECTIONS_MIN,
    })
}

/// Connections per second.
fn rate(round: Option<&Round>) -> f64 {
    round.map_or(0.0, |round| round.handshakes_ns.len() as f64 * 1e9 / (round.busy_ns as f64).max(1.0))
}

/// Gives all pairs their turn.
struct Turns<'a, T> {
    work: &'a Work<T>,
    raw: &'a [Raw<'a>],
    next: usize,
    order: Order,
}

impl<T: Library> Turns<'_, T> {
    fn round<L: Link>(&mut self, connections: usize, link: &mut L) -> Result<Round, Error> {
        let mut round = Round::default();
        let first = self.next;
        let is_engine_first = self.order.next().is_multiple_of(2);
        for is_engine in [is_engine_first, !is_engine_first] {
            let mut times = [Vec::new(), Vec::new()];
            for number in 0..connections {
                interrupt::check()?;
                let index = (first + number) % self.work.pairs.len();
                let [client, server] =
                    if is_engine { self.engine(index, link, &mut round)? } else { bare(&self.raw[index])? };
                times[0].push(client as f64 / 1e3);
                times[1].push(server as f64 / 1e3);
            }
            // The median connection: if other programs interrupt the thread, they do so in few of them.
            let medians = times.map(|times| stats::median(&times).unwrap_or(0.0));
            *(if is_engine { &mut round.cpu_us } else { &mut round.raw_us }) = medians;
        }
        self.next = (first + connections) % self.work.pairs.len();
        Ok(round)
    }

    fn engine<L: Link>(&self, index: usize, link: &mut L, round: &mut Round) -> Result<[u64; 2], Error> {
        let mut watches = SideStopwatches::default();
        let established = drive_handshake(&self.work.pairs[index].library, link, &mut watches)?;
        round.handshakes_ns.push(established.elapsed_ns);
        watches.on(Side::Client, || drop(established.client));
        watches.on(Side::Server, || drop(established.server));
        let watches = [watches.client, watches.server];
        round.busy_ns += watches.iter().map(Stopwatch::total_ns).sum::<u64>();
        Ok(watches.map(|watch| watch.cpu_ns()))
    }
}

fn bare(raw: &Raw) -> Result<[u64; 2], Error> {
    let mut watches = SideStopwatches::default();
    watches.on(Side::Client, || raw.client())?;
    watches.on(Side::Server, || raw.server())?;
    Ok([watches.client.cpu_ns(), watches.server.cpu_ns()])
}
