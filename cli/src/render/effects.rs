//! What a switch is worth, in a sentence.

use crate::schema::quantity::{self, Quantity};
use crate::schema::{Kind, Side};
use crate::units::format_quantity;

/// How many effects a sentence names.
const NAMED: usize = 3;

/// What a switch changes in one measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) side: Side,
    pub(super) quantity: &'static Quantity,
    /// Whether it is of handshakes that resume a session.
    pub(super) is_resumed: bool,
    /// A share of a time, a difference of counts.
    pub(super) change: f64,
    /// Whether it is beyond the noise.
    pub(super) is_real: bool,
}

/// A sentence for each switch that has an effect, such as "zero-copy: 17 % less processor time to send, 14 % to receive.",
/// and one for those that have none.
pub(super) fn sentences(switches: &[((&str, &str), Vec<Effect>)]) -> Vec<String> {
    let mut sentences = Vec::new();
    let (mut without_effect, mut not_on_path) = (Vec::new(), Vec::new());
    for ((switch, value), effects) in switches {
        let name = if *value == "on" { (*switch).to_owned() } else { format!("{switch}={value}") };
        match effects.iter().any(|effect| effect.is_real) {
            true => sentences.push(format!("{name}: {}.", phrase(effects, "below"))),
            false if effects.is_empty() => not_on_path.push(name),
            false => without_effect.push(name),
        }
    }
    for (what, names) in
        [("No effect beyond the noise", without_effect), ("Not on the path of these workloads", not_on_path)]
    {
        if !names.is_empty() {
            sentences.push(format!("{what}: {}.", names.join(", ")));
        }
    }
    sentences
}

impl Effect {
    /// How far it comes to the front: the size of a change of times; counts follow in the order of the table.
    pub(super) fn weight(&self) -> f64 {
        if self.quantity.kind == Kind::Time { self.change.abs() } else { 0.0 }
    }
}

/// The effects beyond the noise, the largest first; of many the first few, and where the others are.
pub(super) fn phrase(effects: &[Effect], place_of_others: &str) -> String {
    let mut real: Vec<&Effect> = effects.iter().filter(|effect| effect.is_real).collect();
    real.sort_by(|one, other| other.weight().total_cmp(&one.weight()));
    let more = real.len().saturating_sub(NAMED);
    real.truncate(NAMED);
    let mut parts = Vec::new();
    let mut said = None;
    for effect in real {
        let (what, of) = noun(effect);
        let direction = direction(effect);
        let is_said = said.replace((what, direction)) == Some((what, direction));
        let noun = if is_said { String::new() } else { format!(" {direction} {what}") };
        parts.push(format!("{}{noun}{of}", amount(effect)));
    }
    let more = if more > 0 { format!("; {more} more {place_of_others}") } else { String::new() };
    format!("{}{more}", parts.join(", "))
}

/// What is measured, and of whom.
fn noun(effect: &Effect) -> (&'static str, String) {
    let side = effect.side.name();
    let handshake = if effect.is_resumed { "resumed handshake" } else { "handshake" };
    match *effect.quantity {
        quantity::CPU_NS_PER_BYTE => ("processor time", format!(" to {side}")),
        quantity::CPU_US_PER_HANDSHAKE => ("processor time", format!(" for the {side}'s {handshake}")),
        quantity::CPU_NS_PER_MESSAGE => ("processor time", format!(" for a message ({side})")),
        quantity::HEAP_CALLS_PER_HANDSHAKE => ("heap calls", format!(" for the {side}'s {handshake}")),
        quantity::HEAP_BYTES_PER_HANDSHAKE => ("heap memory", format!(" for the {side}'s {handshake}")),
        quantity::PEAK_BYTES_PER_CONNECTION => ("memory", format!(" at the peak of a {handshake}")),
        quantity::IDLE_BYTES_PER_CONNECTION => ("memory", " for an idle connection".to_owned()),
        quantity::COPIED_BYTES_PER_BYTE => ("copying", format!(" to {side}")),
        quantity::ROUND_TRIP_P50_NS => ("time", " for a round trip (median)".to_owned()),
        quantity::ROUND_TRIP_P90_NS => ("time", " for a round trip (p90)".to_owned()),
        quantity::ROUND_TRIP_P99_NS => ("time", " for a round trip (p99)".to_owned()),
        quantity::SYSCALLS_PER_MESSAGE => ("system calls", format!(" for a message ({side})")),
        other => (other.heading, format!(" ({side})")),
    }
}

fn direction(effect: &Effect) -> &'static str {
    let is_plural = effect.quantity.unit.is_empty();
    match (effect.change < 0.0, is_plural) {
        (true, true) => "fewer",
        (true, false) => "less",
        (false, _) => "more",
    }
}

fn amount(effect: &Effect) -> String {
    let size = effect.change.abs();
    match effect.quantity.kind {
        Kind::Time if size < 0.1 => format!("{:.1} %", size * 100.0),
        Kind::Time => format!("{:.0} %", size * 100.0),
        Kind::Count => format_quantity(size, effect.quantity.unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(side: Side, quantity: &'static Quantity, change: f64, is_real: bool) -> Effect {
        Effect { side, quantity, is_resumed: false, change, is_real }
    }

    #[test]
    fn a_sentence_names_what_a_switch_is_worth() {
        let sent = effect(Side::Send, &quantity::CPU_NS_PER_BYTE, -0.174, true);
        let received = effect(Side::Receive, &quantity::CPU_NS_PER_BYTE, -0.141, true);
        let slower = effect(Side::Total, &quantity::ROUND_TRIP_P50_NS, 0.032, true);
        let noise = effect(Side::Client, &quantity::CPU_US_PER_HANDSHAKE, -0.3, false);
        let calls = effect(Side::Server, &quantity::HEAP_CALLS_PER_HANDSHAKE, -8.0, true);
        let told = sentences(&[
            (("zero-copy", "on"), vec![sent, noise, received]),
            (("buffer-pool", "shared"), vec![calls, slower, sent, received]),
            (("arena", "on"), vec![calls]),
            (("inline", "on"), vec![noise]),
            (("signal", "pipe"), vec![]),
            (("signal", "eventfd"), vec![]),
        ]);
        assert_eq!(
            told,
            [
                "zero-copy: 17 % less processor time to send, 14 % to receive.",
                "buffer-pool=shared: 17 % less processor time to send, 14 % to receive, 3.2 % more time for a round trip \
                 (median); 1 more below.",
                "arena: 8 fewer heap calls for the server's handshake.",
                "No effect beyond the noise: inline.",
                "Not on the path of these workloads: signal=pipe, signal=eventfd.",
            ]
        );
    }
}
