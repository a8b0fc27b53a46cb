use super::*;
use crate::schema::{Case, Document, Host, Warning};

/// Samples that vary by a few per cent around a median, the same way for all libraries: they took turns.
fn around(median: f64) -> Vec<f64> {
    (0..30).map(|round| median * (1.0 + 0.002 * f64::from((round * 7) % 30 - 15))).collect()
}

fn case(library: &str, samples: Option<Vec<f64>>) -> Case {
    let mut case = Case::new(format!("throughput/memory/send/aes128gcm/16384/library={library}"));
    for (name, value) in [("command", "throughput"), ("transport", "memory"), ("library", library)] {
        case.requested.insert(name.into(), value.into());
    }
    case.requested.insert("size_bytes".into(), 16_384.into());
    match samples {
        Some(samples) => {
            case.record(Side::Send, &quantity::ENGINE_BYTES_PER_S, &samples, 1);
            case.record(Side::Send, &quantity::RAW_AEAD_BYTES_PER_S, &around(samples[0] * 1.5), 1);
        }
        None => {
            case.unavailable = Some(Warning { message: "it lacks the suite".into(), advice: "leave it out".into() });
        }
    }
    case
}

fn document(cases: Vec<Case>) -> Document {
    Document { cases, ..Document::begin(Host::default()) }
}

fn outcome(cases: Vec<Case>) -> (Outcome, Medals) {
    let document = document(cases);
    let works = works(&document);
    let contests = works[0].contests();
    assert_eq!(contests.len(), 1, "nothing was received");
    (contests[0].outcome.clone(), medals(&works))
}

#[test]
fn a_lead_beyond_doubt_is_first() {
    let cases = ["a", "b", "c"].into_iter().zip([9e9, 10e9, 5e9]).map(|(name, speed)| case(name, Some(around(speed))));
    let (outcome, medals) = outcome(cases.collect());
    assert_eq!(outcome, Outcome::First(vec![1]));
    assert_eq!((medals.firsts["b"], medals.level, medals.contests), (1, 0, 1));
}

#[test]
fn a_lead_within_the_noise_or_the_slack_is_none() {
    let noise = |seed: i32| (0..30).map(move |round| 10e9 * (1.0 + 0.01 * f64::from((round * seed) % 11 - 5)));
    let noisy =
        vec![case("a", Some(noise(7).collect())), case("b", Some(noise(5).collect())), case("c", Some(around(5e9)))];
    let (outcome_of_noise, medals) = outcome(noisy);
    assert!(
        matches!(&outcome_of_noise, Outcome::Level(rows) if rows.len() == 2 && !rows.contains(&2)),
        "{outcome_of_noise:?}"
    );
    assert_eq!((medals.level, medals.contests, medals.firsts.len()), (1, 1, 0));
    let (small, _) = outcome(vec![case("a", Some(around(10e9))), case("b", Some(around(10.05e9)))]);
    assert_eq!(small, Outcome::Level(vec![1, 0]), "the best median is the first");
}

#[test]
fn variants_of_one_library_do_not_compete() {
    let level = ["rustls-ring", "b", "rustls"].into_iter().zip([10e9, 5e9, 10.01e9]);
    let level: Vec<Case> = level.map(|(name, speed)| case(name, Some(around(speed)))).collect();
    let (first, medals) = outcome(level.clone());
    assert_eq!(first, Outcome::First(vec![2, 0]), "the best median is the first");
    assert_eq!((medals.firsts["rustls"], medals.level), (1, 0));
    let among_themselves =
        |other| outcome(vec![case("rustls-ring", Some(around(other))), case("b", None), level[2].clone()]).0;
    assert_eq!(among_themselves(10e9), Outcome::Level(vec![2, 0]), "with nobody else they do");
    assert_eq!(among_themselves(9e9), Outcome::First(vec![2]));
    let rival = case("b-ring", Some(around(10e9)));
    assert_eq!(outcome(vec![level[0].clone(), level[1].clone(), rival]).0, Outcome::Level(vec![0, 2]));
}

#[test]
fn a_missing_cell_is_no_rival() {
    let cases = vec![case("a", None), case("b", Some(around(10e9))), case("c", Some(around(5e9)))];
    assert_eq!(outcome(cases).0, Outcome::First(vec![1]));
    let (alone, medals) = outcome(vec![case("a", None), case("b", Some(around(10e9)))]);
    assert_eq!((alone, medals), (Outcome::NoContest, Medals::default()));
}

#[test]
fn of_what_costs_less_is_better_and_the_share_is_of_the_speed() {
    let handshake = |library: &str, time: f64| {
        let mut case = Case::new(format!("handshake/memory/aes128gcm/library={library}"));
        case.requested.insert("library".into(), library.into());
        case.record(Side::Server, &quantity::CPU_US_PER_HANDSHAKE, &around(time), 1);
        case.record(Side::Server, &quantity::RAW_CRYPTO_US_PER_HANDSHAKE, &around(time / 2.0), 1);
        case
    };
    let document = document(vec![handshake("a", 200.0), handshake("b", 100.0)]);
    let works = works(&document);
    let contests = works[0].contests();
    assert_eq!(contests[0].outcome, Outcome::First(vec![1]));
    let of_best: Vec<f64> = contests[0].places.iter().flatten().map(|place| place.of_best).collect();
    assert!((of_best[0] - 0.5).abs() < 1e-9 && (of_best[1] - 1.0).abs() < 1e-9, "{of_best:?}");
    assert!(contests[0].ceiling.is_some_and(|ceiling| (ceiling.median / 50.0 - 1.0).abs() < 0.01), "the faster one");
}

#[test]
fn memory_is_ranked_and_wins_no_medal() {
    let idle = |library: &str, bytes: f64| {
        let mut case = Case::new(format!("handshake/memory/aes128gcm/library={library}"));
        case.requested.insert("library".into(), library.into());
        case.record(Side::Server, &quantity::IDLE_BYTES_AFTER_16_KIB, &[bytes; 33], 1);
        case.record(Side::Server, &quantity::RAW_CRYPTO_US_PER_HANDSHAKE, &around(50.0), 1);
        case
    };
    let document = document(vec![idle("a", 4_000.0), idle("b", 2_500.0), idle("c", 2_500.0)]);
    let works = works(&document);
    let memory = works[0].memory();
    assert_eq!(memory.len(), 1, "nothing is known of clients");
    assert_eq!(memory[0].outcome, Outcome::Level(vec![1, 2]));
    assert!(memory[0].ceiling.is_none() && works[0].contests().is_empty());
    assert_eq!(medals(&works), Medals::default());
}

#[test]
fn a_work_is_what_differs_in_nothing_but_the_library() {
    let mut larger = case("b", Some(around(1e9)));
    larger.requested.insert("size_bytes".into(), 65_536.into());
    let mut provider = case("a", Some(around(1e9)));
    provider.requested.insert("provider".into(), "auto".into());
    let mut other = provider.clone();
    other.requested.insert("provider".into(), "rustcrypto".into());
    let document = document(vec![provider, other, case("b", Some(around(1e9))), larger]);
    let works = works(&document);
    let names: Vec<Vec<&str>> = works.iter().map(|work| work.rows.iter().map(|row| &*row.name).collect()).collect();
    assert_eq!(names, [["a", "a rustcrypto", "b"]], "a library alone is no contest");
    assert_eq!(works[0].id, "throughput/memory/send/aes128gcm/16384");
}
