/// The number of pairs that a family of `tests` needs so that one of them can be significant at `confidence`. Random
/// signs agree by chance in 2 of 2^pairs cases, and in a family the limit is lower by the number of tests. Two pairs
/// more than the minimum allow one pair to go the other way.
pub fn pairs_needed(tests: usize, confidence: f64) -> usize {
    let odds = 2.0 * tests.max(1) as f64 / (1.0 - confidence).max(1e-6);
    odds.log2().ceil() as usize + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_tests_need_more_pairs() {
        assert_eq!((pairs_needed(1, 0.95), pairs_needed(40, 0.95)), (8, 13));
        assert!(pairs_needed(0, 1.0) < 40, "also of nonsense comes a number");
    }
}
