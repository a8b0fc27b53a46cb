use serde_json::Value;

use super::Refusal;
use crate::schema::quantity::{Comparable, Quantity};
use crate::schema::{Case, Document, Facts, terms};

/// Which metrics of two results may be compared, and the notes that go with the comparison.
pub(super) struct Comparability {
    /// Differences that do not prevent a comparison.
    pub(super) notes: Vec<String>,
    is_foreign: bool,
    has_equal_aead: bool,
}

/// The facts that determine instruction counts.
const OF_INSTRUCTIONS: [&str; 5] = ["rustc", "target_features", "valgrind", "cpu_class", "libc"];

/// The processor flags that determine the speed of the raw AEAD, and so the share of time left for everything else.
const OF_AEADS: [&str; 4] = ["aes", "vaes", "vpclmulqdq", "avx512"];

impl Comparability {
    pub(super) fn of(before: &Document, after: &Document, allow_foreign: bool) -> Result<Self, Refusal> {
        if before.tool.build_profile != after.tool.build_profile {
            let message = format!(
                "it is from a {} build, and what is compared with it from a {} build",
                before.tool.build_profile, after.tool.build_profile
            );
            return Err(Refusal { message, hint: "measure both with `cargo build --release`" });
        }
        let given = terms::surroundings(&after.host, &before.host);
        if !given.is_empty() && !allow_foreign {
            let message = format!("it was measured in other surroundings: {}", given.join("; "));
            let hint = "measure both with the same variables and on as many processors; or --allow-foreign compares what \
                        counts alike everywhere";
            return Err(Refusal { message, hint });
        }
        let other = terms::differences(&terms::machine(&after.host), &terms::machine(&before.host));
        if !other.is_empty() && !allow_foreign {
            let message = format!("it is of another machine: {}", other.join("; "));
            let hint = "measure it here; or --allow-foreign compares what counts alike everywhere: heap calls, copied \
                        bytes, system calls";
            return Err(Refusal { message, hint });
        }
        let is_foreign = !other.is_empty() || !given.is_empty();
        let mut notes: Vec<String> = other.into_iter().map(|other| format!("another machine: {other}")).collect();
        notes.extend(given.into_iter().map(|given| format!("other surroundings: {given}")));
        notes.extend(terms::differences(&circumstances(after), &circumstances(before)));
        for (name, document) in [("the baseline", before), ("the candidate", after)] {
            if document.partial {
                notes.push(format!("{name} is from a run that ended early"));
            }
        }
        if after.tool.build_profile == "debug" {
            notes.push("both are debug builds, whose times mean nothing".to_owned());
        }
        let has_equal_aead = before.host.environment == after.host.environment
            && aead_flags(before) == aead_flags(after)
            && before.tool.version == after.tool.version;
        Ok(Self { notes, is_foreign, has_equal_aead })
    }

    /// The reason why a metric can't be compared because of the machine, the toolchain or the way it was measured, if
    /// there is one.
    pub(super) fn objection(&self, quantity: Option<&Quantity>, before: &Case, after: &Case) -> Option<String> {
        let comparable = quantity.map_or(Comparable::OnThisMachine, |quantity| quantity.comparable);
        if comparable == Comparable::WithTheToolchain {
            let facts = |case: &Case| -> Facts {
                let known = OF_INSTRUCTIONS.iter().filter_map(|name| Some((*name, case.achieved.get(*name)?.clone())));
                terms::known(known)
            };
            let other = terms::differences(&facts(after), &facts(before));
            return (!other.is_empty()).then(|| other.join("; "));
        }
        let way = |case| terms::way(case, quantity?.name);
        if way(before).zip(way(after)).is_some_and(|(earlier, later)| earlier != later) {
            return Some("the versions of tlsbench measured it in different ways".to_owned());
        }
        if !self.is_foreign || comparable == Comparable::Anywhere {
            return None;
        }
        if comparable == Comparable::WithTheAead {
            let objection =
                "another machine, with other AES or AVX-512 flags or another tlsbench: its raw AEAD is another";
            return (!self.has_equal_aead).then(|| objection.to_owned());
        }
        Some("another machine".to_owned())
    }
}

/// Facts that may explain a difference, but do not prevent a comparison.
fn circumstances(document: &Document) -> Facts {
    terms::known([
        ("kernel", document.host.kernel.clone().into()),
        ("governor", document.host.governor.clone().into()),
        ("turbo", document.host.turbo.into()),
        ("memory_bytes", document.host.memory_bytes.into()),
        ("tlsbench", document.tool.version.clone().into()),
        ("git_commit", document.tool.git_commit.clone().into()),
        ("features", document.tool.features.join(" ").into()),
    ])
}

fn aead_flags(document: &Document) -> Vec<&String> {
    let decides = |flag: &&String| OF_AEADS.iter().any(|name| flag.starts_with(name));
    document.host.cpu_flags.iter().filter(decides).collect()
}

/// The reason why two cases with the same name are not the same case, if there is one. A fact that is missing from one
/// of them was not yet recorded by its version of the program.
pub(super) fn objection_to_case(before: &Case, after: &Case) -> Option<String> {
    let mut other = requests(before, after, true);
    other.extend(terms::differences(&terms::negotiated(after), &terms::negotiated(before)));
    if terms::logs_keys(before) != terms::logs_keys(after) {
        other.push("only one of them wrote a key log".to_owned());
    }
    (!other.is_empty()).then(|| other.join("; "))
}

/// The library of a case. Versions that knew only the engine did not record it.
fn library(case: &Case) -> &str {
    case.requested.get("library").and_then(Value::as_str).unwrap_or("tls-engine")
}

/// The differences between the libraries and the switches of two cases, and requested facts that only one of them records. The cases are
/// compared anyway, since these may be what is investigated.
pub(super) fn remarks(before: &Case, after: &Case) -> Vec<String> {
    let switches = terms::differences(&after.switches, &before.switches).into_iter();
    let switches = switches.map(|difference| format!("another switch: {difference}"));
    let [earlier, later] = [before, after].map(library);
    let library = (earlier != later).then(|| format!("another library: {later}, not {earlier}"));
    library.into_iter().chain(switches).chain(requests(before, after, false)).collect()
}

/// The differences between what was requested: in facts that both record if `both`, else in facts that only one of them
/// records.
fn requests(before: &Case, after: &Case, both: bool) -> Vec<String> {
    let (earlier, later) = (terms::requested(before), terms::requested(after));
    let part = |facts: &Facts, others: &Facts| -> Facts {
        facts.clone().into_iter().filter(|(name, _)| others.contains_key(name) == both).collect()
    };
    terms::differences(&part(&later, &earlier), &part(&earlier, &later))
}
