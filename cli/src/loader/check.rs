use std::collections::HashSet;

use serde_json::Value;

use super::{EDITED, Refusal};
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Document, Host, Metric, Negotiated, Side, Tool, Warning, timestamp};
use crate::stats;

/// The maximum number of cases in a run, and of samples in a metric: bounds the time of everything that looks at all of
/// them.
const CASES_MAX: usize = 10_000;
const SAMPLES_MAX: usize = 5_000;
/// The maximum number of metrics in a case, and of facts of one kind; and the maximum length of their names, bytes.
/// They keep the cost of drawing and comparing a file proportional to its size.
const METRICS_MAX: usize = 250;
const FACTS_MAX: usize = 100;
const TEXT_MAX: usize = 2_000;
/// The maximum number of warnings in a run.
const WARNINGS_MAX: usize = 100_000;
/// The largest measurement, in any unit: sums of such numbers are still finite.
const NUMBER_MAX: f64 = 1e100;
/// The largest share by which conversion to text and back may change a number.
const ROUNDING: f64 = 1e-9;

/// Checks that a document contains possible measurements and is consistent.
pub(super) fn document(document: &Document) -> Result<(), Refusal> {
    for (name, moment) in [("started_at", &document.started_at), ("finished_at", &document.finished_at)] {
        if !humantime::parse_rfc3339(moment).is_ok_and(|time| timestamp(time) == *moment) {
            return Err(refuse(name, format!("'{moment}' is not a time such as 2026-01-31T12:00:00Z")));
        }
    }
    check_tool(&document.tool)?;
    check_host(&document.host)?;
    if document.warnings.iter().any(|warning| warning.message.is_empty() || warning.advice.is_empty()) {
        return Err(refuse("warnings", "one of them says nothing"));
    }
    at_most(document.warnings.len(), WARNINGS_MAX, "").map_err(|problem| refuse("warnings", problem))?;
    if document.warnings.iter().any(|warning| warning.message.len().max(warning.advice.len()) > TEXT_MAX) {
        return Err(refuse("warnings", format!("one of them is longer than {TEXT_MAX} bytes")));
    }
    at_most(document.cases.len(), CASES_MAX, "").map_err(|problem| refuse("cases", problem))?;
    let mut ids = HashSet::new();
    for (index, case) in document.cases.iter().enumerate() {
        if case.id.is_empty() {
            return Err(refuse(&format!("cases[{index}]"), "it has no id"));
        }
        if case.id.len() > TEXT_MAX {
            return Err(refuse(&format!("cases[{index}]"), format!("its id is longer than {TEXT_MAX} bytes")));
        }
        if !ids.insert(case.id.as_str()) {
            return Err(refuse(&case.id, "two cases have this id"));
        }
        check_case(case)?;
    }
    Ok(())
}

fn check_tool(tool: &Tool) -> Result<(), Refusal> {
    let own = env!("CARGO_PKG_NAME");
    if tool.name != own {
        return Err(refuse("tool.name", format!("'{}' is not {own}", tool.name)));
    }
    if tool.version.is_empty() {
        return Err(refuse("tool.version", "it says nothing"));
    }
    if !["release", "debug"].contains(&tool.build_profile.as_str()) {
        return Err(refuse("tool.build_profile", format!("'{}' is neither release nor debug", tool.build_profile)));
    }
    Ok(())
}

fn check_host(host: &Host) -> Result<(), Refusal> {
    if [host.cores, host.logical_cpus, host.usable_cpus].contains(&Some(0)) {
        return Err(refuse("host", "a machine has a processor"));
    }
    let loads = [host.load_at_start, host.load_at_end].into_iter().flatten().flatten();
    let mut numbers = loads.chain(host.timer_cost_ns);
    if numbers.any(|number| !(0.0..=NUMBER_MAX).contains(&number)) {
        return Err(refuse("host", "loads and times are numbers from 0"));
    }
    Ok(())
}

