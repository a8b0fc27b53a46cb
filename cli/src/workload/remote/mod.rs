//! Connections to a server that may be anybody's: handshakes, each on a TCP connection of its own, and a request after them if there is
//! one, or requests one after the other. They run on the engine's event loops, one for each thread.

mod exchange;
mod failures;
mod metrics;
mod schedule;
mod tally;
mod tickets;
mod visit;
mod windows;
mod worker;

pub use exchange::HttpRequest;
pub use failures::Failures;
pub use metrics::{record, record_requests};
pub use schedule::Load;
pub use tally::{Contents, Counts};

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rustls_pki_types::ServerName;
use tls_engine::conn::ClientConfig;
use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::{ClientLoop, LoopOptions, LoopStatistics, Stopper};
use tls_engine::session::TicketStore;

use super::Limit;
use super::handshake::Mix;
use crate::error::Error;
use crate::interrupt;
use crate::library::{HandshakeKind, Negotiated};
use crate::memory::{Resident, resident_bytes_before_connections};
use crate::units::format_quantity;
use tally::{Live, WorkerFound};
use windows::Window;
use worker::Worker;

/// How often it is told how far the work has come.
const LOOK: Duration = Duration::from_millis(100);
/// The number of windows, and with it of samples, that a duration is divided into.
const WINDOWS: u32 = 30;
/// The shortest window.
const WINDOW_MIN: Duration = Duration::from_millis(20);
/// The window where there is a count instead of a duration.
const WINDOW_OF_COUNT: Duration = Duration::from_millis(100);

/// Makes the configuration of clients of a kind, with the store for their tickets if there is one.
pub type MakeConfig =
    Box<dyn Fn(HandshakeKind, Option<Arc<dyn TicketStore>>) -> Result<Arc<ClientConfig>, Error> + Send + Sync>;

/// What connections are made.
pub struct Visits {
    /// The server, as it was named.
    pub target: String,
    /// Its addresses, which take turns.
    pub addresses: Vec<SocketAddr>,
    /// The addresses to come from, which take turns; none leaves it to the system.
    pub bind: Vec<IpAddr>,
    /// The name that clients ask for.
    pub name: ServerName<'static>,
    /// How clients are configured.
    pub config: MakeConfig,
    /// The kinds of handshakes.
    pub mix: Mix,
    /// What each connection asks for, if it does.
    pub request: Option<HttpRequest>,
    /// The most connections at once, in all loops together.
    pub connections: usize,
    /// The loops, each of which has a thread.
    pub threads: NonZeroUsize,
    /// When connections begin.
    pub load: Load,
    /// For how long.
    pub limit: Limit,
    /// How long before that connections are made that are not counted.
    pub warmup: Duration,
    /// How sockets are set up.
    pub sockets: SocketOptions,
    /// How the loops are set up.
    pub options: LoopOptions,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    windows: Vec<Window>,
    /// How many of the windows were not cut short.
    whole_windows: usize,
    window: Duration,
    /// The counted connections.
    pub counts: Counts,
    /// What the first connection negotiated.
    pub negotiated: Option<Negotiated>,
    /// How the contents of responses compare, where requests are repeated.
    pub contents: Contents,
    /// The memory of this process beside what it had before, when most connections were open.
    pub resident: Option<Resident>,
    /// How long before the end the last connection was completed, or the last data of a repeated request came.
    pub silence: Duration,
    /// Why connections failed, counted or not.
    pub failures: Failures,
    /// What the loops have done.
    pub statistics: LoopStatistics,
    /// How long was measured: the time that was asked for, or until the last connection was completed.
    pub elapsed: Duration,
    /// Why it ended early, if it did.
    pub ended_early: Option<Error>,
}

/// When a loop does what.
#[derive(Clone, Copy)]
struct Limits {
    begin: Instant,
    measure_from: Instant,
    until: Option<Instant>,
    count: Option<u64>,
    window: Duration,
}

