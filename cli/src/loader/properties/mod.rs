//! Tests the reader of result files with random documents, and with random edits of them.

mod documents;

use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::schema::{Case, Document, Host, Side, quantity};
use documents::{document, fact};

/// The same documents every time; the fuzz targets provide new ones.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() }
}

fn written(document: &Document, is_pretty: bool) -> String {
    let text = if is_pretty { serde_json::to_string_pretty(document) } else { serde_json::to_string(document) };
    text.expect("it serializes")
}

/// Fails unless `outcome` is a refusal with a location, or a document that other programs may rely on: it follows the
/// schema, survives writing and reading, and has numbers that can be calculated with.
fn check_outcome(outcome: Result<Document, Refusal>) -> Result<(), TestCaseError> {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let document = match outcome {
        Ok(document) => document,
        Err(refusal) => {
            prop_assert!(!refusal.message.is_empty() && !refusal.message.chars().any(char::is_control), "{refusal:?}");
            return Ok(());
        }
    };
    let schema = SCHEMA.get_or_init(|| {
        let schema = serde_json::from_str(include_str!("../../../../results/schema.json")).expect("JSON");
        jsonschema::draft202012::new(&schema).expect("a schema")
    });
    let value = serde_json::to_value(&document).expect("it serializes");
    let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    prop_assert_eq!(errors, Vec::<String>::new());
    for metric in document.cases.iter().flat_map(|case| case.metrics.values()) {
        let [low, high] = metric.ci95;
        prop_assert!(
            metric.samples.iter().chain([&metric.median, &metric.mad, &low, &high]).all(|number| number.is_finite())
        );
        let (least, most) = metric
            .samples
            .iter()
            .fold((f64::MAX, f64::MIN), |(least, most), sample| (least.min(*sample), most.max(*sample)));
        // Except for the last digits, which another program may write differently.
        let slack = 2e-9 * metric.median.abs();
        prop_assert!(least - slack <= metric.median && metric.median <= most + slack, "{metric:?}");
    }
    let again = read(written(&document, false).as_bytes());
    prop_assert_eq!(again.as_ref(), Ok(&document));
    Ok(())
}

/// The places of all values in a document, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                places(value, &format!("{here}/{index}"), found);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                places(value, &format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

/// A value that may replace another.
fn stranger() -> impl Strategy<Value = Value> {
    let texts = ["", "tlsbench/1", "tlsbench/2", "2026-01-31T12:00:00Z", "\u{1b}[2J", "higher", "count", "NaN", "1"];
    let mut values = vec![json!(null), json!([]), json!({}), json!(true), json!([0.5, 0.25]), json!([[[]]])];
    values.extend(texts.map(Value::from));
    values.extend([0.0, -1.0, 1e300, 1e100, -1e100, 5e-324, f64::MAX].map(Value::from));
    values.extend([u64::MAX.into(), i64::MIN.into(), json!({ "median": 1 })]);
    prop_oneof![select(values), fact()]
}

