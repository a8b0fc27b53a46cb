use super::labels::Labels;
use super::{Align, Sheet};
use crate::schema::quantity::{ALL_PHASES, Phase, Quantity};
use crate::schema::{Case, Metric};
use crate::units::format_quantity;

/// The phases of handshakes, if they were timed in any of the cases: a row for each case, a line for each phase.
pub(super) fn phase_table(cases: &[&Case], labels: &Labels) -> Option<Sheet> {
    let headings = [("case", Align::Left), ("phase", Align::Left), ("end", Align::Left)];
    let numbers = ["median", "p99", "share"].map(|heading| (heading, Align::Right));
    let mut sheet = Sheet::new(headings.into_iter().chain(numbers));
    let mut is_empty = true;
    for (case, label) in cases.iter().zip(&labels.own) {
        let times = ALL_PHASES
            .iter()
            .flat_map(|phases| *phases)
            .filter_map(|phase| Some((phase, case.metric(phase.side, phase.time)?)));
        let times: Vec<(&Phase, &Metric)> = times.collect();
        // One alone is no sequence: it is a column elsewhere.
        let [_, .., (_, all)] = &times[..] else { continue };
        let lines = |line: &dyn Fn(&Phase, &Metric) -> String| {
            times.iter().map(|(phase, metric)| line(phase, metric)).collect::<Vec<_>>().join("\n")
        };
        let figure = |phase: &Phase, quantity: &Quantity| {
            case.metric(phase.side, quantity)
                .map(|metric| format_quantity(metric.median, &metric.unit))
                .unwrap_or_default()
        };
        is_empty = false;
        sheet.row(vec![
            label.clone(),
            lines(&|phase, _| phase.time.heading.to_owned()),
            lines(&|phase, _| phase.side.name().to_owned()),
            lines(&|phase, _| figure(phase, phase.time)),
            lines(&|phase, _| figure(phase, phase.p99)),
            lines(&|_, metric| format!("{:.0} %", metric.median / all.median * 100.0)),
        ]);
    }
    (!is_empty).then_some(sheet)
}
