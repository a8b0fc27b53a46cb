use serde_json::Value;

use super::document::host_line;
use super::groups::in_order;
use super::labels::readable;
use super::{Align, Report, Sheet, View};
use crate::schema::quantity::{OPERATIONS_PER_S, SHARE_OF_AUTO, THROUGHPUT_BYTES_PER_S};
use crate::schema::{Case, Document, Side};
use crate::units::{Bytes, format_quantity};

/// The results of raw cryptography: hundreds of cases, laid out so that one sees which part is fast at what.
pub struct CryptoReport<'a>(pub &'a Document);

/// The headings of the kinds.
const KINDS: [(&str, &str); 4] = [
    ("aead", "AEADs, per second, without any TLS"),
    ("hash", "Hashes, per second"),
    ("group", "Key exchanges: a key pair made and a secret agreed on"),
    ("signature", "Signatures"),
];

impl Report for CryptoReport<'_> {
    fn table(&self, view: &View) -> String {
        let speeds = |cases: &[&Case]| fitting(cases, view);
        let mut text = self.conclusion().map(|line| view.wrapped(&line) + "\n\n").unwrap_or_default();
        text.push_str(&self.text(speeds, |sheet| sheet.table(view), |heading| format!("{heading}\n")));
        if self.0.partial {
            text.push_str("Interrupted: these results are partial.\n");
        }
        view.wrapped(&text)
    }

    fn json(&self) -> serde_json::Result<String> {
        self.0.json()
    }

    fn csv(&self) -> String {
        self.0.csv()
    }

    fn markdown(&self) -> String {
        let mut text =
            self.text(|cases| speeds(cases, usize::MAX, true), Sheet::markdown, |heading| format!("### {heading}\n\n"));
        for warning in &self.0.warnings {
            text.push_str(&format!("\n> **Warning:** {}; {}\n", warning.message, warning.advice));
        }
        if self.0.partial {
            text.push_str("\n> **Interrupted:** these results are partial.\n");
        }
        text
    }
}

impl CryptoReport<'_> {
    /// What seals fastest, each cipher by the part that `auto` takes, at the largest size.
    fn conclusion(&self) -> Option<String> {
        let seals =
            |case: &&Case| fact(case, "kind") == "aead" && fact(case, "operation").starts_with("seal") && is_auto(case);
        let cases: Vec<&Case> = self.0.cases.iter().filter(seals).collect();
        let largest = cases.iter().filter_map(|case| size(case)).max()?;
        let mut speeds: Vec<(String, f64)> = Vec::new();
        for case in cases.into_iter().filter(|case| size(case) == Some(largest)) {
            let Some(metric) = case.metric(Side::Total, &THROUGHPUT_BYTES_PER_S) else { continue };
            let name = readable(&fact(case, "algorithm"));
            match speeds.iter_mut().find(|(known, _)| *known == name) {
                Some((_, speed)) => *speed = speed.max(metric.median),
                None => speeds.push((name, metric.median)),
            }
        }
        speeds.sort_by(|one, other| other.1.total_cmp(&one.1));
        let told = |(name, speed): &(String, f64)| format!("{name} {}", format_quantity(*speed, "B/s"));
        let (first, others) = speeds.split_first()?;
        let others = others.iter().map(|speed| format!(", {}", told(speed))).collect::<String>();
        Some(format!("Fastest to seal {} with what auto takes: {}{others}.", Bytes(largest), told(first)))
    }

    fn text(
        &self,
        speeds: impl Fn(&[&Case]) -> Sheet,
        sheet: impl Fn(&Sheet) -> String,
        heading: impl Fn(&str) -> String,
    ) -> String {
        let mut sections = Vec::new();
        for (kind, title) in KINDS {
            let cases: Vec<&Case> = self.0.cases.iter().filter(|case| fact(case, "kind") == kind).collect();
            if !cases.is_empty() {
                sections.push(heading(title) + &sheet(&speeds(&cases)));
            }
        }
        sections.push(heading("What auto takes, and what the others reach of it") + &sheet(&verdicts(self.0)));
        sections.push(format!("{}\n", host_line(&self.0.host)));
        sections.join("\n")
    }
}

