//! What several connections to one server have in common, and what not.

use crate::schema::connection::{Connection, Difference, NegotiatedParameters, Spread, Times};
use crate::stats;

type Phase = fn(&Times) -> Option<u64>;
type Fact = fn(&Connection) -> Option<String>;

/// The phases of every connection.
const PHASES: [(&str, Phase); 3] =
    [("dns", |times| times.dns_ns), ("tcp", |times| times.tcp_ns), ("tls", |times| times.tls_ns)];

/// What is compared.
const FACTS: [(&str, Fact); 7] = [
    ("address", |connection| connection.address.clone()),
    ("version", |connection| negotiated(connection, |all| Some(all.version.clone()))),
    ("cipher", |connection| negotiated(connection, |all| Some(all.cipher_suite.clone()))),
    ("group", |connection| negotiated(connection, |all| all.group.clone())),
    ("ALPN", |connection| negotiated(connection, |all| Some(all.alpn.clone().unwrap_or_else(|| "none".to_owned())))),
    ("resumed", |connection| negotiated(connection, |all| Some(if all.resumed { "yes" } else { "no" }.to_owned()))),
    ("certificate (SHA-256)", |connection| {
        connection.chain.as_ref()?.certificates.first().map(|leaf| leaf.sha256.clone())
    }),
];

fn negotiated(connection: &Connection, fact: impl Fn(&NegotiatedParameters) -> Option<String>) -> Option<String> {
    connection.negotiated.as_ref().and_then(fact)
}

/// The times of several connections, by phase.
pub(super) fn spread(connections: &[Connection]) -> Vec<Spread> {
    if connections.len() < 2 {
        return Vec::new();
    }
    let of_phase = |(phase, time): &(&str, Phase)| {
        let times: Vec<u64> = connections.iter().filter_map(|connection| time(&connection.times)).collect();
        let samples: Vec<f64> = times.iter().map(|time| *time as f64).collect();
        Some(Spread {
            phase: (*phase).to_owned(),
            connections: times.len(),
            min_ns: *times.iter().min()?,
            median_ns: stats::median(&samples)? as u64,
            max_ns: *times.iter().max()?,
        })
    };
    PHASES.iter().filter_map(of_phase).collect()
}

/// In what they differ, where that is known of several of them.
pub(super) fn differences(connections: &[Connection]) -> Vec<Difference> {
    let of_fact = |(what, fact): &(&str, Fact)| {
        let mut values = Vec::new();
        for value in connections.iter().filter_map(fact) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        (values.len() > 1).then(|| Difference { what: (*what).to_owned(), values })
    };
    FACTS.iter().filter_map(of_fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(address: &str, tls_ns: u64) -> Connection {
        Connection {
            address: Some(address.to_owned()),
            times: Times { tls_ns: Some(tls_ns), ..Times::default() },
            ..Connection::default()
        }
    }

    #[test]
    fn several_connections_have_a_shortest_a_median_and_a_longest_time() {
        let three = [connection("a", 30), connection("a", 10), connection("a", 20)];
        let expected = Spread { phase: "tls".into(), connections: 3, min_ns: 10, median_ns: 20, max_ns: 30 };
        assert_eq!(spread(&three), [expected]);
        assert_eq!(spread(&three[..1]), []);
    }

    #[test]
    fn what_differs_is_told_with_each_value_once() {
        let three = [connection("a", 1), connection("b", 2), connection("a", 3)];
        let expected = Difference { what: "address".into(), values: vec!["a".into(), "b".into()] };
        assert_eq!(differences(&three), [expected]);
        assert_eq!(differences(&three[..1]), []);
    }
}
