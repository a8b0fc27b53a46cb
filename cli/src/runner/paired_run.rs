use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::program::{Measures, Response};
use crate::error::Error;
use crate::render::{Messages, Progress};
use crate::request::{LASTS, Request};
use crate::schema::{Document, Metric};
use crate::stats;

/// A block takes this fraction of a case's duration.
const BLOCKS_OF_A_CASE: u32 = 16;
/// The command whose results are the same each time, because programs count them under valgrind.
const ONCE: &str = "instructions";

/// Two programs that measure in turns: block by block, in pairs of random order, so that disturbances of the machine
/// affect both.
pub struct PairedRun<'a> {
    /// The baseline's program and the candidate's.
    pub programs: [&'a dyn Measures; 2],
    /// What both measure.
    pub requests: &'a [Request],
    /// The number of blocks of each program, given the number of judged metrics.
    pub blocks: &'a dyn Fn(usize) -> usize,
    /// Whether a metric of a case is judged.
    pub is_judged: &'a dyn Fn(&str, &str, &Metric) -> bool,
    /// Decides which one goes first.
    pub seed: u64,
}

/// The results of both programs: for each metric the medians of its blocks, in the order of the pairs.
pub struct PairedResults {
    /// The results, the baseline's first.
    pub documents: [Document; 2],
    /// The index of the request that each case belongs to.
    pub requests: HashMap<String, usize>,
    /// The cases that the first program does not support, with its message. The second measured them once, alone.
    pub unknown: HashMap<String, String>,
}

impl PairedRun<'_> {
    /// Measures, pair by pair. If it is interrupted, `on_interrupt` receives the second program's results so far, and
    /// the results of both are marked as partial.
    pub fn run(&self, messages: Messages, on_interrupt: &mut dyn FnMut(&Document)) -> Result<PairedResults, Error> {
        let mut boards = [Board::default(), Board::default()];
        let mut known = (HashMap::new(), HashMap::new());
        let outcome = self.pairs(&mut boards, &mut known, messages);
        keep_common(&mut boards);
        let [first, second] = boards.map(|board| board.finish(self.seed));
        if let (Err(Error::Interrupted), Some(document)) = (&outcome, &second) {
            on_interrupt(&Document { partial: true, ..document.clone() });
        }
        let is_cut_short = matches!(outcome, Err(Error::Interrupted));
        let (requests, unknown) = known;
        match (first, second) {
            (Some(first), Some(second)) if is_cut_short || outcome.is_ok() => {
                let documents = [first, second].map(|document| Document { partial: is_cut_short, ..document });
                Ok(PairedResults { documents, requests, unknown })
            }
            _ if outcome.is_err() => Err(outcome.err().unwrap_or(Error::Interrupted)),
            _ => {
                let said = unknown.into_values().next().unwrap_or_default();
                Err(Error::Failed(format!("there is nothing that both programs can measure: {said}")))
            }
        }
    }

    fn pairs(&self, boards: &mut [Board; 2], known: &mut Known, messages: Messages) -> Result<(), Error> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut open: Vec<(Request, bool)> = Vec::new();
        let progress = Progress::new(self.requests.len(), messages);
        for (index, request) in self.requests.iter().enumerate() {
            progress.begin(&request.arguments().join(" "));
            let (block, begins) = (block_of(request), random.bool());
            let before = boards[1].cases();
            let said = self.pair(0, &block, begins, boards)?;
            for id in boards[1].cases().split_off(before.len()) {
                if let Some(said) = &said {
                    known.1.insert(id.clone(), said.clone());
                }
                known.0.insert(id, index);
            }
            if said.is_none() && request.command != ONCE {
                open.push((block, begins));
            }
        }
        drop(progress);
        let blocks = if open.is_empty() { 1 } else { (self.blocks)(self.judged(boards)) };
        let progress = Progress::new(1, messages);
        progress.begin(&format!("{blocks} pairs of blocks"));
        for pair in 1..blocks {
            for (block, begins) in &mut open {
                progress.advance(pair as f64 / blocks as f64, &block.command);
                // A B B A, or B A A B.
                *begins = if pair % 2 == 0 { random.bool() } else { !*begins };
                if let Some(said) = self.pair(pair, block, *begins, boards)? {
                    return Err(Error::Failed(format!("a program no longer supports what it was asked for: {said}")));
                }
            }
        }
        Ok(())
    }

    /// Runs one block of each, or returns the message of the first program if it does not support the request.
    fn pair(
        &self,
        pair: usize,
        block: &Request,
        second_begins: bool,
        boards: &mut [Board; 2],
    ) -> Result<Option<String>, Error> {
        let mut unknown = None;
        for program in if second_begins { [1, 0] } else { [0, 1] } {
            match self.programs[program].measure(block)? {
                Response::Results(document) => boards[program].add(pair, *document),
                Response::Unknown(said) if program == 0 => unknown = Some(said),
                Response::Unknown(said) => {
                    return Err(Error::Failed(format!("this build can't {}: {said}", block.arguments().join(" "))));
                }
            }
        }
        Ok(unknown)
    }

    /// The number of judged metrics among those that both have.
    fn judged(&self, boards: &[Board; 2]) -> usize {
        let [first, second] = boards;
        let cases = second.document.iter().flat_map(|document| &document.cases);
        let metrics = cases.flat_map(|case| case.metrics.iter().map(move |(name, metric)| (case, name, metric)));
        let is_common = |case: &str, name: &str| first.medians.contains_key(&(case.to_owned(), name.to_owned()));
        let is_judged = |case: &str, name: &str, metric| is_common(case, name) && (self.is_judged)(case, name, metric);
        metrics.filter(|(case, name, metric)| is_judged(&case.id, name, metric)).count()
    }
}