fn check_case(case: &Case) -> Result<(), Refusal> {
    for facts in [&case.requested, &case.switches, &case.achieved] {
        at_most(facts.len(), FACTS_MAX, "facts ").map_err(|problem| refuse(&case.id, problem))?;
        for (name, value) in facts {
            check_fact(name, value).map_err(|problem| refuse(&case.id, problem))?;
        }
    }
    let Negotiated { version, cipher_suite, group, signature, alpn, .. } = &case.negotiated;
    if [version, cipher_suite, group, signature, alpn].into_iter().flatten().any(|text| text.len() > TEXT_MAX) {
        return Err(refuse(&case.id, format!("what was negotiated is longer than {TEXT_MAX} bytes")));
    }
    at_most(case.metrics.len(), METRICS_MAX, "metrics ").map_err(|problem| refuse(&case.id, problem))?;
    let Negotiated { resumed_share, hello_retry_share, early_data_share, external_psk_share, .. } = case.negotiated;
    let shares = [resumed_share, hello_retry_share, early_data_share, external_psk_share];
    if shares.into_iter().flatten().any(|share| !(0.0..=1.0).contains(&share)) {
        return Err(refuse(&case.id, "a share is 0 to 1"));
    }
    for (name, metric) in &case.metrics {
        check_metric(name, metric).map_err(|problem| refuse(&format!("{}: {name}", case.id), problem))?;
    }
    at_most(case.not_measurable.len(), METRICS_MAX, "reasons ").map_err(|problem| refuse(&case.id, problem))?;
    for (name, reason) in &case.not_measurable {
        check_reason(case, name, reason).map_err(|problem| refuse(&format!("{}: {name}", case.id), problem))?;
    }
    if let Some(reason) = &case.unavailable {
        check_unavailable(case, reason).map_err(|problem| refuse(&case.id, problem))?;
    }
    Ok(())
}

/// A case has either metrics or one reason why it has none.
fn check_unavailable(case: &Case, reason: &Warning) -> Result<(), String> {
    if !case.metrics.is_empty() || !case.not_measurable.is_empty() {
        return Err("it has metrics, but is marked as unavailable".to_owned());
    }
    check_texts(reason, "the reason why it is unavailable")
}

/// A reason says something, and not too much.
fn check_texts(reason: &Warning, what: &str) -> Result<(), String> {
    let texts = [&reason.message, &reason.advice];
    if texts.iter().any(|text| text.is_empty()) {
        return Err(format!("{what} says nothing"));
    }
    if texts.iter().any(|text| text.len() > TEXT_MAX) {
        return Err(format!("{what} is longer than {TEXT_MAX} bytes"));
    }
    Ok(())
}

/// A metric has either a number or a reason why there is none.
fn check_reason(case: &Case, name: &str, reason: &Warning) -> Result<(), String> {
    name_of(name)?;
    if case.metrics.contains_key(name) {
        return Err("it has a value, but is marked as not measurable".to_owned());
    }
    if name.len() > TEXT_MAX {
        return Err(format!("its name is longer than {TEXT_MAX} bytes"));
    }
    check_texts(reason, "the reason why it is not measurable")
}

fn check_fact(name: &str, value: &Value) -> Result<(), String> {
    if value.is_array() || value.is_object() {
        return Err(format!("{name} is a single value, not a list or table"));
    }
    if name.len() > TEXT_MAX { Err(format!("a fact's name is longer than {TEXT_MAX} bytes")) } else { Ok(()) }
}

fn at_most(count: usize, most: usize, what: &str) -> Result<(), String> {
    if count > most { Err(format!("{count} {what}are more than {most}")) } else { Ok(()) }
}

