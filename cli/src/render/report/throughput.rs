//! Charts of moving data: what each suite reaches at each size, and how much of the raw AEAD that is.

use maud::{Markup, html};

use super::facts::{Terms, median, tip};
use super::figure::{Figure, KeyEntry};
use super::lines::{LineChart, Point, Series, size_place};
use super::rows::{Form, Mark, Reference, Row, RowChart};
use crate::render::groups::{grouped, in_order};
use crate::schema::quantity::{
    CPU_NS_PER_BYTE, EFFICIENCY, ENGINE_BYTES_PER_S, Quantity, RAW_AEAD_BYTES_PER_S, RAW_TCP_BYTES_PER_S,
    RAW_TCP_SHARE, THROUGHPUT_BYTES_PER_S,
};
use crate::schema::{Case, Metric, Side, key};
use crate::units::Bytes;

/// One thing that charts show.
struct Subject {
    side: Side,
    quantity: &'static Quantity,
    title: &'static str,
    reading: &'static str,
    /// What a row holds the value against.
    reference: Option<(&'static Quantity, &'static str)>,
    is_log: bool,
}

const SUBJECTS: [Subject; 9] = [
    Subject {
        side: Side::Send,
        quantity: &EFFICIENCY,
        title: "Efficiency of sealing",
        reading: "The sender's speed as a share of the raw AEAD, 100 % being cryptography alone; more is better.",
        reference: None,
        is_log: false,
    },
    Subject {
        side: Side::Receive,
        quantity: &EFFICIENCY,
        title: "Efficiency of opening",
        reading: "The receiver's speed as a share of the raw AEAD, 100 % being cryptography alone; more is better.",
        reference: None,
        is_log: false,
    },
    Subject {
        side: Side::Send,
        quantity: &ENGINE_BYTES_PER_S,
        title: "Sealing",
        reading: "Data sealed per second, without system calls; more is better. A tick is the raw AEAD of the same run.",
        reference: Some((&RAW_AEAD_BYTES_PER_S, "raw AEAD")),
        is_log: false,
    },
    Subject {
        side: Side::Receive,
        quantity: &ENGINE_BYTES_PER_S,
        title: "Opening",
        reading: "Data opened per second, without system calls; more is better. A tick is the raw AEAD of the same run.",
        reference: Some((&RAW_AEAD_BYTES_PER_S, "raw AEAD")),
        is_log: false,
    },
    Subject {
        side: Side::Total,
        quantity: &THROUGHPUT_BYTES_PER_S,
        title: "Throughput, end to end",
        reading: "Data that arrived per second of wall time; more is better. A tick is plain TCP of the same run.",
        reference: Some((&RAW_TCP_BYTES_PER_S, "plain TCP")),
        is_log: false,
    },
    Subject {
        side: Side::Total,
        quantity: &RAW_TCP_SHARE,
        title: "Throughput as a share of plain TCP",
        reading: "Over the same sockets in the same run; more is better.",
        reference: None,
        is_log: false,
    },
    Subject {
        side: Side::Send,
        quantity: &CPU_NS_PER_BYTE,
        title: "Processor time of the sender",
        reading: "Per byte of data; less is better.",
        reference: None,
        is_log: true,
    },
    Subject {
        side: Side::Receive,
        quantity: &CPU_NS_PER_BYTE,
        title: "Processor time of the receiver",
        reading: "Per byte of data; less is better.",
        reference: None,
        is_log: true,
    },
    Subject {
        side: Side::Total,
        quantity: &CPU_NS_PER_BYTE,
        title: "Processor time of both",
        reading: "Per byte of data; less is better.",
        reference: None,
        is_log: true,
    },
];

/// The charts of cases that move data: a section for each way that it takes.
pub(super) fn sections(cases: &[&Case]) -> Markup {
    html! {
        @for (way, cases) in grouped(cases.iter().map(|case| (way(case), *case))) {
            @let terms = Terms::of(&cases);
            section class="group" {
                h3 { "Moving data: " (way.replace('/', ", ")) }
                (terms.markup())
                div class="panels" {
                    @for subject in &SUBJECTS {
                        @if let Some(figure) = figure(subject, &cases, &terms) { (figure.markup()) }
                    }
                }
            }
        }
    }
}

/// The case's name without command, suite and size: the transport and the direction.
fn way(case: &Case) -> String {
    let parts: Vec<&str> = case.id.split('/').collect();
    parts.get(1..parts.len().saturating_sub(2)).map(|parts| parts.join("/")).unwrap_or_default()
}

fn suite(case: &Case) -> String {
    case.id.rsplit('/').nth(1).unwrap_or(&case.id).to_owned()
}

fn size(case: &Case) -> u64 {
    case.requested.get("size_bytes").and_then(serde_json::Value::as_u64).unwrap_or(0)
}

