//! Charts of any other cases: a chart for each measure, a row for each case.

use maud::{Markup, html};

use super::capital;
use super::facts::{Terms, median, plain, tip};
use super::figure::Figure;
use super::rows::{Form, Mark, Row, RowChart};
use crate::render::groups::grouped;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Better, Case, Metric};

/// Charts that are drawn at all: nobody looks at more.
const DRAWN: usize = 120;

/// The charts of cases that no other room knows.
pub(super) fn sections(family: &str, cases: &[&Case]) -> Markup {
    let terms = Terms::of(cases);
    let all = cases.iter().flat_map(|case| case.metrics.iter().map(|(name, metric)| (name, (*case, metric))));
    let measures = grouped(all.filter(|(name, _)| !is_detail(name)));
    html! {
        section class="group" {
            h3 { (family) }
            (terms.markup())
            div class="panels" {
                @for (name, measured) in measures.iter().take(DRAWN) { (figure(name, cases, measured, &terms).markup()) }
            }
            @if let Some(more) = measures.len().checked_sub(DRAWN + 1) {
                p class="aside" { (more + 1) " more measures are not drawn: these results have " (measures.len()) "." }
            }
        }
    }
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

fn figure(name: &str, cases: &[&Case], measured: &[(&Case, &Metric)], terms: &Terms) -> Figure {
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
        reading: format!("{name}; {} is better.", if is_more { "more" } else { "less" }),
        key: Vec::new(),
        drawing: RowChart { unit: &unit, form: Form::Bars, rows }.markup(),
        table,
        is_wide: false,
    }
}