fn check_metric(name: &str, metric: &Metric) -> Result<(), String> {
    let quantity = name_of(name)?;
    if name.len() > TEXT_MAX || metric.unit.len() > TEXT_MAX {
        return Err(format!("its name and unit have at most {TEXT_MAX} bytes"));
    }
    if metric.samples.is_empty() {
        return Err("it has no samples".to_owned());
    }
    at_most(metric.samples.len(), SAMPLES_MAX, "samples ")?;
    let [low, high] = metric.ci95;
    let numbers = metric.samples.iter().copied().chain([metric.median, metric.mad, low, high]);
    for number in numbers {
        if number.is_nan() || number.abs() > NUMBER_MAX {
            return Err(format!("{number} is not a measurement"));
        }
    }
    let differs = |told: f64, true_value: Option<f64>| {
        true_value.is_none_or(|value| (told - value).abs() > ROUNDING * value.abs().max(told.abs()))
    };
    let median = stats::median(&metric.samples);
    if differs(metric.median, median) {
        return Err(format!("its median is {}, but that of its samples is {}", metric.median, median.unwrap_or(0.0)));
    }
    let mad = stats::mad(&metric.samples);
    let slack = ROUNDING * metric.median.abs();
    let is_other = differs(metric.mad, mad) && mad.is_none_or(|mad| (metric.mad - mad).abs() > slack);
    if metric.mad < 0.0 || is_other {
        return Err(format!("its mad is {}, but that of its samples is {}", metric.mad, mad.unwrap_or(0.0)));
    }
    if !(low - slack..=high + slack).contains(&metric.median) {
        return Err(format!("its ci95 [{low}, {high}] is not around its median {}", metric.median));
    }
    if metric.histogram.as_ref().is_some_and(|text| !is_histogram(text)) {
        return Err("its histogram is malformed".to_owned());
    }
    quantity.map_or(Ok(()), |quantity| check_terms(quantity, metric))
}

/// Whether it looks like a histogram. Its content is read when it is drawn.
fn is_histogram(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("HISTFAA") else { return false };
    let digits = rest.trim_end_matches('=');
    !digits.is_empty() && digits.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/".contains(letter))
}

/// The quantity of a metric's key, if the list contains it exactly: a later version may have more.
fn name_of(key: &str) -> Result<Option<&'static Quantity>, String> {
    let (side, name) = key.split_once('.').unwrap_or((key, ""));
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || !name.chars().all(is_word) || !Side::ALL.iter().any(|known| known.name() == side) {
        let sides = Side::ALL.map(Side::name).join(", ");
        return Err(format!("a metric is called SIDE.NAME, the sides are {sides}"));
    }
    Ok(quantity::find(name))
}

fn check_terms(quantity: &Quantity, metric: &Metric) -> Result<(), String> {
    if metric.unit != quantity.unit || metric.better != quantity.better || metric.kind != quantity.kind {
        let Quantity { unit, better, kind, .. } = quantity;
        return Err(format!("its unit is '{unit}', {better:?} is better, and it is a {kind:?}").to_lowercase());
    }
    if !quantity.is_difference() && metric.samples.iter().any(|sample| *sample < 0.0) {
        return Err("a sample is negative".to_owned());
    }
    Ok(())
}

