//! Moves data and measures each side.

mod achieved;
mod warnings;

use std::io::ErrorKind;

use super::losses::{Forgiving, Losses};
use super::{Job, library_facts, negotiated};
use crate::error::Error;
use crate::interrupt;
use crate::library::Negotiated;
use crate::plan::{Throughput, ThroughputCase};
use crate::schema::{Case, Document, Side};
use crate::units::format_quantity;
use crate::workload::{self, Advance, Direction, Lane, Rounds, Transport, Turn, WorkerPool};

/// Both sides of a data transfer.
const SIDES: [Side; 2] = [Side::Send, Side::Receive];

/// A job for each group of cases that take turns.
pub(super) fn jobs(plan: &Throughput, forgiving: Forgiving) -> impl Iterator<Item = Box<dyn Job>> {
    let job = move |cases| Box::new(InTurns { cases, losses: Losses::new(forgiving) }) as Box<dyn Job>;
    plan.in_turns().map(job)
}

/// Cases that take turns, so that what disturbs one of them disturbs all: the same work by several libraries. There is at least
/// one.
struct InTurns {
    cases: Vec<ThroughputCase>,
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
        self.cases.iter().for_each(|case| warnings::before(document, case));
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let on_advance = &mut |now: Advance| {
            let rate = format_quantity(now.bytes_per_s, "B/s");
            let text = if now.is_warming_up { format!("{rate}, warming up") } else { rate };
            advance(now.done, &text);
        };
        let mut lost = Vec::new();
        for (planned, measured) in self.cases.iter().zip(measure(&self.cases, on_advance)?) {
            match measured {
                Ok((_, rounds)) if rounds.lanes.iter().all(|(_, samples)| samples.is_empty()) => {}
                Ok((case, rounds)) => {
                    warnings::after(document, planned, &case, &rounds);
                    document.cases.push(case);
                }
                Err(error) => lost.push((asked(planned), error)),
            }
        }
        self.losses.settle(document, lost, self.cases.len())
    }

    fn failure(&self) -> Option<Error> {
        self.losses.failure()
    }
}

/// A case with what was measured, or why it failed.
type Measured = Result<(Case, Rounds), Error>;

/// Measures in turns. A case that fails ends alone.
fn measure(planned: &[ThroughputCase], on_advance: &mut dyn FnMut(Advance)) -> Result<Vec<Measured>, Error> {
    let mut turns: Vec<_> = planned.iter().map(turn).collect();
    interrupt::check()?;
    let all_rounds = workload::run(&mut turns, on_advance)?;
    let measured = planned.iter().zip(turns).zip(all_rounds).map(|((case, turn), rounds)| {
        let finished = turn.workers.and_then(|workers| finish(case, &rounds, &turn.agreed, workers));
        finished.map(|case| (case, rounds)).map_err(|error| name_remote(error, case))
    });
    Ok(measured.collect())
}

/// Prepares a case, whose conversations must negotiate what was asked for.
fn turn(planned: &ThroughputCase) -> Turn<'_> {
    let mut turn = Turn::new(planned.work.start(), &planned.schedule);
    if let Err(error) = turn.agreed.iter().try_for_each(|agreed| agreed.check(&planned.expected)) {
        turn.workers = Err(error);
    }
    turn
}

/// Counts heap calls, closes the conversations, and puts everything into a case.
fn finish(
    planned: &ThroughputCase,
    rounds: &Rounds,
    agreed: &[Negotiated],
    mut workers: WorkerPool,
) -> Result<Case, Error> {
    // Separately from what is timed, because counting takes time.
    let is_wanted = !rounds.interrupted;
    let counted = if is_wanted { workers.run(Lane::Counted, |_| planned.work.counted_writes())? } else { Vec::new() };
    let finished = workers.finish();
    if is_wanted {
        finished?;
    } // After an interruption, closing is only polite.
    let mut case = asked(planned);
    if let Some(agreed) = agreed.first() {
        case.negotiated = negotiated(agreed);
    }
    case.achieved = achieved::achieved(planned, rounds);
    workload::record(&mut case, rounds, planned.schedule.seed);
    workload::record_heap(&mut case, &counted, planned.schedule.seed);
    Ok(case)
}

/// The case without results.
fn asked(planned: &ThroughputCase) -> Case {
    Case::asked(&planned.id, &planned.requested, &planned.switches)
}

/// Adds the other process to the error, and suggests a mode if it does not do its part of the work.
fn name_remote(error: Error, planned: &ThroughputCase) -> Error {
    let Transport::Remote(remote) = &planned.work.transport else { return error };
    let target = remote.target.to_string();
    match error {
        Error::Engine(source) => Error::Tls { target, source },
        Error::Io { source, .. } if source.kind() == ErrorKind::TimedOut => {
            Error::Failed(match planned.work.direction {
                Direction::Send => format!("{target} stopped receiving data: is it `tlsbench serve --mode sink`?"),
                Direction::Receive => format!("{target} stopped sending data: is it `tlsbench serve --mode source`?"),
            })
        }
        Error::Io { doing, source } => Error::io(format!("{doing} ({target})"), source),
        error => error,
    }
}
