//! `tlsbench crypto`: measures the cryptography of every provider.

use tls_engine::codes::SignatureScheme;

use crate::error::Error;
use crate::host;
use crate::identity::KeyType;
use crate::interrupt;
use crate::measure::nanoseconds_of;
use crate::plan::Crypto;
use crate::primitives::{AlgorithmBench, Keys, Kind, Measured, Part, Primitive, warn_of_contradictions};
use crate::render::{CryptoReport, Messages, Progress};
use crate::schema::quantity::{OPERATIONS_PER_S, SHARE_OF_AUTO, THROUGHPUT_BYTES_PER_S};
use crate::schema::{Case, Document, Facts, Side};
use crate::units::format_quantity;

/// How much faster than what `auto` takes a part has to be for a warning, surely: less is not worth a switch.
const FASTER: f64 = 1.05;

/// Measures every part of the plan, and writes the results: to files after each bench, at the end to where they go.
///
/// Where a bench fails, or Ctrl-C ends the run, what was measured before is written all the same, marked as partial.
pub fn run(plan: &Crypto, messages: Messages) -> Result<(), Error> {
    let mut document = Document::begin(host::describe());
    host::warn_of_conditions(&mut document);
    warn_of_contradictions(&mut document);
    for part in &plan.parts {
        if let Primitive::Aead(aead) = part.primitive
            && let Some(defect) = aead.defect()
        {
            document.warn(defect.problem, defect.remedy);
        }
    }
    let outcome = measure(plan, &mut document, messages);
    document.finish(host::load(), outcome.is_err());
    warn_of_faster(&mut document);
    for warning in &document.warnings {
        messages.warning(warning);
    }
    interrupt::begin_to_say();
    if outcome.is_ok() || !document.cases.is_empty() {
        plan.output.finish(&CryptoReport(&document))?;
    }
    outcome
}

fn measure(plan: &Crypto, document: &mut Document, messages: Messages) -> Result<(), Error> {
    let benches: Vec<(&[Part], usize)> = plan
        .parts
        .chunk_by(|a, b| a.algorithm == b.algorithm)
        .flat_map(|parts| sizes(plan, parts[0].kind).into_iter().map(move |size| (parts, size)))
        .collect();
    let progress = Progress::new(benches.len(), messages);
    let mut keys = Keys::default();
    let mut is_told = false;
    for (parts, size) in benches {
        let (kind, algorithm) = (parts[0].kind, &parts[0].algorithm);
        let size_name = if has_sizes(kind) { format!("/{size}") } else { String::new() };
        progress.begin(&format!("crypto/{}/{algorithm}{size_name}", kind.name()));
        let parts: Vec<&Part> = parts.iter().collect();
        let bench = AlgorithmBench::new(&parts, size, &mut keys, plan.schedule.seed)?;
        let measured = bench.run(&plan.schedule, &mut |share| progress.advance(share, ""))?;
        document.cases.extend(measured.iter().map(|one| case(plan, one, auto_of(one, &measured), size)));
        let so_far = Document { partial: true, ..document.clone() };
        let saved = plan.output.save(&CryptoReport(&so_far));
        messages.not_saved(saved, &mut is_told);
        let output = plan.output.clone();
        interrupt::keep_last_words(move || {
            // The program is ending: a failure can no longer be reported.
            let _ = output.finish(&CryptoReport(&so_far));
        });
        interrupt::check()?;
    }
    Ok(())
}

/// The sizes at which a kind is measured. What has no size is measured once.
fn sizes(plan: &Crypto, kind: Kind) -> Vec<usize> {
    if has_sizes(kind) { plan.sizes.clone() } else { vec![1] }
}

const fn has_sizes(kind: Kind) -> bool {
    matches!(kind, Kind::Aead | Kind::Hash)
}

/// The same operation of the part that `auto` takes.
fn auto_of<'a>(one: &Measured, all: &'a [Measured]) -> Option<&'a Measured> {
    all.iter().find(|other| other.part.is_auto && other.operation == one.operation)
}

fn case(plan: &Crypto, one: &Measured, auto: Option<&Measured>, size: usize) -> Case {
    let Measured { part, operation, origin, .. } = one;
    let bits = match part.primitive {
        Primitive::Signature(_, scheme) => key_bits(scheme.scheme),
        _ => None,
    };
    let last = if has_sizes(part.kind) { Some(size.to_string()) } else { bits.map(|bits| bits.to_string()) };
    let names = ["crypto", part.kind.name(), &part.algorithm, origin.source, operation];
    let mut case = Case::new(names.into_iter().chain(last.as_deref()).collect::<Vec<_>>().join("/"));
    let mut request = |name: &str, value: serde_json::Value| case.requested.insert(name.to_owned(), value);
    request("kind", part.kind.name().into());
    request("algorithm", part.algorithm.clone().into());
    request("provider", origin.source.into());
    request("implementation", origin.implementation.clone().into());
    request("operation", (*operation).into());
    if has_sizes(part.kind) {
        request("size_bytes", size.into());
    }
    if let Some(bits) = bits {
        request("key_bits", bits.into());
    }
    request("duration_ns", nanoseconds_of(plan.schedule.duration).into());
    request("seed", plan.schedule.seed.into());
    case.achieved = achieved(one);
    let seed = plan.schedule.seed;
    if has_sizes(part.kind) {
        let bytes_per_s: Vec<f64> = one.per_s.iter().map(|per_s| per_s * size as f64).collect();
        case.record(Side::Total, &THROUGHPUT_BYTES_PER_S, &bytes_per_s, seed);
    } else {
        case.record(Side::Total, &OPERATIONS_PER_S, &one.per_s, seed);
    }
    if let Some(auto) = auto
        && !part.is_auto
    {
        let shares: Vec<f64> = one.per_s.iter().zip(&auto.per_s).map(|(own, auto)| own / auto).collect();
        case.record(Side::Total, &SHARE_OF_AUTO, &shares, seed);
    }
    case
}

fn achieved(one: &Measured) -> Facts {
    let mut facts = Facts::new();
    facts.insert("operations".into(), one.operations.into());
    facts.insert("duration_ns".into(), one.elapsed_ns.into());
    facts.insert("rounds".into(), one.per_s.len().into());
    facts.insert("taken_by_auto".into(), one.part.is_auto.into());
    facts
}

fn key_bits(scheme: SignatureScheme) -> Option<u32> {
    KeyType::of(scheme).map(KeyType::bits)
}

/// `auto` should take the fastest part of each algorithm. Where it does not, on this CPU, that is worth knowing.
fn warn_of_faster(document: &mut Document) {
    let is_faster = |case: &&Case| case.metric(Side::Total, &SHARE_OF_AUTO).is_some_and(|share| share.ci95[0] > FASTER);
    let faster: Vec<(String, f64)> = document
        .cases
        .iter()
        .filter(is_faster)
        .filter_map(|case| Some((case.id.clone(), case.metric(Side::Total, &SHARE_OF_AUTO)?.median)))
        .collect();
    let Some((most, share)) = faster.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)) else { return };
    let share = format_quantity(*share, "ratio");
    let count = faster.len();
    let message =
        format!("auto does not take the fastest implementation in {count} cases; {most} reaches {share} of it");
    document.warn(message, "select the faster provider with --provider where it matters");
}
