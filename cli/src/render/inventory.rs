use super::{Align, Report, Sheet};
use crate::schema::inventory::{Code, Inventory};

impl Report for Inventory {
    fn table(&self, color: bool) -> String {
        self.text(|sheet| sheet.table(color), |heading| format!("{heading}\n"), "WARNING: ")
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    fn csv(&self) -> String {
        suites(self).csv()
    }

    fn markdown(&self) -> String {
        self.text(Sheet::markdown, |heading| format!("### {heading}\n\n"), "> **Warning:** ")
    }
}

impl Inventory {
    fn text(&self, sheet: impl Fn(&Sheet) -> String, heading: impl Fn(&str) -> String, warning: &str) -> String {
        let sections = [
            ("Cipher suites", suites(self)),
            ("Groups", codes(self, |provider| &provider.groups)),
            ("Signature schemes", codes(self, |provider| &provider.signature_schemes)),
        ];
        let sections = sections.map(|(title, rows)| heading(title) + &sheet(&rows));
        let warnings = self.warnings.iter().map(|entry| format!("{warning}{}; {}\n", entry.message, entry.advice));
        sections.into_iter().chain(warnings).collect::<Vec<_>>().join("\n")
    }
}

/// A row per provider and suite.
fn suites(inventory: &Inventory) -> Sheet {
    const COLUMNS: [&str; 6] = ["provider", "cipher", "IANA name", "code", "part of", "runs on this CPU as"];
    let mut sheet = Sheet::new(COLUMNS.map(|heading| (heading, Align::Left)));
    for provider in &inventory.providers {
        for suite in &provider.suites {
            let slow = if suite.is_slow { "SLOW: " } else { "" };
            sheet.row(vec![
                provider.name.clone(),
                suite.name.clone(),
                suite.iana_name.clone(),
                suite.code.clone(),
                suite.source.clone(),
                format!("{slow}{}", suite.implementation),
            ]);
        }
    }
    sheet
}

/// A row per name, with the providers that have it.
fn codes(inventory: &Inventory, list: impl Fn(&crate::schema::inventory::Provider) -> &Vec<Code>) -> Sheet {
    let mut sheet = Sheet::new(["name", "code", "providers"].map(|heading| (heading, Align::Left)));
    let mut all: Vec<&Code> = Vec::new();
    for code in inventory.providers.iter().flat_map(&list) {
        if !all.contains(&code) {
            all.push(code);
        }
    }
    for code in all {
        let having = inventory.providers.iter().filter(|provider| list(provider).contains(code));
        let names: Vec<&str> = having.map(|provider| provider.name.as_str()).collect();
        sheet.row(vec![code.name.clone(), code.code.clone(), names.join(", ")]);
    }
    sheet
}