impl Limits {
    fn new(visits: &Visits) -> Self {
        let begin = Instant::now();
        let ramp_up = match visits.load {
            Load::Closed { ramp_up } => ramp_up,
            Load::Open { .. } => Duration::ZERO,
        };
        let measure_from = begin + visits.warmup.max(ramp_up);
        let (until, count, window) = match visits.limit {
            Limit::Duration(duration) => (Some(measure_from + duration), None, (duration / WINDOWS).max(WINDOW_MIN)),
            Limit::Writes(count) => (None, Some(count), WINDOW_OF_COUNT),
        };
        Self { begin, measure_from, until, count, window }
    }
}

impl Visits {
    /// Whether sessions are resumed.
    fn resumes(&self) -> bool {
        self.mix.kinds().any(HandshakeKind::is_resumed)
    }

    /// Whether requests are repeated.
    fn repeats(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.is_repeated)
    }

    /// The connections at once of a loop: each has its share, and at least one.
    fn connections_of(&self, index: usize) -> usize {
        let loops = self.threads.get();
        (self.connections / loops + usize::from(index < self.connections % loops)).max(1)
    }

    /// How much later than the first a loop begins, so that loops do not keep step.
    fn offset_of(&self, index: usize) -> Duration {
        match self.load {
            Load::Open { per_s } => Duration::from_secs_f64(index as f64 / per_s),
            Load::Closed { ramp_up } => ramp_up.mul_f64(index as f64 / self.connections as f64),
        }
    }

    fn load_of_a_loop(&self) -> Load {
        match self.load {
            Load::Open { per_s } => Load::Open { per_s: per_s / self.threads.get() as f64 },
            closed => closed,
        }
    }
}

/// Makes the connections. `advance` receives the progress, 0 to 1, and a short text.
///
/// # Errors
/// Where no connection has succeeded, the error of the first.
pub fn run(visits: &Visits, advance: &mut dyn FnMut(f64, &str)) -> Result<Found, Error> {
    let loops = ClientLoop::group(visits.sockets, &visits.options, visits.threads);
    let loops = loops.map_err(|error| Error::io("making an event loop", error))?;
    let stopper = loops.first().map(ClientLoop::stopper);
    let (limits, live) = (Limits::new(visits), Live::default());
    let mut resident = None;
    // What the loops themselves take is there before the memory is looked at, and connections are not.
    let made = Barrier::new(visits.threads.get() + 1);
    let all = thread::scope(|scope| {
        let start = |(index, event_loop): (usize, ClientLoop)| {
            let (live, made) = (&live, &made);
            scope.spawn(move || {
                let worker = Worker::new(visits, limits, live, index);
                made.wait();
                made.wait();
                let mut worker = worker?;
                let ended = event_loop.run(&mut worker).map_err(|error| Error::io("waiting for connections", error));
                worker.finish(ended?)
            })
        };
        let threads: Vec<_> = loops.into_iter().enumerate().map(start).collect();
        made.wait();
        let before = resident_bytes_before_connections();
        made.wait();
        let is_running = || !threads.iter().all(|thread| thread.is_finished());
        resident = watch(visits, limits, &live, (before, &is_running), &stopper, advance);
        let panicked = || Error::Failed("a thread of the clients has panicked".to_owned());
        threads.into_iter().map(|thread| thread.join().map_err(|_| panicked())?).collect::<Result<Vec<_>, Error>>()
    })?;
    let mut found = Found { window: limits.window, resident, ..Found::default() };
    let last_completed = all.iter().filter_map(|one| one.last_completed).max();
    let last_received = all.iter().filter_map(|one| one.last_received).max();
    let is_whole = limits.until.filter(|until| *until <= Instant::now());
    let ended = is_whole.or(last_completed).unwrap_or(limits.measure_from);
    found.elapsed = ended.saturating_duration_since(limits.measure_from);
    found.silence = ended.saturating_duration_since(last_completed.max(last_received).unwrap_or(limits.measure_from));
    for one in all {
        found.merge(one, visits);
    }
    // What came after the time is part of no rate.
    let whole = found.elapsed.as_nanos() / found.window.as_nanos().max(1);
    found.whole_windows = found.windows.len().min(whole as usize);
    found_or_why(found, visits.repeats())
}