/// As many sizes as fit, the largest at least; and what a part runs as, where there is room for that too.
fn fitting(cases: &[&Case], view: &View) -> Sheet {
    let all = in_order(cases.iter().map(|case| size(case))).len();
    let wide = speeds(cases, all, true);
    if view.fits(wide.width()) {
        return wide;
    }
    let mut narrower = (1..=all).rev().map(|count| speeds(cases, count, false));
    narrower.find(|sheet| sheet.width() <= view.width()).unwrap_or_else(|| speeds(cases, 1, false))
}

/// A row for each algorithm and provider, a line in it for each operation, a column for each of the largest sizes.
fn speeds(cases: &[&Case], count: usize, with_implementation: bool) -> Sheet {
    let mut sizes = in_order(cases.iter().map(|case| size(case)));
    sizes.drain(..sizes.len().saturating_sub(count));
    let headings: Vec<String> = sizes
        .iter()
        .map(|size| size.map_or_else(|| "per second".to_owned(), |bytes| Bytes(bytes).to_string()))
        .collect();
    let fixed = ["algorithm", "provider", "runs on this CPU as", "operation"];
    let fixed = fixed.iter().enumerate().filter(|(place, _)| with_implementation || *place != 2);
    let fixed = fixed.map(|(_, heading)| (*heading, Align::Left));
    let mut sheet = Sheet::new(fixed.chain(headings.iter().map(|text| (text.as_str(), Align::Right))));
    for part in in_order(cases.iter().map(|case| (fact(case, "algorithm"), fact(case, "provider")))) {
        let of_part: Vec<&Case> =
            cases.iter().copied().filter(|case| (fact(case, "algorithm"), fact(case, "provider")) == part).collect();
        let operations = in_order(of_part.iter().map(|case| fact(case, "operation")));
        let implementations = in_order(of_part.iter().map(|case| fact(case, "implementation")));
        let auto = if of_part.iter().any(|case| is_auto(case)) { " (auto)" } else { "" };
        let mut row = vec![part.0.clone(), format!("{}{auto}", part.1)];
        row.extend(with_implementation.then(|| implementations.join("\n")));
        row.push(operations.join("\n"));
        for size_of_column in &sizes {
            let cell = |operation: &String| {
                let mut cases = of_part.iter();
                let found = cases.find(|case| fact(case, "operation") == *operation && size(case) == *size_of_column);
                found.map_or_else(String::new, |case| speed(case))
            };
            row.push(operations.iter().map(cell).collect::<Vec<_>>().join("\n"));
        }
        sheet.row(row);
    }
    sheet
}

/// A row for each algorithm: the part that `auto` takes, and the speed of the others as a share of it.
fn verdicts(document: &Document) -> Sheet {
    let columns = ["algorithm", "auto takes", "which runs as", "the others reach"];
    let mut sheet = Sheet::new(columns.map(|heading| (heading, Align::Left)));
    for algorithm in in_order(document.cases.iter().map(|case| fact(case, "algorithm"))) {
        let cases: Vec<&Case> = document.cases.iter().filter(|case| fact(case, "algorithm") == algorithm).collect();
        let taken: Vec<&Case> = cases.iter().copied().filter(|case| is_auto(case)).collect();
        let provider = in_order(taken.iter().map(|case| fact(case, "provider"))).join(", ");
        let implementation = in_order(taken.iter().map(|case| fact(case, "implementation"))).join("\n");
        let others = in_order(cases.iter().filter(|case| !is_auto(case)).map(|case| fact(case, "provider")));
        let others: Vec<String> = others.iter().map(|provider| reach(provider, &cases)).collect();
        let others = if others.is_empty() { "there is no other".to_owned() } else { others.join("\n") };
        sheet.row(vec![
            algorithm,
            if provider.is_empty() { "not measured".into() } else { provider },
            implementation,
            others,
        ]);
    }
    sheet
}

