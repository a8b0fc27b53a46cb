use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::quantity::{self, Quantity};
use super::{Metric, Side, Warning, bound, key, name_of};

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The name: the same in every version for the same thing measured.
    pub id: String,
    /// What was requested.
    pub requested: Facts,
    /// What the two ends negotiated.
    pub negotiated: Negotiated,
    /// The optimizations that were in use.
    pub switches: Facts,
    /// What was achieved of the request.
    pub achieved: Facts,
    /// The metrics by `SIDE.NAME`.
    pub metrics: BTreeMap<String, Metric>,
    /// By `SIDE.NAME`, the reason why there is no number, and the remedy: the measured value is impossible.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_measurable: BTreeMap<String, Warning>,
    /// Why the case has no numbers at all, and the remedy: the library lacks what was requested, or failed at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<Warning>,
}

/// Scalars by name, with units in the names.
pub type Facts = Map<String, Value>;

/// What the two ends negotiated.
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
    /// The share of handshakes that passed through a HelloRetryRequest, where handshakes are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_retry_share: Option<f64>,
    /// The share of handshakes whose early data was accepted.
    pub early_data_share: Option<f64>,
    /// The share of handshakes that used an external pre-shared key, where there are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_psk_share: Option<f64>,
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
            not_measurable: BTreeMap::new(),
            unavailable: None,
        }
    }

    /// A case without numbers of what was requested, with these optimizations in use.
    pub fn asked(id: &str, requested: &Facts, switches: &Facts) -> Self {
        Self { requested: requested.clone(), switches: switches.clone(), ..Self::new(id) }
    }

    /// The command that measured it: the first part of its name.
    pub fn command(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// Adds the `samples` of a quantity of one side. If there are none, or one is not a finite number, nothing is
    /// added, because the document holds only measurements. If they are above what is possible, a reason is added
    /// instead.
    pub fn record(&mut self, side: Side, quantity: &Quantity, samples: &[f64], seed: u64) {
        if let Some(metric) = Metric::of(quantity, samples, seed) {
            self.insert(key(side, quantity), metric);
        }
    }

    /// Adds a metric, limited to the maximum of its quantity. That holds for the engine, whose cryptography is the reference;
    /// another library may have a faster one.
    fn insert(&mut self, key: String, metric: Metric) {
        let is_of_engine = self.achieved.get("library").is_none_or(|library| library == "tls-engine");
        let most = quantity::find(name_of(&key)).and_then(Quantity::most);
        let held = match most.filter(|_| is_of_engine) {
            Some(most) => bound::hold(metric, most),
            None => Ok(metric),
        };
        match held {
            Ok(metric) => drop(self.metrics.insert(key, metric)),
            Err(reason) => drop(self.not_measurable.insert(key, reason)),
        }
    }

    /// Limits all metrics to the maxima of their quantities, for files of versions that did not.
    pub fn hold(&mut self) {
        for (key, metric) in std::mem::take(&mut self.metrics) {
            self.insert(key, metric);
        }
    }

    /// The reason why a quantity of one side has no number, if it was impossible.
    pub fn reason(&self, side: Side, quantity: &Quantity) -> Option<&Warning> {
        self.not_measurable.get(&key(side, quantity))
    }

    /// The metric of a quantity of one side, if it was measured.
    pub fn metric(&self, side: Side, quantity: &Quantity) -> Option<&Metric> {
        self.metrics.get(&key(side, quantity))
    }
}
