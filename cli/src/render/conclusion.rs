//! What cases come to, in a sentence.

use serde_json::Value;

use super::case_table::{figure, leading, share_of_best};
use super::labels::Labels;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Side};
use crate::units::format_quantity;

/// The conclusion of the cases of one command; `None` where there are no figures to draw one from.
pub(super) fn conclusion(command: &str, cases: &[&Case], labels: &Labels) -> Option<String> {
    match (command, cases) {
        ("throughput", [case]) => throughput(case, labels),
        ("handshake", [case]) => handshake(case, labels),
        ("instructions", _) => instructions(cases),
        _ => comparison(command, cases, labels),
    }
}

/// Such as "AES-128-GCM 16 KiB, loopback, send: 3.6 GB/s; sealing at 96 % of the raw cipher, opening at 97 %."
fn throughput(case: &Case, labels: &Labels) -> Option<String> {
    let (sides, quantity) = leading("throughput")?;
    let speed = figure(case, sides, quantity)?;
    let share = |side: Side, doing: &str| Some(format!("{doing} at {}", percent(case, side)?));
    let shares: Vec<String> =
        [share(Side::Send, "sealing"), share(Side::Receive, "opening")].into_iter().flatten().collect();
    let of_raw = if shares.is_empty() { String::new() } else { format!("; {} of the raw cipher", shares.join(", ")) };
    Some(format!("{}: {}{of_raw}.", name(labels, 0), format_quantity(speed.median, &speed.unit)))
}

/// Such as "AES-128-GCM, in memory: a handshake takes the server 62 µs of processor time, the client 130 µs; ..."
fn handshake(case: &Case, labels: &Labels) -> Option<String> {
    let time = |side| format_median(case, side, &quantity::CPU_US_PER_HANDSHAKE);
    let times = format!("the server {} of processor time, the client {}", time(Side::Server)?, time(Side::Client)?);
    let shares = percent(case, Side::Server).zip(percent(case, Side::Client));
    let bare = shares.map(|(server, client)| format!("; bare cryptography is {server} and {client} of them"));
    Some(format!("{}: a handshake takes {times}{}.", name(labels, 0), bare.unwrap_or_default()))
}

/// Instructions per record and per handshake, of the first case of each kind.
fn instructions(cases: &[&Case]) -> Option<String> {
    let found = |side, quantity| cases.iter().find_map(|case| case.metric(side, quantity));
    let record = |side, doing: &str| {
        let metric = found(side, &quantity::INSTRUCTIONS_PER_RECORD)?;
        Some(format!("{doing} a record {:.0}", metric.median))
    };
    let handshake = |side: Side| {
        let metric = found(side, &quantity::INSTRUCTIONS_PER_HANDSHAKE)?;
        Some(format!("a {}'s handshake {:.0}", side.name(), metric.median))
    };
    let parts = [
        record(Side::Send, "sealing"),
        record(Side::Receive, "opening"),
        handshake(Side::Client),
        handshake(Side::Server),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Instructions without cryptography: {}.", parts.join(", ")))
}

/// Such as "AES-128-GCM 16 KiB is fastest, 3.6 GB/s; ChaCha20-Poly1305 16 KiB slowest, 1.7 GB/s (48 % of it)." Of several
/// sizes the largest are compared, so that it is not the size that is told apart.
fn comparison(command: &str, cases: &[&Case], labels: &Labels) -> Option<String> {
    let (sides, quantity) = leading(command)?;
    let size = |case: &Case| case.requested.get("size_bytes").and_then(Value::as_u64);
    let largest = cases.iter().filter_map(|case| size(case)).max();
    let is_only_one = cases.iter().filter(|case| size(case) == largest).count() < 2;
    let mut ranked: Vec<(usize, f64)> = cases
        .iter()
        .enumerate()
        .filter(|(_, case)| is_only_one || size(case) == largest)
        .filter_map(|(place, case)| Some((place, share_of_best(command, cases, case)?)))
        .collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    let ([(best, _), .., (worst, share)], true) = (&ranked[..], cases.len() > 1) else { return None };
    let value =
        |place: usize| figure(cases[place], sides, quantity).map(|metric| format_quantity(metric.median, &metric.unit));
    let (first, last) = (&labels.own[*best], &labels.own[*worst]);
    let (fastest, slowest) = (value(*best)?, value(*worst)?);
    let common = if labels.common.is_empty() { String::new() } else { format!("{}: ", capitalized(&labels.common)) };
    Some(match command {
        "handshake" => format!("{common}{first} costs the server least, {fastest}; {last} most, {slowest}."),
        _ => {
            format!("{common}{first} is fastest, {fastest}; {last} slowest, {slowest} ({:.0} % of it).", share * 100.0)
        }
    })
}

fn name(labels: &Labels, place: usize) -> String {
    let own = labels.own.get(place).map_or("", String::as_str);
    [own, labels.common.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// With a capital at the start, as a sentence begins.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn percent(case: &Case, side: Side) -> Option<String> {
    Some(format!("{:.0} %", case.metric(side, &quantity::EFFICIENCY)?.median * 100.0))
}

fn format_median(case: &Case, side: Side, quantity: &Quantity) -> Option<String> {
    let metric = case.metric(side, quantity)?;
    Some(format_quantity(metric.median, &metric.unit))
}