/// From the least to the most that a provider reaches of what `auto` takes, over all operations and sizes.
fn reach(provider: &str, cases: &[&Case]) -> String {
    let mut shares: Vec<f64> = cases
        .iter()
        .filter(|case| fact(case, "provider") == provider)
        .filter_map(|case| Some(case.metric(Side::Total, &SHARE_OF_AUTO)?.median))
        .collect();
    shares.sort_unstable_by(f64::total_cmp);
    let percent = |share: &f64| format_quantity(*share, "ratio");
    match (shares.first(), shares.last()) {
        (Some(least), Some(most)) if shares.len() > 1 => format!("{provider}: {} to {}", percent(least), percent(most)),
        (Some(only), _) => format!("{provider}: {}", percent(only)),
        _ => format!("{provider}: not compared"),
    }
}

fn speed(case: &Case) -> String {
    let of = |quantity| case.metric(Side::Total, quantity);
    of(&THROUGHPUT_BYTES_PER_S)
        .or_else(|| of(&OPERATIONS_PER_S))
        .map_or_else(String::new, |metric| format_quantity(metric.median, &metric.unit))
}

fn fact(case: &Case, name: &str) -> String {
    case.requested.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn size(case: &Case) -> Option<u64> {
    case.requested.get("size_bytes").and_then(Value::as_u64)
}

fn is_auto(case: &Case) -> bool {
    case.achieved.get("taken_by_auto").and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Host;

    fn case(provider: &str, size: u64, samples: &[f64], share: Option<&[f64]>) -> Case {
        let mut case = Case::new(format!("crypto/aead/aes128gcm/{provider}/seal-into/{size}"));
        for (name, value) in [("kind", "aead"), ("algorithm", "aes128gcm"), ("provider", provider)] {
            case.requested.insert(name.into(), value.into());
        }
        case.requested.insert("operation".into(), "seal-into".into());
        case.requested.insert("implementation".into(), format!("{provider} on AVX").into());
        case.requested.insert("size_bytes".into(), size.into());
        case.achieved.insert("taken_by_auto".into(), share.is_none().into());
        case.record(Side::Total, &THROUGHPUT_BYTES_PER_S, samples, 1);
        case.record(Side::Total, &SHARE_OF_AUTO, share.unwrap_or_default(), 1);
        case
    }

    fn document() -> Document {
        let mut document = Document::begin(Host::default());
        document.cases = vec![
            case("fast", 64, &[2e9], None),
            case("slow", 64, &[1e9], Some(&[0.5])),
            case("fast", 1024, &[8e9], None),
            case("slow", 1024, &[2e9], Some(&[0.25])),
        ];
        document
    }

    #[test]
    fn a_row_has_a_column_for_each_size_and_the_verdict_tells_what_the_others_reach() {
        let text = CryptoReport(&document()).markdown();
        for line in [
            "| algorithm | provider | runs on this CPU as | operation | 64 B | 1 KiB |",
            "| aes128gcm | fast (auto) | fast on AVX | seal-into | 2.00 GB/s | 8.00 GB/s |",
            "| aes128gcm | slow | slow on AVX | seal-into | 1.00 GB/s | 2.00 GB/s |",
            "| aes128gcm | fast | fast on AVX | slow: 25.0 % to 50.0 % |",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn what_was_not_measured_is_not_claimed() {
        let mut document = document();
        document.cases.retain(|case| !is_auto(case));
        document.cases.iter_mut().for_each(|case| case.metrics.retain(|name, _| !name.ends_with("share_of_auto")));
        let text = CryptoReport(&document).markdown();
        assert!(text.contains("| aes128gcm | not measured |  | slow: not compared |"), "{text}");
    }
}
