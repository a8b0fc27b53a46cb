//! Rows: a name and a number as text, and below them a strip with a bar, or with a dot per series.

use maud::{Markup, html};

use super::marks::{bar, line, percent, series_class, shape, text, whisker};
use super::scale::{Scale, axis_unit, tick_labels};

/// A chart of rows that share an axis.
pub(super) struct RowChart<'a> {
    /// The unit of its values.
    pub(super) unit: &'a str,
    /// How values are drawn.
    pub(super) form: Form,
    /// Values that have to fit besides, so that charts side by side have one axis.
    pub(super) range: Vec<f64>,
    /// The rows, from above.
    pub(super) rows: Vec<Row>,
}

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Bars from zero.
    Bars,
    /// Dots, at distances that are factors.
    Dots,
}

/// A row.
pub(super) struct Row {
    /// What it is of.
    pub(super) name: String,
    /// Its number.
    pub(super) value: String,
    /// What is drawn.
    pub(super) marks: Vec<Mark>,
    /// What a value is held against.
    pub(super) reference: Option<Reference>,
}

/// A value of a row.
pub(super) struct Mark {
    /// Its looks.
    pub(super) style: usize,
    /// The value.
    pub(super) value: f64,
    /// Its interval.
    pub(super) interval: [f64; 2],
    /// All there is to say about it.
    pub(super) tip: String,
}

/// What a value is held against.
pub(super) struct Reference {
    /// The value.
    pub(super) value: f64,
    /// What it is.
    pub(super) tip: String,
}

const STRIP: f64 = 20.0;
/// Room beside the ends of the axis, for marks and labels.
const LEFT: f64 = 0.015;
const RIGHT: f64 = 0.965;

impl RowChart<'_> {
    /// The drawing.
    pub(super) fn markup(&self) -> Markup {
        let scale = self.scale();
        let x = |value: f64| LEFT + scale.place(value) * (RIGHT - LEFT);
        let ticks = scale.ticks();
        html! {
            div class="rows" {
                @for row in &self.rows {
                    div class="row" {
                        div class="head" {
                            span class="name" { (row.name) }
                            span class="value" { (row.value) }
                        }
                        svg class="strip" aria-hidden="true" width="100%" height=(STRIP) {
                            @for tick in &ticks {
                                (line(if *tick == 0.0 { "grid zero" } else { "grid" }, (x(*tick), 0.0), (x(*tick), STRIP)))
                            }
                            (self.marks(row, x))
                        }
                    }
                }
                (axis(&scale, &ticks, self.unit, x))
            }
        }
    }

    fn scale(&self) -> Scale {
        let marks = self.rows.iter().flat_map(|row| &row.marks);
        let references = self.rows.iter().filter_map(|row| row.reference.as_ref()).map(|reference| reference.value);
        let besides = references.chain(self.range.iter().copied());
        match self.form {
            Form::Bars => Scale::bars(marks.flat_map(|mark| [mark.value, mark.interval[1]]).chain(besides)),
            Form::Dots => Scale::log(marks.map(|mark| mark.value).chain(besides)),
        }
    }

    fn marks(&self, row: &Row, x: impl Fn(f64) -> f64) -> Markup {
        let middle = STRIP / 2.0;
        let places = || row.marks.iter().map(|mark| x(mark.value));
        let (left, right) = (places().fold(1.0, f64::min), places().fold(0.0, f64::max));
        html! {
            @if self.form == Form::Dots && right > left { (line("link", (left, middle), (right, middle))) }
            @for mark in &row.marks {
                g class=(format!("point {}", series_class(mark.style))) {
                    title { (mark.tip) }
                    @if self.form == Form::Bars {
                        (bar("bar", (x(0.0), x(mark.value)), 3.0, STRIP - 6.0))
                        (whisker("whisker", x(mark.interval[0]), x(mark.interval[1]), middle))
                    } @else {
                        circle class="touch" cx=(percent(x(mark.value))) cy=(middle) r="9" {}
                        (line("interval", (x(mark.interval[0]), middle), (x(mark.interval[1]), middle)))
                        (shape(mark.style, x(mark.value), middle))
                    }
                }
            }
            @if let Some(reference) = &row.reference {
                g class="point" {
                    title { (reference.tip) }
                    (line("reference", (x(reference.value), 0.0), (x(reference.value), STRIP)))
                }
            }
        }
    }
}

/// The numbers below all strips.
pub(super) fn axis(scale: &Scale, ticks: &[f64], unit: &str, x: impl Fn(f64) -> f64) -> Markup {
    let (low, high) = scale.ends();
    let (factor, unit) = axis_unit(unit, high.abs().max(low.abs()));
    let is_crowded = |index: usize| ticks.len() > 6 && index % 2 == 1;
    html! {
        svg class="axis" aria-hidden="true" width="100%" height="32" {
            @for ((index, tick), label) in ticks.iter().enumerate().zip(tick_labels(scale, ticks, factor)) {
                (line("notch", (x(*tick), 0.0), (x(*tick), 4.0)))
                @let class = if is_crowded(index) { "tick roomy" } else { "tick" };
                @let anchor = if x(*tick) < 0.03 { "start" } else if x(*tick) > 0.97 { "end" } else { "middle" };
                (text(class, anchor, x(*tick), 16.0, &label))
            }
            (text("unit", "end", 1.0, 30.0, &if scale.is_log() { format!("{unit}, log scale") } else { unit }))
        }
    }
}
