//! What a handshake costs each side.

use super::{Finding, listed};
use crate::render::report::scale::quantity;
use crate::schema::quantity::{CPU_US_PER_HANDSHAKE, EFFICIENCY};
use crate::schema::{Case, Side};
use crate::units::counted;

pub(super) fn findings(cases: &[&Case]) -> Vec<Finding> {
    finding(cases).into_iter().collect()
}

/// Of the cheapest one, where there are several.
fn finding(cases: &[&Case]) -> Option<Finding> {
    let sides = [Side::Client, Side::Server];
    let cost = |case: &&&Case| -> f64 {
        sides.iter().filter_map(|side| Some(case.metric(*side, &CPU_US_PER_HANDSHAKE)?.median)).sum()
    };
    let measured = cases.iter().filter(|case| cost(case) > 0.0);
    let cheapest = measured.min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
    let of_side = |side: &Side| {
        let cost = cheapest.metric(*side, &CPU_US_PER_HANDSHAKE)?;
        Some(format!("the {} {}", side.name(), quantity(cost.median, &cost.unit)))
    };
    let costs: Vec<String> = sides.iter().filter_map(of_side).collect();
    let name = cheapest.id.split('/').skip(1).collect::<Vec<_>>().join(", ");
    let others = match cases.len() {
        1 => String::new(),
        count => format!(", the cheapest of {}", counted(count, "case", "cases")),
    };
    let words =
        format!("a full handshake costs {} of processor time ({name}{others}).{}", listed(&costs), share(cheapest));
    Some(Finding { subject: "Handshakes".to_owned(), words, anchor: "handshake".to_owned() })
}

/// How much of it is cryptography.
fn share(case: &Case) -> String {
    let of_side = |side: Side| {
        let share = case.metric(side, &EFFICIENCY)?;
        Some(format!("{} of the {}'s", quantity(share.median, &share.unit), side.name()))
    };
    let shares: Vec<String> = [Side::Client, Side::Server].into_iter().filter_map(of_side).collect();
    if shares.is_empty() { String::new() } else { format!(" Bare cryptography is {}.", listed(&shares)) }
}
