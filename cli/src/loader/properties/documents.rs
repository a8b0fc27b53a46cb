//! Random documents.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::schema::quantity::{self, Quantity};
use crate::schema::{
    Better, Case, Document, Facts, Host, Kind, Metric, Negotiated, Side, Tool, Warning, key, timestamp,
};

/// Any document that can be written.
pub(super) fn document() -> impl Strategy<Value = Document> {
    let warning = (text_of_some(), text_of_some()).prop_map(|(message, advice)| Warning { message, advice });
    (tool(), host(), any::<[u32; 2]>(), any::<bool>(), vec(warning, 0..3), vec(case(), 0..4)).prop_map(
        |(tool, host, moments, partial, warnings, mut cases)| {
            let moment = |seconds: u32| timestamp(UNIX_EPOCH + Duration::from_secs(seconds.into()));
            // Case names are unique.
            for (index, case) in cases.iter_mut().enumerate() {
                case.id.push_str(&format!("/{index}"));
            }
            let [started_at, finished_at] = moments.map(moment);
            Document {
                tool,
                host,
                started_at,
                finished_at,
                partial,
                warnings,
                cases,
                ..Document::begin(Host::default())
            }
        },
    )
}

/// Any text: letters of all scripts, and characters that JSON must escape, but none that control a terminal.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z0-9_./-]{0,12}",
        // Of the invisible characters, the class includes two separators.
        2 => "\\PC{0,12}".prop_map(|text| text.replace(['\u{2028}', '\u{2029}'], " ")),
        1 => select(&["\"", "\\", "\\u0000", "null", "ä", "e\u{301}", "🦀", "</script>"][..]).prop_map(str::to_owned),
    ]
}

fn text_of_some() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("{text}."))
}

fn number() -> impl Strategy<Value = f64> {
    let edges = [0.0, -0.0, 5e-324, f64::MIN_POSITIVE, 0.1 + 0.2, 1.0 - f64::EPSILON, 1e99];
    prop_oneof![4 => 0.0..1e12, 2 => 0.0..1.0, 1 => select(edges.to_vec())]
}

/// A scalar.
pub(super) fn fact() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number().prop_map(Value::from),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    vec((text(), fact()), 0..4).prop_map(|entries| entries.into_iter().collect())
}

/// Every quantity of the list, and some that a later version may have.
fn metric() -> impl Strategy<Value = (String, Metric)> {
    let sides = select(Side::ALL.to_vec());
    let known = (sides.clone(), select(quantity::ALL), vec(number(), 1..12), any::<u64>());
    let known = known.prop_map(|(side, quantity, samples, seed)| {
        let samples: Vec<f64> =
            samples.into_iter().map(|sample| quantity.most().map_or(sample, |most| sample.min(most))).collect();
        (key(side, quantity), Metric::of(quantity, &samples, seed).expect("they are numbers"))
    });
    let direction = select(vec![Better::Higher, Better::Lower]);
    let kind = select(vec![Kind::Time, Kind::Count]);
    let samples = vec((number(), any::<bool>()), 1..12);
    let unknown = (sides, "[a-z0-9_]{1,9}_effect", direction, kind, samples, any::<u64>());
    let unknown = unknown.prop_map(|(side, name, better, kind, samples, seed)| {
        let signed = |(sample, is_negative): (f64, bool)| if is_negative { -sample } else { sample };
        let samples: Vec<f64> = samples.into_iter().map(signed).collect();
        let quantity = Quantity { name: "", unit: "ratio", better, kind, ..quantity::EFFICIENCY };
        (format!("{}.{name}", side.name()), Metric::of(&quantity, &samples, seed).expect("they are numbers"))
    });
    let histogram = option::weighted(0.2, "HISTFAA[A-Za-z0-9+/]{1,20}={0,2}");
    (prop_oneof![3 => known, 1 => unknown], histogram)
        .prop_map(|((key, metric), histogram)| (key, Metric { histogram, ..metric }))
}

fn negotiated() -> impl Strategy<Value = Negotiated> {
    let name = || option::of(text());
    let share = || option::of(0.0..=1.0);
    (name(), name(), name(), name(), name(), [share(), share(), share(), share()]).prop_map(
        |(version, cipher_suite, group, signature, alpn, shares)| {
            let [resumed_share, hello_retry_share, early_data_share, external_psk_share] = shares;
            Negotiated {
                version,
                cipher_suite,
                group,
                signature,
                alpn,
                resumed_share,
                hello_retry_share,
                early_data_share,
                external_psk_share,
            }
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let parts =
        (text(), facts(), negotiated(), facts(), facts(), vec(metric(), 0..4), option::of(reason()), any::<bool>());
    parts.prop_map(|(id, requested, negotiated, switches, achieved, metrics, reason, is_lacking)| {
        let metrics = BTreeMap::from_iter(metrics);
        let unavailable = reason.clone().map(|(_, reason)| reason).filter(|_| is_lacking && metrics.is_empty());
        let reason = reason.filter(|(key, _)| !metrics.contains_key(key) && unavailable.is_none());
        let not_measurable = BTreeMap::from_iter(reason);
        Case { id, requested, negotiated, switches, achieved, metrics, not_measurable, unavailable }
    })
}

/// A metric without a number, and the reason.
fn reason() -> impl Strategy<Value = (String, Warning)> {
    (select(Side::ALL.to_vec()), select(quantity::ALL), text_of_some(), text_of_some())
        .prop_map(|(side, quantity, message, advice)| (key(side, quantity), Warning { message, advice }))
}

fn tool() -> impl Strategy<Value = Tool> {
    let commit = option::of("[0-9a-f]{12}\\+?");
    (text_of_some(), commit, select(&["release", "debug"][..]), vec(text(), 0..3)).prop_map(
        |(version, git_commit, build_profile, features)| Tool {
            name: "tlsbench".to_owned(),
            version,
            git_commit,
            build_profile: build_profile.to_owned(),
            features,
        },
    )
}

fn host() -> impl Strategy<Value = Host> {
    let load = || option::of([number(), number(), number()]);
    let texts = (option::of(text()), vec(text(), 0..3), option::of(text()), option::of(text()), option::of(text()));
    let numbers = (option::of(1_u32..), option::of(1_u32..), option::of(any::<u64>()), option::of(any::<u64>()));
    let times = (load(), load(), option::of(number()), option::of(any::<bool>()), option::of(text()));
    (texts, numbers, times).prop_map(|(texts, numbers, times)| {
        let (cpu_model, cpu_flags, governor, virtualization, kernel) = texts;
        let (cores, logical_cpus, memory_bytes, open_files_limit) = numbers;
        let (load_at_start, load_at_end, timer_cost_ns, flag, clock_source) = times;
        let governor_variable = governor.iter().map(|text| ("LD_PRELOAD".to_owned(), text.clone())).collect();
        Host {
            cpu_model,
            cpu_flags,
            cores,
            logical_cpus,
            governor,
            turbo: flag,
            smt: flag.map(|flag| !flag),
            virtualization,
            kernel,
            memory_bytes,
            load_at_start,
            load_at_end,
            open_files_limit,
            clock_source,
            timer_cost_ns,
            aslr: flag,
            send_buffer_max_bytes: memory_bytes.map(|bytes| bytes / 2),
            receive_buffer_max_bytes: open_files_limit,
            usable_cpus: logical_cpus,
            environment: governor_variable,
        }
    })
}
