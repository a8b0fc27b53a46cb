use super::{Align, Report, Sheet, View};
use crate::schema::doctor::{Check, CheckState, Diagnosis};

impl Report for Diagnosis {
    fn table(&self, view: &View) -> String {
        let text = self.text(|sheet| sheet.table(view), |heading| format!("{heading}\n"));
        view.wrapped(&text)
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    fn csv(&self) -> String {
        checks(self).csv()
    }

    fn markdown(&self) -> String {
        self.text(Sheet::markdown, |heading| format!("### {heading}\n\n"))
    }
}

impl Diagnosis {
    fn text(&self, sheet: impl Fn(&Sheet) -> String, heading: impl Fn(&str) -> String) -> String {
        let mut text = format!("{}\n\n{}", self.conclusion(), sheet(&checks(self)));
        let advice: Vec<String> = self
            .warnings()
            .filter_map(|check| Some(format!("- {} ({}): {}\n", check.name, check.finding, check.advice.as_deref()?)))
            .collect();
        if !advice.is_empty() {
            text.push_str(&format!("\n{}{}", heading("What to do"), advice.concat()));
        }
        text.push_str(&format!("\n{}{}", heading("Programs to measure and test against"), sheet(&peers(self))));
        text
    }
}

impl Diagnosis {
    fn warnings(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.state == CheckState::Warning)
    }

    fn conclusion(&self) -> String {
        let names: Vec<&str> = self.warnings().map(|check| check.name.as_str()).collect();
        match names.len() {
            0 => "This machine is fit to measure.".to_owned(),
            1 => format!("One thing makes measurements worth less here: {}.", names[0]),
            count => format!("{count} things make measurements worth less here: {}.", names.join(", ")),
        }
    }
}

fn checks(diagnosis: &Diagnosis) -> Sheet {
    let mut sheet = Sheet::new([("", Align::Left), ("found", Align::Left), ("verdict", Align::Left)]);
    for check in &diagnosis.checks {
        let verdict = match check.state {
            CheckState::Good => "good",
            CheckState::Warning => "WARNING",
            CheckState::Unknown => "unknown",
        };
        sheet.row(vec![check.name.clone(), check.finding.clone(), verdict.to_owned()]);
    }
    sheet
}

fn peers(diagnosis: &Diagnosis) -> Sheet {
    let mut sheet = Sheet::new([("program", Align::Left), ("version", Align::Left)]);
    for peer in &diagnosis.peers {
        // A list of libraries is for the document.
        let version = peer.version.as_deref().map_or("not found", |text| text.split(" (").next().unwrap_or(text));
        sheet.row(vec![peer.name.clone(), version.to_owned()]);
    }
    sheet
}
