//! Charts of libraries at the same works: a row for each library, and a tick for what bare cryptography reaches.

use maud::{Markup, html};

use super::facts::{Terms, median, tip};
use super::figure::Figure;
use super::rows::{Form, Mark, Reference, Row, RowChart};
use super::section::Section;
use crate::ranking::{Contest, Work, medals, works};
use crate::render::peers::{ceiling_name, conclusion, medal_line, unavailable};
use crate::schema::{Better, Case, Document, key};

/// The charts of a document, if several libraries did the same work in it.
pub(super) fn section(document: &Document) -> Option<Section> {
    let works = works(document);
    let cases: Vec<&Case> = works.iter().flat_map(|work| &work.rows).map(|row| row.case).collect();
    if cases.is_empty() {
        return None;
    }
    let terms = Terms::of(&cases);
    let charts = html! {
        @if let Some(line) = medal_line(&medals(&works)) { p { (line) } }
        @for work in &works {
            (panels(work, &work.contests(), &terms))
            @let memory = work.memory();
            @if !memory.is_empty() { (panels(work, &memory, &terms)) }
            @for line in unavailable(work) { p class="aside" { (line) } }
        }
    };
    let reading = "Each library did the same work in turns. First is who leads by 1 % or more, beyond the noise.";
    Some(Section {
        title: "Libraries at the same work".to_owned(),
        anchor: "libraries".to_owned(),
        reading: Some(reading),
        terms,
        charts,
    })
}

/// What a work comes to, and a chart for each figure.
fn panels(work: &Work<'_>, contests: &[Contest<'_>], terms: &Terms) -> Markup {
    html! {
        p { (conclusion(work, contests)) }
        div class="panels" {
            @for contest in contests { (figure(work, contest, contests, terms).markup()) }
        }
    }
}

fn figure(work: &Work<'_>, contest: &Contest<'_>, contests: &[Contest<'_>], terms: &Terms) -> Figure {
    let name = key(contest.side, contest.quantity);
    let mut table = terms.table();
    let mut rows = Vec::new();
    for (row, place) in work.rows.iter().zip(&contest.places) {
        let Some(place) = place else { continue };
        table.rows.push(terms.row(row.case, &name, place.metric));
        let tip = tip(&row.name, row.case, place.metric);
        let mark = Mark { style: 0, value: place.metric.median, interval: place.metric.ci95, tip };
        let reference = contest.ceiling.map(|ceiling| Reference {
            value: ceiling.median,
            tip: format!("{}: {}", ceiling_name(contests), median(ceiling)),
        });
        rows.push(Row { name: row.name.clone(), value: median(place.metric), marks: vec![mark], reference });
    }
    let unit = contest.quantity.unit;
    let range = contests.iter().flat_map(|contest| contest.places.iter().flatten().map(|place| place.metric.ci95[1]));
    let more_or_less = if contest.quantity.better == Better::Higher { "More" } else { "Less" };
    let tick = contest.ceiling.map(|_| format!(" A tick is the {} of the same run.", ceiling_name(contests)));
    Figure {
        title: super::others::title(&name),
        reading: format!("{more_or_less} is better.{}", tick.unwrap_or_default()),
        key: Vec::new(),
        drawing: RowChart { unit, form: Form::Bars, range: range.collect(), rows }.markup(),
        table,
        is_wide: false,
    }
}
