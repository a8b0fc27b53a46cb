use super::{Metric, Warning};
use crate::stats;

/// A sample this many times the maximum comes from a disturbed round. Samples closer to the maximum are normal
/// variation when the median is just below it.
const FAR: f64 = 1.1;
/// The share of such rounds above which a run is not meaningful. If this many were disturbed on one side of the ratio,
/// it is unknown how many were disturbed on the other.
const DISTURBED_MAX: f64 = 0.25;

/// Limits a metric to the maximum of its quantity. A value above it is not a good result: the reference was slowed down
/// while its round was measured, for example by other programs. If the whole interval is above, or too many rounds are far
/// above, there is a reason instead of the metric. Otherwise rounds above count as `most`: where it is truly reached, the
/// median falls to either side of it.
pub(super) fn hold(metric: Metric, most: f64) -> Result<Metric, Warning> {
    let above = metric.samples.iter().filter(|sample| **sample > most).count();
    let disturbed = metric.samples.iter().filter(|sample| **sample > FAR * most).count();
    let rounds = metric.samples.len();
    if metric.ci95[0] > most || disturbed as f64 > DISTURBED_MAX * rounds as f64 {
        return Err(Warning {
            message: format!(
                "in {above} of {rounds} rounds it came out above 100 %, which is impossible: something else took the time of \
                 what it is held against"
            ),
            advice: "end other programs and measure again, with a longer --duration".to_owned(),
        });
    }
    let samples: Vec<f64> = metric.samples.iter().map(|sample| sample.min(most)).collect();
    let median = stats::median(&samples).unwrap_or(metric.median);
    let mad = stats::mad(&samples).unwrap_or(metric.mad);
    let [low, high] = metric.ci95.map(|end| end.min(most));
    Ok(Metric { samples, median, mad, ci95: [low.min(median), high], ..metric })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::quantity::EFFICIENCY;
    use crate::schema::{Case, Side};

    fn held(samples: &[f64]) -> Result<Metric, Warning> {
        hold(Metric::of(&EFFICIENCY, samples, 1).expect("numbers"), 1.0)
    }

    #[test]
    fn what_is_possible_is_a_number_and_stays_what_it_is() {
        let samples = [0.97, 0.98, 0.96, 0.975, 1.0];
        assert_eq!(held(&samples), Ok(Metric::of(&EFFICIENCY, &samples, 1).expect("numbers")));
    }

    #[test]
    fn rounds_that_vary_about_a_median_close_to_the_most_are_measured() {
        let samples = [0.97, 1.01, 0.99, 1.02, 0.98, 1.03, 0.985];
        assert_eq!(held(&samples).expect("a number").median, 0.99);
    }

    #[test]
    fn what_reaches_the_most_is_measured_on_whichever_side_of_it_the_median_falls() {
        let samples = [0.99, 1.01, 1.002, 0.995, 1.004, 1.001, 0.998, 1.003];
        assert!(stats::median(&samples) > Some(1.0));
        let metric = held(&samples).expect("a number");
        assert_eq!((metric.median, metric.ci95[1]), (1.0, 1.0));
    }

    #[test]
    fn another_library_may_be_faster_than_the_reference() {
        let mut case = Case::new("case");
        case.achieved.insert("library".to_owned(), "openssl".into());
        case.record(Side::Send, &EFFICIENCY, &[1.4, 1.41, 1.39], 1);
        assert_eq!(case.metrics["send.efficiency"].median, 1.4);
    }

    #[test]
    fn a_round_that_was_disturbed_leaves_the_median_what_it_is() {
        let samples = [0.97, 0.98, 1.8, 0.96, 0.975, 0.96, 0.95];
        let metric = held(&samples).expect("a number");
        assert_eq!(metric.samples, [0.97, 0.98, 1.0, 0.96, 0.975, 0.96, 0.95]);
        assert_eq!(Some(metric.median), stats::median(&samples));
        assert_eq!(Some(metric.mad), stats::mad(&metric.samples));
        assert!(metric.ci95[1] <= 1.0 && metric.ci95[0] <= metric.median);
    }

    #[test]
    fn what_is_held_agrees_with_itself_whatever_the_number_of_rounds() {
        for samples in [&[0.95, 1.04][..], &[0.96, 0.97, 1.01, 1.02], &[0.9, 0.95, 1.05, 1.06, 0.97, 1.02]] {
            let metric = held(samples).expect("a number");
            assert_eq!(Some(metric.median), stats::median(&metric.samples), "{samples:?}");
            assert!(metric.ci95[0] <= metric.median && metric.median <= metric.ci95[1] && metric.ci95[1] <= 1.0);
            assert_eq!(hold(metric.clone(), 1.0), Ok(metric), "once is enough");
        }
    }

    #[test]
    fn above_what_is_possible_there_is_a_reason_and_no_number() {
        for samples in [
            // Barely above on a quiet machine; far above on a busy one; and many rounds far above, but not the median.
            &[1.04, 1.041, 1.039, 1.04][..],
            &[1.5, 0.7, 1.8, 2.9, 1.4],
            &[0.9, 1.000_1, 1.2],
            &[0.97, 0.98, 0.96, 1.2, 1.3],
            &[1.84],
        ] {
            let reason = held(samples).expect_err("no number");
            assert!(reason.message.contains(&format!("of {} rounds", samples.len())), "{reason:?}");
            assert!(!reason.advice.is_empty());
            let mut case = Case::new("case");
            case.record(Side::Send, &EFFICIENCY, samples, 1);
            assert!(case.metrics.is_empty());
            assert_eq!(case.not_measurable["send.efficiency"], reason);
        }
    }

    #[test]
    fn a_quantity_without_such_a_bound_is_left_alone() {
        let mut case = Case::new("case");
        case.record(Side::Total, &crate::schema::quantity::RAW_TCP_SHARE, &[1.04, 1.05], 1);
        assert!(case.not_measurable.is_empty() && case.metrics["total.raw_tcp_share"].median > 1.0);
    }
}
