//! Charts of moving data: what each suite reaches at each size, and how much of the raw AEAD that is.

use maud::{Markup, html};

use super::facts::{Terms, median, tip};
use super::figure::{Figure, KeyEntry};
use super::lines::{LineChart, Point, Series, size_place};
use super::rows::{Form, Mark, Reference, Row, RowChart};
use super::section::Section;
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
        side: Side::Total,
        quantity: &CPU_NS_PER_BYTE,
        title: "Processor time of both",
        reading: "Per byte of data; less is better.",
        reference: None,
        is_log: true,
    },
];

/// The charts of cases that move data: a section for each way that it takes.
pub(super) fn sections(cases: &[&Case]) -> Vec<Section> {
    let ways = grouped(cases.iter().map(|case| (way(case), *case))).into_iter();
    let section = |(way, cases): (String, Vec<&Case>)| {
        let terms = Terms::of(&cases);
        let figures = SUBJECTS.iter().filter_map(|subject| figure(subject, &cases, &terms));
        let charts = html! { div class="panels" { @for figure in figures { (figure.markup()) } } };
        let (title, anchor) = (format!("Throughput: {}", way.replace('/', ", ")), anchor(&way));
        Section { title, anchor, reading: None, terms, charts }
    };
    ways.map(section).collect()
}

/// The anchor of a way's section.
pub(super) fn anchor(way: &str) -> String {
    format!("throughput-{way}")
}

/// Of the case's name, which is `throughput/TRANSPORT/DIRECTION/SUITE/SIZE` and perhaps more: the transport and the direction.
pub(super) fn way(case: &Case) -> String {
    case.id.split('/').skip(1).take(2).collect::<Vec<_>>().join("/")
}

/// The suite, and the rest of the name.
pub(super) fn suite(case: &Case) -> String {
    let mut parts = case.id.split('/').skip(3);
    let suite = parts.next().unwrap_or(&case.id);
    std::iter::once(suite).chain(parts.skip(1)).collect::<Vec<_>>().join(" ")
}

pub(super) fn size(case: &Case) -> u64 {
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
        (Vec::new(), bars(subject, cases, &measured, &suites))
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

/// What is measured of all sides: their charts stand side by side, and have one axis.
fn of_all_sides<'a>(subject: &Subject, cases: &[&'a Case]) -> Vec<&'a Metric> {
    let alike = SUBJECTS.iter().filter(|other| other.quantity == subject.quantity);
    alike.flat_map(|other| cases.iter().filter_map(|case| case.metric(other.side, other.quantity))).collect()
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
        range: of_all_sides(subject, cases).iter().map(|metric| metric.median).collect(),
        is_log: subject.is_log,
        limit: (*subject.quantity == EFFICIENCY).then_some(1.0),
        sizes: sizes.iter().map(|size| (size_place(*size), Bytes(*size).to_string())).collect(),
        series: &series,
    };
    let drawing = chart.markup();
    // Not that of a smaller size, where there is none at the largest.
    let largest = sizes.last().map(|size| size_place(*size));
    let value = |series: &Series| {
        let last = series.points.last().filter(|point| Some(point.size) == largest)?;
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

fn bars(subject: &Subject, cases: &[&Case], measured: &[(&Case, &Metric)], suites: &[String]) -> Markup {
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
    let ends = of_all_sides(subject, cases).into_iter().flat_map(|metric| [metric.median, metric.ci95[1]]);
    let references = SUBJECTS.iter().filter(|other| other.quantity == subject.quantity);
    let references = references.flat_map(|other| cases.iter().filter_map(|case| reference_of(other, case)));
    RowChart {
        unit: subject.quantity.unit,
        form: Form::Bars,
        range: ends.chain(references.map(|(_, metric)| metric.median)).collect(),
        rows: measured.iter().map(row).collect(),
    }
    .markup()
}
