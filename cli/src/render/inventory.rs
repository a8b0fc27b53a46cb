use super::{Align, Report, Sheet, View};
use crate::schema::inventory::{Code, Group, Inventory, Provider};
use crate::units::counted;

impl Report for Inventory {
    fn table(&self, view: &View) -> String {
        let fits = |sheet: &Sheet| view.fits(sheet.width());
        let suites = Some(suites(self, true)).filter(fits).unwrap_or_else(|| suites(self, false));
        let text = self.text(&suites, |sheet| sheet.table(view), |heading| format!("{heading}\n"), "WARNING: ");
        format!("{}\n\n{}", view.wrapped(&self.conclusion()), text)
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    fn csv(&self) -> String {
        suites(self, true).csv()
    }

    fn markdown(&self) -> String {
        let suites = suites(self, true);
        self.text(&suites, Sheet::markdown, |heading| format!("### {heading}\n\n"), "> **Warning:** ")
    }
}

impl Inventory {
    /// Such as "5 suites; of those of auto, chacha20poly1305 runs slowly on this CPU."
    fn conclusion(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for suite in self.providers.iter().flat_map(|provider| &provider.suites) {
            if !names.contains(&suite.name.as_str()) {
                names.push(&suite.name);
            }
        }
        let is_fast = |name: &str| {
            let mut all = self.providers.iter().flat_map(|provider| &provider.suites);
            all.any(|suite| suite.name == name && !suite.is_slow)
        };
        let slow: Vec<&str> = names.iter().copied().filter(|name| !is_fast(name)).collect();
        let count = counted(names.len(), "cipher suite", "cipher suites");
        match slow.is_empty() {
            true => format!("{count}; each runs fast on this CPU with at least one provider."),
            false => format!("{count}; slow on this CPU with every provider: {}.", slow.join(", ")),
        }
    }

    fn text(
        &self,
        suites: &Sheet,
        sheet: impl Fn(&Sheet) -> String,
        heading: impl Fn(&str) -> String,
        warning: &str,
    ) -> String {
        let groups = groups(self);
        let schemes = Sheet::new(["name", "code", "providers"].map(|heading| (heading, Align::Left)));
        let schemes = named(
            self,
            schemes,
            |provider| &provider.signature_schemes,
            |scheme| vec![scheme.name.clone(), scheme.code.clone()],
        );
        let sections = [
            ("Cipher suites", suites),
            ("Groups, with the bytes of both ends' shares", &groups),
            ("Signature schemes", &schemes),
        ];
        let sections = sections.map(|(title, rows)| heading(title) + &sheet(rows));
        let warnings = self.warnings.iter().map(|entry| format!("{warning}{}; {}\n", entry.message, entry.advice));
        sections.into_iter().chain(warnings).collect::<Vec<_>>().join("\n")
    }
}

/// A row per provider and suite; with all that is known of it, or without what only programs need.
fn suites(inventory: &Inventory, is_whole: bool) -> Sheet {
    const COLUMNS: [&str; 6] = ["provider", "cipher", "IANA name", "code", "part of", "runs on this CPU as"];
    let chosen = |place: &usize| is_whole || ![2, 4].contains(place);
    let mut sheet = Sheet::new((0..COLUMNS.len()).filter(chosen).map(|place| (COLUMNS[place], Align::Left)));
    for provider in &inventory.providers {
        for suite in &provider.suites {
            let slow = if suite.is_slow { "SLOW: " } else { "" };
            let runs_as = format!("{slow}{}", suite.implementation);
            let cells = [&provider.name, &suite.name, &suite.iana_name, &suite.code, &suite.source, &runs_as]
                .map(String::clone);
            sheet.row((0..cells.len()).filter(chosen).map(|place| cells[place].clone()).collect());
        }
    }
    sheet
}

/// A row per group, with the bytes of its shares.
fn groups(inventory: &Inventory) -> Sheet {
    let columns = [
        ("name", Align::Left),
        ("code", Align::Left),
        ("client", Align::Right),
        ("server", Align::Right),
        ("providers", Align::Left),
    ];
    let cells = |group: &Group| {
        let bytes = |count: usize| format!("{count} B");
        let Code { name, code } = group.code.clone();
        vec![name, code, bytes(group.client_share_bytes), bytes(group.server_share_bytes)]
    };
    named(inventory, Sheet::new(columns), |provider| &provider.groups, cells)
}

/// Adds a row per entry of the providers' lists to `sheet`: its cells, and the providers that have it.
fn named<T: PartialEq>(
    inventory: &Inventory,
    mut sheet: Sheet,
    list: impl Fn(&Provider) -> &Vec<T>,
    cells: impl Fn(&T) -> Vec<String>,
) -> Sheet {
    let mut all: Vec<&T> = Vec::new();
    for entry in inventory.providers.iter().flat_map(&list) {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    for entry in all {
        let having = inventory.providers.iter().filter(|provider| list(provider).contains(entry));
        let names: Vec<&str> = having.map(|provider| provider.name.as_str()).collect();
        let mut row = cells(entry);
        row.push(names.join(", "));
        sheet.row(row);
    }
    sheet
}