/// Tells how far the loops have come, until they have ended. They are stopped after Ctrl-C, or where a server goes on answering for ever.
fn watch(
    visits: &Visits,
    limits: Limits,
    live: &Live,
    (before, is_running): (Option<u64>, &dyn Fn() -> bool),
    stopper: &Option<Stopper>,
    advance: &mut dyn FnMut(f64, &str),
) -> Option<Resident> {
    let mut most = None;
    let (mut is_stopped, mut last_change, mut last_count) = (false, Instant::now(), [0; 3]);
    while is_running() {
        thread::sleep(LOOK);
        let count = [&live.completed, &live.failed, &live.moved].map(|count| count.load(Ordering::Relaxed));
        if count != last_count {
            (last_change, last_count) = (Instant::now(), count);
        }
        let all_began = limits.count.is_some_and(|count| live.begun.load(Ordering::Relaxed) >= count);
        let is_over = all_began || limits.until.is_some_and(|until| Instant::now() >= until);
        let patience = if visits.repeats() { limits.until.map(|_| LOOK) } else { None };
        let is_late = is_over && last_change.elapsed() > patience.unwrap_or(visits.options.handshake_timeout * 2);
        if (is_late || interrupt::requested()) && !is_stopped {
            is_stopped = true;
            // Where this fails, the poll of the loops fails, too.
            let _ = stopper.as_ref().map(Stopper::stop);
        }
        let open = live.open.load(Ordering::Relaxed);
        most = Resident::most(most, open, before);
        tell(visits, limits, live, advance);
    }
    most
}

/// What was found; where nothing was, why.
fn found_or_why(mut found: Found, repeats: bool) -> Result<Found, Error> {
    if found.counts.completed > 0 {
        return Ok(found);
    }
    interrupt::check()?;
    let what = if repeats { "response was complete" } else { "connection was completed" };
    let nothing = || Error::Failed(format!("no {what} in the time; use a longer --duration"));
    Err(found.failures.first.take().or_else(|| found.ended_early.take()).unwrap_or_else(nothing))
}

fn tell(visits: &Visits, limits: Limits, live: &Live, advance: &mut dyn FnMut(f64, &str)) {
    let now = Instant::now();
    let measured = now.saturating_duration_since(limits.measure_from).as_secs_f64();
    let completed = live.completed.load(Ordering::Relaxed);
    let failed = live.failed.load(Ordering::Relaxed);
    let done = match visits.limit {
        Limit::Duration(duration) => measured / duration.as_secs_f64(),
        Limit::Writes(count) => completed as f64 / count as f64,
    };
    let failures = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    if now < limits.measure_from {
        return advance(0.0, &format!("warming up{failures}"));
    }
    let rate = format_quantity(completed as f64 / measured.max(0.001), "1/s");
    let p99 = match live.p99_ns.load(Ordering::Relaxed) {
        0 => String::new(),
        p99_ns => format!(", p99 {}", format_quantity(p99_ns as f64, "ns")),
    };
    advance(done.min(1.0), &format!("{rate}{p99}{failures}"));
}

impl Found {
    fn merge(&mut self, one: WorkerFound, visits: &Visits) {
        for (index, window) in one.windows.iter().enumerate() {
            match self.windows.get_mut(index) {
                Some(known) => known.merge(window),
                None => self.windows.push(window.clone()),
            }
        }
        self.counts.merge(one.counts);
        self.contents.merge(one.contents);
        self.failures.merge(one.failures);
        let peak = self.statistics.peak + one.statistics.peak;
        self.statistics += one.statistics;
        self.statistics.peak = peak;
        self.negotiated = self.negotiated.take().or(one.negotiated);
        let target = &visits.target;
        if one.lacks_tickets {
            self.ended_early = Some(Error::Failed(format!(
                "{target} has sent no ticket, so no session can be resumed; some servers send them only with a response (--http-get /)"
            )));
        } else if one.has_given_up {
            let why = self.failures.told();
            self.ended_early = self.ended_early.take().or_else(|| {
                Some(Error::Failed(format!("{target}: connections failed in the end, so the run was given up: {why}")))
            });
        }
    }
}
