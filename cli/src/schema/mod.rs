//! The results document, `tlsbench/1`. `results/schema.json` describes it for other programs; a test keeps the two
//! consistent.

mod bound;
mod case;
pub mod comparison;
pub mod connection;
pub mod doctor;
mod document;
pub mod histogram;
pub mod history;
pub mod inventory;
mod metric;
mod origin;
pub mod primary;
pub mod quantity;
pub mod terms;

pub use case::{Case, Facts, Negotiated};
pub use document::{Document, Warning, timestamp};
pub use metric::{Better, Kind, Metric, Side, key, name_of};
pub use origin::{Host, Tool};

/// The document's version. It changes with every change that breaks readers.
pub const SCHEMA: &str = "tlsbench/1";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn full() -> Document {
        let mut document = Document::begin(Host {
            cpu_flags: vec!["aes".into()],
            usable_cpus: Some(1),
            environment: [("OPENSSL_ia32cap".to_owned(), "~0x2".to_owned())].into(),
            ..Host::default()
        });
        let mut case = Case::new("throughput/memory/send/aes128gcm/16384");
        case.requested.insert("size_bytes".into(), 16_384.into());
        case.switches.insert("zero_copy".into(), true.into());
        case.achieved.insert("duration_ns".into(), 1_000_000_u64.into());
        case.negotiated.cipher_suite = Some("TLS_AES_128_GCM_SHA256".into());
        for (side, quantity) in Side::ALL.into_iter().zip(quantity::ALL) {
            case.record(side, quantity, &[0.3, 0.1, 0.2], 1);
        }
        document.cases.push(case);
        document.cases[0].record(Side::Server, &quantity::EFFICIENCY, &[1.2], 1);
        document.warn("a debug build", "use --release");
        document.warn("a debug build", "use --release");
        document.finish(Some([0.5, 0.25, 0.125]), true);
        document
    }

    fn validator() -> jsonschema::Validator {
        let text = include_str!("../../../results/schema.json");
        let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
        jsonschema::draft202012::new(&schema).expect("the schema is a schema")
    }

    #[test]
    fn what_is_written_follows_the_schema_and_reads_back() {
        let document = full();
        let value = serde_json::to_value(&document).expect("it serializes");
        let errors: Vec<String> = validator().iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(serde_json::from_value::<Document>(value).expect("it reads back"), document);
        assert_eq!(document.warnings.len(), 1, "a warning is given once");
        assert_eq!(document.cases[0].metrics.len(), Side::ALL.len());
    }

    #[test]
    fn the_schema_refuses_what_is_no_result() {
        let validator = validator();
        let good = serde_json::to_value(full()).expect("it serializes");
        let spoil = |pointer: &str, wrong: Value| {
            let mut value = good.clone();
            *value.pointer_mut(pointer).expect("the place exists") = wrong;
            value
        };
        for (pointer, wrong) in [
            ("/schema", "tlsbench/0".into()),
            ("/started_at", "yesterday".into()),
            ("/cases/0/requested/size_bytes", serde_json::json!([1])),
            ("/cases/0/metrics/send.throughput_bytes_per_s/better", "more".into()),
            ("/cases/0/metrics/send.throughput_bytes_per_s/samples", serde_json::json!([])),
            ("/cases/0/metrics/send.throughput_bytes_per_s/median", Value::Null),
            ("/cases/0/metrics", serde_json::json!({ "elsewhere.throughput": {} })),
            ("/cases/0/not_measurable", serde_json::json!({ "send.efficiency": 1.2 })),
            ("/cases/0/not_measurable", serde_json::json!({ "send.efficiency": { "message": "", "advice": "x" } })),
        ] {
            assert!(!validator.is_valid(&spoil(pointer, wrong)), "{pointer}");
        }
        let mut stranger = good.clone();
        stranger["surprise"] = 1.into();
        assert!(!validator.is_valid(&stranger));
    }

    #[test]
    fn a_quantity_without_samples_is_not_recorded() {
        let mut case = Case::new("empty");
        case.record(Side::Send, &quantity::EFFICIENCY, &[], 1);
        case.record(Side::Send, &quantity::EFFICIENCY, &[f64::INFINITY], 1);
        assert!(case.metrics.is_empty());
    }
}
