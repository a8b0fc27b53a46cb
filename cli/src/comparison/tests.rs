use super::*;
use crate::schema::{Host, Negotiated, Side, Warning};

const TIMES: [f64; 12] = [100.0, 101.0, 99.0, 100.5, 99.5, 102.0, 98.0, 100.2, 99.8, 100.1, 100.3, 99.7];

fn document(factor: f64, calls: f64) -> Document {
    let host = Host { cpu_model: Some("Example 9000".into()), cpu_flags: vec!["aes".into()], ..Host::default() };
    let mut document = Document::begin(host);
    document.cases.push(case("one", factor, calls));
    document.cases.push(case("two", 1.0, 0.0));
    document
}

fn case(id: &str, factor: f64, calls: f64) -> schema::Case {
    let mut case = schema::Case::new(id);
    case.requested.insert("size_bytes".into(), 64.into());
    case.negotiated = Negotiated { group: Some("x25519".into()), ..Negotiated::default() };
    case.switches.insert("zero_copy".into(), true.into());
    case.achieved.insert("rustc".into(), "1.95".into());
    let times: Vec<f64> = TIMES.iter().map(|time| time * factor).collect();
    case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &times, 1);
    case.record(Side::Send, &quantity::EFFICIENCY, &times.iter().map(|time| time / 200.0).collect::<Vec<_>>(), 1);
    case.record(Side::Send, &quantity::HEAP_CALLS_PER_RECORD, &[calls, calls], 1);
    case.record(Side::Send, &quantity::INSTRUCTIONS_PER_RECORD, &[500.0, 500.0], 1);
    case
}

fn rules() -> Rules<'static> {
    Rules { confidence: 0.95, noise_threshold: 0.02, allow_foreign: false, interleaved: false, limits: None, seed: 1 }
}

fn compared(before: &Document, after: &Document, rules: &Rules<'_>) -> Comparison {
    compare(Named { name: "before", document: before }, Named { name: "after", document: after }, rules)
        .expect("comparable")
}

/// The verdict on a metric, and the reason.
fn verdict<'a>(comparison: &'a Comparison, case: &str, metric: &str) -> (Verdict, &'a str) {
    let case = comparison.cases.iter().find(|known| known.id == case).expect("the case");
    let metric = case.metrics.iter().find(|known| known.name == metric).expect("the metric");
    (metric.verdict, metric.why.as_deref().unwrap_or_default())
}

#[test]
fn each_direction_is_told_apart() {
    let slower = compared(&document(1.0, 0.0), &document(1.1, 1.0), &rules());
    assert_eq!(verdict(&slower, "one", "send.cpu_ns_per_byte").0, Verdict::Worse);
    assert_eq!(verdict(&slower, "one", "send.efficiency").0, Verdict::Better, "of it, more is better");
    assert_eq!(verdict(&slower, "one", "send.heap_calls_per_record").0, Verdict::Worse);
    assert_eq!(verdict(&slower, "two", "send.cpu_ns_per_byte").0, Verdict::InsideTheNoise);
    assert_eq!((slower.outcome, slower.counts.worse, slower.counts.better), (Outcome::Regression, 2, 1));
    let faster = compared(&document(1.1, 1.0), &document(1.0, 0.0), &rules());
    assert_eq!(verdict(&faster, "one", "send.cpu_ns_per_byte").0, Verdict::Better);
    assert_eq!(verdict(&faster, "one", "send.heap_calls_per_record").0, Verdict::Better);
    let equal = compared(&document(1.0, 0.0), &document(1.0, 0.0), &rules());
    assert_eq!((equal.outcome, equal.counts.inside_the_noise), (Outcome::Passed, 8));
}

#[test]
fn a_difference_is_told_with_its_interval_and_what_could_have_been_shown() {
    let comparison = compared(&document(1.0, 0.0), &document(1.1, 1.0), &rules());
    let metrics = &comparison.cases[0].metrics;
    let time = metrics.iter().find(|metric| metric.name == "send.cpu_ns_per_byte").expect("a time");
    let difference = time.difference.expect("a difference");
    assert!(difference.is_share && (difference.change - 0.1).abs() < 1e-9);
    assert!(
        difference.ci95[0] > 0.08 && difference.ci95[1] < 0.12 && difference.smallest.is_some_and(|share| share < 0.03),
        "{difference:?}"
    );
    let calls = metrics.iter().find(|metric| metric.name == "send.heap_calls_per_record").expect("a count");
    let difference = calls.difference.expect("a difference");
    assert_eq!((difference.is_share, difference.change, difference.p_value), (false, 1.0, None));
}

