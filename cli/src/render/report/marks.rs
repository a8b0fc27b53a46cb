//! The small parts of charts. Widths are percentages, so that one drawing fits every screen and its letters keep their
//! size; heights are pixels. What belongs to a series has its colour and its shape, so that neither is needed alone.

use maud::{Markup, html};

/// Series beyond these begin again with the first's looks.
pub(super) const STYLES: usize = 8;

/// Shapes of series, in a field from -5 to 5.
const SHAPES: [&str; STYLES] = [
    "M4.6 0A4.6 4.6 0 1 1-4.6 0A4.6 4.6 0 1 1 4.6 0Z",
    "M-4 -4H4V4H-4Z",
    "M0 -5.2L5 3.8H-5Z",
    "M0 -5.6L5.6 0L0 5.6L-5.6 0Z",
    "M0 5.2L5 -3.8H-5Z",
    "M-1.7 -5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z",
    "M0 -5.4L4.7 -2.7V2.7L0 5.4L-4.7 2.7V-2.7Z",
    "M0 -5.5L1.6 -1.6L5.5 0L1.6 1.6L0 5.5L-1.6 1.6L-5.5 0L-1.6 -1.6Z",
];

/// What all drawings of a page refer to.
pub(super) fn definitions() -> Markup {
    html! {
        svg class="definitions" aria-hidden="true" width="0" height="0" {
            defs {
                @for (index, shape) in SHAPES.iter().enumerate() {
                    path id=(format!("shape-{index}")) d=(shape) {}
                }
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect class="hatch-ground" width="6" height="6" {}
                    rect class="hatch-line" width="2.6" height="6" {}
                }
            }
        }
    }
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// A number of pixels.
pub(super) fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

/// The class of a series' colour.
pub(super) fn series_class(style: usize) -> String {
    format!("series s{}", style % STYLES)
}

/// A series' shape, at a place.
pub(super) fn shape(style: usize, x: f64, y: f64) -> Markup {
    html! { use href=(format!("#shape-{}", style % STYLES)) class="shape" x=(percent(x)) y=(pixels(y)) {} }
}

/// A line from place to place: shares of the width, pixels of the height.
pub(super) fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Markup {
    html! {
        line class=(class) x1=(percent(from.0)) y1=(pixels(from.1)) x2=(percent(to.0)) y2=(pixels(to.1)) {}
    }
}

/// Text at a place. `anchor` is start, middle or end.
pub(super) fn text(class: &str, anchor: &str, x: f64, y: f64, content: &str) -> Markup {
    html! { text class=(class) text-anchor=(anchor) x=(percent(x)) y=(pixels(y)) { (content) } }
}

/// A box: shares of the width, pixels of the height.
pub(super) fn bar(class: &str, x: (f64, f64), y: f64, height: f64) -> Markup {
    let (left, right) = (x.0.min(x.1), x.0.max(x.1));
    html! {
        rect class=(class) x=(percent(left)) y=(pixels(y)) width=(percent(right - left)) height=(pixels(height)) rx="2" {}
    }
}

/// An interval along the width, with ends.
pub(super) fn whisker(class: &str, low: f64, high: f64, y: f64) -> Markup {
    html! {
        (line(class, (low, y), (high, y)))
        @if high - low > 0.004 {
            (line(class, (low, y - 3.0), (low, y + 3.0)))
            (line(class, (high, y - 3.0), (high, y + 3.0)))
        }
    }
}

/// A path through places, stretched over the whole width.
pub(super) fn path(class: &str, height: f64, places: &[(f64, f64)]) -> Markup {
    let mut command = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        command.push_str(&format!("{}{:.1} {y:.1}", if index == 0 { 'M' } else { 'L' }, x * 1000.0));
    }
    html! {
        svg class="stretch" x="0" y="0" width="100%" height=(pixels(height))
            viewBox=(format!("0 0 1000 {height:.0}")) preserveAspectRatio="none" {
            path class=(class) d=(command) {}
        }
    }
}

/// The sign of a series, for the key of a chart.
pub(super) fn swatch(style: usize, is_line: bool) -> Markup {
    html! {
        svg class=(format!("swatch {}", series_class(style))) width="26" height="12" aria-hidden="true" {
            @if is_line { (line("curve", (0.0, 6.0), (1.0, 6.0))) }
            (shape(style, 0.5, 6.0))
        }
    }
}
