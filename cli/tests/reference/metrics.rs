//! The page of all metrics: the code's list of quantities, with what is said of each where it is defined.

use std::fmt::Write;
use std::fs;

use tlsbench::schema::quantity::{ALL, Comparable, Quantity};
use tlsbench::schema::{Better, Kind};

use super::{escaped, root};

const INTRODUCTION: &str = "\
# Metrics

A metric's key is `SIDE.NAME`. The side is `send` or `receive` where data is moved, `client` or `server` where hands are \
shaken, and `total` for both ends together. A case has the metrics that its command measures. \
*Time* varies from run to run as times do; a *count* hardly varies, or not at all.

The [fields of a metric](fields.md#metric) hold its samples, median and interval. \
[Result files](result-files.md) says what the numbers are of.
";

pub(super) fn page() -> String {
    let sources = sources();
    let mut text = INTRODUCTION.to_owned();
    for quantity in ALL {
        let _ = write!(text, "\n## {}\n\n{}\n\n{}\n", quantity.name, facts(quantity), about(quantity, &sources));
    }
    text
}

fn facts(quantity: &Quantity) -> String {
    let unit = if quantity.unit.is_empty() { "a number".to_owned() } else { format!("`{}`", quantity.unit) };
    let better = match quantity.better {
        Better::Higher => "more is better",
        Better::Lower => "less is better",
    };
    let kind = match quantity.kind {
        Kind::Time => "time",
        Kind::Count => "count",
    };
    let comparable = match quantity.comparable {
        Comparable::Anywhere => "comparable between machines",
        Comparable::WithTheAead => "comparable between machines with the same AES and AVX-512 flags",
        Comparable::WithTheToolchain => "comparable with the same compiler, valgrind and C library",
        Comparable::OnThisMachine => "comparable on one machine",
    };
    let shown =
        if quantity.is_detail() { "not in tables".to_owned() } else { format!("in tables \"{}\"", quantity.heading) };
    format!("*{kind}, {unit}, {better}; {comparable}; {shown}*")
}

/// The comment above its definition, in one line.
fn about(quantity: &Quantity, sources: &[String]) -> String {
    let name = format!("\"{}\"", quantity.name);
    let found = sources.iter().find_map(|source| {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        (0..lines.len()).filter(|&at| lines[at].contains(&name)).find_map(|at| comment(&lines[..at]))
    });
    let text = found.unwrap_or_else(|| panic!("no comment above the definition of {name}"));
    assert!(!text.contains("[`"), "{name}: a link that only rustdoc can follow: {text}");
    escaped(&text)
}

fn comment(above: &[&str]) -> Option<String> {
    let lines = above.iter().rev().map_while(|line| line.strip_prefix("/// "));
    let mut lines: Vec<&str> = lines.collect();
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// The sources of the module that defines them.
fn sources() -> Vec<String> {
    let folder = root().join("cli/src/schema");
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| fs::read_to_string(file.expect("an entry").path()).expect("a source")).collect()
}