#[test]
fn a_gate_compares_what_has_a_threshold_and_what_does_not_bind_is_only_told() {
    let find = |_: &str, metric: &str, before: f64| match metric {
        "send.cpu_ns_per_byte" => Some(AllowedChange { allowed: 0.05 * before, is_binding: false }),
        "send.heap_calls_per_record" => Some(AllowedChange { allowed: 2.0, is_binding: true }),
        _ => None,
    };
    let rules = Rules { limits: Some(AllowedChanges { profile: "p".into(), find: &find }), ..rules() };
    let told = compared(&document(1.0, 0.0), &document(1.1, 2.0), &rules);
    assert_eq!(told.cases[0].metrics.len(), 2);
    assert_eq!((told.outcome, told.counts.worse, told.counts.regressions), (Outcome::Passed, 1, 0));
    let worse = compared(&document(1.0, 0.0), &document(1.0, 3.0), &rules);
    assert_eq!((worse.outcome, worse.counts.regressions), (Outcome::Regression, 1));
}

#[test]
fn a_metric_or_case_that_is_gone_fails_a_gate_and_is_named_by_a_comparison() {
    let find = |_: &str, _: &str, _: f64| Some(AllowedChange { allowed: 1e9, is_binding: true });
    let gate = || Rules { limits: Some(AllowedChanges { profile: "p".into(), find: &find }), ..rules() };
    let mut less = document(1.0, 0.0);
    less.cases[0].metrics.remove("send.heap_calls_per_record");
    let mut fewer = document(1.0, 0.0);
    fewer.cases.pop();
    for (before, after, case, said) in [
        (document(1.0, 0.0), less.clone(), "one", "the candidate does not have it"),
        (less, document(1.0, 0.0), "one", "the baseline does not have it"),
        (document(1.0, 0.0), fewer.clone(), "two", "the candidate has no such case"),
        (fewer, document(1.0, 0.0), "two", "the baseline has no such case"),
    ] {
        let gated = compared(&before, &after, &gate());
        assert_eq!(verdict(&gated, case, "send.heap_calls_per_record"), (Verdict::NotComparable, said));
        assert_eq!(gated.outcome, Outcome::NotComparable);
        assert_eq!(compared(&before, &after, &rules()).outcome, Outcome::Passed, "the others can be compared");
    }
    let strangers = Document { cases: vec![case("three", 1.0, 0.0)], ..document(1.0, 0.0) };
    assert_eq!(compared(&document(1.0, 0.0), &strangers, &rules()).outcome, Outcome::NotComparable);
}

#[test]
fn other_terms_are_not_compared_and_other_switches_are_pointed_out() {
    let changed = |change: fn(&mut schema::Case)| {
        let mut changed = document(1.0, 0.0);
        change(&mut changed.cases[0]);
        compared(&document(1.0, 0.0), &changed, &rules())
    };
    let group = changed(|case| case.negotiated.group = Some("secp256r1".into()));
    let why = verdict(&group, "one", "send.efficiency");
    assert_eq!(why, (Verdict::NotComparable, "group is secp256r1, not x25519"));
    let size = changed(|case| drop(case.requested.insert("size_bytes".into(), 65.into())));
    assert_eq!(verdict(&size, "one", "send.efficiency"), (Verdict::NotComparable, "size_bytes is 65, not 64"));
    let seed = changed(|case| drop(case.requested.insert("seed".into(), 7.into())));
    assert_eq!(verdict(&seed, "one", "send.efficiency").0, Verdict::InsideTheNoise, "a seed is no other case");
    let switch = changed(|case| drop(case.switches.insert("zero_copy".into(), false.into())));
    assert_eq!(verdict(&switch, "one", "send.efficiency").0, Verdict::InsideTheNoise);
    assert_eq!(switch.cases[0].notes, ["another switch: zero_copy is false, not true"]);
    let rustc = changed(|case| drop(case.achieved.insert("rustc".into(), "1.96".into())));
    let why = verdict(&rustc, "one", "send.instructions_per_record");
    assert_eq!(why, (Verdict::NotComparable, "rustc is 1.96, not 1.95"));
    assert_eq!(verdict(&rustc, "one", "send.heap_calls_per_record").0, Verdict::InsideTheNoise);
    assert_eq!(rustc.outcome, Outcome::Passed, "what surrounds the program is no fault of it");
}

#[test]
fn another_machine_is_refused_and_then_compared_in_what_counts_alike() {
    let mut foreign = document(1.5, 1.0);
    foreign.host.cpu_model = Some("Other 1".into());
    let before = document(1.0, 0.0);
    let refused = |after: &Document, rules: &Rules<'_>| {
        compare(Named { name: "before", document: &before }, Named { name: "after", document: after }, rules)
            .expect_err("a refusal")
    };
    let refusal = refused(&foreign, &rules());
    assert_eq!(refusal.message, "it is of another machine: cpu_model is Other 1, not Example 9000");
    assert!(refusal.hint.contains("--allow-foreign"));
    let allowed = Rules { allow_foreign: true, ..rules() };
    let found = compared(&before, &foreign, &allowed);
    assert_eq!(verdict(&found, "one", "send.cpu_ns_per_byte"), (Verdict::NotComparable, "another machine"));
    assert_eq!(verdict(&found, "one", "send.heap_calls_per_record").0, Verdict::Worse);
    assert_eq!(verdict(&found, "one", "send.efficiency").0, Verdict::Better, "their AES is the same");
    assert!(found.notes.iter().any(|note| note.contains("Other 1")), "{:?}", found.notes);
    foreign.host.cpu_flags.push("vaes".into());
    let found = compared(&before, &foreign, &allowed);
    assert_eq!(verdict(&found, "one", "send.efficiency").0, Verdict::NotComparable);
    foreign.tool.build_profile = if foreign.tool.build_profile == "debug" { "release" } else { "debug" }.to_owned();
    let refusal = refused(&foreign, &allowed);
    assert!(refusal.message.contains("debug build"), "{refusal:?}");
}

