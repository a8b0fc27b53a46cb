use super::identities;
use super::key_log::KeyLogSource;
use super::library::ChosenLibrary;
use super::once;
use super::switches::setting;
use super::tls::{self, Tls};
use crate::args;
use crate::error::Error;
use crate::identity::KeyType;
use crate::library::HandshakeKind;
use crate::names;
use crate::request::Request;
use crate::schema::Facts;
use crate::setting::Setting;
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};

/// One combination of the values in the sweeps: a library, a provider, groups, and the type of the generated key.
#[derive(Clone)]
pub(super) struct Combination {
    pub(super) library: ChosenLibrary,
    pub(super) setting: Setting,
    pub(super) tls: Tls,
    pub(super) suites: Vec<CipherSuite>,
    /// What distinguishes it from other combinations in the names of cases: flags and values.
    words: Vec<(&'static str, String)>,
    /// Whether the key's type was asked for.
    tells_key_type: bool,
    /// Whether the version was asked for.
    tells_version: bool,
    /// Whether the kind of handshakes was asked for.
    tells_kind: bool,
    /// Whether the compression of certificates was asked for.
    tells_compression: bool,
}

/// The flags that say what is combined.
pub(super) struct Asked<'a> {
    pub(super) sweep: &'a args::Sweep,
    pub(super) tls: &'a args::Tls,
    pub(super) switches: &'a args::SwitchFlags,
    pub(super) suites: &'a [String],
    /// The kinds of handshakes; none stand for full ones.
    pub(super) kinds: &'a [HandshakeKind],
    /// What certificates are compressed with, each in a case of its own.
    pub(super) compressions: &'a [String],
    /// What clients show to a server elsewhere, if that is where it is.
    pub(super) elsewhere: Option<&'a args::Identity>,
}

/// All combinations, and the suites of all of them in the order in which they were named.
pub(super) struct Sweep {
    pub(super) combinations: Vec<Combination>,
    pub(super) suites: Vec<CipherSuite>,
    /// Remarks on the files that were named.
    pub(super) notes: Vec<String>,
}

impl Sweep {
    pub(super) fn new(asked: &Asked<'_>) -> Result<Self, Error> {
        let Asked { sweep: args, tls, switches, suites, kinds, compressions, elsewhere } = *asked;
        let settings = match args.provider.as_slice() {
            [] => vec![setting(switches, None)?],
            names => names.iter().map(|name| setting(switches, Some(name))).collect::<Result<Vec<_>, _>>()?,
        };
        let settings = first_of_each(settings, |setting| setting.provider.name);
        let groups = match args.groups.as_slice() {
            // A server elsewhere is offered what browsers offer.
            [] if elsewhere.is_some() => vec![None],
            [] => vec![Some(names::COMMON_GROUPS)],
            lists => lists.iter().map(|list| Some(list.as_str())).collect(),
        };
        let key_types = if args.cert_type.is_empty() { vec![KeyType::EcdsaP256] } else { once(args.cert_type.clone()) };
        let versions = versions(&args.tls_version, suites)?;
        let tells_kind = !kinds.is_empty();
        let kinds = if tells_kind { once(kinds.iter().copied()) } else { vec![HandshakeKind::Full] };
        let tells_compression = !compressions.is_empty();
        let compressions = compressions.iter().map(|list| tls::find_compressions(Some(list.as_str())));
        let mut compressions = once(compressions.collect::<Result<Vec<_>, _>>()?);
        if !tells_compression {
            compressions.push(Vec::new());
        }
        let mut handshakes = Vec::new();
        for key_type in &key_types {
            for version in &versions {
                for compression in &compressions {
                    handshakes.extend(kinds.iter().map(|kind| (*key_type, *version, compression, *kind)));
                }
            }
        }
        let was_swept = |flag: &str| args.swept.iter().any(|swept| swept.split('+').any(|swept| swept == flag));
        // The key log is opened once.
        let mut first = Tls::new(tls, settings[0].provider, None, KeyLogSource::FlagOnly)?;
        let mut notes = Vec::new();
        if let Some(args::Identity { cert, key }) = elsewhere {
            first.client_identity = identities::of_client((cert, key), &mut notes)?;
        }
        let mut combinations = Vec::new();
        let libraries = once(args.library.clone());
        let libraries = libraries.into_iter().map(ChosenLibrary::find).collect::<Result<Vec<_>, _>>()?;
        // The engine has providers and switches, the other libraries come as they are.
        let with_setting = |library: &ChosenLibrary| {
            let count = if library.is_engine() { settings.len() } else { 1 };
            settings.iter().take(count).map(|setting| (library.clone(), setting)).collect::<Vec<_>>()
        };
        for (library, setting) in libraries.iter().flat_map(with_setting) {
            let offers = groups.iter().map(|groups| first.with(setting.provider, *groups));
            let offers = first_of_each(offers.collect::<Result<Vec<_>, _>>()?, Tls::groups_typed);
            for tls in &offers {
                for (key_type, version, compression, kind) in handshakes.iter().copied() {
                    check_kind(kind, version, &tls.groups)?;
                    let tls = Tls { version, kind, key_type, cert_compression: compression.clone(), ..tls.clone() };
                    let mut words = vec![
                        ("library", library.name.name().to_owned(), libraries.len()),
                        ("provider", setting.provider.name.to_owned(), settings.len()),
                        ("groups", tls.groups_typed(), offers.len()),
                        ("cert-type", key_type.name().to_owned(), key_types.len()),
                        ("tls-version", names::short_version(version), versions.len()),
                        ("cert-compression", tls.cert_compression_typed(), compressions.len()),
                        ("kind", kind.name().to_owned(), kinds.len()),
                    ];
                    words.retain(|(flag, _, values)| {
                        (*values > 1 || was_swept(flag)) && (library.is_engine() || *flag != "provider")
                    });
                    combinations.push(Combination {
                        library: library.clone(),
                        setting: *setting,
                        suites: tls.suites(suites)?,
                        tls,
                        words: words.into_iter().map(|(flag, value, _)| (flag, value)).collect(),
                        tells_key_type: !args.cert_type.is_empty(),
                        tells_version: !args.tls_version.is_empty(),
                        tells_kind,
                        tells_compression,
                    });
                }
            }
        }
        let suites = once(combinations.iter().flat_map(|combination| combination.suites.iter().copied()));
        Ok(Self { combinations, suites, notes })
    }

