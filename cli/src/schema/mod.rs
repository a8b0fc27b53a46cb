//! The results document, `tlsbench/1`. `results/schema.json` says the same for other programs; a test holds the two
//! together.

pub mod comparison;
pub mod doctor;
pub mod histogram;
pub mod history;
pub mod inventory;
pub mod quantity;
pub mod telling;
pub mod terms;

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::stats;
use quantity::Quantity;

/// The document's version. A change that breaks readers changes it.
pub const SCHEMA: &str = "tlsbench/1";

/// All that one run of a command found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// What measured.
    pub tool: Tool,
    /// Where it measured.
    pub host: Host,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whether the run ended before all of its cases did.
    pub partial: bool,
    /// What makes these numbers worth less than they could be.
    pub warnings: Vec<Warning>,
    /// The cases, in the order they were asked for.
    pub cases: Vec<Case>,
}

/// What measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, where that was known; `+` at its end marks changes that were not committed.
    pub git_commit: Option<String>,
    /// `release` or `debug`.
    pub build_profile: String,
    /// The providers it was built with.
    pub features: Vec<String>,
}

/// Where it measured. What the system does not tell is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The processor's name.
    pub cpu_model: Option<String>,
    /// Those of its flags that matter to cryptography.
    pub cpu_flags: Vec<String>,
    /// Physical cores.
    pub cores: Option<u32>,
    /// Processors that the scheduler sees.
    pub logical_cpus: Option<u32>,
    /// The frequency governor of the first processor.
    pub governor: Option<String>,
    /// Whether the clock may rise beyond its nominal frequency.
    pub turbo: Option<bool>,
    /// Whether cores run more than one thread.
    pub smt: Option<bool>,
    /// The hypervisor, or `none`.
    pub virtualization: Option<String>,
    /// The kernel's name and release.
    pub kernel: Option<String>,
    /// Memory in all.
    pub memory_bytes: Option<u64>,
    /// Load averages over 1, 5 and 15 minutes when the run began.
    pub load_at_start: Option<[f64; 3]>,
    /// The same when it ended.
    pub load_at_end: Option<[f64; 3]>,
    /// Files that the process may open (soft limit).
    pub open_files_limit: Option<u64>,
    /// What the kernel tells the time from.
    #[serde(default)]
    pub clock_source: Option<String>,
    /// What reading the clock costs.
    #[serde(default)]
    pub timer_cost_ns: Option<f64>,
    /// Whether memory lies elsewhere in each run.
    #[serde(default)]
    pub aslr: Option<bool>,
    /// The largest buffer that a socket may ask for, for what it sends.
    #[serde(default)]
    pub send_buffer_max_bytes: Option<u64>,
    /// The same for what it receives.
    #[serde(default)]
    pub receive_buffer_max_bytes: Option<u64>,
}

/// A fact that makes the numbers worth less, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// What is the matter.
    pub message: String,
    /// What to do next.
    pub advice: String,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name: the same in every version for the same thing measured.
    pub id: String,
    /// What was asked for.
    pub requested: Facts,
    /// What the two ends agreed on.
    pub negotiated: Negotiated,
    /// The optimizations it ran with.
    pub switches: Facts,
    /// What was reached of what was asked for.
    pub achieved: Facts,
    /// `SIDE.NAME` to what was measured.
    pub metrics: BTreeMap<String, Metric>,
}

/// One quantity, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The unit of all its numbers.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// Whether it varies as times do, or hardly at all.
    pub kind: Kind,
    /// What was measured, one number per round.
    pub samples: Vec<f64>,
    /// Their median.
    pub median: f64,
    /// Their median absolute deviation, unscaled.
    pub mad: f64,
    /// The 95 % bootstrap interval of the median.
    pub ci95: [f64; 2],
    /// Where there are too many samples to name each: all of them as an HDR histogram, in base64 as its tools write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<String>,
}

/// Which direction is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// How a quantity varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// As times do: compare ratios from one run.
    Time,
    /// Hardly: compare tightly.
    Count,
}

/// Whose quantity it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that sends data.
    Send,
    /// The end that receives it.
    Receive,
    /// The client of a handshake.
    Client,
    /// Its server.
    Server,
    /// Both ends together.
    Total,
}

/// Scalars by name, units in the names.
pub type Facts = Map<String, Value>;

/// What the two ends agreed on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negotiated {
    /// The protocol version.
    pub version: Option<String>,
    /// The cipher suite's IANA name.
    pub cipher_suite: Option<String>,
    /// The group of the key exchange.
    pub group: Option<String>,
    /// The scheme of the server's signature.
    pub signature: Option<String>,
    /// The application protocol.
    pub alpn: Option<String>,
    /// The share of handshakes that resumed a session.
    pub resumed_share: Option<f64>,
    /// The share of handshakes whose early data was accepted.
    pub early_data_share: Option<f64>,
}

