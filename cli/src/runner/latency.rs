//! Measures round trips, with plain TCP in turns.

use std::io::ErrorKind;
use std::time::Duration;

use super::losses::{Forgiving, Losses};
use super::{Job, library_facts, negotiated, warnings};
use crate::error::Error;
use crate::measure::nanoseconds_of;
use crate::plan::{Latency, LatencyCase, Route};
use crate::schema::{Case, Document, Facts};
use crate::units::{format_quantity, grouped};
use crate::workload::Limit;
use crate::workload::latency::{
    self, Block, Carrier, Conversation, Found, Live, PERCENTILES, Percentile, Talked, has_percentile, samples_needed_of,
};

/// With fewer turns, an interval says little.
const ROUNDS_MIN: usize = 12;
/// What the rate may fall short of what was asked for without a warning.
const TOLERANCE: f64 = 0.02;

/// A job for each group of cases that take turns.
pub(super) fn jobs(plan: &Latency, forgiving: Forgiving) -> impl Iterator<Item = Box<dyn Job>> {
    let job = move |cases| Box::new(InTurns { cases, losses: Losses::new(forgiving) }) as Box<dyn Job>;
    plan.in_turns().map(job)
}

/// Cases that take turns with each other and with plain TCP: the same work by several libraries. There is at least one.
struct InTurns {
    cases: Vec<LatencyCase>,
    losses: Losses,
}

impl Job for InTurns {
    fn label(&self) -> &str {
        &self.cases[0].id
    }

    fn notes(&self) -> &[String] {
        &self.cases[0].notes
    }

    fn warn(&self, document: &mut Document) {
        self.cases.iter().for_each(|case| warn(document, case));
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let show = &mut |now: Live| {
            let times = format!("{}, p99 {}", format_quantity(now.per_s, "1/s"), format_quantity(now.p99_ns, "ns"));
            advance(now.done, if now.is_warming_up { "warming up" } else { &times });
        };
        let Found { cases, raw_tcp, elapsed, .. } = find(&self.cases, show)?;
        if let Some(error) = raw_tcp.as_ref().and_then(|raw_tcp| raw_tcp.failure.as_ref()) {
            return Err(Error::Failed(format!("plain TCP: {error}")));
        }
        let (mut lost, mut ended_early) = (Vec::new(), None);
        for (planned, mut talked) in self.cases.iter().zip(cases) {
            let failure = talked.failure.take().map(|error| name_remote(error, planned));
            if talked.blocks.is_empty() || (failure.is_some() && !matches!(planned.route, Route::Elsewhere(_))) {
                lost.extend(failure.map(|error| (asked(planned), error)));
                continue;
            }
            let mut case = asked(planned);
            if let Some(agreed) = &talked.agreed {
                case.negotiated = negotiated(agreed);
            }
            case.achieved = achieved(planned, &talked, nanoseconds_of(elapsed));
            // With a thread for each end, an end that asks again and again makes as many calls as it has time for.
            let counts_calls = carrier(planned) == Some(Carrier::OneThread) || !planned.work.busy_poll;
            latency::record(&mut case, &talked, raw_tcp.as_ref(), counts_calls, planned.schedule.seed)?;
            warn_of_shortfalls(document, planned, &case, &talked.blocks);
            document.cases.push(case);
            // What was measured of a server that is gone is told, and that it is.
            ended_early = ended_early.or(failure);
        }
        self.losses.settle(document, lost, self.cases.len())?;
        ended_early.map_or(Ok(()), Err)
    }

    fn failure(&self) -> Option<Error> {
        self.losses.failure()
    }
}

/// Makes the round trips.
fn find(planned: &[LatencyCase], show: &mut dyn FnMut(Live)) -> Result<Found, Error> {
    let conversations: Vec<_> = planned.iter().map(conversation).collect();
    if let Some(Err(Error::Interrupted)) = conversations.iter().find(|made| matches!(made, Err(Error::Interrupted))) {
        return Err(Error::Interrupted);
    }
    let raw_tcp = carrier(&planned[0]).map_or(Ok(None), |carrier| planned[0].work.raw_tcp(carrier))?;
    latency::run(conversations, raw_tcp, &planned[0].schedule, show)
}

/// The conversation of a case, which must have negotiated what was asked for.
fn conversation(planned: &LatencyCase) -> Result<Conversation, Error> {
    let conversation = match &planned.route {
        Route::Local(carrier, library) => library.converse(&planned.work, *carrier),
        Route::Elsewhere(elsewhere) => elsewhere.converse(&planned.work),
    }?;
    conversation.agreed.iter().try_for_each(|agreed| agreed.check(&planned.expected))?;
    Ok(conversation)
}

/// What carries the messages of a case in this process.
fn carrier(planned: &LatencyCase) -> Option<Carrier> {
    match planned.route {
        Route::Local(carrier, _) => Some(carrier),
        Route::Elsewhere(_) => None,
    }
}

/// The case without results.
fn asked(planned: &LatencyCase) -> Case {
    Case::asked(&planned.id, &planned.requested, &planned.switches)
}

