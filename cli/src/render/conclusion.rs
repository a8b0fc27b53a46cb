//! What cases come to, in sentences.

use serde_json::Value;

use super::case_table::{figure, leading, shares_of_best};
use super::groups::grouped;
use super::labels::{Labels, labels, way};
use super::round_trips;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Metric, Side};
use crate::units::{Bytes, format_quantity};

/// The conclusions of the cases of one command: a sentence for each way that data travels, since one thread for both ends and
/// two are not to be compared. None where there are no figures to draw one from.
pub(super) fn conclusions(command: &str, cases: &[&Case]) -> Vec<String> {
    if command == "instructions" {
        return instructions(cases).into_iter().collect();
    }
    let ways = grouped(cases.iter().map(|case| (way(&case.id), *case)));
    let sentence = |(_, cases): &(String, Vec<&Case>)| {
        let labels = labels(cases.iter().map(|case| case.id.as_str()));
        let sentence = match (command, &cases[..]) {
            ("throughput", [case]) if case.requested.contains_key("target") => {
                requests(case, &labels).or_else(|| throughput(case, &labels))
            }
            ("throughput", [case]) => throughput(case, &labels),
            ("handshake", [case]) if case.requested.contains_key("target") => connections(case, &labels),
            ("handshake", [case]) => handshake(case, &labels),
            ("latency", cases) => round_trips::sentence(cases, &labels),
            _ => comparison(command, cases, &labels),
        };
        sentence.map(|sentence| capitalized(&sentence))
    };
    ways.iter().filter_map(sentence).collect()
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

/// Such as "AES-128-GCM, server.example:443: 2,100 handshakes/s; half of the connections take 4 ms at most, 99 % 9 ms; each costs this
/// client 90 µs of processor time."
fn connections(case: &Case, labels: &Labels) -> Option<String> {
    let rate = case.metric(Side::Total, &quantity::HANDSHAKES_PER_S)?;
    let rate = format_quantity(rate.median, "handshakes/s");
    let target = case.requested.get("target").and_then(Value::as_str).unwrap_or("remote");
    let told = |quantity: &Quantity| format_median(case, Side::Client, quantity);
    let corrected = told(&quantity::CORRECTED_CONNECTION_P50_NS).zip(told(&quantity::CORRECTED_CONNECTION_P99_NS));
    let taken = told(&quantity::CONNECTION_P50_NS).zip(told(&quantity::CONNECTION_P99_NS));
    let times = match (corrected, taken) {
        (Some((half, most)), _) => format!("; half of them within {half} of when they were due, 99 % within {most}"),
        (None, Some((half, most))) => format!("; half of them within {half}, 99 % within {most}"),
        _ => String::new(),
    };
    let cpu = told(&quantity::CPU_US_PER_HANDSHAKE)?;
    let name = labels.own.first()?;
    Some(format!("{name}, {target}: {rate}{times}; each costs this client {cpu} of processor time."))
}

/// Such as "AES-128-GCM http-get, server.example:443: 31,000 requests/s, 25 MB/s; half of the responses within 300 µs, 99 % within 900 µs;
/// a request costs this client 9 µs of processor time."
fn requests(case: &Case, labels: &Labels) -> Option<String> {
    let rate = case.metric(Side::Total, &quantity::REQUESTS_PER_S)?;
    let rate = format_quantity(rate.median, "requests/s");
    let speed = format_median(case, Side::Total, &quantity::THROUGHPUT_BYTES_PER_S)?;
    let target = case.requested.get("target").and_then(Value::as_str).unwrap_or("remote");
    let told = |quantity: &Quantity| format_median(case, Side::Client, quantity);
    let taken = told(&quantity::RESPONSE_P50_NS).zip(told(&quantity::RESPONSE_P99_NS));
    let times = taken
        .map(|(half, most)| format!("; half of the responses within {half}, 99 % within {most}"))
        .unwrap_or_default();
    let cpu = told(&quantity::CPU_US_PER_REQUEST)?;
    let name = labels.own.first()?;
    let resident = told(&quantity::RESIDENT_BYTES_PER_CONNECTION);
    let memory = resident.map(|bytes| format!(", a connection {bytes} of resident memory")).unwrap_or_default();
    let cost = format!("a request costs this client {cpu} of processor time{memory}");
    Some(format!("{name}, {target}: {rate}, {speed}{times}; {cost}."))
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

/// Such as "16 KiB: AES-128-GCM is fastest, 3.6 GB/s; ChaCha20-Poly1305 slowest, 1.7 GB/s (48 % of it)." Of several sizes the
/// largest are compared, so that it is not the size that is told apart.
fn comparison(command: &str, cases: &[&Case], labels: &Labels) -> Option<String> {
    let (sides, quantity) = leading(command)?;
    let size = |case: &Case| case.requested.get("size_bytes").and_then(Value::as_u64);
    let largest = cases.iter().filter_map(|case| size(case)).max();
    let of_largest = cases.iter().filter(|case| size(case) == largest).count();
    let is_compared = |case: &Case| of_largest < 2 || size(case) == largest;
    let shares = shares_of_best(command, cases).into_iter().enumerate();
    let mut ranked: Vec<(usize, f64)> = shares
        .filter(|(place, _)| is_compared(cases[*place]))
        .filter_map(|(place, share)| Some((place, share?)))
        .collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    let ([(best, first), .., (worst, last)], true) = (&ranked[..], cases.len() > 1) else { return None };
    let metric = |place: usize| figure(cases[place], sides, quantity);
    let value = |place: usize| metric(place).map(|metric| format_quantity(metric.median, &metric.unit));
    let (fastest, slowest) = (value(*best)?, value(*worst)?);
    let sizes = if of_largest < 2 || of_largest == cases.len() { None } else { largest };
    let at_size = sizes.map(|bytes| format!("at {}", Bytes(bytes)));
    let context: Vec<String> =
        Some(labels.common.clone()).filter(|text| !text.is_empty()).into_iter().chain(at_size).collect();
    let context = if context.is_empty() { String::new() } else { format!("{}: ", context.join(", ")) };
    let (best_name, worst_name) = (&labels.own[*best], &labels.own[*worst]);
    if overlap(metric(*best)?, metric(*worst)?) {
        return Some(format!("{context}no difference beyond the noise, {slowest} to {fastest}."));
    }
    Some(match command {
        "handshake" => {
            let side = if cases[*best].requested.contains_key("target") { "client" } else { "server" };
            format!(
                "{context}{best_name} costs the {side} least for a handshake, {fastest}; {worst_name} most, {slowest}."
            )
        }
        _ => format!(
            "{context}{best_name} is fastest, {fastest}; {worst_name} slowest, {slowest} ({:.0} % of it).",
            last / first * 100.0
        ),
    })
}

/// Whether the intervals of two medians have anything in common.
fn overlap(one: &Metric, other: &Metric) -> bool {
    one.ci95[0] <= other.ci95[1] && other.ci95[0] <= one.ci95[1]
}

fn name(labels: &Labels, place: usize) -> String {
    let own = labels.own.get(place).map_or("", String::as_str);
    [own, labels.common.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// With a capital at the start, as a sentence begins.
pub(super) fn capitalized(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, size: u64, samples: &[f64]) -> Case {
        let mut case = Case::new(id);
        case.requested.insert("size_bytes".into(), size.into());
        case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, samples, 1);
        case
    }

    fn said(cases: &[Case]) -> Vec<String> {
        conclusions("throughput", &cases.iter().collect::<Vec<_>>())
    }

    #[test]
    fn only_what_travels_the_same_way_is_compared() {
        let told = said(&[
            case("throughput/memory/send/aes128gcm/64", 64, &[1e9, 1e9]),
            case("throughput/memory/send/aes128gcm/16384", 16_384, &[4e9, 4e9]),
            case("throughput/memory/send/aes256gcm/16384", 16_384, &[3e9, 3e9]),
            case("throughput/loopback-2/send/aes128gcm/16384", 16_384, &[9e9, 9e9]),
        ]);
        let in_memory = "In memory, send, at 16 KiB: AES-128-GCM 16 KiB is fastest, 4.00 GB/s; AES-256-GCM 16 KiB slowest, \
                         3.00 GB/s (75 % of it).";
        assert_eq!(told, [in_memory, "AES-128-GCM 16 KiB, loopback, send: 9.00 GB/s."]);
    }

    #[test]
    fn nothing_is_called_fastest_within_the_noise() {
        let told = said(&[
            case("throughput/memory/send/aes128gcm/16384", 16_384, &[3e9, 4e9, 5e9]),
            case("throughput/memory/send/aes256gcm/16384", 16_384, &[3.5e9, 4.1e9, 5e9]),
        ]);
        assert_eq!(told, ["In memory, send, 16 KiB: no difference beyond the noise, 4.00 GB/s to 4.10 GB/s."]);
    }
}
