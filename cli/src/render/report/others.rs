//! Charts of any other cases: a chart for each measure, a row for each case.

use std::collections::HashMap;

use maud::html;

use super::capital;
use super::facts::{Terms, median, plain, tip};
use super::figure::Figure;
use super::rows::{Form, Mark, Row, RowChart};
use super::section::Section;
use crate::render::groups::grouped;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Better, Case, Metric, name_of, primary};

/// Charts that are drawn at all: nobody looks at more.
const DRAWN: usize = 120;

/// What the commands measure, as headings have it.
const TITLES: [(&str, &str); 3] =
    [("handshake", "Handshakes"), ("latency", "Round trips"), ("instructions", "Instructions")];

/// The charts of cases that no other module draws.
pub(super) fn section(family: &str, cases: &[&Case]) -> Section {
    let terms = Terms::of(cases);
    let all = cases.iter().flat_map(|case| case.metrics.iter().map(|(name, metric)| (name, (*case, metric))));
    let mut measures = grouped(all.filter(|(name, _)| !is_detail(name)));
    // The two sides of a quantity stand beside each other, and what has but one comes after them.
    let mut sides: HashMap<&str, usize> = HashMap::new();
    measures.iter().for_each(|(name, _)| *sides.entry(name_of(name)).or_default() += 1);
    measures.sort_by_key(|(name, _)| (sides[name_of(name)] == 1, primary::rank(name)));
    let range = |name: &str| -> Vec<f64> {
        let alike = measures.iter().filter(|(other, _)| name_of(other) == name_of(name));
        alike
            .flat_map(|(_, measured)| measured.iter().flat_map(|(_, metric)| [metric.median, metric.ci95[1]]))
            .collect()
    };
    let charts = html! {
        div class="panels" {
            @for (name, measured) in measures.iter().take(DRAWN) {
                (figure(name, cases, measured, &terms, range(name)).markup())
            }
        }
        @if measures.len() > DRAWN {
            p class="aside" { "Only the first " (DRAWN) " of " (measures.len()) " measures are drawn." }
        }
    };
    let title = TITLES.iter().find(|(name, _)| *name == family).map_or(family, |(_, title)| title);
    Section { title: title.to_owned(), anchor: family.to_owned(), reading: None, terms, charts }
}

fn known(name: &str) -> Option<&'static Quantity> {
    let (_, name) = name.split_once('.')?;
    quantity::ALL.iter().copied().find(|quantity| quantity.name == name)
}

/// What a metric is called at the head of a chart.
pub(super) fn title(name: &str) -> String {
    let side = name.split('.').next().unwrap_or_default();
    known(name).map_or_else(|| plain(name), |quantity| format!("{} ({side})", capital(quantity.heading)))
}

fn is_detail(name: &str) -> bool {
    known(name).is_some_and(Quantity::is_detail)
}

fn figure(name: &str, cases: &[&Case], measured: &[(&Case, &Metric)], terms: &Terms, range: Vec<f64>) -> Figure {
    let mut table = terms.table();
    let mut rows = Vec::new();
    for (case, metric) in measured {
        table.rows.push(terms.row(case, name, metric));
        let mark = Mark { style: 0, value: metric.median, interval: metric.ci95, tip: tip(name, case, metric) };
        rows.push(Row { name: case.id.clone(), value: median(metric), marks: vec![mark], reference: None });
    }
    table.rows.extend(cases.iter().filter_map(|case| terms.reason(case, name)));
    let unit = measured.first().map(|(_, metric)| metric.unit.clone()).unwrap_or_default();
    let is_more = measured.first().is_some_and(|(_, metric)| metric.better == Better::Higher);
    Figure {
        title: title(name),
        reading: format!("{} is better. Metric: {name}.", if is_more { "More" } else { "Less" }),
        key: Vec::new(),
        drawing: RowChart { unit: &unit, form: Form::Bars, range, rows }.markup(),
        table,
        is_wide: false,
    }
}
