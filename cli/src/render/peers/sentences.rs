//! What works come to, in sentences.

use crate::ranking::{Contest, Medals, Outcome, Work};
use crate::render::conclusion::capitalized;
use crate::render::labels::labels;
use crate::render::round_trips::precise;
use crate::schema::{Side, quantity};
use crate::units::counted;

/// Such as "AES-128-GCM 16 KiB, in memory: sending, tls-engine is first, 1.37 times as fast as rustls; receiving, no difference is
/// shown between tls-engine and rustls."
pub(in crate::render) fn conclusion(work: &Work<'_>, contests: &[Contest<'_>]) -> String {
    let said: Vec<String> = contests.iter().filter_map(|contest| sentence(work, contest)).collect();
    let said: Vec<String> = said.into_iter().chain(added(work)).collect();
    let said = if said.is_empty() { "nothing to compare".to_owned() } else { said.join("; ") };
    capitalized(&format!("{}: {said}.", title(work, contests)))
}

/// The work as a person would say it.
fn title(work: &Work<'_>, contests: &[Contest<'_>]) -> String {
    let labels = labels([work.id.as_str()]);
    let kind = match contests.first() {
        Some(contest) if is_memory(contest) => "idle connections after 16 KiB each way, ",
        _ if work.id.starts_with("handshake/") => "handshakes, ",
        _ if work.id.starts_with("latency/") => "round trips, ",
        _ => "",
    };
    // Both sides of the data are in the table, whichever end is on which.
    let way = labels.common.replace(", send", "");
    format!("{kind}{}, {way}", labels.own.concat())
}

fn sentence(work: &Work<'_>, contest: &Contest<'_>) -> Option<String> {
    let name = |row: usize| work.rows[row].name.as_str();
    let doing = match contest.side {
        Side::Send => "sending, ",
        Side::Receive => "receiving, ",
        Side::Client => "as a client, ",
        Side::Server => "as a server, ",
        Side::Total => "",
    };
    Some(match &contest.outcome {
        Outcome::NoContest => return None,
        Outcome::Level(rows) => {
            let names: Vec<&str> = rows.iter().map(|row| name(*row)).collect();
            format!("{doing}no difference is shown between {}", enumerated(&names))
        }
        Outcome::First(rows) => {
            let names: Vec<&str> = rows.iter().map(|row| name(*row)).collect();
            let first = match &names[..] {
                [one] => format!("{one} is first"),
                several => format!("{} are first", enumerated(several)),
            };
            let others = contest.places.iter().enumerate().filter(|(row, _)| !rows.contains(row));
            let others = others.filter_map(|(row, place)| Some((row, place.as_ref()?.of_best)));
            // Its own variants are no second, unless there are no others.
            let family = &work.rows[*rows.first()?].family;
            let by_speed = |one: &(usize, f64), other: &(usize, f64)| one.1.total_cmp(&other.1);
            let strangers = others.clone().filter(|(row, _)| work.rows[*row].family != *family);
            let (second, of_best) = strangers.max_by(by_speed).or_else(|| others.max_by(by_speed))?;
            let (second, times) = (name(second), 1.0 / of_best);
            match is_memory(contest) {
                true => format!("{doing}{first}, {second} holds {times:.2} times as much"),
                false => format!("{doing}{first}, {times:.2} times as fast as {second}"),
            }
        }
    })
}

/// Such as "TLS adds 826 ns ±3.00 ns with tls-engine, 1.50 µs ±4.00 ns with rustls". Nothing where there was no plain TCP.
fn added(work: &Work<'_>) -> Option<String> {
    let named = work.rows.iter().filter_map(|row| {
        let added = row.case.metric(Side::Total, &quantity::ADDED_ROUND_TRIP_NS)?;
        Some(format!("{} with {}", precise(added), row.name))
    });
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| format!("TLS adds {} to a round trip over plain TCP", named.join(", ")))
}

fn is_memory(contest: &Contest<'_>) -> bool {
    *contest.quantity == quantity::IDLE_BYTES_AFTER_16_KIB
}

/// Such as "Firsts: tls-engine 7, rustls 1; no difference is shown in 2 of 10."
pub(in crate::render) fn medal_line(medals: &Medals) -> Option<String> {
    if medals.contests == 0 {
        return None;
    }
    let mut firsts: Vec<(&str, usize)> = medals.firsts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    firsts.sort_by_key(|(_, count)| usize::MAX - count);
    let firsts: Vec<String> = firsts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let firsts = if firsts.is_empty() { "nobody".to_owned() } else { firsts.join(", ") };
    let contests = counted(medals.contests, "figure", "figures");
    Some(format!("First: {firsts}; no difference is shown in {} of {contests}.", medals.level))
}

/// Such as "a, b and c".
fn enumerated(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
