//! Latencies as curves over percentiles, from histograms.

use maud::html;

use super::facts::Terms;
use super::figure::{DataTable, Figure, KeyEntry};
use super::lines::{LineChart, Point, Series};
use super::scale::quantity;
use super::section::Section;
use crate::render::groups::grouped;
use crate::schema::histogram::Latencies;
use crate::schema::{Case, Metric, name_of};
use crate::units::grouped as grouped_digits;

/// Percentiles with a name of their own.
const NAMED: [(f64, &str); 6] =
    [(0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"), (0.99999, "99.999 %")];
/// Steps of a curve between two of its nines.
const STEPS: usize = 12;
/// What a percentile has to have beyond it to be drawn.
const BEYOND_MIN: f64 = 10.0;

const READING: &str = "Each point is the latency that this share of all operations did not exceed. Each further nine has the same width, \
                       so that the slowest are seen too; a curve ends where fewer than ten operations were slower.";

/// The charts of the cases that have histograms, each with what it is held against. Those of a quantity have one axis.
pub(super) fn section(cases: &[&Case]) -> Option<Section> {
    let cases: Vec<&Case> = cases.iter().copied().filter(|case| !histograms(case).is_empty()).collect();
    let terms = Terms::of(&cases);
    let all = cases.iter().flat_map(|case| histograms(case).into_iter().map(|(key, _)| (name_of(key), (*case, key))));
    let of_quantity = |(_, keys): (&str, Vec<(&Case, &String)>)| -> Vec<Figure> {
        let curves: Vec<Curves> = keys.iter().map(|(case, key)| Curves::of(case, key, &terms)).collect();
        let range: Vec<f64> = curves.iter().flat_map(Curves::values).collect();
        keys.iter().zip(curves).map(|((case, key), curves)| figure(case, key, curves, &range)).collect()
    };
    let figures: Vec<Figure> = grouped(all).into_iter().flat_map(of_quantity).collect();
    (!figures.is_empty()).then(|| Section {
        title: "Latency distributions".to_owned(),
        anchor: "latencies".to_owned(),
        reading: Some(READING),
        terms,
        charts: html! { div class="panels three" { @for figure in &figures { (figure.markup()) } } },
    })
}

/// The metrics of a case that have one, without those that they are held against.
fn histograms(case: &Case) -> Vec<(&String, &Metric)> {
    let with = case.metrics.iter().filter(|(key, metric)| metric.histogram.is_some() && !key.ends_with("_without"));
    with.collect()
}

/// What a histogram and the one that it is held against look like.
struct Curves {
    table: DataTable,
    key: Vec<KeyEntry>,
    series: Vec<Series>,
}

impl Curves {
    fn of(case: &Case, key: &str, terms: &Terms) -> Self {
        let metric = case.metrics.get(key);
        let other = case.metrics.get(&format!("{key}_without")).filter(|other| other.histogram.is_some());
        let headings = ["of", "count", "50 %", "90 %", "99 %", "99.9 %", "largest", "differs in"];
        let mut curves = Self { table: DataTable::new(headings), key: Vec::new(), series: Vec::new() };
        let names = if other.is_some() { ["with", "without"] } else { [key, ""] };
        for (style, (name, metric)) in names.into_iter().zip([metric, other]).enumerate() {
            let Some(text) = metric.and_then(|metric| metric.histogram.as_deref()) else { continue };
            let Some(latencies) = Latencies::read(text) else {
                curves.table.rows.push(vec![name.to_owned(), "its histogram can't be read".to_owned()]);
                continue;
            };
            curves.table.rows.push(row(name, &latencies, terms.own(case)));
            let value = format!("99 % in {}", quantity(latencies.percentile(0.99), "ns"));
            curves.key.push(KeyEntry { style, is_line: true, name: name.to_owned(), value });
            curves.series.push(Series { name: name.to_owned(), style, points: points(name, &latencies) });
        }
        curves
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn values(&self) -> Vec<f64> {
        self.points().map(|point| point.value).collect()
    }
}

fn figure(case: &Case, key: &str, curves: Curves, range: &[f64]) -> Figure {
    let last = curves.points().map(|point| point.size).fold(0.0, f64::max);
    let places = NAMED.map(|(share, label)| (nines(share), label.to_owned()));
    let label = format!("{}, {key}: latency over percentile", case.id);
    let drawing = LineChart {
        label: &label,
        unit: "ns",
        range: range.to_vec(),
        is_log: true,
        limit: None,
        sizes: places.into_iter().filter(|(place, _)| *place <= last + 1e-9).collect(),
        series: &curves.series,
    };
    Figure {
        title: case.id.clone(),
        reading: format!("Less is better. Metric: {key}."),
        drawing: drawing.markup(),
        key: curves.key,
        table: curves.table,
        is_wide: false,
    }
}

fn row(name: &str, latencies: &Latencies, own: String) -> Vec<String> {
    let at = |share: f64| quantity(latencies.percentile(share), "ns");
    let mut row = vec![name.to_owned(), grouped_digits(latencies.count())];
    row.extend([0.5, 0.9, 0.99, 0.999, 1.0].map(at));
    row.push(own);
    row
}

/// How many nines a share has: the place of a percentile.
fn nines(share: f64) -> f64 {
    -(1.0 - share).log10()
}

fn points(name: &str, latencies: &Latencies) -> Vec<Point> {
    // Up to the last that has a name: what comes after it has no place on the axis.
    let known = (latencies.count() as f64 / BEYOND_MIN).log10() + 1e-9;
    let last = NAMED.iter().map(|(share, _)| nines(*share)).take_while(|place| *place <= known).last().unwrap_or(0.0);
    let named = NAMED.iter().map(|(share, label)| (nines(*share), Some(*label)));
    let between = (0..=6 * STEPS).map(|step| (step as f64 / STEPS as f64, None));
    let mut places: Vec<(f64, Option<&str>)> =
        named.chain(between).filter(|(place, _)| (0.3..=last + 1e-9).contains(place)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let point = |(place, label): (f64, Option<&str>)| {
        let value = latencies.percentile(1.0 - 10_f64.powf(-place));
        let tip = label.map(|label| format!("{name}: {label} in {} or less", quantity(value, "ns")));
        Point { size: place, value, interval: [value, value], tip }
    };
    places.into_iter().map(point).collect()
}
