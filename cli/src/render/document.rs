use super::case_table::{NOT_MEASURABLE, case_table};
use super::conclusion::conclusions;
use super::groups::{grouped, in_order};
use super::labels::{Labels, labels};
use super::phases::phase_table;
use super::unusual::{switch, unusual};
use super::{Align, Report, Sheet, View};
use crate::names;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Document, Host, Kind, Metric, Negotiated, Side, name_of};
use crate::units::format_quantity;

/// What stands in the place of all numbers of a case.
pub(super) const UNAVAILABLE: &str = "n/a";

impl Report for Document {
    fn table(&self, view: &View) -> String {
        let mut parts: Vec<String> = by_command(&self.cases).iter().map(|(_, cases)| section(cases, view)).collect();
        let mut footer: Vec<String> = Vec::new();
        if view.is_verbose {
            let quantities = quantities(&self.cases);
            parts.extend(self.cases.iter().map(|case| case_block(case, &quantities, view)));
            footer.extend(notes(self));
        }
        for reason in self.not_measurable() {
            footer.push(names::shown(&format!("{}; {}.", reason.message, reason.advice)));
        }
        footer.push(host_line(&self.host));
        if self.partial {
            footer.push("Interrupted: these results are partial.".to_owned());
        }
        parts.push(footer.iter().map(|line| view.wrapped(line) + "\n").collect());
        parts.join("\n")
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// One line per metric, with raw numbers, or in the median's place a reason.
    fn csv(&self) -> String {
        const TEXT: [&str; 8] = ["case", "version", "cipher_suite", "group", "signature", "metric", "unit", "better"];
        const NUMBERS: [&str; 5] = ["median", "mad", "ci95_low", "ci95_high", "samples"];
        let columns = TEXT.map(|name| (name, Align::Left)).into_iter().chain(NUMBERS.map(|name| (name, Align::Right)));
        let mut sheet = Sheet::new(columns);
        for case in &self.cases {
            let Negotiated { version, cipher_suite, group, signature, .. } = &case.negotiated;
            let negotiated = [version, cipher_suite, group, signature].map(|value| value.clone().unwrap_or_default());
            for (name, metric) in &case.metrics {
                let better = format!("{:?}", metric.better).to_lowercase();
                let [low, high] = metric.ci95;
                let numbers = [metric.median, metric.mad, low, high].map(|value| value.to_string());
                let mut row = vec![case.id.clone()];
                row.extend(negotiated.clone());
                row.extend([name.clone(), metric.unit.clone(), better]);
                row.extend(numbers);
                row.push(metric.samples.len().to_string());
                sheet.row(row);
            }
            for (name, reason) in &case.not_measurable {
                let listed = quantity::find(name_of(name));
                let unit = listed.map(|quantity| quantity.unit.to_owned()).unwrap_or_default();
                let better = listed.map(|quantity| format!("{:?}", quantity.better).to_lowercase()).unwrap_or_default();
                let mut row = vec![case.id.clone()];
                row.extend(negotiated.clone());
                row.extend([name.clone(), unit, better]);
                row.push(format!("{NOT_MEASURABLE}: {}; {}", reason.message, reason.advice));
                row.extend(["", "", "", "0"].map(str::to_owned));
                sheet.row(row);
            }
            if let Some(reason) = &case.unavailable {
                let mut row = vec![case.id.clone()];
                row.extend(negotiated);
                row.extend(["", "", ""].map(str::to_owned));
                row.push(format!("{UNAVAILABLE}: {}; {}", reason.message, reason.advice));
                row.extend(["", "", "", "0"].map(str::to_owned));
                sheet.row(row);
            }
        }
        sheet.csv()
    }

    fn markdown(&self) -> String {
        let mut text = main_sheet(self).markdown();
        for note in notes(self).into_iter().chain([host_line(&self.host)]) {
            text.push_str(&format!("\n{note}\n"));
        }
        for warning in self.warnings.iter().chain(&self.not_measurable()) {
            text.push_str(&format!("\n> **Warning:** {}; {}\n", warning.message, warning.advice));
        }
        if self.partial {
            text.push_str("\n> **Interrupted:** these results are partial.\n");
        }
        text
    }
}

/// A row per case, a line per side.
fn main_sheet(document: &Document) -> Sheet {
    let quantities = quantities(&document.cases);
    let headings = quantities.iter().map(|quantity| (quantity.heading, Align::Right));
    let mut sheet = Sheet::new([("case", Align::Left), ("side", Align::Left)].into_iter().chain(headings));
    for case in &document.cases {
        let sides = sides(case, &quantities);
        let mut row = vec![
            format!("{}\n{}", case.id, terms(case, "\n")),
            sides.iter().map(|side| side_label(case, *side)).collect::<Vec<_>>().join("\n"),
        ];
        for quantity in &quantities {
            row.push(sides.iter().map(|side| cell(case, *side, quantity)).collect::<Vec<_>>().join("\n"));
        }
        sheet.row(row);
    }
    sheet
}

/// The cases of each command, in the order of its first.
fn by_command(cases: &[Case]) -> Vec<(String, Vec<&Case>)> {
    // Records and handshakes have nothing in common whose instructions could stand in one table.
    let parts = |case: &Case| if case.command() == "instructions" { 2 } else { 1 };
    let name = |case: &Case| case.id.split('/').take(parts(case)).collect::<Vec<_>>().join("/");
    grouped(cases.iter().map(|case| (name(case), case)))
}

/// What the cases of a command come to, and their table.
fn section(cases: &[&Case], view: &View) -> String {
    let command = cases.first().map_or("", |case| case.command());
    let labels = labels(cases.iter().map(|case| case.id.as_str()));
    let mut lines = conclusions(command, cases);
    if lines.is_empty() {
        lines.push(heading(command, &labels));
    }
    lines.extend(unusual(cases));
    let table = case_table(command, cases, &labels, view);
    let mut text: String = lines.iter().map(|line| view.wrapped(&names::shown(line)) + "\n").collect();
    text.push('\n');
    text.push_str(&table.sheet.table(view));
    if let Some(phases) = phase_table(cases, &labels) {
        text.push_str(&format!("\n{}", phases.table(view)));
    }
    if table.is_cut && !view.is_verbose && view.terminal.is_some() {
        text.push_str("More figures: -v, --json, or a wider terminal.\n");
    }
    text
}

fn heading(command: &str, labels: &Labels) -> String {
    let parts = [command, labels.common.as_str()];
    format!("{}:", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
}

/// All that is known of one case: a row per quantity, a column per side.
fn case_block(case: &Case, quantities: &[&Quantity], view: &View) -> String {
    let sides = sides(case, quantities);
    let labels: Vec<String> = sides.iter().map(|side| side_label(case, *side)).collect();
    let headings = labels.iter().map(|label| (label.as_str(), Align::Right));
    let mut sheet = Sheet::new([("", Align::Left)].into_iter().chain(headings));
    for quantity in quantities.iter().filter(|quantity| sides.iter().any(|side| has(case, *side, quantity))) {
        let cells = sides.iter().map(|side| cell(case, *side, quantity));
        sheet.row([quantity.heading.to_owned()].into_iter().chain(cells).collect());
    }
    format!("{}\n{}\n{}", names::shown(&case.id), view.wrapped(&names::shown(&terms(case, " "))), sheet.table(view))
}

/// The quantities that some case has, without those that only explain others.
fn quantities(cases: &[Case]) -> Vec<&'static Quantity> {
    let is_measured =
        |quantity: &Quantity| cases.iter().any(|case| Side::ALL.iter().any(|side| has(case, *side, quantity)));
    let all = quantity::ALL.iter().copied();
    all.filter(|quantity| !quantity.is_detail() && is_measured(quantity)).collect()
}

/// Whether there is a number, or a reason why there is none.
fn has(case: &Case, side: Side, quantity: &Quantity) -> bool {
    case.metric(side, quantity).is_some() || case.reason(side, quantity).is_some()
}

/// The sides that have any of these.
fn sides(case: &Case, quantities: &[&Quantity]) -> Vec<Side> {
    let has_any = |side: &Side| quantities.iter().any(|quantity| has(case, *side, quantity));
    Side::ALL.into_iter().filter(has_any).collect()
}

fn cell(case: &Case, side: Side, quantity: &Quantity) -> String {
    let reason = || case.reason(side, quantity).map(|_| NOT_MEASURABLE.to_owned()).unwrap_or_default();
    case.metric(side, quantity).map_or_else(reason, value)
}

/// The side, and where data moves one way, which end is on it.
fn side_label(case: &Case, side: Side) -> String {
    let direction = case.requested.get("direction").and_then(|value| value.as_str());
    let end = match (direction, side) {
        (Some("send"), Side::Send) | (Some("receive"), Side::Receive) => " (client)",
        (Some("send"), Side::Receive) | (Some("receive"), Side::Send) => " (server)",
        _ => "",
    };
    format!("{}{end}", side.name())
}

/// What a case ran on, in three parts: the cipher, the rest of the handshake, and the switches.
pub(super) fn terms(case: &Case, between: &str) -> String {
    let Negotiated { version, cipher_suite, group, signature, alpn, .. } = &case.negotiated;
    let joined =
        |parts: &[&Option<String>]| parts.iter().filter_map(|part| part.as_deref()).collect::<Vec<_>>().join(" ");
    let switches = case.switches.iter().map(|(name, value)| switch(name, value));
    let parts =
        [joined(&[version, cipher_suite]), joined(&[group, signature, alpn]), switches.collect::<Vec<_>>().join(" ")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
}

/// How to read the numbers: what the cases say about it themselves, each thing once.
fn notes(document: &Document) -> Vec<String> {
    const FACTS: [(&str, &str); 4] = [
        ("throughput_of", "Throughput"),
        ("efficiency_of", "Efficiency"),
        ("cpu_time_from", "CPU"),
        ("wake_up", "Wake-ups"),
    ];
    FACTS
        .iter()
        .filter_map(|(fact, heading)| {
            let said = in_order(document.cases.iter().filter_map(|case| case.achieved.get(*fact)?.as_str()));
            (!said.is_empty()).then(|| format!("{heading}: {}.", said.join("; or ")))
        })
        .collect()
}

/// The median; for times, with half of the width of its interval as a share of it.
fn value(metric: &Metric) -> String {
    let text = format_quantity(metric.median, &metric.unit);
    let [low, high] = metric.ci95;
    if metric.kind == Kind::Count || metric.samples.len() < 2 || metric.median == 0.0 {
        return text;
    }
    format!("{text} ±{:.1} %", (high - low) / 2.0 / metric.median.abs() * 100.0)
}

pub(super) fn host_line(host: &Host) -> String {
    let cpu = host.cpu_model.as_deref().unwrap_or("unknown processor");
    let parts = [
        Some(cpu.to_owned()),
        host.logical_cpus.map(|count| format!("{count} processors")),
        host.kernel.clone(),
        host.virtualization.as_ref().filter(|name| *name != "none").map(|name| format!("virtual ({name})")),
        host.governor.as_ref().map(|name| format!("governor {name}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("Host: {}. Medians with half of their 95 % interval.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let mut document = Document::begin(Host { cpu_model: Some("Example 9000".into()), ..Host::default() });
        let mut case = Case::new("throughput/memory/send/aes128gcm/16384");
        case.negotiated = Negotiated {
            version: Some("TLSv1.3".into()),
            cipher_suite: Some("TLS_AES_128_GCM_SHA256".into()),
            group: Some("x25519".into()),
            signature: Some("ecdsa_secp256r1_sha256".into()),
            ..Negotiated::default()
        };
        case.requested.insert("direction".into(), "receive".into());
        case.switches.insert("zero_copy".into(), true.into());
        case.achieved.insert("cpu_time_from".into(), "a clock".into());
        case.record(Side::Send, &quantity::THROUGHPUT_BYTES_PER_S, &[9e9, 10e9, 11e9], 1);
        case.record(Side::Send, &quantity::KEY_UPDATES, &[1.0], 1);
        case.record(Side::Receive, &quantity::THROUGHPUT_BYTES_PER_S, &[5e9], 1);
        case.record(Side::Send, &quantity::COPIED_BYTES_PER_BYTE, &[0.0, 0.0], 1);
        document.cases.push(case);
        document.warn("a debug build", "use --release");
        document
    }

    #[test]
    fn a_table_begins_with_the_conclusion() {
        let text = document().table(&View::columns(80));
        assert!(text.starts_with("AES-128-GCM 16 KiB, in memory, send: 5.00 GB/s.\n\n"), "{text}");
        assert!(!text.contains("copied records") && !text.contains("TLSv1.3"), "{text}");
    }

    #[test]
    fn all_that_is_known_is_shown_where_that_is_asked() {
        let text = document().table(&View { is_verbose: true, ..View::plain() });
        for part in ["TLS_AES_128_GCM_SHA256", "x25519 ecdsa_secp256r1_sha256", "10.0 GB/s ±", "5.00 GB/s", "0 B/B"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains("efficiency"), "what was not measured has no row");
        assert!(!text.contains("key updates"), "details have none either");
        assert!(text.contains("zero-copy=on") && text.contains("CPU: a clock.\n"), "{text}");
        assert!(text.contains("send (server)") && text.contains("receive (client)"), "{text}");
    }

    #[test]
    fn cases_stand_in_one_table_with_their_share_of_the_best() {
        let mut document = document();
        document.cases.push(Case::new("throughput/memory/send/aes256gcm/16384"));
        document.cases[1].record(Side::Receive, &quantity::THROUGHPUT_BYTES_PER_S, &[2e9], 1);
        let text = document.table(&View::columns(80));
        let conclusion = "AES-128-GCM is fastest, 5.00 GB/s; AES-256-GCM slowest, 2.00 GB/s (40 % of it).";
        assert!(text.replace('\n', " ").contains(conclusion), "{text}");
        assert_eq!(text.matches("throughput").count(), 1, "one heading:\n{text}");
        assert!(text.lines().any(|line| line.starts_with("AES-256-GCM") && line.contains(" 40 %")), "{text}");
    }

    #[test]
    fn a_switch_is_told_where_it_is_not_as_it_is_by_default() {
        let mut document = document();
        document.cases[0].switches.insert("zero_copy".into(), false.into());
        assert!(document.table(&View::columns(80)).contains("\nNot the default: zero-copy=off.\n"));
    }

    #[test]
    fn csv_has_one_line_of_raw_numbers_per_metric() {
        let text = document().csv();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 4);
        assert!(
            lines[4]
                .ends_with("send.throughput_bytes_per_s,B/s,higher,10000000000,1000000000,9000000000,11000000000,3"),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_measurable_says_so_and_why_in_every_form() {
        let mut document = document();
        document.cases[0].record(Side::Send, &quantity::EFFICIENCY, &[1.5, 1.2, 1.9], 1);
        let why = "is not measurable in this run: in 3 of 3 rounds it came out above 100 %";
        for text in [document.table(&View::plain()), document.markdown()] {
            assert!(text.contains(" not measurable ") && text.contains(why), "{text}");
            assert!(text.contains("measure again") && !text.contains("150 %"), "{text}");
        }
        let csv = document.csv();
        let line = csv.lines().find(|line| line.contains("send.efficiency")).expect("a line");
        assert!(line.contains(",ratio,higher,\"not measurable: in 3 of 3") && line.ends_with(",,,0"), "{line}");
        assert!(!document.json().expect("JSON").contains("1.5"));
    }

    #[test]
    fn markdown_carries_the_warnings() {
        let text = document().markdown();
        assert!(text.starts_with("| case | side | throughput |"), "{text}");
        assert!(text.contains("**Warning:** a debug build; use --release"));
    }
}
