//! What both gates on time are made of: contestants that take turns in short blocks, in random order.

use std::time::{Duration, Instant};

use super::Contestant;

/// How long one block took: sealing, opening. Nanoseconds.
pub type Times = [f64; 2];

/// Three contestants have a block each, in random order.
pub fn round(contestants: &mut [&mut dyn Contestant; 3], batches: [usize; 3], random: &mut Random) -> [Times; 3] {
    let mut times = [[0.0; 2]; 3];
    for index in random.order() {
        times[index] = block(contestants[index], batches[index]);
    }
    times
}

/// How many batches make a block of this length.
pub fn calibrate(contestant: &mut dyn Contestant, length: Duration) -> usize {
    let mut batches = 1;
    loop {
        let began = Instant::now();
        block(contestant, batches);
        let factor = length.as_secs_f64() / began.elapsed().as_secs_f64();
        if factor < 1.5 {
            return batches;
        }
        batches = (batches as f64 * factor.min(8.0)).ceil() as usize;
    }
}

fn block(contestant: &mut dyn Contestant, batches: usize) -> Times {
    let (mut seal, mut open) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..batches {
        let began = Instant::now();
        contestant.seal();
        seal += began.elapsed();
        contestant.carry();
        let began = Instant::now();
        contestant.open();
        open += began.elapsed();
    }
    [seal, open].map(|time| time.as_nanos() as f64)
}

pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

pub fn median(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// The same numbers in every run.
pub struct Random(pub u64);

impl Random {
    /// Three indices, shuffled.
    pub fn order(&mut self) -> [usize; 3] {
        let mut order = [0, 1, 2];
        for last in [2, 1] {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