fn refuse(place: &str, problem: impl Into<String>) -> Refusal {
    Refusal::new(format!("{place}: {}", problem.into()), EDITED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Host, key};
    use serde_json::json;

    fn good() -> Value {
        let mut document = Document::begin(Host::default());
        let mut case = Case::new("throughput/memory/send/aes128gcm/64");
        case.record(Side::Send, &quantity::EFFICIENCY, &[0.9, 0.8, 0.85, 0.1 + 0.2], 1);
        case.record(Side::Send, &quantity::COPIED_BYTES_PER_BYTE, &[0.0, 0.0], 1);
        document.cases.push(case);
        serde_json::to_value(&document).expect("it serializes")
    }

    fn read(value: &Value) -> Result<Document, Refusal> {
        super::super::read(value.to_string().as_bytes())
    }

    #[test]
    fn what_was_edited_is_found_with_its_place() {
        assert!(read(&good()).is_ok());
        let efficiency = format!("/cases/0/metrics/{}", key(Side::Send, &quantity::EFFICIENCY));
        let at = |name: &str| format!("{efficiency}/{name}");
        for (pointer, value, said) in [
            (at("median"), json!(0.95), "its median is 0.95, but that of its samples is 0.825"),
            (at("mad"), json!(0.0), "its mad is 0, but that of its samples is 0.05"),
            (at("samples"), json!([]), "it has no samples"),
            (at("samples"), json!([0.9, 0.8]), "its median is 0.825, but that of its samples is 0.85"),
            (at("samples/0"), json!(1e300), "is not a measurement"),
            (at("samples/0"), json!("fast"), "cases[0].metrics.send.efficiency.samples[0]: invalid type: string"),
            (at("ci95"), json!([0.9, 0.99]), "its ci95 [0.9, 0.99] is not around its median 0.825"),
            (at("ci95"), json!([0.9, 0.1]), "is not around its median"),
            (at("ci95"), json!([0.9]), "cases[0].metrics.send.efficiency.ci95: invalid length 1"),
            (at("unit"), json!("B/s"), "its unit is 'ratio'"),
            (at("better"), json!("lower"), "higher is better"),
            (at("better"), json!("more"), "unknown variant `more`"),
            (at("kind"), json!("count"), "it is a time"),
            ("/started_at".into(), json!("yesterday"), "started_at: 'yesterday' is not a time"),
            ("/started_at".into(), json!("2026-01-31T12:00:00.5Z"), "is not a time"),
            ("/tool/name".into(), json!("other"), "tool.name: 'other' is not tlsbench"),
            ("/tool/version".into(), json!(""), "tool.version: it says nothing"),
            ("/tool/build_profile".into(), json!("fast"), "'fast' is neither release nor debug"),
            ("/host/cores".into(), json!(0), "host: a machine has a processor"),
            ("/host/load_at_start".into(), json!([0, 0, -1]), "host: loads and times are numbers from 0"),
            ("/warnings".into(), json!([{"message": "", "advice": "wait"}]), "warnings: one of them says nothing"),
            (at("mad"), json!(-1e-12), "its mad is -0.000000000001, but"),
            ("/cases/0/id".into(), json!(""), "cases[0]: it has no id"),
            ("/cases/0/requested".into(), json!({"size": [1]}), "size is a single value"),
            ("/cases/0/negotiated/resumed_share".into(), json!(2), "a share is 0 to 1"),
            ("/cases/0/metrics".into(), json!({"elsewhere.efficiency": {}}), "missing field"),
            ("/partial".into(), json!("no"), "partial: invalid type"),
        ] {
            let mut spoiled = good();
            *spoiled.pointer_mut(&pointer).unwrap_or_else(|| panic!("{pointer} exists")) = value;
            let refusal = read(&spoiled).expect_err(&pointer);
            assert!(refusal.message.contains(said), "{pointer}: {}", refusal.message);
        }
    }

    #[test]
    fn names_are_checked_and_the_unknown_ones_of_later_versions_let_through() {
        let with = |name: &str, change: &dyn Fn(&mut Value)| {
            let mut document = good();
            let metrics = document["cases"][0]["metrics"].as_object_mut().expect("metrics");
            let mut metric = metrics["send.efficiency"].clone();
            change(&mut metric);
            metrics.insert(name.to_owned(), metric);
            read(&document).map(drop).map_err(|refusal| refusal.message)
        };
        assert_eq!(with("send.new_quantity", &|_| {}), Ok(()));
        assert_eq!(with("send.efficiency_effect", &|_| {}), Ok(()));
        for name in ["efficiency", "elsewhere.efficiency", "send.", "send.Efficiency", "send.a b"] {
            assert!(with(name, &|_| {}).is_err_and(|message| message.contains("SIDE.NAME")), "{name}");
        }
        let drawn = |text: &'static str| with("send.efficiency", &move |metric| metric["histogram"] = json!(text));
        assert_eq!(drawn("HISTFAAAABt4nJNpmSzMwMDAxAABzFCaEUoz2X+AMIQE0gAAAA=="), Ok(()));
        for text in ["", "HISTFAA==", "HISTFAA A", "SISTFAAAAA"] {
            assert!(drawn(text).is_err_and(|message| message.contains("its histogram is malformed")), "{text}");
        }
        let negative = |metric: &mut Value| {
            *metric = json!(Metric::of(&quantity::EFFICIENCY, &[-1.0], 1));
        };
        assert!(with("receive.efficiency", &negative).is_err_and(|message| message.contains("negative")));
        let faster = |metric: &mut Value| *metric = json!(Metric::of(&quantity::ADDED_ROUND_TRIP_NS, &[-1.0], 1));
        assert_eq!(with("total.added_round_trip_ns", &faster), Ok(()), "a difference can be");
    }

    #[test]
    fn what_is_unavailable_has_a_reason_and_no_metrics() {
        let with = |reason: Value, metrics: Value| {
            let mut document = good();
            document["cases"][0]["unavailable"] = reason;
            document["cases"][0]["metrics"] = metrics;
            read(&document).map_err(|refusal| refusal.message)
        };
        let reason = |message: &str| json!({"message": message, "advice": "use another library"});
        let read_back = with(reason("it lacks the suite"), json!({})).expect("a result");
        assert_eq!(read_back.cases[0].unavailable.as_ref().map(|reason| &*reason.message), Some("it lacks the suite"));
        let metrics = good()["cases"][0]["metrics"].clone();
        let both = with(reason("it lacks the suite"), metrics);
        assert!(both.is_err_and(|said| said.contains("it has metrics, but is marked as unavailable")));
        assert!(with(reason(""), json!({})).is_err_and(|said| said.contains("says nothing")));
        assert!(with(reason(&"x".repeat(3_000)), json!({})).is_err_and(|said| said.contains("longer than")));
    }

    #[test]
    fn what_was_not_measurable_has_a_reason_and_no_number() {
        let with = |reasons: Value| {
            let mut document = good();
            document["cases"][0]["not_measurable"] = reasons;
            read(&document).map_err(|refusal| refusal.message)
        };
        let reason = |message: &str| json!({"message": message, "advice": "measure again"});
        let read_back = with(json!({"receive.efficiency": reason("busy")})).expect("a result");
        assert_eq!(read_back.cases[0].not_measurable["receive.efficiency"].message, "busy");
        for (reasons, said) in [
            (json!({"send.efficiency": reason("busy")}), "it has a value, but is marked as not measurable"),
            (json!({"receive.efficiency": reason("")}), "says nothing"),
            (json!({"efficiency": reason("busy")}), "SIDE.NAME"),
            (json!({"receive.efficiency": 1.2}), "invalid type"),
            (json!([]), "invalid type"),
        ] {
            assert!(with(reasons.clone()).is_err_and(|message| message.contains(said)), "{reasons}");
        }
    }

    #[test]
    fn what_an_earlier_version_wrote_down_and_is_impossible_is_no_number_any_more() {
        let mut document = good();
        let metric = |samples: &[f64]| json!(Metric::of(&quantity::EFFICIENCY, samples, 1));
        document["cases"][0]["metrics"]["receive.efficiency"] = metric(&[1.5, 1.4, 1.6]);
        document["cases"][0]["metrics"]["send.efficiency"] = metric(&[0.9, 0.95, 0.96, 0.92, 1.7]);
        let case = read(&document).expect("an old result").cases.remove(0);
        assert_eq!(case.metrics["send.efficiency"].samples, [0.9, 0.95, 0.96, 0.92, 1.0]);
        assert!(!case.metrics.contains_key("receive.efficiency"));
        assert!(case.not_measurable["receive.efficiency"].message.contains("in 3 of 3 rounds"));
    }

    #[test]
    fn two_cases_of_one_name_and_keys_that_nobody_wrote_are_refused() {
        let mut twice = good();
        let case = twice["cases"][0].clone();
        twice["cases"].as_array_mut().expect("cases").push(case);
        assert!(read(&twice).is_err_and(|refusal| refusal.message.contains("two cases have this id")));
        let mut stranger = good();
        stranger["cases"][0]["surprise"] = 1.into();
        assert!(read(&stranger).is_err_and(|refusal| refusal.message.contains("unknown field `surprise`")));
    }
}
