//! Moves data and measures each side.

mod achieved;
mod warnings;

use std::io::ErrorKind;

use super::{Job, library_facts, negotiated};
use crate::error::Error;
use crate::plan::{Throughput, ThroughputCase};
use crate::schema::{Case, Document, Side};
use crate::units::format_quantity;
use crate::workload::{self, Advance, Direction, Lane, Rounds, Transport};

/// Both sides of a data transfer.
const SIDES: [Side; 2] = [Side::Send, Side::Receive];

/// A job for every case of the plan.
pub(super) fn jobs(plan: &Throughput) -> impl Iterator<Item = Box<dyn Job>> {
    plan.cases.iter().map(|case| Box::new(case.clone()) as Box<dyn Job>)
}

impl Job for ThroughputCase {
    fn label(&self) -> &str {
        &self.id
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn warn(&self, document: &mut Document) {
        warnings::before(document, self);
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let on_advance = &mut |now: Advance| {
            let rate = format_quantity(now.bytes_per_s, "B/s");
            let text = if now.is_warming_up { format!("{rate}, warming up") } else { rate };
            advance(now.done, &text);
        };
        let (case, rounds) = measure(self, on_advance)?;
        let is_empty = rounds.lanes.iter().all(|(_, samples)| samples.is_empty());
        if !is_empty {
            warnings::after(document, self, &case, &rounds);
            document.cases.push(case);
        }
        Ok(())
    }
}

fn measure(planned: &ThroughputCase, on_advance: &mut dyn FnMut(Advance)) -> Result<(Case, Rounds), Error> {
    let named = |error| name_remote(error, planned);
    let mut workers = planned.work.start().map_err(named)?;
    let agreed = workers.prepare().map_err(named)?;
    let rounds = workload::run(&mut workers, &planned.schedule, on_advance).map_err(named)?;
    // Separately from what is timed, because counting takes time.
    let is_wanted = !rounds.interrupted;
    let counted =
        if is_wanted { workers.run(Lane::Counted, |_| planned.work.counted_writes()) } else { Ok(Vec::new()) };
    let counted = counted.map_err(named)?;
    let finished = workers.finish().map_err(named);
    if is_wanted {
        finished?;
    } // After an interruption, closing is only polite.
    let mut case = Case::new(planned.id.clone());
    case.requested = planned.requested.clone();
    case.switches = planned.switches.clone();
    if let Some(agreed) = agreed.first() {
        case.negotiated = negotiated(agreed);
    }
    case.achieved = achieved::achieved(planned, &rounds);
    workload::record(&mut case, &rounds, planned.schedule.seed);
    workload::record_heap(&mut case, &counted, planned.schedule.seed);
    Ok((case, rounds))
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
