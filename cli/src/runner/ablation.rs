//! Measures the effect of each switch.

use super::Job;
use crate::error::Error;
use crate::identity::Identity;
use crate::plan::Ablate;
use crate::schema::quantity;
use crate::schema::{Case, Document, Facts, Kind, Metric, Negotiated, Side, key};
use crate::workload::ablation::{
    self, AblationSchedule, Base, Buckets, Comparison, Effect, Ends, Estimate, Finding, Measure, Percentile, Row,
    Workload,
};

/// Rounds below which an interval says little.
const ROUNDS_MIN: usize = 12;

/// A job for every workload of the plan, in which its comparisons take turns.
pub(super) fn jobs(plan: &Ablate) -> Result<Vec<Box<dyn Job>>, Error> {
    let job = |workload: &Workload| {
        let label = format!("ablate/{}", workload.label());
        // The message sizes share the time of their workload.
        let alike = plan.workloads.iter().filter(|other| other.name() == workload.name()).count();
        let plan = Ablate { duration: plan.duration / u32::try_from(alike).unwrap_or(1), ..plan.clone() };
        Ok(Box::new(Planned { plan, workload: *workload, label }) as Box<dyn Job>)
    };
    plan.workloads.iter().map(job).collect()
}

struct Planned {
    plan: Ablate,
    workload: Workload,
    label: String,
}

impl Job for Planned {
    fn label(&self) -> &str {
        &self.label
    }

    fn warn(&self, document: &mut Document) {
        if !heap_meter::covers_c() {
            document.warn("heap calls of C code are not counted on this platform", "count on Linux with glibc");
        }
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let Self { plan, .. } = self;
        let workload = &bounded(self.workload, document);
        let (identity, authority) = Identity::generate()?;
        let ends = Ends { identity, authority: authority.certificate, suite: plan.suite };
        let on_path = |row: &&Row| workload.off_path(row.name).is_none();
        let mut comparisons = Vec::new();
        for row in plan.rows.iter().filter(on_path) {
            for base in Base::ALL {
                comparisons.push(Comparison::of(*row, base)?);
            }
        }
        if !comparisons.is_empty() {
            for base in Base::ALL {
                comparisons.push(Comparison::of_nothing(base)?);
            }
        }
        let schedule = AblationSchedule {
            workload: *workload,
            comparisons: &comparisons,
            duration: plan.duration,
            seed: plan.seed,
        };
        let findings = ablation::run(&ends, schedule, &mut |done| advance(done, "comparing"))?;
        let is_done = |(_, finding): &(&Comparison, &Finding)| finding.rounds > 0;
        for (comparison, finding) in comparisons.iter().zip(&findings).filter(is_done) {
            document.cases.push(compared(plan, *workload, comparison, finding)?);
        }
        for row in plan.rows.iter().filter(|row| !on_path(row)) {
            document.cases.push(off_path(plan, *workload, row)?);
        }
        warn(document, *workload, &findings);
        Ok(())
    }
}

/// Limits the number of connections to what the limit on open files allows.
fn bounded(workload: Workload, document: &mut Document) -> Workload {
    let Workload::Scale { connections } = workload else { return workload };
    let Some(open_files) = ablation::raise_open_files() else { return workload };
    let allowed = usize::try_from(ablation::connections_max(open_files)).unwrap_or(usize::MAX).max(1);
    if connections > allowed {
        let message = format!(
            "scale: {allowed} connections instead of {connections}, because only {open_files} files may be open"
        );
        document.warn(message, "raise the hard limit (`ulimit -Hn`), or use a lower --connections");
    }
    Workload::Scale { connections: connections.min(allowed) }
}

/// A comparison as a case: each measure with the switch, without it, and the change.
fn compared(plan: &Ablate, workload: Workload, comparison: &Comparison, finding: &Finding) -> Result<Case, Error> {
    let mut case = begin(plan, workload, comparison.row.as_ref(), comparison.base);
    case.switches = comparison.with.facts();
    case.negotiated = Negotiated {
        version: Some("TLSv1.3".to_owned()),
        cipher_suite: Some(plan.suite.to_string()),
        resumed_share: Some(if workload == Workload::Resumed { 1.0 } else { 0.0 }),
        early_data_share: Some(0.0),
        ..Negotiated::default()
    };
    case.achieved.insert("is_on_path".into(), true.into());
    case.achieved.insert("rounds".into(), finding.rounds.into());
    case.achieved.insert("is_on_one_processor".into(), finding.on_one_processor.into());
    case.achieved.insert("heap_calls_of_c_are_counted".into(), heap_meter::covers_c().into());
    for (measure, effect) in &finding.effects {
        record(&mut case, measure, effect);
    }
    for (rounds, end) in finding.round_trips.iter().zip(["", "_without"]) {
        if let Some(metric) = Buckets::metric(&quantity::ROUND_TRIP_NS, rounds, plan.seed)? {
            case.metrics.insert(format!("{}{end}", key(Side::Total, &quantity::ROUND_TRIP_NS)), metric);
        }
    }
    Ok(case)
}