/// Adds the other process to the error, and what it may not be.
fn name_remote(error: Error, planned: &LatencyCase) -> Error {
    let Route::Elsewhere(elsewhere) = &planned.route else { return error };
    let target = elsewhere.target.to_string();
    match error {
        Error::Engine(tls_engine::Error::Truncated) => is_no_echo(&target, "has closed"),
        Error::Engine(source) => Error::Tls { target, source },
        Error::Io { source, .. } if source.kind() == ErrorKind::TimedOut && elsewhere.request.is_some() => {
            Error::Failed(format!("{target} sends no response in time: a longer --timeout may do"))
        }
        Error::Io { source, .. } if source.kind() == ErrorKind::TimedOut => is_no_echo(&target, "sends no echo"),
        Error::Io { source, .. } if source.kind() == ErrorKind::UnexpectedEof => is_no_echo(&target, "has closed"),
        Error::Io { doing, source } => Error::io(format!("{doing} ({target})"), source),
        error => error,
    }
}

fn is_no_echo(target: &str, how: &str) -> Error {
    Error::Failed(format!("{target} {how}: is it `tlsbench serve --mode echo`, and does it still run?"))
}

fn achieved(planned: &LatencyCase, talked: &Talked, elapsed_ns: u64) -> Facts {
    let sum = |count: fn(&Block) -> u64| talked.blocks.iter().map(count).sum::<u64>();
    let mut facts = library_facts(&planned.library);
    facts.insert("duration_ns".into(), elapsed_ns.into());
    facts.insert("rounds".into(), talked.blocks.len().into());
    facts.insert("round_trips".into(), sum(|block| block.trips).into());
    facts.insert("rate_per_s".into(), rate(&talked.blocks).into());
    if matches!(&planned.route, Route::Elsewhere(elsewhere) if elsewhere.request.is_some()) {
        facts.insert("reconnections".into(), sum(|block| block.reconnections).into());
    }
    let (cpu_time, wake_up) = match carrier(planned) {
        Some(Carrier::Memory | Carrier::OneThread) => (
            "the processor clock of the one thread that drives both ends, with the comparison of echoes and the wait for the next \
             message of --rate",
            "none, one thread never waits",
        ),
        Some(Carrier::ThreadPerEnd) | None => (
            "the processor clock of each end's thread, with the comparison of echoes and the wait for the next message of --rate",
            if planned.work.busy_poll {
                "none, each thread asks its socket until something arrives"
            } else {
                "by the kernel, each thread sleeps in its system call until something arrives"
            },
        ),
    };
    facts.insert("cpu_time_from".into(), cpu_time.into());
    facts.insert("wake_up".into(), wake_up.into());
    facts
}

/// Round trips per second of the time in which they were made.
fn rate(blocks: &[Block]) -> f64 {
    let sum = |count: fn(&Block) -> u64| blocks.iter().map(count).sum::<u64>() as f64;
    sum(|block| block.trips) * 1e9 / sum(|block| block.elapsed_ns).max(1.0)
}

fn warn(document: &mut Document, planned: &LatencyCase) {
    warnings::of_duration(document, planned.schedule.limit);
    warnings::of_client(document, planned.trusts_anyone, planned.logs_keys);
    let processors = document.host.usable_cpus.or(document.host.logical_cpus).unwrap_or(1);
    let affinity = planned.schedule.affinity;
    let is_shared = processors == 1 || (affinity.client.is_some() && affinity.client == affinity.echo);
    if carrier(planned) == Some(Carrier::ThreadPerEnd) && planned.work.busy_poll && is_shared {
        let message = "both threads ask their sockets on one processor, and wait for each other to be done";
        document.warn(message, "give each a processor of its own, or use --loopback-threads 1");
    }
}

fn warn_of_shortfalls(document: &mut Document, planned: &LatencyCase, case: &Case, blocks: &[Block]) {
    let id = &planned.id;
    if blocks.len() < ROUNDS_MIN {
        let message = format!("{id}: only {} rounds were measured, too few for an interval", blocks.len());
        document.warn(message, "use a longer --duration, or a higher --count");
    }
    let trips: u64 = blocks.iter().map(|block| block.trips).sum();
    if let Some(first) = PERCENTILES.iter().find(|percentile| !has_percentile(case, percentile)) {
        let message = format!(
            "{id}: {} round trips are too few for {}, which needs {}",
            grouped(trips),
            first.quantity.heading,
            grouped(samples_needed_of(first))
        );
        document.warn(message, more(planned.schedule.limit, trips, first));
    }
    let (Some(asked), made) = (planned.schedule.rate, rate(blocks)) else { return };
    if made < asked * (1.0 - TOLERANCE) {
        let message = format!(
            "{id}: {} were made, not {}",
            format_quantity(made, "round trips/s"),
            format_quantity(asked, "round trips/s")
        );
        document.warn(message, "one after the other they take longer than that: use a lower --rate");
    }
}

/// How much more it takes for a percentile.
fn more(limit: Limit, trips: u64, percentile: &Percentile) -> String {
    let needed = samples_needed_of(percentile);
    match limit {
        Limit::Writes(_) => format!("use --count {needed}"),
        Limit::Duration(duration) => {
            let factor = needed as f64 / trips.max(1) as f64 * 1.2;
            let seconds = (duration.as_secs_f64() * factor).ceil().clamp(1.0, 1e6);
            format!("use --duration {}", humantime::format_duration(Duration::from_secs_f64(seconds)))
        }
    }
}
