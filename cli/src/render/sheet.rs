use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, presets};

use super::View;
use crate::names;

/// Which side a column's text stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows and columns of text. A cell may have several lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// A sheet without rows.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let columns = columns.into_iter().map(|(heading, align)| (heading.to_owned(), align)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: one cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        let shown = |cell: String| cell.split('\n').map(names::shown).collect::<Vec<_>>().join("\n");
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// The width of the table.
    pub fn width(&self) -> usize {
        lines(&self.build(false)).lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    /// Columns below a rule. Where they are too wide for the view, text is broken within its cell and numbers are not.
    pub fn table(&self, view: &View) -> String {
        let mut table = self.build(view.color);
        if self.width() > view.terminal.unwrap_or(usize::MAX) {
            // Each line is stripped of the blank that it begins with.
            let width = u16::try_from(view.width() + 1).unwrap_or(u16::MAX);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            let names_stay_whole = self.least_width() <= view.width();
            for (place, column) in table.column_iter_mut().enumerate() {
                if self.columns[place].1 == Align::Right || (names_stay_whole && !self.has_blanks(place)) {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        lines(&table)
    }

    /// Whether a column has text that can be broken between words.
    fn has_blanks(&self, place: usize) -> bool {
        self.rows.iter().any(|row| row[place].contains(' '))
    }

    /// The width where only text with blanks is broken.
    fn least_width(&self) -> usize {
        const BROKEN: usize = 16;
        let longest = |text: &String| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        let widths = self.columns.iter().enumerate().map(|(place, (heading, align))| {
            let cells = self.rows.iter().map(|row| longest(&row[place]));
            let whole = cells.chain([longest(heading)]).max().unwrap_or(0);
            if *align == Align::Left && self.has_blanks(place) { whole.min(BROKEN) } else { whole }
        });
        widths.map(|width| width + 2).sum()
    }

    /// Aligned columns without lines: one line for each row, which is easy to search.
    pub fn plain(&self) -> String {
        let mut table = self.build(false);
        table.load_style(presets::NOTHING);
        lines(&table)
    }

    fn build(&self, color: bool) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─')));
        if color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let heading = |(text, align): &(String, Align)| {
            let cell = Cell::new(text).set_alignment(alignment(*align));
            if color { cell.add_attribute(Attribute::Bold) } else { cell }
        };
        table.set_header(self.columns.iter().map(heading).collect::<Vec<_>>());
        for row in &self.rows {
            let cells = row.iter().zip(&self.columns);
            table.add_row(
                cells.map(|(text, (_, align))| Cell::new(text).set_alignment(alignment(*align))).collect::<Vec<_>>(),
            );
        }
        table
    }

    /// A table of GitHub's Markdown.
    pub fn markdown(&self) -> String {
        let escape = |text: &str| text.replace('|', "\\|").replace('\n', "<br>");
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = row(self.columns.iter().map(|(heading, _)| escape(heading)).collect());
        text.push_str(&row(self
            .columns
            .iter()
            .map(|(_, align)| if *align == Align::Right { "---:" } else { "---" }.to_owned())
            .collect()));
        for cells in &self.rows {
            text.push_str(&row(cells.iter().map(|cell| escape(cell)).collect()));
        }
        text
    }

    /// Comma-separated values (RFC 4180, with line feeds).
    pub fn csv(&self) -> String {
        let headings = self.columns.iter().map(|(heading, _)| csv_cell(heading)).collect::<Vec<_>>().join(",");
        let rows = self.rows.iter().map(|row| row.iter().map(|cell| csv_cell(cell)).collect::<Vec<_>>().join(","));
        std::iter::once(headings).chain(rows).fold(String::new(), |text, line| text + &line + "\n")
    }
}

/// The lines of a table, without the blanks around them.
fn lines(table: &Table) -> String {
    table.lines().map(|line| unpadded(&line) + "\n").collect()
}

/// A line without the padding of its first and last column.
fn unpadded(line: &str) -> String {
    let line = line.strip_prefix([' ', '─']).unwrap_or(line);
    line.strip_suffix('─').unwrap_or(line).trim_end().to_owned()
}

const fn alignment(align: Align) -> CellAlignment {
    match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    }
}

/// A spreadsheet would take some texts for formulas, which may start programs: an apostrophe makes them texts. Numbers stay.
fn csv_cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if is_formula { &*format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new([("name", Align::Left), ("value", Align::Right)]);
        sheet.row(vec!["a|b".into(), "1,5".into()]);
        sheet.row(vec!["two\nlines".into(), "say \"x\"".into()]);
        sheet
    }

    #[test]
    fn markdown_escapes_what_would_end_a_cell() {
        assert_eq!(
            sheet().markdown(),
            "| name | value |\n| --- | ---: |\n| a\\|b | 1,5 |\n| two<br>lines | say \"x\" |\n"
        );
    }

    #[test]
    fn csv_quotes_what_would_end_a_value() {
        assert_eq!(sheet().csv(), "name,value\na|b,\"1,5\"\n\"two\nlines\",\"say \"\"x\"\"\"\n");
    }

    #[test]
    fn a_cell_of_csv_is_a_number_or_a_text_and_never_a_formula() {
        for text in ["=1+1", "+cmd", "-cmd", "@SUM(1)", "\t=1", "\r=1", "-1+1", "+5 %", "--1"] {
            let cell = csv_cell(text);
            assert!(cell.trim_start_matches('"').starts_with(&format!("'{text}")), "{text:?}: {cell:?}");
        }
        for text in ["-0.5", "+1", "-1e-9", "1", "a=b", "", "-"] {
            assert_eq!(csv_cell(text), if text == "-" { "'-" } else { text });
        }
    }

    #[test]
    fn a_table_has_escape_codes_only_in_color() {
        assert!(sheet().table(&View { color: true, ..View::plain() }).contains("\x1b["));
        let plain = sheet().table(&View::plain());
        assert!(!plain.contains('\x1b') && plain.contains("two") && plain.contains("lines"));
    }
}