impl Document {
    /// A document without cases, begun now.
    pub fn begin(host: Host) -> Self {
        let now = timestamp(SystemTime::now());
        Self {
            schema: SCHEMA.to_owned(),
            tool: Tool::current(),
            host,
            started_at: now.clone(),
            finished_at: now,
            partial: false,
            warnings: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// Notes the end of the run, now.
    pub fn finish(&mut self, load: Option<[f64; 3]>, partial: bool) {
        self.finished_at = timestamp(SystemTime::now());
        self.host.load_at_end = load;
        self.partial = partial;
    }

    /// Adds a warning, once.
    pub fn warn(&mut self, message: impl Into<String>, advice: impl Into<String>) {
        let warning = Warning { message: message.into(), advice: advice.into() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

impl Tool {
    /// This program.
    pub fn current() -> Self {
        let providers = tls_engine::crypto::provider::list();
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: option_env!("TLSBENCH_GIT_COMMIT").map(str::to_owned),
            build_profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            features: providers.iter().map(|provider| provider.name.to_owned()).filter(|name| name != "auto").collect(),
        }
    }
}

impl Document {
    /// The same with nothing but counts: what hardly varies, and means the same on a busy machine.
    pub fn counts(&self) -> Self {
        let mut document = self.clone();
        document.cases.iter_mut().for_each(|case| case.metrics.retain(|_, metric| metric.kind == Kind::Count));
        document
    }
}

impl Case {
    /// A case without numbers.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            requested: Facts::new(),
            negotiated: Negotiated::default(),
            switches: Facts::new(),
            achieved: Facts::new(),
            metrics: BTreeMap::new(),
        }
    }

    /// Adds the `samples` of a quantity of one side. Without samples, or with one that is no number, nothing is added:
    /// the document holds measurements only.
    pub fn record(&mut self, side: Side, quantity: &Quantity, samples: &[f64], seed: u64) {
        if let Some(metric) = Metric::of(quantity, samples, seed) {
            self.metrics.insert(key(side, quantity), metric);
        }
    }

    /// The metric of a quantity of one side, where it was measured.
    pub fn metric(&self, side: Side, quantity: &Quantity) -> Option<&Metric> {
        self.metrics.get(&key(side, quantity))
    }
}

impl Metric {
    /// The metric of these samples, or `None` where there are none or one is no number.
    pub fn of(quantity: &Quantity, samples: &[f64], seed: u64) -> Option<Self> {
        Some(Self::summarized(quantity, samples, stats::summarize(samples, seed)?))
    }

    /// The metric of samples that are summarized already.
    pub fn summarized(quantity: &Quantity, samples: &[f64], summary: stats::Summary) -> Self {
        let stats::Summary { median, mad, ci95 } = summary;
        let Quantity { unit, better, kind, .. } = *quantity;
        Self { unit: unit.to_owned(), better, kind, samples: samples.to_vec(), median, mad, ci95, histogram: None }
    }
}

impl Side {
    /// All sides, in the order that tables print them.
    pub const ALL: [Self; 5] = [Self::Send, Self::Receive, Self::Client, Self::Server, Self::Total];

    /// Its name in metric keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Client => "client",
            Self::Server => "server",
            Self::Total => "total",
        }
    }
}

/// The key of a quantity of one side.
pub fn key(side: Side, quantity: &Quantity) -> String {
    format!("{}.{}", side.name(), quantity.name)
}

/// A moment as the document writes it.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Document {
        let mut document = Document::begin(Host { cpu_flags: vec!["aes".into()], ..Host::default() });
        let mut case = Case::new("throughput/memory/send/aes128gcm/16384");
        case.requested.insert("size_bytes".into(), 16_384.into());
        case.switches.insert("zero_copy".into(), true.into());
        case.achieved.insert("duration_ns".into(), 1_000_000_u64.into());
        case.negotiated.cipher_suite = Some("TLS_AES_128_GCM_SHA256".into());
        for (side, quantity) in Side::ALL.into_iter().zip(quantity::ALL) {
            case.record(side, quantity, &[3.0, 1.0, 2.0], 1);
        }
        document.cases.push(case);
        document.warn("a debug build", "use --release");
        document.warn("a debug build", "use --release");
        document.finish(Some([0.5, 0.25, 0.125]), true);
        document
    }

    fn validator() -> jsonschema::Validator {
        let text = include_str!("../../results/schema.json");
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
