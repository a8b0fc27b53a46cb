use std::fmt::Display;

use super::once;
use super::switches::setting;
use super::tls::{Secrets, Tls};
use crate::args;
use crate::error::Error;
use crate::identity::KeyType;
use crate::request::Request;
use crate::setting::Setting;
use tls_engine::codes::CipherSuite;

/// One of the combinations of what flags list several of: a provider, groups, and the type of a generated key.
#[derive(Clone)]
pub(super) struct Combination {
    pub(super) setting: Setting,
    pub(super) tls: Tls,
    pub(super) suites: Vec<CipherSuite>,
    pub(super) key_type: KeyType,
    /// What the names of its cases say of it: nothing where there is no other.
    words: Vec<String>,
    /// Whether the key's type was asked for.
    tells_key_type: bool,
}

/// All combinations, and the suites of these names that each of them has. The suites are in the order in which they were named.
pub(super) struct Sweep {
    pub(super) combinations: Vec<Combination>,
    pub(super) suites: Vec<CipherSuite>,
}

impl Sweep {
    pub(super) fn new(
        args: &args::Sweep,
        tls: &args::Tls,
        switches: &args::SwitchFlags,
        suites: &[String],
    ) -> Result<Self, Error> {
        let settings = match args.provider.as_slice() {
            [] => vec![setting(switches, None)?],
            names => names.iter().map(|name| setting(switches, Some(name))).collect::<Result<Vec<_>, _>>()?,
        };
        let settings = first_of_each(settings, |setting| setting.provider.name);
        let groups = match args.groups.as_slice() {
            [] => vec![None],
            lists => lists.iter().map(|list| Some(list.as_str())).collect(),
        };
        let key_types = if args.cert_type.is_empty() { vec![KeyType::EcdsaP256] } else { once(args.cert_type.clone()) };
        // The key log is opened once.
        let first = Tls::new(tls, settings[0].provider, None, Secrets::WhereAsked)?;
        let mut combinations = Vec::new();
        for setting in &settings {
            let offers = groups.iter().map(|groups| first.with(setting.provider, *groups));
            let offers = first_of_each(offers.collect::<Result<Vec<_>, _>>()?, Tls::groups_typed);
            for tls in &offers {
                for key_type in &key_types {
                    let words = [
                        word("provider", setting.provider.name, settings.len()),
                        word("groups", tls.groups_typed(), offers.len()),
                        word("cert-type", key_type.name(), key_types.len()),
                    ];
                    combinations.push(Combination {
                        setting: *setting,
                        suites: tls.suites(suites)?,
                        tls: tls.clone(),
                        key_type: *key_type,
                        words: words.into_iter().flatten().collect(),
                        tells_key_type: !args.cert_type.is_empty(),
                    });
                }
            }
        }
        let suites = once(combinations.iter().flat_map(|combination| combination.suites.iter().copied()));
        Ok(Self { combinations, suites })
    }

    /// The combinations that have a suite: `all` means more with one provider than with another.
    pub(super) fn of_suite(&self, suite: CipherSuite) -> impl Iterator<Item = &Combination> {
        self.combinations.iter().filter(move |combination| combination.suites.contains(&suite))
    }
}

impl Combination {
    /// The name of a case, which says of the combination what is not the same in all cases.
    pub(super) fn id(&self, name: String, label: Option<&str>) -> String {
        let words = self.words.iter().map(String::as_str).chain(label);
        words.fold(name, |name, word| name + "/" + word)
    }

    /// What is asked for in a case of this combination.
    pub(super) fn ask(&self, request: Request) -> Request {
        let request = request.with("provider", self.tls.provider.name).with("groups", self.tls.groups_typed());
        if self.tells_key_type { request.with("cert-type", self.key_type.name()) } else { request }
    }
}

/// `name=value` where there are several values.
fn word(name: &str, value: impl Display, values: usize) -> Option<String> {
    (values > 1).then(|| format!("{name}={value}"))
}

fn first_of_each<T, K: PartialEq>(items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if kept.iter().all(|known| key(known) != key(&item)) {
            kept.push(item);
        }
    }
    kept
}
