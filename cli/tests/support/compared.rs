//! A comparison with every verdict there is, made up.
#![allow(unreachable_pub)]

use tlsbench::schema::comparison::{Case, Comparison, Counts, Difference, Metric, Outcome, Run, SCHEMA, Verdict as Is};
use tlsbench::schema::quantity::{self, Quantity};
use tlsbench::schema::{Side, Tool, key};

/// What a gate found, held to this profile; without one what `compare` found.
pub fn comparison(tool: Tool, profile: Option<&str>) -> Comparison {
    let run = |name: &str, commit: &str| Run {
        name: name.into(),
        started_at: "2026-01-31T12:00:00Z".into(),
        version: tool.version.clone(),
        git_commit: Some(commit.into()),
        cpu_model: Some("Example 9000".into()),
        partial: false,
    };
    let case = |size: u32, notes: &[&str], metrics: Vec<Metric>| Case {
        id: format!("throughput/memory/send/aes128gcm/{size}"),
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        metrics,
    };
    let missing = Metric {
        candidate: None,
        samples: [11, 0],
        difference: None,
        why: Some("the candidate has no such metric".into()),
        ..metric(&quantity::SYSCALLS_PER_MIB, Is::NotComparable, 4.0, 4.0, None)
    };
    let told = Metric {
        is_binding: profile.is_none(),
        ..metric(&quantity::CPU_NS_PER_BYTE, Is::Worse, 0.28, 0.308, Some([0.085, 0.11]))
    };
    let mut comparison = Comparison {
        schema: SCHEMA.into(),
        profile: profile.map(str::to_owned),
        baseline: run("main.json", "0123456789ab"),
        candidate: run("this build, now", "0123456789ab+"),
        tool,
        interleaved: profile.is_some(),
        confidence_level: 0.95,
        noise_threshold: profile.is_none().then_some(0.02),
        notes: vec!["kernel is Linux 6.2.0, not Linux 6.1.0".into()],
        cases: vec![
            case(
                64,
                &["zero_copy is false, not true"],
                vec![
                    metric(&quantity::EFFICIENCY, Is::Worse, 0.81, 0.75, Some([-0.081, -0.067])),
                    told,
                    metric(&quantity::COPIED_BYTES_PER_BYTE, Is::Worse, 0.0, 1.0, None),
                    metric(&quantity::HEAP_CALLS_PER_RECORD, Is::InsideTheNoise, 0.0, 0.0, None),
                ],
            ),
            case(
                16_384,
                &[],
                vec![
                    metric(&quantity::EFFICIENCY, Is::Better, 0.95, 0.98, Some([0.028, 0.035])),
                    metric(&quantity::CPU_NS_PER_BYTE, Is::InsideTheNoise, 0.28, 0.281, Some([-0.006, 0.012])),
                    metric(&quantity::THROUGHPUT_BYTES_PER_S, Is::Inconclusive, 3.5e9, 3.4e9, Some([-0.11, 0.06])),
                    missing,
                ],
            ),
        ],
        outcome: Outcome::Passed,
        counts: Counts::default(),
    };
    comparison.conclude();
    comparison
}

/// Of the side that sends, with this interval as shares; without one a count that does not vary.
fn metric(quantity: &Quantity, verdict: Is, before: f64, after: f64, ci95: Option<[f64; 2]>) -> Metric {
    let varies = ci95.is_some();
    let change = after - before;
    Metric {
        name: key(Side::Send, quantity),
        unit: quantity.unit.into(),
        better: quantity.better,
        kind: quantity.kind,
        baseline: Some(before),
        candidate: Some(after),
        samples: [11, 11],
        difference: Some(Difference {
            is_share: varies,
            change: ci95.map_or(change, |[low, high]| f64::midpoint(low, high)),
            ci95: ci95.unwrap_or([change; 2]),
            p_value: varies.then_some(0.25),
            smallest: Some(if varies { 0.015 } else { 0.0 }),
        }),
        allowed: if varies { 0.02 * before } else { 0.0 },
        is_binding: true,
        verdict,
        why: None,
    }
}
