//! Known answers: thousands of simulated gates on runs with known noise and a known true difference.

use fastrand::Rng;

use super::{Difference, Scale, Slack, Verdict, judge, pairs_needed};

const GATES: u64 = 1_000;
const METRICS: usize = 40;
/// The rounds of a run; those of `throughput` are between 20 and 300.
const ROUNDS: usize = 120;
const SLACK: Slack = Slack { share: 0.02, units: 0.0 };

/// The noise that a machine adds to a time of 100.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// 2 %, independent.
    Gaussian,
    /// Student's t with two degrees of freedom: its variance is infinite.
    HeavyTailed,
    /// Each round resembles the one before.
    Autocorrelated(f64),
    /// Slow and fast, 10 % apart, staying in the same mode with this probability.
    TwoModes(f64),
}

impl Noise {
    fn run(self, random: &mut Rng, count: usize) -> Vec<f64> {
        let mut last = gaussian(random);
        let mut is_slow = random.bool();
        let mut next = || match self {
            Self::Gaussian => 0.02 * gaussian(random),
            Self::HeavyTailed => {
                let squares = -2.0 * (1.0 - random.f64()).ln();
                (0.02 * gaussian(random) / (squares / 2.0).sqrt()).max(-0.9)
            }
            Self::Autocorrelated(share) => {
                last = share * last + (1.0 - share * share).sqrt() * gaussian(random);
                0.02 * last
            }
            Self::TwoModes(stay) => {
                is_slow ^= random.f64() > stay;
                0.005 * gaussian(random) + if is_slow { 0.1 } else { 0.0 }
            }
        };
        (0..count).map(|_| 100.0 * (1.0 + next())).collect()
    }
}

fn gaussian(random: &mut Rng) -> f64 {
    // Box and Muller.
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

/// How two sets are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Design {
    /// One after the other: each has the noise of its own time.
    Runs(usize),
    /// In turns, with the order of each pair of blocks random: both have the noise of the same time.
    Pairs(usize),
}

impl Design {
    /// Both sets of samples of a metric; the second is slower by `share`.
    fn measure(self, noise: Noise, share: f64, random: &mut Rng) -> [Vec<f64>; 2] {
        let [before, mut after] = match self {
            Self::Runs(rounds) => [noise.run(random, rounds), noise.run(random, rounds)],
            Self::Pairs(pairs) => {
                let all = noise.run(random, 2 * pairs);
                let mut sets = [Vec::new(), Vec::new()];
                // A B B A or B A A B.
                let mut first = 0;
                for (index, pair) in all.chunks(2).enumerate() {
                    first = if index % 2 == 0 { usize::from(random.bool()) } else { 1 - first };
                    sets[first].push(pair[0]);
                    sets[1 - first].push(pair[1]);
                }
                sets
            }
        };
        after.iter_mut().for_each(|time| *time *= 1.0 + share);
        [before, after]
    }

    fn difference(self, [before, after]: &[Vec<f64>; 2]) -> Difference<'_> {
        let difference = match self {
            Self::Runs(_) => Difference::of_runs(Scale::Share, before, after),
            Self::Pairs(_) => Difference::of_pairs(Scale::Share, before, after),
        };
        difference.expect("a difference")
    }
}

/// The verdicts of a gate whose first metric is slower by `share`.
fn gate(design: Design, noise: Noise, share: f64, slack: Slack, seed: u64) -> Vec<Verdict> {
    let mut random = Rng::with_seed(seed);
    let measured: Vec<[Vec<f64>; 2]> =
        (0..METRICS).map(|metric| design.measure(noise, if metric == 0 { share } else { 0.0 }, &mut random)).collect();
    let differences: Vec<Difference> = measured.iter().map(|sets| design.difference(sets)).collect();
    let family: Vec<_> = differences.iter().map(|difference| (difference, slack, true)).collect();
    judge(&family, 0.95, seed)
}

/// The number of gates on equal runs that call any metric worse, and of those that call any worse or better.
fn false_alarms(design: Design, noise: Noise) -> [usize; 2] {
    let mut alarms = [0; 2];
    for seed in 0..GATES {
        let verdicts = gate(design, noise, 0.0, NO_SLACK, seed);
        alarms[0] += usize::from(verdicts.contains(&Verdict::Worse));
        alarms[1] += usize::from(verdicts.iter().any(|verdict| *verdict != Verdict::InsideTheNoise));
    }
    alarms
}

