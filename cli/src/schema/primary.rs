//! Which metrics of a case are primary, and their order. The fewer metrics are tested, the smaller the changes that
//! each can show.

use super::quantity::{self, Quantity, Role};
use super::{Case, Side};

/// Whether the metric with this key shows something that no other metric of the case shows.
pub fn is_primary(case: &Case, key: &str) -> bool {
    let Some((side, quantity)) = parts(key) else { return false };
    let has = |side: Side| case.metric(side, quantity).is_some();
    match quantity.role {
        Role::Primary => true,
        Role::OfTheWhole => side == Side::Total || !has(Side::Total),
        Role::OfEachEnd => side != Side::Total || !(has(Side::Send) && has(Side::Receive)),
        Role::Reference | Role::Detail => false,
    }
}

/// The position of a metric in the lists of quantities and sides.
pub fn rank(key: &str) -> (usize, usize) {
    let Some((side, quantity)) = parts(key) else { return (usize::MAX, usize::MAX) };
    let place_of = |found: Option<usize>| found.unwrap_or(usize::MAX);
    (
        place_of(quantity::ALL.iter().position(|known| *known == quantity)),
        place_of(Side::ALL.iter().position(|known| *known == side)),
    )
}

fn parts(key: &str) -> Option<(Side, &'static Quantity)> {
    let (side, name) = key.split_once('.')?;
    Some((Side::ALL.into_iter().find(|known| known.name() == side)?, quantity::find(name)?))
}
