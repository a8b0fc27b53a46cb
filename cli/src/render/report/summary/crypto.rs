//! Which raw cipher is the fastest, and whether `auto` takes the fastest parts.

use super::Finding;
use crate::render::report::crypto::{anchor, fact, share, size, speed};
use crate::render::report::scale::quantity;
use crate::schema::{Case, Metric};
use crate::units::{Bytes, counted};

pub(super) fn findings(cases: &[&Case]) -> Vec<Finding> {
    [fastest(cases), auto(cases)].into_iter().flatten().collect()
}

fn fastest(cases: &[&Case]) -> Option<Finding> {
    let aeads = cases.iter().filter(|case| fact(case, "kind") == "aead");
    let measured = aeads.filter_map(|case| Some((*case, speed(case)?)));
    let (case, speed) = measured.max_by(|(_, a), (_, b)| a.median.total_cmp(&b.median))?;
    let words = format!(
        "{} of {} is the fastest: {} ({} of {}).",
        fact(case, "algorithm"),
        fact(case, "provider"),
        quantity(speed.median, &speed.unit),
        fact(case, "operation"),
        Bytes(size(case))
    );
    Some(Finding { subject: "Raw ciphers".to_owned(), words, anchor: anchor("aead") })
}

/// Another provider is faster where all of its interval is.
fn auto(cases: &[&Case]) -> Option<Finding> {
    let shares: Vec<(&Case, &Metric)> = cases.iter().filter_map(|case| Some((*case, share(case)?))).collect();
    let (case, best) = shares.iter().max_by(|(_, a), (_, b)| a.median.total_cmp(&b.median))?;
    let faster = shares.iter().filter(|(_, share)| share.ci95[0] > 1.0).count();
    let of = counted(shares.len(), "comparison", "comparisons");
    let words = match faster {
        0 => format!("no other provider is faster than what auto takes, in {of}."),
        _ => format!(
            "another provider is faster in {faster} of {of}, {} of {} by most: it reaches {} of what auto takes.",
            fact(case, "algorithm"),
            fact(case, "provider"),
            quantity(best.median, &best.unit)
        ),
    };
    Some(Finding { subject: "Choice of auto".to_owned(), words, anchor: anchor("auto") })
}
