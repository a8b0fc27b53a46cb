use super::identities;
use super::once;
use super::sweep::{Combination, Sweep};
use super::trust::Trust;
use crate::args;
use crate::error::Error;
use crate::identity::Identity;

/// Who the server is, where it is in this process, and whom the client trusts.
pub(super) struct Ends {
    pub(super) identity: Option<Identity>,
    pub(super) trust: Trust,
}

impl Ends {
    /// Those of all combinations, and the remarks on all files that were named so far.
    pub(super) fn of_all(
        sweep: &Sweep,
        identity: &args::Identity,
        trust: &args::Trust,
        is_remote: bool,
    ) -> Result<(Vec<Self>, Vec<String>), Error> {
        let mut notes = sweep.notes.clone();
        let ends = |combination| Self::new(identity, trust, is_remote, combination, &mut notes);
        let ends = sweep.combinations.iter().map(ends).collect::<Result<_, _>>()?;
        Ok((ends, once(notes)))
    }

    /// Those of a combination, as the flags say. A server elsewhere (`is_remote`) has an identity of its own.
    fn new(
        identity: &args::Identity,
        trust: &args::Trust,
        is_remote: bool,
        combination: &Combination,
        notes: &mut Vec<String>,
    ) -> Result<Self, Error> {
        if is_remote {
            return Ok(Self { identity: None, trust: Trust::new(trust, notes)? });
        }
        let (identity, authority) = identities::of_server(identity, combination.tls.key_type, notes)?;
        // A generated certificate is trusted, unless something else is asked for.
        let generated = authority.filter(|_| trust.cacert.is_none() && !trust.insecure);
        let trust = match generated {
            Some(authority) => Trust::Roots(vec![authority.certificate]),
            None => Trust::new(trust, notes)?,
        };
        Ok(Self { identity: Some(identity), trust })
    }

    /// The server's certificate.
    pub(super) fn identity(&self) -> Result<&Identity, Error> {
        self.identity.as_ref().ok_or_else(only_the_engine)
    }
}

/// The error for other libraries where the server is elsewhere.
pub(super) fn only_the_engine() -> Error {
    Error::Usage("--connect is for --library tls-engine".to_owned())
}
