//! `tlsbench throughput`: moves data and measures each side.

mod cases;
mod warnings;

use std::io::ErrorKind;

use crate::error::Error;
use crate::host;
use crate::interrupt;
use crate::plan::Throughput;
use crate::render::{Messages, Progress};
use crate::schema::{Case, Document, Negotiated, Side};
use crate::units::format_quantity;
use crate::workload::{self, Advance, Direction, Rounds, Transport};
use cases::Planned;

/// Measures every case of the plan, and writes the results: to files after each case, at the end to where they go.
///
/// Where a case fails, or Ctrl-C ends the run, what was measured before is written all the same, marked as partial.
pub fn run(plan: &Throughput, messages: Messages) -> Result<(), Error> {
    let mut document = Document::begin(host::describe());
    warnings::before(&mut document, plan);
    let cases = cases::of(plan)?;
    let progress = Progress::new(cases.len(), messages);
    let outcome = measure(plan, &cases, &mut document, &progress);
    progress.end();
    document.finish(host::load(), outcome.is_err());
    for warning in &document.warnings {
        messages.warning(warning);
    }
    if outcome.is_ok() || !document.cases.is_empty() {
        plan.output.finish(&document)?;
    }
    outcome
}

fn measure(plan: &Throughput, cases: &[Planned], document: &mut Document, progress: &Progress) -> Result<(), Error> {
    for planned in cases {
        progress.begin(&planned.id);
        let on_advance = &mut |advance: Advance| {
            let rate = format_quantity(advance.bytes_per_s, "B/s");
            let text = if advance.is_warming_up { format!("{rate}, warming up") } else { rate };
            progress.advance(advance.done, &text);
        };
        let (case, rounds) = measure_one(planned, on_advance)?;
        let is_empty = rounds.lanes.iter().all(|(_, samples)| samples.is_empty());
        if !is_empty {
            warnings::after(document, planned, &case, &rounds);
            document.cases.push(case);
            plan.output.save(document)?;
        }
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
    }
    Ok(())
}

fn measure_one(planned: &Planned, on_advance: &mut dyn FnMut(Advance)) -> Result<(Case, Rounds), Error> {
    let named = |error| name_remote(error, planned);
    let mut team = planned.work.start().map_err(named)?;
    let agreed = team.prepare().map_err(named)?;
    let rounds = workload::run(&mut team, &planned.schedule, on_advance).map_err(named)?;
    team.finish().map_err(named)?;
    let mut case = Case::new(planned.id.clone());
    case.requested = planned.requested.clone();
    case.switches = planned.switches.clone();
    if let Some(agreed) = agreed.first() {
        case.negotiated = Negotiated {
            version: Some(agreed.version.to_string()),
            cipher_suite: Some(agreed.suite.to_string()),
            group: Some(agreed.group.to_string()),
            signature: Some(agreed.signature.to_string()),
            alpn: agreed.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed_share: Some(0.0),
            early_data_share: Some(0.0),
        };
    }
    case.achieved = cases::achieved(planned, &rounds);
    workload::record(&mut case, &rounds, planned.schedule.seed);
    Ok((case, rounds))
}

/// With another process it matters which one it was, and whether it does the other half of the work.
fn name_remote(error: Error, planned: &Planned) -> Error {
    let Transport::Remote(remote) = &planned.work.transport else { return error };
    let target = remote.target.to_string();
    match error {
        Error::Engine(source) => Error::Tls { target, source },
        Error::Io { source, .. } if source.kind() == ErrorKind::TimedOut => {
            Error::Failed(match planned.work.direction {
                Direction::Send => format!("{target} takes nothing any more: is it `tlsbench serve --mode sink`?"),
                Direction::Receive => format!("{target} sends nothing any more: is it `tlsbench serve --mode source`?"),
            })
        }
        error => error,
    }
}

/// Both sides of moving data.
const SIDES: [Side; 2] = [Side::Send, Side::Receive];
