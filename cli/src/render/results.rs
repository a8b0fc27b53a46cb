use std::collections::HashSet;

use super::{AblationTable, PeersTable, Report, View};
use crate::ranking::works;
use crate::schema::{Case, Document};

/// Results of all kinds: comparisons of switches and of libraries as their tables, all else as theirs.
pub struct Results<'a>(pub &'a Document);

impl Report for Results<'_> {
    fn table(&self, view: &View) -> String {
        self.parts(view.is_verbose, |report| report.table(view))
    }

    fn json(&self) -> serde_json::Result<String> {
        self.0.json()
    }

    fn csv(&self) -> String {
        self.0.csv()
    }

    fn markdown(&self) -> String {
        self.parts(false, |report| report.markdown())
    }
}

impl Results<'_> {
    /// The tables of each kind of cases. Those of libraries are also told one by one if everything is shown.
    fn parts(&self, is_verbose: bool, form: impl Fn(&dyn Report) -> String) -> String {
        let works = works(self.0);
        let of_libraries: HashSet<&str> =
            works.iter().flat_map(|work| &work.rows).map(|row| row.case.id.as_str()).collect();
        let is_of_libraries = |case: &Case| of_libraries.contains(case.id.as_str());
        let part = |is_wanted: &dyn Fn(&Case) -> bool| {
            let cases: Vec<Case> = self.0.cases.iter().filter(|case| is_wanted(case)).cloned().collect();
            (!cases.is_empty()).then(|| Document { cases, ..self.0.clone() })
        };
        let others = part(&|case| !compares_switches(case) && (is_verbose || !is_of_libraries(case)));
        let libraries = part(&is_of_libraries);
        let switches = part(&compares_switches);
        if [&others, &libraries, &switches].into_iter().all(Option::is_none) {
            return form(self.0);
        }
        let tables = [
            libraries.as_ref().map(|document| form(&PeersTable(document))),
            others.as_ref().map(|document| form(document)),
            switches.as_ref().map(|document| form(&AblationTable(document))),
        ];
        tables.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}

fn compares_switches(case: &Case) -> bool {
    case.requested.contains_key("workload") && case.requested.contains_key("base")
}
