//! What one library lacks, or fails at, costs its own case and not those that take turns with it.

use std::cell::RefCell;

use crate::error::Error;
use crate::schema::{Case, Document, Warning};

/// How much of an error is kept, characters: files with longer texts are not read.
const MESSAGE_MAX: usize = 400;

/// Which errors of a case leave a reason in its place, and do not end the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgiving {
    /// What was asked for can't be done, while another library of the same turns can do it.
    Lacks,
    /// Any. What failed while it was measured ends the command with that error, after all else was measured.
    Everything,
}

/// The cases of a job that have errors instead of numbers, and which of them are forgiven.
pub(super) struct Losses {
    forgiving: Forgiving,
    failure: RefCell<Option<Error>>,
}

impl Losses {
    pub(super) const fn new(forgiving: Forgiving) -> Self {
        Self { forgiving, failure: RefCell::new(None) }
    }

    /// Adds what is lost to the document, or returns the first error that is not forgiven. `all` is the number of cases, with those
    /// that have numbers.
    pub(super) fn settle(&self, document: &mut Document, lost: Vec<(Case, Error)>, all: usize) -> Result<(), Error> {
        let all_lack = lost.iter().filter(|(_, error)| is_lack(error)).count() == all;
        for (case, error) in lost {
            let is_forgiven = match self.forgiving {
                Forgiving::Lacks => is_lack(&error) && !all_lack,
                Forgiving::Everything => !matches!(error, Error::Interrupted),
            };
            if !is_forgiven {
                return Err(error);
            }
            let unavailable = Some(reason(&error));
            if !is_lack(&error) {
                let failure = || Error::Failed(format!("{}: {error}", case.id));
                self.failure.borrow_mut().get_or_insert_with(failure);
            }
            document.cases.push(Case { unavailable, ..case });
        }
        Ok(())
    }

    /// The error of the first case that failed, where that was forgiven.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.take()
    }
}

/// Whether a library can't do what was asked for, as against failing at it.
const fn is_lack(error: &Error) -> bool {
    matches!(error, Error::Usage(_))
}

fn reason(error: &Error) -> Warning {
    let advice = error.hint().unwrap_or_else(|| {
        let advice = if is_lack(error) { "choose what all libraries have" } else { "measure it alone with --library" };
        advice.to_owned()
    });
    let message = match error.to_string() {
        text if text.is_empty() => "it failed and gave no reason".to_owned(),
        text => text.chars().take(MESSAGE_MAX).collect(),
    };
    Warning { message, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks() -> Error {
        Error::Usage("it lacks the suite".to_owned())
    }

    fn dies() -> Error {
        Error::Failed("it died".to_owned())
    }

    /// What is in the document, with the failure; or the error.
    fn settled(forgiving: Forgiving, errors: &[Error], all: usize) -> Result<String, String> {
        let losses = Losses::new(forgiving);
        let mut document = Document::begin(crate::schema::Host::default());
        let again = |error: &Error| if is_lack(error) { lacks() } else { dies() };
        let lost = errors.iter().enumerate().map(|(index, error)| (Case::new(format!("case {index}")), again(error)));
        losses.settle(&mut document, lost.collect(), all).map_err(|error| error.to_string())?;
        let reason = |case: &Case| case.unavailable.as_ref().map_or_else(String::new, |reason| reason.message.clone());
        let mut parts: Vec<String> = document.cases.iter().map(reason).collect();
        parts.extend(losses.failure().map(|error| format!("error: {error}")));
        Ok(parts.join("; "))
    }

    #[test]
    fn a_lack_costs_its_own_case_unless_all_lack_it() {
        for forgiving in [Forgiving::Lacks, Forgiving::Everything] {
            assert_eq!(settled(forgiving, &[lacks()], 2).as_deref(), Ok("it lacks the suite"));
            assert_eq!(settled(forgiving, &[], 1).as_deref(), Ok(""));
        }
        assert_eq!(settled(Forgiving::Lacks, &[lacks(), lacks()], 2), Err("it lacks the suite".to_owned()));
        let all = settled(Forgiving::Everything, &[lacks(), lacks()], 2);
        assert_eq!(all.as_deref(), Ok("it lacks the suite; it lacks the suite"));
    }

    #[test]
    fn a_failure_is_told_at_the_end_or_at_once() {
        assert_eq!(settled(Forgiving::Lacks, &[dies()], 3), Err("it died".to_owned()));
        let told = settled(Forgiving::Everything, &[dies(), lacks()], 3);
        assert_eq!(told.as_deref(), Ok("it died; it lacks the suite; error: case 0: it died"));
    }

    #[test]
    fn an_interruption_is_never_forgiven() {
        let mut document = Document::begin(crate::schema::Host::default());
        let lost = vec![(Case::new("case"), Error::Interrupted)];
        let settled = Losses::new(Forgiving::Everything).settle(&mut document, lost, 1);
        assert!(matches!(settled, Err(Error::Interrupted)) && document.cases.is_empty());
    }
}