/// The same for gates that repeat the measurement once if it is worse, and accept only what is worse twice.
fn confirmed_false_alarms(design: Design, noise: Noise) -> usize {
    let is_alarm = |seed: &u64| {
        let suspects = gate(design, noise, 0.0, NO_SLACK, *seed);
        suspects.contains(&Verdict::Worse) && {
            let again = gate(design, noise, 0.0, NO_SLACK, GATES + seed);
            suspects.iter().zip(again).any(|pair| pair == (&Verdict::Worse, Verdict::Worse))
        }
    };
    (0..GATES).filter(is_alarm).count()
}

/// No slack, to see the false alarms of the tests alone.
const NO_SLACK: Slack = Slack { share: 0.0, units: 0.0 };
/// 5 % of the gates.
const ALARMS_MAX: usize = GATES as usize / 20;

fn check_false_alarms(design: Design, noise: Noise) {
    let [worse, either] = false_alarms(design, noise);
    println!(
        "{design:?} {noise:?}: of {GATES} gates on equals, {worse} call something worse, {either} worse or better"
    );
    assert!(worse <= ALARMS_MAX, "{design:?} {noise:?}: {worse}");
}

#[test]
fn runs_of_equals_with_gaussian_noise_raise_few_alarms() {
    check_false_alarms(Design::Runs(ROUNDS), Noise::Gaussian);
}

#[test]
fn runs_of_equals_with_heavy_tails_raise_few_alarms() {
    check_false_alarms(Design::Runs(ROUNDS), Noise::HeavyTailed);
}

#[test]
fn runs_of_equals_with_autocorrelated_noise_raise_few_alarms() {
    check_false_alarms(Design::Runs(ROUNDS), Noise::Autocorrelated(0.7));
}

#[test]
fn runs_of_equals_with_two_modes_raise_few_alarms() {
    check_false_alarms(Design::Runs(ROUNDS), Noise::TwoModes(0.5));
    check_false_alarms(Design::Runs(ROUNDS), Noise::TwoModes(0.8));
}

/// What only one run has in common, such as a mode that it never leaves, can't be seen by comparing two runs. Pairs
/// show it, and assume nothing about the noise.
#[test]
fn pairs_of_equals_raise_few_alarms_whatever_the_noise() {
    let pairs = Design::Pairs(pairs_needed(METRICS, 0.95));
    for noise in [
        Noise::Gaussian,
        Noise::HeavyTailed,
        Noise::Autocorrelated(0.7),
        Noise::Autocorrelated(0.98),
        Noise::TwoModes(0.5),
        Noise::TwoModes(0.95),
    ] {
        check_false_alarms(pairs, noise);
    }
}

#[test]
fn what_is_measured_twice_is_hardly_ever_a_false_alarm() {
    for noise in [Noise::Gaussian, Noise::Autocorrelated(0.7), Noise::TwoModes(0.5)] {
        let alarms = confirmed_false_alarms(Design::Pairs(pairs_needed(METRICS, 0.95)), noise);
        println!("{noise:?}: {alarms} false alarms in {GATES} gates that measure twice");
        assert!(alarms <= GATES as usize / 200, "{noise:?}: {alarms}");
    }
}

#[test]
fn five_percent_are_found_in_noise_of_two() {
    for design in [Design::Runs(30), Design::Runs(ROUNDS), Design::Pairs(20)] {
        let gates =
            (0..GATES).map(|seed| [seed, GATES + seed].map(|seed| gate(design, Noise::Gaussian, 0.05, SLACK, seed)[0]));
        let (mut once, mut twice) = (0, 0);
        for [first, second] in gates {
            once += usize::from(first == Verdict::Worse);
            twice += usize::from(first == Verdict::Worse && second == Verdict::Worse);
        }
        println!("{design:?}: 5 % found in {once} of {GATES} gates, and twice in {twice}");
        assert!(twice > GATES as usize * 95 / 100, "{design:?}: {once} {twice}");
    }
}
