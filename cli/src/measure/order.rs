/// The order in which the lanes of a round are timed: reshuffled each round, and the same for the same seed.
///
/// The lanes alternate in short blocks, so that a drift of the machine (clock, heat, neighbours) affects all of them
/// alike. A random order prevents a lane from always running after the same other one.
#[derive(Clone, Debug)]
pub struct Order {
    state: u64,
}

impl Order {
    /// The orders for `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next round's order of `lanes`.
    pub fn shuffle<T>(&mut self, lanes: &mut [T]) {
        for last in (1..lanes.len()).rev() {
            // The bias of the remainder is below 2^-50 for these few lanes.
            let other = self.next() % (last as u64 + 1);
            lanes.swap(last, other as usize);
        }
    }

    /// The next number of the sequence (SplitMix64). For orders and patterns, never for keys.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_orders_and_every_order_comes() {
        let mut first = Order::new(7);
        let mut second = Order::new(7);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let (mut left, mut right) = ([0, 1, 2], [0, 1, 2]);
            first.shuffle(&mut left);
            second.shuffle(&mut right);
            assert_eq!(left, right);
            seen.insert(left);
        }
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The published sequence for the seed 1234567.
        let mut order = Order::new(1_234_567);
        assert_eq!(order.next(), 6_457_827_717_110_365_317);
        assert_eq!(order.next(), 3_203_168_211_198_807_973);
    }
}
