//! Effects to the left and right of zero. Whether one helps, hurts or is inside the noise is told by a word, a sign, the
//! fill and the colour, each enough alone.

use maud::{Markup, html};

use super::marks::{bar, line, percent, pixels, text, whisker};
use super::rows::axis;
use super::scale::Scale;

/// What an effect comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Better with the switch.
    Helps,
    /// Worse.
    Hurts,
    /// Neither can be told.
    Noise,
}

impl Verdict {
    const fn class(self) -> &'static str {
        match self {
            Self::Helps => "effect helps",
            Self::Hurts => "effect hurts",
            Self::Noise => "effect noise",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Helps => "▲",
            Self::Hurts => "▼",
            Self::Noise => "○",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Helps => "helps",
            Self::Hurts => "hurts",
            Self::Noise => "inside the noise",
        }
    }
}

/// Effects that share an axis.
pub(super) struct EffectChart {
    /// The unit of the effects.
    pub(super) unit: String,
    /// Whether less is better.
    pub(super) less_is_better: bool,
    /// How far the axis goes to both sides of zero.
    pub(super) farthest: f64,
    /// The effects, in groups.
    pub(super) groups: Vec<Group>,
}

/// Effects of one thing.
pub(super) struct Group {
    /// Its name.
    pub(super) name: String,
    /// Its effects.
    pub(super) effects: Vec<Effect>,
}

/// An effect.
pub(super) struct Effect {
    /// Where it was measured.
    pub(super) name: String,
    /// Its number.
    pub(super) value: String,
    /// The effect.
    pub(super) change: f64,
    /// Its interval.
    pub(super) interval: [f64; 2],
    /// The smallest effect that could have been shown.
    pub(super) smallest: f64,
    /// What it comes to.
    pub(super) verdict: Verdict,
    /// All there is to say about it.
    pub(super) tip: String,
}

const STRIP: f64 = 16.0;
const LEFT: f64 = 0.01;
const RIGHT: f64 = 0.99;
/// Effects so many times larger than those of all else are cut off, or nothing else could be seen.
const OUTSTANDING: f64 = 5.0;

impl EffectChart {
    /// The drawing.
    pub(super) fn markup(&self) -> Markup {
        let scale = Scale::mirrored(self.farthest);
        let x = |value: f64| LEFT + scale.place(value) * (RIGHT - LEFT);
        let ticks = scale.ticks();
        let (left, right) = if self.less_is_better { ("◀ helps", "hurts ▶") } else { ("◀ hurts", "helps ▶") };
        html! {
            div class="rows effects" {
                svg class="ends" aria-hidden="true" width="100%" height="18" {
                    (text("tick", "start", 0.0, 12.0, left))
                    (text("tick", "end", 1.0, 12.0, right))
                }
                @for group in &self.groups {
                    div class="effect-group" {
                        div class="head" { span class="name" { (group.name) } }
                        @for effect in &group.effects {
                            div class="row" {
                                div class="head small" {
                                    span class="name" { (effect.name) }
                                    span class=(format!("verdict {}", effect.verdict.class())) {
                                        span class="sign" aria-hidden="true" { (effect.verdict.sign()) }
                                        " " (effect.value) " " (effect.verdict.word())
                                    }
                                }
                                (strip(effect, &scale, &ticks, x))
                            }
                        }
                    }
                }
                (axis(&scale, &ticks, &self.unit, x))
            }
        }
    }
}

/// How far the axis of these charts goes.
pub(super) fn farthest<'a>(charts: impl Iterator<Item = &'a EffectChart>) -> f64 {
    let of_group = |group: &Group| {
        let ends = group.effects.iter().flat_map(|effect| [effect.change, effect.interval[0], effect.interval[1]]);
        ends.map(f64::abs).filter(|end| end.is_finite()).fold(0.0, f64::max)
    };
    let mut farthest: Vec<f64> = charts.flat_map(|chart| &chart.groups).map(of_group).collect();
    farthest.sort_unstable_by(|a, b| b.total_cmp(a));
    // At most half of them are cut off.
    let mut gaps = farthest.windows(2).take(farthest.len() / 2);
    let outstanding = gaps.find(|pair| pair[1] > 0.0 && pair[0] > OUTSTANDING * pair[1]);
    match (outstanding, farthest.first()) {
        (Some(pair), _) => pair[1] * 1.5,
        (None, Some(first)) => first * 1.05,
        (None, None) => 1.0,
    }
}

fn strip(effect: &Effect, scale: &Scale, ticks: &[f64], x: impl Fn(f64) -> f64) -> Markup {
    let middle = STRIP / 2.0;
    let (low, high) = scale.ends();
    let is_beyond = effect.change < low || effect.change > high;
    let band = (x(-effect.smallest), x(effect.smallest));
    html! {
        svg class="strip" aria-hidden="true" width="100%" height=(STRIP) {
            @if effect.smallest > 0.0 { (bar("noise-band", band, 0.0, STRIP)) }
            @for tick in ticks {
                (line(if *tick == 0.0 { "grid zero" } else { "grid" }, (x(*tick), 0.0), (x(*tick), STRIP)))
            }
            g class="point" {
                title { (effect.tip) }
                rect class="touch" x="0" y="0" width="100%" height=(STRIP) {}
                @if effect.change != 0.0 {
                    (bar(effect.verdict.class(), (x(0.0), x(effect.change)), 2.5, STRIP - 5.0))
                }
                @if is_beyond {
                    (tear(if effect.change < 0.0 { 0.04 } else { 0.96 }))
                } @else {
                    (whisker("whisker", x(effect.interval[0]), x(effect.interval[1]), middle))
                }
            }
        }
    }
}

/// Where a bar goes on beyond the axis.
fn tear(x: f64) -> Markup {
    html! {
        svg class="tear" x=(percent(x)) y="0" width="10" height=(pixels(STRIP)) overflow="visible" {
            path d="M-3 16L1 10L-3 6L1 0H5L1 6L5 10L1 16Z" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far the axis goes for groups of one effect each.
    fn farthest(changes: &[f64]) -> f64 {
        let group = |change: &f64| {
            let (name, value, tip) = (String::new(), String::new(), String::new());
            let (interval, smallest, verdict) = ([*change; 2], 0.0, Verdict::Helps);
            Group {
                name: String::new(),
                effects: vec![Effect { name, value, change: *change, interval, smallest, verdict, tip }],
            }
        };
        let groups = changes.iter().map(group).collect();
        super::farthest([EffectChart { unit: String::new(), less_is_better: true, farthest: 0.0, groups }].iter())
    }

    #[test]
    fn the_axis_ends_where_the_few_outstanding_effects_would_hide_all_others() {
        assert_eq!(farthest(&[-3.0, 2.0, 1.0]), 3.0 * 1.05);
        assert_eq!(farthest(&[-33.0, 2.0, 1.0]), 2.0 * 1.5);
        assert_eq!(farthest(&[-33.0, 2.0, 40.0, 1.0]), 2.0 * 1.5);
        assert_eq!(farthest(&[-33.0, 30.0, 40.0, 1.0]), 40.0 * 1.05, "most are no exception");
        assert_eq!(farthest(&[8.0, 0.0, 0.0]), 8.0 * 1.05);
        assert_eq!(farthest(&[]), 1.0);
    }
}
