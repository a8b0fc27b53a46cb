//! The frame of a chart: what it shows, how to read it, its key, and its numbers as a table.

use maud::{Markup, html};

use super::marks::swatch;

/// A chart with what belongs to it.
pub(super) struct Figure {
    /// What it shows.
    pub(super) title: String,
    /// How to read it.
    pub(super) reading: String,
    /// The key.
    pub(super) key: Vec<KeyEntry>,
    /// The drawing.
    pub(super) drawing: Markup,
    /// The same as numbers.
    pub(super) table: DataTable,
    /// Whether it is as wide as the page.
    pub(super) is_wide: bool,
}

/// A series in the key.
pub(super) struct KeyEntry {
    /// Its looks.
    pub(super) style: usize,
    /// Whether its points are joined.
    pub(super) is_line: bool,
    /// Its name.
    pub(super) name: String,
    /// A number of it that says most.
    pub(super) value: String,
}

/// Numbers in rows and columns. The first column names the row.
#[derive(Default)]
pub(super) struct DataTable {
    /// What the columns are.
    pub(super) headings: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl DataTable {
    /// A table without rows.
    pub(super) fn new<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        Self { headings: headings.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// The table.
    pub(super) fn markup(&self, caption: &str) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead { tr { @for heading in &self.headings { th scope="col" { (heading) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (index, cell) in row.iter().enumerate() {
                                    @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The table, folded away.
    pub(super) fn folded(&self, caption: &str) -> Markup {
        html! {
            details class="numbers" {
                summary { "The numbers" }
                (self.markup(caption))
            }
        }
    }
}

impl Figure {
    /// The whole figure.
    pub(super) fn markup(&self) -> Markup {
        html! {
            figure class=(if self.is_wide { "panel wide" } else { "panel" }) {
                figcaption {
                    h4 { (self.title) }
                    p class="reading" { (self.reading) }
                }
                @if !self.key.is_empty() {
                    ul class="key" {
                        @for entry in &self.key {
                            li {
                                (swatch(entry.style, entry.is_line))
                                span class="name" { (entry.name) }
                                @if !entry.value.is_empty() { span class="value" { (entry.value) } }
                            }
                        }
                    }
                }
                (self.drawing)
                (self.table.folded(&self.title))
            }
        }
    }
}