fn figure(subject: &Subject, cases: &[&Case], terms: &Terms) -> Option<Figure> {
    let measured: Vec<(&Case, &Metric)> =
        cases.iter().filter_map(|case| Some((*case, case.metric(subject.side, subject.quantity)?))).collect();
    if measured.is_empty() {
        return None;
    }
    let mut table = terms.table();
    for (case, metric) in &measured {
        table.rows.push(terms.row(case, &key(subject.side, subject.quantity), metric));
        if let Some((quantity, metric)) = reference_of(subject, case) {
            table.rows.push(terms.row(case, &key(subject.side, quantity), metric));
        }
    }
    table.rows.extend(cases.iter().filter_map(|case| terms.reason(case, &key(subject.side, subject.quantity))));
    let mut sizes = in_order(measured.iter().map(|(case, _)| size(case)));
    sizes.sort_unstable();
    let suites = in_order(cases.iter().map(|case| suite(case)));
    let (key, drawing) = if sizes.len() > 1 && !sizes.contains(&0) {
        curves(subject, cases, &measured, &suites, &sizes)
    } else {
        (Vec::new(), bars(subject, &measured, &suites))
    };
    let reading = subject.reading.to_owned();
    // Curves have no ticks to hold a value against.
    let reading = if key.is_empty() {
        reading
    } else {
        let largest = Bytes(sizes.last().copied().unwrap_or(0));
        let axis = if *subject.quantity == EFFICIENCY { " The axis does not begin at zero." } else { "" };
        format!("{} Numbers are those at {largest}.{axis}", reading.split(" A tick").next().unwrap_or_default())
    };
    Some(Figure { title: subject.title.to_owned(), reading, key, drawing, table, is_wide: false })
}

fn reference_of<'a>(subject: &Subject, case: &'a Case) -> Option<(&'static Quantity, &'a Metric)> {
    let (quantity, _) = subject.reference?;
    Some((quantity, case.metric(subject.side, quantity)?))
}

/// The two directions stand side by side, on one axis.
fn range(subject: &Subject, cases: &[&Case]) -> Option<[f64; 2]> {
    if subject.side == Side::Total {
        return None;
    }
    let both = |case: &&Case| [Side::Send, Side::Receive].map(|side| Some(case.metric(side, subject.quantity)?.median));
    let medians: Vec<f64> = cases.iter().flat_map(both).flatten().collect();
    let (low, high) = (medians.iter().copied().reduce(f64::min)?, medians.iter().copied().reduce(f64::max)?);
    Some([low, high])
}

fn curves(
    subject: &Subject,
    cases: &[&Case],
    measured: &[(&Case, &Metric)],
    suites: &[String],
    sizes: &[u64],
) -> (Vec<KeyEntry>, Markup) {
    let series: Vec<Series> = suites
        .iter()
        .enumerate()
        .map(|(style, name)| {
            let mut own: Vec<&(&Case, &Metric)> = measured.iter().filter(|(case, _)| suite(case) == *name).collect();
            own.sort_by_key(|(case, _)| size(case));
            let point = |(case, metric): &&(&Case, &Metric)| Point {
                size: size_place(size(case)),
                value: metric.median,
                interval: metric.ci95,
                tip: Some(tip(&format!("{name}, {}", Bytes(size(case))), case, metric)),
            };
            Series { name: name.clone(), style, points: own.iter().map(point).collect() }
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    let chart = LineChart {
        label: subject.title,
        unit: subject.quantity.unit,
        range: range(subject, cases),
        is_log: subject.is_log,
        limit: (*subject.quantity == EFFICIENCY).then_some(1.0),
        sizes: sizes.iter().map(|size| (size_place(*size), Bytes(*size).to_string())).collect(),
        series: &series,
    };
    let drawing = chart.markup();
    let value = |series: &Series| {
        let last = series.points.last()?;
        Some(super::scale::quantity(last.value, subject.quantity.unit))
    };
    let key = series.iter().map(|series| KeyEntry {
        style: series.style,
        is_line: true,
        name: series.name.clone(),
        value: value(series).unwrap_or_default(),
    });
    (key.collect(), drawing)
}

fn bars(subject: &Subject, measured: &[(&Case, &Metric)], suites: &[String]) -> Markup {
    let row = |(case, metric): &(&Case, &Metric)| Row {
        name: suite(case),
        value: median(metric),
        marks: vec![Mark {
            style: suites.iter().position(|known| *known == suite(case)).unwrap_or(0),
            value: metric.median,
            interval: metric.ci95,
            tip: tip(&suite(case), case, metric),
        }],
        reference: reference_of(subject, case)
            .map(|(quantity, metric)| Reference { value: metric.median, tip: tip(quantity.heading, case, metric) })
            .or_else(|| {
                let is_share = *subject.quantity == EFFICIENCY || *subject.quantity == RAW_TCP_SHARE;
                is_share.then(|| Reference { value: 1.0, tip: "100 %".to_owned() })
            }),
    };
    RowChart { unit: subject.quantity.unit, form: Form::Bars, rows: measured.iter().map(row).collect() }.markup()
}
