use std::collections::BTreeMap;
use std::path::PathBuf;

use super::child;
use crate::error::Error;
use crate::render::{Messages, Progress};
use crate::request::{LASTS, Request};
use crate::schema::{Document, Metric};
use crate::stats;

/// A block is this part of the time that a case is asked for.
const BLOCKS_OF_A_CASE: u32 = 16;
/// Counts that the programs take under valgrind are the same each time.
const ONCE: &str = "instructions";

/// Two programs that measure in turns: block by block, in pairs whose order is left to chance, so that whatever the machine
/// does meanwhile it does to both.
pub struct Turns<'a> {
    /// What is compared with, and what is compared.
    pub programs: [&'a dyn Measures; 2],
    /// What both measure.
    pub requests: &'a [Request],
    /// The blocks of each, where so many metrics are judged.
    pub blocks: &'a dyn Fn(usize) -> usize,
    /// Whether a metric of a case is judged.
    pub is_judged: &'a dyn Fn(&str, &str, &Metric) -> bool,
    /// Chooses who begins.
    pub seed: u64,
}

/// Something that measures what it is asked for.
pub trait Measures {
    /// What it found.
    fn measure(&self, request: &Request) -> Result<Answer, Error>;
}

/// What a program said to a request.
pub enum Answer {
    /// What it measured.
    Results(Box<Document>),
    /// That it does not know what it is asked for, in its words.
    Unknown(String),
}

/// A tlsbench, by its path.
pub struct Binary(pub PathBuf);

impl Measures for Binary {
    fn measure(&self, request: &Request) -> Result<Answer, Error> {
        child::measure(&self.0, request)
    }
}

/// What both programs found: of each metric the medians of its blocks, in the order of the pairs.
pub struct Paired {
    /// The results, the baseline's first.
    pub documents: [Document; 2],
    /// What could not be asked of both.
    pub notes: Vec<String>,
}

impl Turns<'_> {
    /// Measures, pair by pair.
    pub fn run(&self, messages: Messages) -> Result<Paired, Error> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut boards = [Board::default(), Board::default()];
        let mut notes = Vec::new();
        let requests = self.requests.iter().map(|request| (request, block_of(request), false));
        let mut open: Vec<(&Request, Request, bool)> = Vec::new();
        let progress = Progress::new(self.requests.len(), messages);
        for (request, block, _) in requests {
            progress.begin(&request.arguments().join(" "));
            let begins = random.bool();
            match self.pair(&block, begins, &mut boards)? {
                None => open.push((request, block, begins)),
                Some(said) => {
                    notes.push(format!("not measured: {}: {said}", request.arguments().join(" ")));
                }
            }
        }
        drop(progress);
        open.retain(|(request, ..)| request.command != ONCE);
        let blocks = if open.is_empty() { 1 } else { (self.blocks)(self.judged(&boards)) };
        let progress = Progress::new(1, messages);
        progress.begin(&format!("{blocks} pairs of blocks"));
        for pair in 1..blocks {
            for (request, block, begins) in &mut open {
                progress.advance(pair as f64 / blocks as f64, &request.command);
                // A B B A, or B A A B.
                *begins = if pair % 2 == 0 { random.bool() } else { !*begins };
                if let Some(said) = self.pair(block, *begins, &mut boards)? {
                    return Err(Error::Failed(format!(
                        "a program that knew what it was asked does not any more: {said}"
                    )));
                }
            }
        }
        drop(progress);
        let mut documents = Vec::new();
        for board in boards {
            let document = board.finish(self.seed);
            documents
                .push(document.ok_or_else(|| Error::Failed(format!("nothing was measured; {}", notes.join("; "))))?);
        }
        let documents: Result<[Document; 2], _> = documents.try_into();
        documents.map(|documents| Paired { documents, notes }).map_err(|_| Error::Failed("two programs ran".to_owned()))
    }

    /// One block of each; what a program said that does not know what it is asked for.
    fn pair(&self, block: &Request, second_begins: bool, boards: &mut [Board; 2]) -> Result<Option<String>, Error> {
        let mut found = [None, None];
        for program in if second_begins { [1, 0] } else { [0, 1] } {
            match self.programs[program].measure(block)? {
                Answer::Results(document) => found[program] = Some(*document),
                Answer::Unknown(said) => return Ok(Some(said)),
            }
        }
        for (board, document) in boards.iter_mut().zip(found) {
            document.into_iter().for_each(|document| board.add(document));
        }
        Ok(None)
    }

    /// How many metrics are judged, of those that both have.
    fn judged(&self, boards: &[Board; 2]) -> usize {
        let [first, second] = boards;
        let cases = second.document.iter().flat_map(|document| &document.cases);
        let metrics = cases.flat_map(|case| case.metrics.iter().map(move |(name, metric)| (case, name, metric)));
        let is_common = |case: &str, name: &str| first.medians.contains_key(&(case.to_owned(), name.to_owned()));
        metrics
            .filter(|(case, name, metric)| is_common(&case.id, name) && (self.is_judged)(&case.id, name, metric))
            .count()
    }
}

/// The request of one block.
fn block_of(request: &Request) -> Request {
    request.lasting(request.duration().map_or(LASTS, |duration| LASTS.max(duration / BLOCKS_OF_A_CASE)))
}

/// What one program has found so far.
#[derive(Default)]
struct Board {
    document: Option<Document>,
    medians: BTreeMap<(String, String), Vec<f64>>,
}

impl Board {
    fn add(&mut self, document: Document) {
        for case in &document.cases {
            for (name, metric) in &case.metrics {
                self.medians.entry((case.id.clone(), name.clone())).or_default().push(metric.median);
            }
        }
        match &mut self.document {
            None => self.document = Some(document),
            Some(known) => {
                known.finished_at = document.finished_at;
                known.host.load_at_end = document.host.load_at_end;
                let is_new = |id: &str| known.cases.iter().all(|case| case.id != id);
                let new: Vec<_> = document.cases.into_iter().filter(|case| is_new(&case.id)).collect();
                known.cases.extend(new);
            }
        }
    }

    fn finish(self, seed: u64) -> Option<Document> {
        let mut document = self.document?;
        for case in &mut document.cases {
            for (name, metric) in &mut case.metrics {
                let medians = self.medians.get(&(case.id.clone(), name.clone()));
                let Some((medians, summary)) = medians.and_then(|all| Some((all, stats::summarize(all, seed)?))) else {
                    continue;
                };
                metric.samples.clone_from(medians);
                (metric.median, metric.mad, metric.ci95) = (summary.median, summary.mad, summary.ci95);
                metric.histogram = None;
            }
        }
        Some(document)
    }
}

#[cfg(test)]
#[path = "turns_tests.rs"]
mod tests;