/// The index of the request for each case, and the message for each case that is not supported.
type Known = (HashMap<String, usize>, HashMap<String, String>);

/// The request for one block.
fn block_of(request: &Request) -> Request {
    request.lasting(request.duration().map_or(LASTS, |duration| LASTS.max(duration / BLOCKS_OF_A_CASE)))
}

/// The results of one program so far.
#[derive(Default)]
struct Board {
    document: Option<Document>,
    /// The medians of each metric of each case, with the pairs that they belong to.
    medians: BTreeMap<(String, String), Vec<(usize, f64)>>,
}

impl Board {
    fn add(&mut self, pair: usize, document: Document) {
        for case in &document.cases {
            for (name, metric) in &case.metrics {
                self.medians.entry((case.id.clone(), name.clone())).or_default().push((pair, metric.median));
            }
        }
        let Some(known) = &mut self.document else {
            self.document = Some(document);
            return;
        };
        known.finished_at = document.finished_at;
        known.host.load_at_end = document.host.load_at_end;
        for case in document.cases {
            match known.cases.iter_mut().find(|known| known.id == case.id) {
                None => known.cases.push(case),
                Some(known) => {
                    let metrics = case.metrics.into_iter();
                    let new: Vec<_> = metrics.filter(|(name, _)| !known.metrics.contains_key(name)).collect();
                    known.metrics.extend(new);
                    known.not_measurable.extend(case.not_measurable);
                }
            }
        }
    }

    fn cases(&self) -> Vec<String> {
        self.document.iter().flat_map(|document| &document.cases).map(|case| case.id.clone()).collect()
    }

    fn finish(self, seed: u64) -> Option<Document> {
        let mut document = self.document?;
        for case in &mut document.cases {
            // A metric that was measured in some blocks has a number.
            case.not_measurable.retain(|name, _| !case.metrics.contains_key(name));
            case.metrics.retain(|name, metric| {
                let medians = self.medians.get(&(case.id.clone(), name.clone()));
                let samples: Vec<f64> = medians.into_iter().flatten().map(|(_, median)| *median).collect();
                let Some(summary) = stats::summarize(&samples, seed) else { return false };
                metric.samples = samples;
                (metric.median, metric.mad, metric.ci95) = (summary.median, summary.mad, summary.ci95);
                metric.histogram = None;
                true
            });
        }
        Some(document)
    }
}

/// Keeps only the blocks that both have: if one did not measure a metric in a pair, the other has nothing to be
/// compared with.
fn keep_common([first, second]: &mut [Board; 2]) {
    for (key, medians) in &mut first.medians {
        let Some(others) = second.medians.get_mut(key) else { continue };
        let pairs = |medians: &[(usize, f64)]| medians.iter().map(|(pair, _)| *pair).collect::<BTreeSet<_>>();
        let common: BTreeSet<usize> = pairs(medians).intersection(&pairs(others)).copied().collect();
        medians.retain(|(pair, _)| common.contains(pair));
        others.retain(|(pair, _)| common.contains(pair));
    }
}

#[cfg(test)]
#[path = "paired_run_tests.rs"]
mod tests;
