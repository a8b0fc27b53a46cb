//! Curves over sizes: a line per series, its shape at each size, and the interval there.

use maud::{Markup, html};

use super::marks::{line, path, percent, pixels, series_class, shape, text};
use super::scale::{Scale, axis_unit, tick_labels};

/// A chart of curves.
pub(super) struct LineChart<'a> {
    /// What a screen reader says of it.
    pub(super) label: &'a str,
    /// The unit of its values.
    pub(super) unit: &'a str,
    /// Values that have to fit besides, so that charts side by side have one axis.
    pub(super) range: Vec<f64>,
    /// Whether equal heights are equal factors.
    pub(super) is_log: bool,
    /// Where the values end by their nature, such as 1 for shares.
    pub(super) limit: Option<f64>,
    /// The places along the width that have a name, see [`size_place`].
    pub(super) sizes: Vec<(f64, String)>,
    /// The curves.
    pub(super) series: &'a [Series],
}

/// A curve.
pub(super) struct Series {
    /// What it is of.
    pub(super) name: String,
    /// Its looks.
    pub(super) style: usize,
    /// Where it goes, from left to right.
    pub(super) points: Vec<Point>,
}

/// A value at a size.
pub(super) struct Point {
    /// The place along the width.
    pub(super) size: f64,
    /// The value.
    pub(super) value: f64,
    /// Its interval.
    pub(super) interval: [f64; 2],
    /// All there is to say about it. What has none is on the line without a shape of its own.
    pub(super) tip: Option<String>,
}

/// Where a size is: powers of two at equal distances.
pub(super) fn size_place(bytes: u64) -> f64 {
    (bytes.max(1) as f64).log2()
}

const HEIGHT: f64 = 248.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = HEIGHT - 24.0;
/// Where the field of curves begins and ends.
const LEFT: f64 = 0.115;
const RIGHT: f64 = 0.965;
/// Labels that are closer than this share of the width would touch on a narrow screen.
const LABEL_ROOM: f64 = 0.15;

impl LineChart<'_> {
    /// The drawing.
    pub(super) fn markup(&self) -> Markup {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let values = || points().map(|point| point.value).chain(self.range.iter().copied());
        let vertical = match self.limit {
            _ if self.is_log => Scale::log(values()),
            Some(limit) => Scale::below_limit(values(), limit),
            None => Scale::from_zero(values()),
        };
        let horizontal = Scale::exactly(self.sizes.iter().map(|(size, _)| *size));
        let x = |size: f64| LEFT + horizontal.place(size) * (RIGHT - LEFT);
        let y = |value: f64| BOTTOM - vertical.place(value) * (BOTTOM - TOP);
        html! {
            svg class="chart" role="img" aria-label=(self.label) width="100%" height=(HEIGHT) {
                (self.grid(&vertical, y))
                @for (size, label, is_always) in self.labels(x) {
                    (line("notch", (x(size), BOTTOM), (x(size), BOTTOM + 4.0)))
                    (text(if is_always { "tick" } else { "tick roomy" }, "middle", x(size), BOTTOM + 17.0, &label))
                }
                @for series in self.series { (curve(series, x, y)) }
            }
        }
    }

    fn grid(&self, vertical: &Scale, y: impl Fn(f64) -> f64) -> Markup {
        let (low, high) = vertical.ends();
        let (factor, unit) = axis_unit(self.unit, high.abs().max(low.abs()));
        let ticks = vertical.ticks();
        let unit = if vertical.is_log() { format!("{unit}, log scale") } else { unit };
        html! {
            (text("unit", "start", 0.0, 11.0, &unit))
            @for (tick, label) in ticks.iter().zip(tick_labels(vertical, &ticks, factor)) {
                (line(if *tick == 0.0 { "grid zero" } else { "grid" }, (LEFT - 0.015, y(*tick)), (1.0, y(*tick))))
                (text("tick", "end", LEFT - 0.03, y(*tick) + 4.0, &label))
            }
            @if let Some(limit) = self.limit.filter(|limit| *limit <= high) {
                (line("limit", (LEFT - 0.015, y(limit)), (1.0, y(limit))))
            }
        }
    }

    /// The names below, and whether there is room for them on a narrow screen too.
    fn labels(&self, x: impl Fn(f64) -> f64) -> Vec<(f64, String, bool)> {
        let mut last = f64::NEG_INFINITY;
        let end = self.sizes.last().map_or(f64::INFINITY, |(size, _)| x(*size));
        let count = self.sizes.len();
        let labels = self.sizes.iter().enumerate().map(|(index, (size, label))| {
            let place = x(*size);
            let is_last = index + 1 == count;
            let has_room = place - last >= LABEL_ROOM && (is_last || end - place >= LABEL_ROOM);
            if has_room || is_last {
                last = place;
            }
            (*size, label.clone(), has_room || is_last)
        });
        labels.collect()
    }
}

fn curve(series: &Series, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> Markup {
    let places: Vec<(f64, f64)> = series.points.iter().map(|point| (x(point.size), y(point.value))).collect();
    let there = series.points.iter().map(|point| (x(point.size), y(point.interval[0])));
    let back = series.points.iter().rev().map(|point| (x(point.size), y(point.interval[1])));
    let band: Vec<(f64, f64)> = there.chain(back).collect();
    html! {
        g class=(series_class(series.style)) {
            @if places.len() > 1 {
                (path("band", HEIGHT, &band))
                (path("curve", HEIGHT, &places))
            }
            @for (point, place) in series.points.iter().zip(&places) {
                @if let Some(tip) = &point.tip {
                    g class="point" {
                        title { (tip) }
                        circle class="touch" cx=(percent(place.0)) cy=(pixels(place.1)) r="11" {}
                        (line("interval", (place.0, y(point.interval[0])), (place.0, y(point.interval[1]))))
                        (shape(series.style, place.0, place.1))
                    }
                }
            }
        }
    }
}
