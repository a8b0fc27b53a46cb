use serde::{Deserialize, Serialize};

use super::quantity::Quantity;
use crate::stats;

/// The measurement of one quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The unit of all its numbers.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// Whether it varies like a time, or hardly at all.
    pub kind: Kind,
    /// The samples, one per round.
    pub samples: Vec<f64>,
    /// Their median.
    pub median: f64,
    /// Their median absolute deviation, unscaled.
    pub mad: f64,
    /// The 95 % bootstrap interval of the median.
    pub ci95: [f64; 2],
    /// If there are too many samples to list, all of them as an HDR histogram, in the base64 format of its tools.
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
    /// Like a time: compare ratios within one run.
    Time,
    /// Hardly: compare tightly.
    Count,
}

/// The side that a quantity belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that sends data.
    Send,
    /// The end that receives it.
    Receive,
    /// The client of a handshake.
    Client,
    /// The server of a handshake.
    Server,
    /// Both ends together.
    Total,
}

impl Metric {
    /// The metric of these samples, or `None` if there are none or one is not a finite number.
    pub fn of(quantity: &Quantity, samples: &[f64], seed: u64) -> Option<Self> {
        Some(Self::summarized(quantity, samples, stats::summarize(samples, seed)?))
    }

    /// The metric of samples that are already summarized.
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

/// The part of a metric's key without the side.
pub fn name_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(_, name)| name)
}

/// The key of a quantity of one side.
pub fn key(side: Side, quantity: &Quantity) -> String {
    format!("{}.{}", side.name(), quantity.name)
}
