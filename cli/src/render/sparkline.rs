//! A row of numbers as a row of blocks.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// More would be longer than a line; the latest say most.
const LONGEST: usize = 60;

/// `values` as blocks from the least to the largest, with a line before each index of `cuts`.
pub(super) fn sparkline(values: &[f64], cuts: &[usize]) -> String {
    let (low, high) =
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
    let height = high - low;
    let skipped = values.len().saturating_sub(LONGEST);
    let mut text = if skipped > 0 { "…".to_owned() } else { String::new() };
    for (index, value) in values.iter().enumerate().skip(skipped) {
        if cuts.contains(&index) && index > 0 {
            text.push('│');
        }
        let share = if height > 0.0 { (value - low) / height } else { 0.5 };
        let step = (share * 8.0) as usize;
        text.push(BLOCKS[step.min(7)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_rise_with_the_values_and_cuts_stand_between() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &[]), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[9.0, 9.0, 1.0], &[2]), "██│▁");
        assert_eq!(sparkline(&[5.0, 5.0], &[]), "▅▅");
        assert_eq!(sparkline(&[], &[]), "");
        assert_eq!(sparkline(&[1.0; 100], &[10]).chars().count(), LONGEST + 1);
    }
}