    /// The combinations that have a suite: `all` depends on the provider.
    pub(super) fn of_suite(&self, suite: CipherSuite) -> impl Iterator<Item = &Combination> {
        self.combinations.iter().filter(move |combination| combination.suites.contains(&suite))
    }
}

impl Combination {
    /// The name of a case: `name`, what distinguishes the combination, and the label.
    pub(super) fn id(&self, name: String, label: Option<&str>) -> String {
        let words = self.words.iter().map(|(flag, value)| format!("{flag}={value}"));
        words.chain(label.map(str::to_owned)).fold(name, |name, word| name + "/" + &word)
    }

    /// The name of the work, which cases that differ in nothing but the library have in common. Where there are several libraries,
    /// the engine with another provider is one more.
    pub(super) fn work(&self, name: String) -> String {
        let is_of_several = self.words.iter().any(|(flag, _)| *flag == "library");
        let is_of_library = |flag: &str| flag == "library" || (is_of_several && flag == "provider");
        let words = self.words.iter().filter(|(flag, _)| !is_of_library(flag));
        words.fold(name, |name, (flag, value)| format!("{name}/{flag}={value}"))
    }

    /// The optimizations that are switched, which only the engine has.
    pub(super) fn switches(&self) -> Facts {
        if self.library.is_engine() { self.setting.facts() } else { Facts::new() }
    }

    /// The request of a case of this combination.
    pub(super) fn ask(&self, request: Request) -> Request {
        let request = request.without("swept").with("library", self.library.name.name());
        let mut request = request.with("groups", self.tls.groups_typed());
        request = if self.library.is_engine() {
            request.with("provider", self.tls.provider.name)
        } else {
            request.without("provider")
        };
        if !self.tls.alpn.is_empty() {
            request = request.with("alpn", self.tls.alpn_typed());
        }
        if self.tells_key_type {
            request = request.with("cert-type", self.tls.key_type.name());
        }
        if self.tells_version {
            request = request.with("tls-version", names::short_version(self.tls.version));
        }
        if self.tells_kind {
            request = request.with("kind", self.tls.kind.name());
        }
        if self.tells_compression {
            request = request.with("cert-compression", self.tls.cert_compression_typed());
        }
        let swept: Vec<&str> = self.words.iter().map(|(flag, _)| *flag).collect();
        if swept.is_empty() { request } else { request.with("swept", swept.join("+")) }
    }
}

/// Refuses a kind of handshakes where there is none.
pub(super) fn check_kind(kind: HandshakeKind, version: ProtocolVersion, groups: &[NamedGroup]) -> Result<(), Error> {
    let refused = |message: &str| Err(Error::Usage(message.to_owned()));
    if kind == HandshakeKind::EarlyData && version != ProtocolVersion::TLS13 {
        return refused("there is no early data before TLS 1.3; leave out --tls-version 1.2 or early-data");
    }
    if kind == HandshakeKind::Psk && version != ProtocolVersion::TLS13 {
        return refused("external pre-shared keys are measured with TLS 1.3 alone; leave out --tls-version 1.2 or psk");
    }
    if kind != HandshakeKind::HelloRetry {
        return Ok(());
    }
    if version != ProtocolVersion::TLS13 {
        return refused("there is no HelloRetryRequest (hrr) before TLS 1.3; leave out --tls-version 1.2 or hrr");
    }
    if groups.len() < 2 {
        return refused(
            "a HelloRetryRequest (hrr) needs two groups: the one to agree on, and the one of the client's first share, such \
             as --groups x25519:secp256r1",
        );
    }
    Ok(())
}

/// The versions of these names; no names stand for TLS 1.3. Suites that TLS 1.2 lacks have to be left out by name.
fn versions(typed: &[String], suites: &[String]) -> Result<Vec<ProtocolVersion>, Error> {
    let versions = once(typed.iter().filter_map(|name| names::version(name)));
    let lacks = |name: &&String| names::suite(name).is_none_or(|code| names::suite_of_tls12(code, false).is_none());
    if versions.contains(&ProtocolVersion::TLS12)
        && let Some(name) = suites.iter().find(lacks)
    {
        let message = format!("--cipher {name} is not all in TLS 1.2; name aes128gcm, aes256gcm or chacha20poly1305");
        return Err(Error::Usage(message));
    }
    Ok(if versions.is_empty() { vec![ProtocolVersion::TLS13] } else { versions })
}

/// The cases in groups that take turns, because they are of the same work.
pub(super) fn in_turns<T: Clone>(cases: &[T], work: impl Fn(&T) -> &str) -> impl Iterator<Item = Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for case in cases {
        match groups.iter_mut().find(|group| work(&group[0]) == work(case)) {
            Some(group) => group.push(case.clone()),
            None => groups.push(vec![case.clone()]),
        }
    }
    groups.into_iter()
}

/// The items whose keys differ, each first one.
fn first_of_each<T, K: PartialEq>(items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if kept.iter().all(|known| key(known) != key(&item)) {
            kept.push(item);
        }
    }
    kept
}