#[test]
fn what_is_worse_once_only_was_chance() {
    let worse = || compared(&document(1.0, 0.0), &document(1.1, 1.0), &rules());
    let mut twice = worse();
    confirm(&mut twice, &worse());
    assert_eq!(twice.counts, worse().counts);
    let mut once = worse();
    confirm(&mut once, &compared(&document(1.0, 0.0), &document(1.0, 1.0), &rules()));
    let found = verdict(&once, "one", "send.cpu_ns_per_byte");
    assert_eq!(found, (Verdict::InsideTheNoise, "worse in one measurement, and not in the next"));
    assert_eq!(verdict(&once, "one", "send.heap_calls_per_record").0, Verdict::Worse);
    let mut missed = worse();
    confirm(&mut missed, &Comparison { cases: Vec::new(), ..worse() });
    assert_eq!(missed.counts.worse, 2, "what was not measured again stays what it was");
}

#[test]
fn what_was_not_measurable_is_inconclusive_and_says_why() {
    let busy = || {
        let mut busy = document(1.0, 0.0);
        busy.cases[0].metrics.remove("send.efficiency");
        busy.cases[0].record(Side::Send, &quantity::EFFICIENCY, &[1.5, 1.8, 1.4], 1);
        busy
    };
    let find = |_: &str, metric: &str, _: f64| {
        (metric == "send.efficiency").then_some(AllowedChange { allowed: 0.02, is_binding: true })
    };
    let gate = || Rules { limits: Some(AllowedChanges { profile: "p".into(), find: &find }), ..rules() };
    for (before, after, whose) in [
        (document(1.0, 0.0), busy(), "in the candidate"),
        (busy(), document(1.0, 0.0), "in the baseline"),
        (busy(), busy(), "in the baseline"),
    ] {
        for rules in [rules(), gate()] {
            let found = compared(&before, &after, &rules);
            let (verdict, why) = verdict(&found, "one", "send.efficiency");
            assert_eq!(verdict, Verdict::Inconclusive);
            assert!(why.starts_with(&format!("not measurable {whose}: in 3 of 3 rounds")), "{why}");
            assert!(why.contains("measure again"), "{why}");
            assert_eq!((found.outcome, found.counts.inconclusive, found.counts.missing), (Outcome::Passed, 1, 0));
        }
    }
}

#[test]
fn what_became_unavailable_is_missed_and_says_why() {
    let mut lost = document(1.0, 0.0);
    lost.cases[0].metrics.clear();
    lost.cases[0].unavailable = Some(Warning { message: "it died".into(), advice: "measure it alone".into() });
    let found = compared(&document(1.0, 0.0), &lost, &rules());
    let (verdict, why) = verdict(&found, "one", "send.efficiency");
    assert_eq!((verdict, why), (Verdict::NotComparable, "not available in the candidate: it died; measure it alone"));
    assert!(found.counts.missing > 0, "a gate does not pass because of it");
}

#[test]
fn what_versions_measure_in_different_ways_is_not_compared() {
    let told = |way: &str| {
        let mut told = document(1.0, 0.0);
        told.cases[0].achieved.insert("efficiency_of".into(), way.into());
        told.cases[0].achieved.insert("cpu_time_from".into(), "a clock".into());
        told
    };
    let found = compared(&told("wall time"), &told("processor time"), &rules());
    let (found_verdict, why) = verdict(&found, "one", "send.efficiency");
    assert_eq!(found_verdict, Verdict::NotComparable);
    assert!(why.contains("in different ways"), "{why}");
    assert_eq!(verdict(&found, "one", "send.cpu_ns_per_byte").0, Verdict::InsideTheNoise);
    let found = compared(&document(1.0, 0.0), &told("processor time"), &rules());
    assert_eq!(verdict(&found, "one", "send.efficiency").0, Verdict::InsideTheNoise, "one of them does not tell");
}

#[test]
fn too_few_samples_are_no_verdict() {
    let mut few = document(1.1, 0.0);
    let samples = [110.0, 111.0, 109.0];
    few.cases[0].record(Side::Send, &quantity::CPU_NS_PER_BYTE, &samples, 1);
    let found = compared(&document(1.0, 0.0), &few, &rules());
    let (verdict, why) = verdict(&found, "one", "send.cpu_ns_per_byte");
    assert!(verdict == Verdict::Inconclusive && why.contains("of 12 and 3"), "{verdict:?} {why}");
}
