mod remote;

use rustls_pki_types::ServerName;
use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;

use crate::args::{self, TransportKind};
use crate::error::Error;
use crate::identity::{GENERATED_NAMES, Identity, KeyType};
use crate::names;
use crate::plan::library::ChosenLibrary;
use crate::plan::remote::RemoteCase;
use crate::plan::sweep::{Asked, Combination, Sweep, check_kind, in_turns};
use crate::plan::throughput::{SOCKET_TIMEOUT, limit, limited};
use crate::plan::tls::{self, Tls};
use crate::plan::trust::Trust;
use crate::plan::{once, sockets};
use crate::request::Request;
use crate::schema::Facts;
use crate::setting::Setting;
use crate::workload::handshake::{Carrier, Conditions, HandshakeSchedule, Mix};

/// What `handshake` measures: a case for every transport, suite and combination of the sweeps.
pub struct Handshake {
    /// The cases in this process, in the order in which they are measured.
    pub cases: Vec<HandshakeCase>,
    /// Those with a server elsewhere.
    pub remote: Vec<RemoteCase>,
}

/// A case that can be measured.
#[derive(Clone)]
pub struct HandshakeCase {
    /// Its name.
    pub id: String,
    /// What was asked for.
    pub requested: Facts,
    /// The library.
    pub library: ChosenLibrary,
    /// The optimizations that are switched.
    pub switches: Facts,
    /// The same, and the provider.
    pub setting: Setting,
    /// What is offered.
    pub tls: Tls,
    /// The suite.
    pub suite: CipherSuite,
    /// How the handshakes are performed.
    pub conditions: Conditions,
    /// For how long.
    pub schedule: HandshakeSchedule,
    /// The name that the client asks for.
    pub name: ServerName<'static>,
    /// Who the server is.
    pub server: Server,
    /// Remarks on the files that were named.
    pub notes: Vec<String>,
    /// Whether the server's certificate is not verified.
    pub trusts_anyone: bool,
    /// The work: cases of the same one take turns.
    pub turn: String,
}

/// Who a server is.
#[derive(Clone)]
pub enum Server {
    /// It has this certificate, and the client trusts these.
    Given(Identity, Trust),
    /// It has generated ones, with keys of this type.
    Generated(KeyType),
}

impl Handshake {
    /// The cases, those that take turns together.
    pub fn in_turns(&self) -> impl Iterator<Item = Vec<HandshakeCase>> {
        in_turns(&self.cases, |case| &case.turn)
    }

    pub(super) fn new(args: &args::Handshake) -> Result<Self, Error> {
        let sweep = Sweep::new(&Asked {
            sweep: &args.sweep,
            tls: &args.tls,
            switches: &args.switches,
            suites: args.suites(),
            kinds: &args.kind,
            compressions: &args.cert_compression,
            elsewhere: args.remote.connect.as_ref().map(|_| &args.identity),
        })?;
        if let Some(address) = &args.remote.connect {
            return Ok(Self { cases: Vec::new(), remote: remote::cases(args, address, &sweep)? });
        }
        if args.remote.family.ipv4 || args.remote.family.ipv6 {
            return Err(Error::Usage(
                "-4 and -6 choose among the addresses of a server: name it with --connect".to_owned(),
            ));
        }
        let mut notes = Vec::new();
        let given = given(args, &mut notes)?;
        let name = tls::server_name(args.trust.sni.as_deref().unwrap_or(GENERATED_NAMES[0]))?;
        let limit = limit(args.count, args.duration)?;
        let sockets = SocketOptions { timeout: Some(SOCKET_TIMEOUT), ..sockets(&args.sockets)? };
        let mut cases = Vec::new();
        for kind in once(args.transport.iter().copied()) {
            let (transport, carrier) = match kind {
                TransportKind::Memory => ("memory", Carrier::Memory),
                TransportKind::Loopback => ("loopback", Carrier::Loopback(sockets)),
            };
            for suite in &sweep.suites {
                for combination in sweep.of_suite(*suite) {
                    let mut request = limited(Request::new("handshake", &args.asked), limit)
                        .with("transport", transport)
                        .with("cipher", suite)
                        .with("sni", name.to_str());
                    if let Some(mix) = &args.mix {
                        request = request.with("mix", mix);
                    }
                    if args.threads == 1 {
                        request = request.without("threads");
                    }
                    let Combination { library, setting, tls, .. } = combination;
                    let mix = mix_of(args.mix.as_ref(), tls)?;
                    let first_kind = mix.kinds().next().unwrap_or(tls.kind);
                    let threads = usize::from(args.threads);
                    let id = id(&carrier, *suite, args.mix.as_ref(), threads);
                    cases.push(HandshakeCase {
                        id: combination.id(id.clone(), args.label.as_deref()),
                        requested: combination.ask(request).facts(),
                        library: library.clone(),
                        switches: combination.switches(),
                        setting: *setting,
                        tls: Tls { kind: first_kind, ..tls.clone() },
                        suite: *suite,
                        schedule: HandshakeSchedule {
                            limit,
                            period: mix.period() * threads,
                            warmup: args.warmup,
                            seed: args.seed,
                        },
                        conditions: Conditions { carrier, mix, phases: args.phases, threads },
                        name: name.clone(),
                        server: given.clone().unwrap_or(Server::Generated(tls.key_type)),
                        notes: notes.clone(),
                        trusts_anyone: args.trust.insecure,
                        turn: combination.work(id),
                    });
                }
            }
        }
        Ok(Self { cases, remote: Vec::new() })
    }
}

/// The server's certificate from files, where they are named.
fn given(args: &args::Handshake, notes: &mut Vec<String>) -> Result<Option<Server>, Error> {
    match (&args.identity.cert, &args.identity.key) {
        (Some(chain), Some(key)) => {
            let identity = Identity::from_files(chain, key, notes)?;
            Ok(Some(Server::Given(identity, Trust::new(&args.trust, notes)?)))
        }
        _ if args.trust.cacert.is_some() => {
            let message = "--cacert needs a server with a certificate of its own: name it with --cert and --key";
            Err(Error::Usage(message.to_owned()))
        }
        _ => Ok(None),
    }
}

/// The kinds of handshakes: those of the mix that was asked for, or the only one.
fn mix_of(asked: Option<&Mix>, tls: &Tls) -> Result<Mix, Error> {
    let Some(mix) = asked else { return Ok(Mix::only(tls.kind)) };
    mix.kinds().try_for_each(|kind| check_kind(kind, tls.version, &tls.groups))?;
    Ok(mix.clone())
}

/// A mix is part of the name, and so are several threads: they are compared with nothing else.
fn id(carrier: &Carrier, suite: CipherSuite, mix: Option<&Mix>, threads: usize) -> String {
    let transport = match carrier {
        Carrier::Memory => "memory",
        Carrier::Loopback(_) => "loopback-1",
    };
    let mix =
        mix.map(|mix| format!("/mix={}", mix.to_string().replace('=', ":").replace(',', "+"))).unwrap_or_default();
    let threads = if threads > 1 { format!("/threads={threads}") } else { String::new() };
    format!("handshake/{transport}/{}{mix}{threads}", names::short_suite(suite))
}
