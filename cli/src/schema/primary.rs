//! Which metrics of a case say something of their own, and their order: the fewer are looked at, the more each can tell.

use super::quantity::{self, Quantity};
use super::{Case, Side};

/// What others are held against, whose changes are the machine's, and records, which say what throughput does.
const PASSED_OVER: [&Quantity; 5] = [
    &quantity::RAW_AEAD_BYTES_PER_S,
    &quantity::RAW_TCP_BYTES_PER_S,
    &quantity::RAW_CRYPTO_US_PER_HANDSHAKE,
    &quantity::RECORDS_PER_S,
    &quantity::WAITS_PER_MIB,
];

/// Whether the metric of this key is one that says what no other metric of the case does.
pub fn is_primary(case: &Case, key: &str) -> bool {
    let Some((side, quantity)) = parts(key) else { return false };
    let has = |side: Side| case.metric(side, quantity).is_some();
    let follows = match *quantity {
        quantity::THROUGHPUT_BYTES_PER_S => side != Side::Total && has(Side::Total),
        quantity::CPU_NS_PER_BYTE => side == Side::Total && has(Side::Send) && has(Side::Receive),
        _ => false,
    };
    !follows && !quantity::DETAILS.contains(&quantity) && !PASSED_OVER.contains(&quantity)
}

/// The place of a metric in the lists of quantities and sides.
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
