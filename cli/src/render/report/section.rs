//! A part of the page with a heading of its own: the navigation lists it, and links lead to it.

use std::collections::HashSet;

use maud::{Markup, html};

use super::facts::Terms;

/// Letters of an anchor's part.
const ANCHOR_MAX: usize = 60;

/// Charts that belong together.
pub(super) struct Section {
    /// Its heading.
    pub(super) title: String,
    /// What its anchor says of it.
    pub(super) anchor: String,
    /// How to read its charts.
    pub(super) reading: Option<&'static str>,
    /// What its cases ran with: told at the end of the page.
    pub(super) terms: Terms,
    /// Its charts.
    pub(super) charts: Markup,
}

impl Section {
    /// The heading with the charts.
    pub(super) fn markup(&self) -> Markup {
        html! {
            section class="group" id=(self.anchor) {
                h3 { (self.title) }
                @if let Some(reading) = self.reading { p class="reading" { (reading) } }
                (self.charts)
            }
        }
    }
}

/// A text as a part of an anchor: small letters, digits and lines between them.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter.to_ascii_lowercase()),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() == ANCHOR_MAX {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// The anchors of a page, each of them once.
#[derive(Default)]
pub(super) struct Anchors(HashSet<String>);

impl Anchors {
    /// The anchor of these parts, with a number at its end where another one is called so.
    pub(super) fn unique(&mut self, parts: &[&str]) -> String {
        let name = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-");
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        let free = names.find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_readable_and_unique() {
        assert_eq!(slug("throughput/memory/send"), "throughput-memory-send");
        assert_eq!(slug("  Ä \"><b>Sizes 2.json"), "b-sizes-2-json");
        assert_eq!(slug("日本"), "");
        assert!(slug(&"a".repeat(1_000)).len() <= ANCHOR_MAX);
        let mut anchors = Anchors::default();
        let found = [["run", "a"], ["run", "a"], ["run", ""], ["run", "a"]].map(|parts| anchors.unique(&parts));
        assert_eq!(found, ["run-a", "run-a-2", "run", "run-a-3"]);
    }
}
