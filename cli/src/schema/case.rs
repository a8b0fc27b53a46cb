use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::quantity::{self, Quantity};
use super::{Metric, Side, Warning, bound, key, name_of};

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
    /// `SIDE.NAME` to why there is no number, and what to do about it: what was measured is impossible.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_measurable: BTreeMap<String, Warning>,
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
        }
    }

    /// Adds the `samples` of a quantity of one side. Without samples, or with one that is no number, nothing is added:
    /// the document holds measurements only. Where they are above what is possible, a reason is added in their place.
    pub fn record(&mut self, side: Side, quantity: &Quantity, samples: &[f64], seed: u64) {
        if let Some(metric) = Metric::of(quantity, samples, seed) {
            self.insert(key(side, quantity), metric);
        }
    }

    /// Adds a metric, held to what its quantity can be.
    fn insert(&mut self, key: String, metric: Metric) {
        let held = match quantity::find(name_of(&key)).and_then(Quantity::most) {
            Some(most) => bound::hold(metric, most),
            None => Ok(metric),
        };
        match held {
            Ok(metric) => drop(self.metrics.insert(key, metric)),
            Err(reason) => drop(self.not_measurable.insert(key, reason)),
        }
    }

    /// Holds all metrics to what their quantities can be: those of files that did not yet.
    pub fn hold(&mut self) {
        for (key, metric) in std::mem::take(&mut self.metrics) {
            self.insert(key, metric);
        }
    }

    /// Why a quantity of one side has no number, where that was impossible.
    pub fn reason(&self, side: Side, quantity: &Quantity) -> Option<&Warning> {
        self.not_measurable.get(&key(side, quantity))
    }

    /// The metric of a quantity of one side, where it was measured.
    pub fn metric(&self, side: Side, quantity: &Quantity) -> Option<&Metric> {
        self.metrics.get(&key(side, quantity))
    }
}
