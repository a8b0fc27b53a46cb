//! A row of a table, and how it is judged.

use tls_engine::codes::{AlertDescription, ContentType};
use tls_engine::crypto::Provider;
use tls_engine::internal::msgs::AlertLevel;

use crate::support::jobs;
use crate::support::peer;
use crate::support::providers;
use crate::support::scripted::{Script, Sent};

/// How a row makes right things wrong.
pub type Change<T> = fn(&mut T);

/// One thing done wrong, and what has to follow.
pub struct Row<P> {
    /// The section of RFC 8446, or another source, that the alert is from.
    pub section: &'static str,
    pub name: String,
    pub alert: AlertDescription,
    /// A part of the error's text: the alert alone could have another cause.
    pub why: String,
    start: Box<dyn Fn(&'static Provider) -> P>,
    act: Box<dyn Fn(&mut P)>,
}

/// Rows that begin in the same state.
pub struct Table<P> {
    start: fn(&'static Provider) -> P,
    pub rows: Vec<Row<P>>,
}

impl<P: Script + 'static> Table<P> {
    pub fn new() -> Self {
        Self { start: |_| unreachable!("a row before its state"), rows: Vec::new() }
    }

    /// The state that the rows after this begin in.
    pub fn from(&mut self, start: fn(&'static Provider) -> P) {
        self.start = start;
    }

    /// A peer in the state that rows begin in by now.
    pub fn start_with(&self, provider: &'static Provider) -> P {
        (self.start)(provider)
    }

    /// Adds a row: `act` must bring `alert`, and an error whose text has `why` in it.
    pub fn row(
        &mut self,
        section: &'static str,
        name: impl Into<String>,
        alert: AlertDescription,
        why: impl Into<String>,
        act: impl Fn(&mut P) + 'static,
    ) {
        let start = self.start;
        self.rows.push(Row {
            section,
            name: name.into(),
            alert,
            why: why.into(),
            start: Box::new(start),
            act: Box::new(act),
        });
    }

    /// Runs every row with every provider, and tells what fails at once.
    pub fn check(self, at_least: usize) {
        assert!(self.rows.len() >= at_least, "only {} rows", self.rows.len());
        let mut failures = Vec::new();
        for provider in providers() {
            for row in &self.rows {
                let mut check = |how| {
                    if let Err(why) = row.check(provider) {
                        failures
                            .push(format!("{} (RFC 8446 {}, {}, {how}): {why}", row.name, row.section, provider.name));
                    }
                };
                check("jobs at once");
                jobs::set_pausing(true);
                check("paused for jobs");
                jobs::set_pausing(false);
            }
        }
        let shown = failures.len().min(20);
        assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures[..shown].join("\n"));
    }
}

impl<P: Script> Row<P> {
    fn check(&self, provider: &'static Provider) -> Result<(), String> {
        let mut peer = (self.start)(provider);
        let wire = peer.wire();
        if let Some(error) = &wire.error {
            return Err(format!("failed on the way there: {error}"));
        }
        let before = wire.sent.len();
        (self.act)(&mut peer);
        let wire = peer.wire();
        let Some(error) = &wire.error else {
            return Err(format!("no error, but {:?}", &wire.sent[before..]));
        };
        if error.alert() != Some(self.alert) || !error.to_string().contains(&self.why) {
            return Err(format!("{:?}, '{error}' instead of {:?}, '{}'", error.alert(), self.alert, self.why));
        }
        let expected = Sent {
            encrypted: wire.read.is_some(),
            content_type: ContentType::ALERT,
            content: vec![AlertLevel::FATAL.0, self.alert.0],
        };
        if wire.sent[before..].last() != Some(&expected) || wire.alerts().len() != 1 {
            return Err(format!("sent {:?} instead of {expected:?}", &wire.sent[before..]));
        }
        is_over(&mut peer)
    }
}

/// Whether nothing happens any more, see [`peer::is_over`].
pub fn is_over<P: Script>(peer: &mut P) -> Result<(), String> {
    let wire = peer.wire();
    let error = wire.error.clone().ok_or("no error")?;
    peer::is_over(&mut wire.subject, &error)
}