fn record(case: &mut Case, measure: &Measure, effect: &Effect) {
    let Measure { side, quantity } = *measure;
    let name = key(side, quantity);
    let facts = [("verdict", effect.verdict.name().into()), ("smallest_effect", effect.smallest.into())];
    for (fact, value) in facts {
        case.achieved.insert(format!("{}_{fact}", name.replace('.', "_")), value);
    }
    let metric = |estimate: &Estimate| Metric::summarized(quantity, &estimate.samples, estimate.summary);
    let mut change = metric(&effect.change);
    if quantity.kind == Kind::Time {
        "ratio".clone_into(&mut change.unit);
    }
    case.metrics.insert(format!("{name}_without"), metric(&effect.without));
    case.metrics.insert(format!("{name}_effect"), change);
    case.metrics.insert(name, metric(&effect.with));
}

/// A switch that does not affect the workload.
fn off_path(plan: &Ablate, workload: Workload, row: &Row) -> Result<Case, Error> {
    let mut case = begin(plan, workload, Some(row), Base::Full);
    case.switches = Comparison::of(*row, Base::Full)?.with.facts();
    case.achieved.insert("is_on_path".into(), false.into());
    case.achieved.insert("why_not".into(), workload.off_path(row.name).unwrap_or_default().into());
    Ok(case)
}

fn begin(plan: &Ablate, workload: Workload, row: Option<&Row>, base: Base) -> Case {
    let name = row.map_or_else(|| "nothing".to_owned(), |row| format!("{}={}", row.name, row.value));
    let mut case = Case::new(format!("ablate/{}/{name}/{}", workload.label(), base.name()));
    let mut facts = Facts::new();
    facts.insert("command".into(), "ablate".into());
    facts.insert("workload".into(), workload.label().into());
    match workload {
        Workload::Small { message_bytes } => drop(facts.insert("message_bytes".into(), message_bytes.into())),
        Workload::Scale { connections } => drop(facts.insert("connections".into(), connections.into())),
        Workload::Handshakes | Workload::Resumed | Workload::Bulk => {}
    }
    facts.insert("base".into(), base.name().into());
    facts.insert("switch".into(), row.map(|row| row.name).into());
    facts.insert("value".into(), row.map(|row| row.value).into());
    facts.insert("against".into(), row.map(|row| row.plain).into());
    facts.insert("cipher_suite".into(), plan.suite.to_string().into());
    facts.insert("duration_ns".into(), u64::try_from(plan.duration.as_nanos()).unwrap_or(u64::MAX).into());
    facts.insert("seed".into(), plan.seed.into());
    case.requested = facts;
    case
}

fn warn(document: &mut Document, workload: Workload, findings: &[Finding]) {
    let Some(rounds) = findings.iter().map(|finding| finding.rounds).filter(|rounds| *rounds > 0).min() else { return };
    if rounds < ROUNDS_MIN {
        let message = format!("{}: only {rounds} rounds were timed, too few for an interval", workload.label());
        document.warn(message, "use a longer --duration, or fewer switches");
    }
    let counts = |finding: &Finding| {
        let count = |rounds: &Vec<Buckets>| rounds.iter().map(Buckets::count).sum::<u64>();
        finding.round_trips.each_ref().map(count)
    };
    let count = findings.iter().flat_map(counts).min().filter(|count| *count > 0);
    let is_lacking = |percentile: &&Percentile| count.is_some_and(|count| count < percentile.samples_min());
    if let (Some(count), Some(percentile)) = (count, workload.percentiles().iter().find(is_lacking)) {
        let heading = percentile.quantity.heading;
        let message = format!("{}: {count} round trips are too few for {heading}", workload.label());
        document.warn(message, format!("at least {} are needed: use a longer --duration", percentile.samples_min()));
    }
}
