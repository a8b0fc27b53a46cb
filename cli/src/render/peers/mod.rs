//! Several libraries at the same works: a table for each work, and who is first how often.

mod sentences;
mod work_table;

use super::document::host_line;
use super::{Report, Sheet, View};
use crate::names;
use crate::ranking::{Contest, Work, medals, works};
use crate::render::groups::grouped;
use crate::schema::Document;
pub(super) use sentences::{conclusion, medal_line};
pub(super) use work_table::ceiling_name;
use work_table::sheet;

/// How to read the tables.
const LEGEND: &str =
    "first: ahead of all others by 1 % or more, beyond the noise. ≈: no difference to the best is shown.";

/// Results of several libraries. As a document they are what all results are.
pub struct PeersTable<'a>(pub &'a Document);

impl Report for PeersTable<'_> {
    fn table(&self, view: &View) -> String {
        let lines =
            |lines: &[String]| lines.iter().map(|line| view.wrapped(&names::shown(line)) + "\n").collect::<String>();
        let works = works(self.0);
        let mut parts = Vec::new();
        for Section { said, sheet, notes } in works.iter().flat_map(sections) {
            let table = sheet.map(|sheet| format!("\n{}", sheet.table(view))).unwrap_or_default();
            parts.push(lines(&[said]) + &table + &lines(&notes));
        }
        parts.push(lines(&[LEGEND.to_owned()]) + &lines(&self.footer(&works)));
        parts.join("\n")
    }

    fn json(&self) -> serde_json::Result<String> {
        self.0.json()
    }

    fn csv(&self) -> String {
        self.0.csv()
    }

    fn markdown(&self) -> String {
        let works = works(self.0);
        let mut parts = Vec::new();
        for Section { said, sheet, notes } in works.iter().flat_map(sections) {
            parts.push(said + "\n");
            parts.extend(sheet.map(|sheet| sheet.markdown()));
            parts.extend(notes.into_iter().map(|note| note + "\n"));
        }
        parts.push(LEGEND.to_owned() + "\n");
        parts.extend(self.footer(&works).into_iter().map(|line| line + "\n"));
        for warning in &self.0.warnings {
            parts.push(format!("> **Warning:** {}; {}\n", warning.message, warning.advice));
        }
        parts.join("\n")
    }
}

impl PeersTable<'_> {
    /// The medals, and what all of it was measured on.
    fn footer(&self, works: &[Work<'_>]) -> Vec<String> {
        let mut footer: Vec<String> = medal_line(&medals(works)).into_iter().collect();
        footer.push(host_line(&self.0.host));
        if self.0.partial {
            footer.push("Interrupted: these results are partial.".to_owned());
        }
        footer
    }
}

/// What libraries are compared in.
struct Section {
    /// What it comes to.
    said: String,
    /// Its table, unless no library has a number.
    sheet: Option<Sheet>,
    /// Why which cells are empty.
    notes: Vec<String>,
}

/// The speed of a work, and the memory of its connections if it was counted.
fn sections(work: &Work<'_>) -> Vec<Section> {
    let (contests, memory) = (work.contests(), work.memory());
    let section = |contests: &[Contest<'_>], notes| Section {
        said: conclusion(work, contests),
        sheet: (!contests.is_empty()).then(|| sheet(work, contests)),
        notes,
    };
    let speed = section(&contests, unavailable(work));
    let memory = (!memory.is_empty()).then(|| section(&memory, Vec::new()));
    [speed].into_iter().chain(memory).collect()
}

/// Each reason once, with those that it holds for.
pub(super) fn unavailable(work: &Work<'_>) -> Vec<String> {
    let reasons = work.rows.iter().filter_map(|row| Some((row.case.unavailable.as_ref()?, row.name.as_str())));
    let told = reasons.map(|(reason, name)| (format!("{}; {}", reason.message, reason.advice), name));
    let line = |(reason, names): (String, Vec<&str>)| match names.len() == work.rows.len() {
        true => format!("n/a: {reason}."),
        false => format!("n/a: {}: {reason}.", names.join(", ")),
    };
    grouped(told).into_iter().map(line).collect()
}
