use super::toml_file::{Item, Source};
use crate::error::Error;
use crate::names::matches;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Better, Side};
use toml::de::{DeTable, DeValue};

const KEYS: [&str; 6] = ["metric", "case", "max_increase", "max_decrease", "max_change", "hard"];

/// How much worse a metric may become before that is a regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The side, or any.
    pub side: Option<Side>,
    /// What is measured.
    pub quantity: &'static Quantity,
    /// A pattern of case ids in which `*` matches anything; none matches all.
    pub case: Option<String>,
    /// What is allowed.
    pub allowed: Allowed,
    /// Whether exceeding it is a regression, or only reported.
    pub is_hard: bool,
    /// Where it stands.
    pub line: usize,
}

/// How much worse a metric may become, never below 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowed {
    /// By this, in the unit of the metric.
    Absolute(f64),
    /// By this share of what it was: 0.02 is 2 %.
    Share(f64),
}

impl Threshold {
    /// Whether it applies to a metric (a key such as `send.throughput_bytes_per_s`) of a case.
    pub fn applies_to(&self, case: &str, metric: &str) -> bool {
        let Some((side, name)) = metric.split_once('.') else { return false };
        name == self.quantity.name
            && self.side.is_none_or(|known| known.name() == side)
            && self.case.as_deref().is_none_or(|pattern| matches(pattern, case))
    }

    /// The metric as the profile names it.
    pub fn metric(&self) -> String {
        format!("{}.{}", self.side.map_or("*", Side::name), self.quantity.name)
    }

    /// How much worse the metric may become that was `before`, in its unit.
    pub fn allowed_of(&self, before: f64) -> f64 {
        match self.allowed {
            Allowed::Absolute(amount) => amount,
            Allowed::Share(share) => share * before.abs(),
        }
    }

    pub(super) fn read<'a>(source: &Source<'a>, line: usize, table: &'a DeTable<'a>) -> Result<Self, Error> {
        let items = source.items(table);
        if let Some(item) = items.iter().find(|item| !KEYS.contains(&item.key)) {
            return Err(source.unknown(item.line, "key of a threshold", item.key, KEYS));
        }
        let find = |key: &str| items.iter().find(|item| item.key == key);
        let metric = find("metric").ok_or_else(|| source.error(line, "a threshold needs a metric"))?;
        let (side, quantity) = metric_of(source, metric)?;
        let limits: Vec<&Item> = items.iter().filter(|item| item.key.starts_with("max_")).collect();
        let [limit] = limits.as_slice() else {
            let message = "a threshold needs one of max_increase, max_decrease and max_change";
            return Err(source.error(line, message));
        };
        let is_hard = match find("hard") {
            None => true,
            Some(item) => item.value.as_bool().ok_or_else(|| source.wrong_type(item, "true or false"))?,
        };
        Ok(Self {
            side,
            quantity,
            case: find("case").map(|item| source.text_of(item)).transpose()?.map(str::to_owned),
            allowed: allowed(source, limit, quantity)?,
            is_hard,
            line,
        })
    }
}

fn metric_of(source: &Source, item: &Item) -> Result<(Option<Side>, &'static Quantity), Error> {
    let text = item.value.as_str().ok_or_else(|| source.wrong_type(item, "a name such as \"send.efficiency\""))?;
    let sides = Side::ALL.map(Side::name);
    let Some((side, name)) = text.split_once('.') else {
        let message =
            format!("'{text}' is not a metric: write SIDE.NAME, where SIDE is * or one of {}", sides.join(", "));
        return Err(source.error(item.line, message));
    };
    let side = match Side::ALL.into_iter().find(|known| known.name() == side) {
        None if side != "*" => return Err(source.unknown(item.line, "side", side, sides.into_iter().chain(["*"]))),
        known => known,
    };
    let quantity = quantity::ALL.iter().copied().find(|known| known.name == name);
    let quantity = quantity
        .ok_or_else(|| source.unknown(item.line, "quantity", name, quantity::ALL.iter().map(|known| known.name)))?;
    Ok((side, quantity))
}

fn allowed(source: &Source, item: &Item, quantity: &Quantity) -> Result<Allowed, Error> {
    let wrong_way = match (item.key, quantity.better) {
        ("max_increase", Better::Higher) => Some("max_decrease"),
        ("max_decrease", Better::Lower) => Some("max_increase"),
        _ => None,
    };
    if let Some(right) = wrong_way {
        let better = if quantity.better == Better::Higher { "more" } else { "less" };
        let message = format!("of {} {better} is better: use {right} or max_change", quantity.name);
        return Err(source.error(item.line, message));
    }
    if item.key == "max_change" {
        let text = item.value.as_str().and_then(|text| text.strip_suffix('%')).map(str::trim);
        let percent = text.and_then(|text| text.parse::<f64>().ok()).filter(|percent| is_allowed(*percent));
        let percent = percent.ok_or_else(|| source.wrong_type(item, "a percentage such as \"2 %\""))?;
        return Ok(Allowed::Share(percent / 100.0));
    }
    let number = match item.value {
        DeValue::Integer(number) => number.as_str().parse::<f64>().ok(),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    };
    let number = number.filter(|number| is_allowed(*number));
    number.map(Allowed::Absolute).ok_or_else(|| source.wrong_type(item, "a number that is 0 or more"))
}

fn is_allowed(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}
