use super::{AblationTable, Report, View};
use crate::schema::{Case, Document};

/// Results of all kinds: comparisons of switches as their table, all else as theirs.
pub struct Results<'a>(pub &'a Document);

impl Report for Results<'_> {
    fn table(&self, view: &View) -> String {
        self.parts(|report| report.table(view))
    }

    fn json(&self) -> serde_json::Result<String> {
        self.0.json()
    }

    fn csv(&self) -> String {
        self.0.csv()
    }

    fn markdown(&self) -> String {
        self.parts(|report| report.markdown())
    }
}

impl Results<'_> {
    fn parts(&self, form: impl Fn(&dyn Report) -> String) -> String {
        let (switches, others): (Vec<Case>, Vec<Case>) = self.0.cases.iter().cloned().partition(compares_switches);
        match (switches.is_empty(), others.is_empty()) {
            (true, _) => form(self.0),
            (false, true) => form(&AblationTable(self.0)),
            (false, false) => {
                let part = |cases: Vec<Case>| Document { cases, ..self.0.clone() };
                format!("{}\n{}", form(&part(others)), form(&AblationTable(&part(switches))))
            }
        }
    }
}

fn compares_switches(case: &Case) -> bool {
    case.requested.contains_key("workload") && case.requested.contains_key("base")
}