/// An edit of bytes.
#[derive(Clone, Debug)]
enum Edit {
    Flip(u8),
    Insert(Vec<u8>),
    Delete(usize),
    Double(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let pieces: Vec<&[u8]> = vec![
        b"\"", b"{", b"}", b"[", b"]", b",", b":", b"-", b"e999", b"9", b".", b"\\u001b", b"\\ud800", b"\xff", b"null",
        b"\0",
    ];
    prop_oneof![
        (1_u8..).prop_map(Edit::Flip),
        select(pieces).prop_map(|piece| Edit::Insert(piece.to_vec())),
        vec(any::<u8>(), 1..4).prop_map(Edit::Insert),
        (1_usize..40).prop_map(Edit::Delete),
        (1_usize..200).prop_map(Edit::Double),
    ]
}

fn edited(bytes: &[u8], place: Index, edit: &Edit) -> Vec<u8> {
    let at = place.index(bytes.len());
    let mut bytes = bytes.to_vec();
    match edit {
        Edit::Flip(bits) => bytes[at] ^= bits,
        Edit::Insert(piece) => drop(bytes.splice(at..at, piece.iter().copied())),
        Edit::Delete(count) => drop(bytes.drain(at..(at + count).min(bytes.len()))),
        Edit::Double(count) => {
            let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
            drop(bytes.splice(at..at, piece));
        }
    }
    bytes
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn what_can_be_written_is_read_back(document in document(), is_pretty: bool) {
        let again = read(written(&document, is_pretty).as_bytes());
        prop_assert_eq!(again.as_ref(), Ok(&document));
        check_outcome(Ok(document))?;
    }

    #[test]
    fn what_is_cut_short_is_said_to_be(document in document(), is_pretty: bool, ends in vec(any::<Index>(), 24)) {
        let text = written(&document, is_pretty);
        for end in ends.into_iter().map(|end| end.index(text.len())) {
            let refusal = read(&text.as_bytes()[..end]).expect_err("a part of it");
            let said = if end == 0 { "it is empty" } else { "it is cut short" };
            prop_assert!(refusal.message.starts_with(said), "{} bytes of {}: {:?}", end, text.len(), refusal);
            prop_assert!(refusal.hint.is_some());
        }
    }

    #[test]
    fn what_was_edited_is_refused_or_still_a_result(document in document(), edits in vec((any::<Index>(), edit()), 24)) {
        let text = written(&document, false);
        for (place, edit) in edits {
            check_outcome(read(&edited(text.as_bytes(), place, &edit)))?;
        }
    }

    #[test]
    fn a_value_in_the_place_of_another_is_refused_or_still_a_result(
        document in document(), edits in vec((any::<Index>(), stranger()), 24),
    ) {
        let value = serde_json::to_value(&document).expect("it serializes");
        let mut all = Vec::new();
        places(&value, "", &mut all);
        for (place, stranger) in edits {
            let mut edited = value.clone();
            *edited.pointer_mut(&all[place.index(all.len())]).expect("the place exists") = stranger;
            check_outcome(read(edited.to_string().as_bytes()))?;
        }
    }

    #[test]
    fn bytes_at_random_are_an_error(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn json_at_random_is_an_error(words in vec(select(WORDS), 0..60)) {
        let text = words.concat();
        prop_assert!(read(text.as_bytes()).is_err());
        let led = format!("{{\"schema\": \"tlsbench/1\", {text}");
        prop_assert!(read(led.as_bytes()).is_err());
    }
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    " ",
    "\n",
    "0",
    "-",
    "1e",
    "1e999",
    "true",
    "null",
    "\"\"",
    "\"schema\"",
    "\"cases\"",
    "\"tool\"",
    "\"tlsbench/1\"",
    "[[[[[[[[",
    "{\"a\":",
    "\\u0000",
    "\\ud800",
    "ä",
];

#[test]
fn a_short_document_cut_at_every_byte_is_cut_short() {
    let mut document =
        Document::begin(Host { cpu_model: Some("Prozessor 9000 ®, schnell 🦀".into()), ..Host::default() });
    let mut case = Case::new("throughput/memory/send/aes128gcm/64");
    case.record(Side::Send, &quantity::EFFICIENCY, &[0.9, 0.8, 1e-7], 1);
    document.cases.push(case);
    let text = format!("{}\n", written(&document, true));
    assert_eq!(read(text.as_bytes()).as_ref(), Ok(&document));
    for end in 1..text.len() - 1 {
        let refusal = read(&text.as_bytes()[..end]).expect_err("a part of it");
        assert!(refusal.message.starts_with("it is cut short"), "{end}: {refusal:?}");
    }
}

#[test]
fn depth_is_bounded_wherever_it_is() {
    for depth in [200, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}0{}", open.repeat(depth), close.repeat(depth));
            for text in [nested.clone(), format!("{{\"schema\": \"tlsbench/1\", \"host\": {nested}}}")] {
                let refusal = read(text.as_bytes()).expect_err("no result");
                assert!(refusal.message.contains("recursion limit"), "{depth}: {refusal:?}");
            }
        }
    }
}
