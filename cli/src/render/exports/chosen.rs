use crate::error::Error;
use crate::names::matches;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Document, Metric, name_of};

/// What is to be exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only cases whose ids are like one of these patterns; all where there is none.
    pub cases: Vec<String>,
    /// Only metrics whose keys, or names for all sides, are like one of these; all but details where there is none.
    pub metrics: Vec<String>,
}

/// A metric of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen<'a> {
    /// The case.
    pub case: &'a Case,
    /// The metric's key.
    pub key: &'a str,
    /// The metric.
    pub metric: &'a Metric,
}

impl Wanted {
    /// What is wanted of a document. A pattern that fits nothing is a slip.
    pub fn choose<'a>(&self, document: &'a Document) -> Result<Vec<Chosen<'a>>, Error> {
        self.check(document)?;
        let all =
            document.cases.iter().filter(|case| self.has_case(case)).flat_map(|case| {
                case.metrics.iter().map(move |(key, metric)| Chosen { case, key: key.as_str(), metric })
            });
        Ok(all.filter(|chosen| self.has_metric(chosen.key)).collect())
    }

    fn has_case(&self, case: &Case) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|pattern| matches(pattern, &case.id))
    }

    fn has_metric(&self, key: &str) -> bool {
        if self.metrics.is_empty() { !is_detail(key) } else { self.metrics.iter().any(|pattern| is_like(pattern, key)) }
    }

    fn check(&self, document: &Document) -> Result<(), Error> {
        let cases = || document.cases.iter().map(|case| case.id.as_str());
        if let Some(typed) = self.cases.iter().find(|pattern| !cases().any(|case| matches(pattern, case))) {
            return Err(Error::unknown("case", typed, cases()));
        }
        let reasons = || document.cases.iter().flat_map(|case| &case.not_measurable);
        let keys = || document.cases.iter().flat_map(|case| case.metrics.keys()).map(String::as_str);
        if let Some(typed) = self.metrics.iter().find(|pattern| !keys().any(|key| is_like(pattern, key))) {
            if let Some((key, reason)) = reasons().find(|(key, _)| is_like(typed, key)) {
                let message = format!("{key} is not measurable in this run: {}; {}", reason.message, reason.advice);
                return Err(Error::Usage(message));
            }
            let mut known: Vec<&str> = keys().flat_map(|key| [key, name_of(key)]).collect();
            known.sort_unstable();
            known.dedup();
            return Err(Error::unknown("metric", typed, known));
        }
        Ok(())
    }
}

impl Chosen<'_> {
    /// The case and the metric in one name.
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.case.id, self.key)
    }

    /// The 95 % interval of the median. One sample says nothing about where others would be, unless many went into it.
    pub(super) fn interval(&self) -> Option<[f64; 2]> {
        let [low, high] = self.metric.ci95;
        (self.metric.samples.len() > 1 || low < high).then_some([low, high])
    }
}

fn is_like(pattern: &str, key: &str) -> bool {
    matches(pattern, key) || matches(pattern, name_of(key))
}

/// Whether it only explains others; also as what an ablation compares.
fn is_detail(key: &str) -> bool {
    let name = name_of(key);
    let name = name.strip_suffix("_effect").or_else(|| name.strip_suffix("_without")).unwrap_or(name);
    quantity::find(name).is_some_and(Quantity::is_detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Host, Side, quantity};

    fn document() -> Document {
        let mut document = Document::begin(Host::default());
        for id in ["throughput/memory/send/aes128gcm/64", "throughput/loopback-2/send/aes128gcm/64"] {
            let mut case = Case::new(id);
            case.record(Side::Send, &quantity::EFFICIENCY, &[0.9], 1);
            case.record(Side::Receive, &quantity::EFFICIENCY, &[0.8], 1);
            case.record(Side::Send, &quantity::ENGINE_BYTES_PER_S, &[1e9], 1);
            document.cases.push(case);
        }
        document
    }

    fn keys(cases: &[&str], metrics: &[&str]) -> Vec<String> {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let wanted = Wanted { cases: own(cases), metrics: own(metrics) };
        let found = |chosen: &[Chosen]| chosen.iter().map(|chosen| chosen.key.to_owned()).collect();
        wanted.choose(&document()).map_or_else(|error| vec![error.to_string()], |chosen| found(&chosen))
    }

    #[test]
    fn all_but_details_or_what_was_asked_for() {
        assert_eq!(keys(&["*/memory/*"], &[]), ["receive.efficiency", "send.efficiency"]);
        assert_eq!(keys(&[], &["send.efficiency"]), ["send.efficiency"; 2]);
        assert_eq!(keys(&["*/memory/*"], &["engine*", "receive.*"]), ["receive.efficiency", "send.engine_bytes_per_s"]);
        assert_eq!(keys(&["throughput/memory/send/aes128gcm/64"], &["efficiency"]).len(), 2);
    }

    #[test]
    fn what_was_not_measurable_is_told_with_its_reason() {
        let mut document = document();
        document.cases.truncate(1);
        let case = &mut document.cases[0];
        case.metrics.clear();
        case.record(Side::Send, &quantity::ENGINE_BYTES_PER_S, &[1e9], 1);
        case.record(Side::Send, &quantity::EFFICIENCY, &[1.2], 1);
        let wanted = Wanted { metrics: vec!["efficiency".to_owned()], ..Wanted::default() };
        let error = wanted.choose(&document).expect_err("there is no number").to_string();
        assert!(error.contains("send.efficiency is not measurable") && error.contains("measure again"), "{error}");
    }

    #[test]
    fn what_fits_nothing_is_told() {
        assert!(keys(&["*/memory/*", "tput/*"], &[])[0].contains("unknown case 'tput/*'"));
        assert!(keys(&[], &["eficiency"])[0].contains("unknown metric 'eficiency'; expected one of: efficiency, "));
    }
}
