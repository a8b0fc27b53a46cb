use crate::schema::{Case, Document};

/// A work that several libraries did.
#[derive(Clone, Debug)]
pub struct Work<'a> {
    /// The name of its cases, without the library.
    pub id: String,
    /// The libraries, in the order in which they were named.
    pub rows: Vec<Row<'a>>,
}

/// A library at a work.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The library, and its provider where the work has several of one library and this is not the usual one.
    pub name: String,
    /// The name that its variants have in common: other providers, other interfaces, as `rustls` and `rustls-ring`. They do not
    /// compete for the first place with each other while there are other libraries.
    pub family: String,
    /// What it did.
    pub case: &'a Case,
}

/// Facts that come with a library and do not make another work.
const OF_LIBRARY: [&str; 5] = ["library", "provider", "provider_of_suite", "implementation", "swept"];

/// The engine's provider where none is asked for.
const USUAL_PROVIDER: &str = "auto";

/// The works of a document that several libraries did, in the order of their first cases.
pub fn works(document: &Document) -> Vec<Work<'_>> {
    let mut works: Vec<(String, Vec<&Case>)> = Vec::new();
    for case in document.cases.iter().filter(|case| library(case).is_some()) {
        let key = asked(case);
        match works.iter_mut().find(|(known, _)| *known == key) {
            Some((_, cases)) => cases.push(case),
            None => works.push((key, vec![case])),
        }
    }
    works.into_iter().filter_map(|(_, cases)| work(&cases)).collect()
}

impl Work<'_> {
    /// How many connections there are at once.
    pub fn conversations(&self) -> u64 {
        let case = self.rows.first().map(|row| row.case);
        case.and_then(|case| case.requested.get("conversations")?.as_u64()).unwrap_or(1).max(1)
    }
}

fn work<'a>(cases: &[&'a Case]) -> Option<Work<'a>> {
    let first = cases.first()?;
    if cases.iter().all(|case| library(case) == library(first)) {
        return None;
    }
    let is_of_library = |part: &&str| part.starts_with("library=") || part.starts_with("provider=");
    let id = first.id.split('/').filter(|part| !is_of_library(part)).collect::<Vec<_>>().join("/");
    let row = |case: &&'a Case| {
        let name = library(case).unwrap_or_default();
        let is_variant = |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('-'));
        let family = cases.iter().filter_map(|other| library(other)).find(|known| is_variant(known));
        let family = family.unwrap_or(name).to_owned();
        let is_alone = cases.iter().filter(|other| library(other) == Some(name)).count() == 1;
        let provider = case.requested.get("provider").and_then(|provider| provider.as_str());
        let provider = provider.filter(|provider| !is_alone && *provider != USUAL_PROVIDER);
        let name = provider.map_or_else(|| name.to_owned(), |provider| format!("{name} {provider}"));
        Row { name, family, case }
    };
    Some(Work { id, rows: cases.iter().map(row).collect() })
}

fn library(case: &Case) -> Option<&str> {
    case.requested.get("library")?.as_str()
}

/// What was asked for, but for the library. The names of cases are no help: a library without providers has none in its name.
fn asked(case: &Case) -> String {
    let asked = case.requested.iter().filter(|(name, _)| !OF_LIBRARY.contains(&name.as_str()));
    let mut asked: Vec<String> = asked.map(|(name, value)| format!("{name}={value}")).collect();
    asked.sort_unstable();
    asked.join("\n")
}
