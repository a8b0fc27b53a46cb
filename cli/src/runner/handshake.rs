//! Performs handshakes and measures each side.

use tls_engine::crypto::Provider;
use tls_engine::mem::{BufferPool, PoolOptions};

use super::losses::{Forgiving, Losses};
use super::{Job, library_facts, negotiated, warnings};
use crate::error::Error;
use crate::identity::{Generator, Identity};
use crate::interrupt;
use crate::library::{Engine, HandshakeKind, Library, NO_EXTERNAL_PSK, Setup, Visitor};
use crate::measure::nanoseconds_of;
use crate::peers::PeerHandshakes;
use crate::plan::{Handshake, HandshakeCase, Server, Tls, Trust};
use crate::schema::{Case, Document, Facts};
use crate::units::format_quantity;
use crate::workload::Advance;
use crate::workload::handshake::{self, Conditions, Found, Handshakes, Pair, Round, Work};

/// The number of generated server certificates: the length of an ECDSA signature varies, so one certificate would not
/// be typical.
const IDENTITIES: usize = 101;
/// With fewer rounds, an interval says little.
const ROUNDS_MIN: usize = 12;

/// A job for each group of cases that take turns.
pub(super) fn jobs(plan: &Handshake, forgiving: Forgiving) -> impl Iterator<Item = Box<dyn Job>> {
    let job = move |cases| Box::new(InTurns { cases, losses: Losses::new(forgiving) }) as Box<dyn Job>;
    plan.in_turns().map(job)
}

/// Cases that take turns: the same work by several libraries. There is at least one.
struct InTurns {
    cases: Vec<HandshakeCase>,
    losses: Losses,
}

impl Job for InTurns {
    fn label(&self) -> &str {
        &self.cases[0].id
    }

    fn notes(&self) -> &[String] {
        &self.cases[0].notes
    }

    fn warn(&self, document: &mut Document) {
        self.cases.iter().for_each(|case| warn(document, case));
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let servers = servers(&self.cases[0])?;
        let expected = self.cases[0].tls.expected(self.cases[0].suite);
        let cases = self.cases.iter().map(|case| handshakes(case, &servers)).collect();
        let all_found = handshake::run(cases, &expected, &self.cases[0].schedule, &mut |now: Advance| {
            let rate = format_quantity(now.bytes_per_s, "1/s");
            advance(now.done, &if now.is_warming_up { "warming up".to_owned() } else { rate });
        })?;
        let mut lost = Vec::new();
        for (planned, found) in self.cases.iter().zip(all_found) {
            match found {
                Ok(found) if found.rounds.is_empty() => {}
                Ok(found) => add(document, planned, &found)?,
                Err(error) => lost.push((asked(planned), error)),
            }
        }
        self.losses.settle(document, lost, self.cases.len())
    }

    fn failure(&self) -> Option<Error> {
        self.losses.failure()
    }
}

fn warn(document: &mut Document, planned: &HandshakeCase) {
    if !heap_meter::covers_c() {
        document.warn("heap calls of C code are not counted on this platform", "count on Linux with glibc");
    }
    warnings::of_duration(document, planned.schedule.limit);
    warnings::of_threads(document, planned.conditions.threads);
    warnings::of_client(document, planned.trusts_anyone, planned.tls.key_log.is_some());
}

/// The servers' identities, each with what its clients trust: the same for all libraries.
fn servers(planned: &HandshakeCase) -> Result<Vec<(Identity, Trust)>, Error> {
    match &planned.server {
        Server::Given(identity, trust) => Ok(vec![(identity.clone(), trust.clone())]),
        Server::Generated(key_type) => {
            let mut generator = Generator::new(*key_type);
            let mut generated = || {
                interrupt::check()?;
                let (identity, authority) = generator.generate()?;
                let roots = || Trust::Roots(vec![authority.certificate]);
                Ok((identity, if planned.trusts_anyone { Trust::Anyone } else { roots() }))
            };
            (0..IDENTITIES).map(|_| generated()).collect()
        }
    }
}

/// What performs the handshakes of a case.
fn handshakes(planned: &HandshakeCase, servers: &[(Identity, Trust)]) -> Result<Box<dyn Handshakes>, Error> {
    if planned.library.is_engine() {
        planned.tls.check_engine()?;
        return of_engine(planned, servers);
    }
    if planned.conditions.mix.kinds().any(|kind| kind == HandshakeKind::Psk) {
        return Err(Error::Failed(NO_EXTERNAL_PSK.to_owned()));
    }
    let setup =
        |(identity, trust): &(Identity, Trust)| planned.tls.setup(planned.suite, identity, trust, planned.name.clone());
    let setups = servers.iter().map(setup).collect::<Result<Vec<_>, _>>()?;
    let HandshakeCase { library, tls, conditions, .. } = planned;
    match &library.program {
        Some(program) => Ok(Box::new(PeerHandshakes::new(program, &setups, tls.provider.name, conditions)?)),
        None => library.name.visit(LinkedHandshakes { setups, provider: tls.provider, conditions }),
    }
}

/// Makes handshakes of a library that is linked into this program.
struct LinkedHandshakes<'a> {
    setups: Vec<Setup>,
    provider: &'static Provider,
    conditions: &'a Conditions,
}

impl Visitor for LinkedHandshakes<'_> {
    type Output = Box<dyn Handshakes>;

    fn visit<T: Library>(self, new: impl Fn(&Setup) -> Result<T, Error>) -> Result<Box<dyn Handshakes>, Error> {
        handshake::with_setups(&self.setups, self.provider, self.conditions, new)
    }
}

/// Handshakes of the engine of this project, which is configured with more than a [`Setup`].
fn of_engine(planned: &HandshakeCase, servers: &[(Identity, Trust)]) -> Result<Box<dyn Handshakes>, Error> {
    let HandshakeCase { tls, name, conditions, .. } = planned;
    let Conditions { mix, phases, .. } = conditions;
    let pair = |(identity, trust): &(Identity, Trust)| {
        let key = identity.certified_key(tls.provider)?;
        Pair::new(mix, key, trust.verifier()?, |kind| engine(planned, kind, identity, trust))
    };
    handshake::handshakes(conditions, || {
        Ok(Work {
            pairs: servers.iter().map(pair).collect::<Result<_, Error>>()?,
            provider: tls.provider,
            name: name.clone(),
            groups: tls.groups.clone(),
            mix: mix.clone(),
            phases: *phases,
        })
    })
}

fn add(document: &mut Document, planned: &HandshakeCase, found: &Found) -> Result<(), Error> {
    let case = case(planned, found)?;
    if found.rounds.len() < ROUNDS_MIN {
        let message = format!("{}: only {} rounds were timed, too few for an interval", planned.id, found.rounds.len());
        document.warn(message, "use a longer --duration, or a higher --count");
    }
    document.cases.push(case);
    Ok(())
}

/// The engine of this project, for a kind of handshakes.
fn engine(planned: &HandshakeCase, kind: HandshakeKind, identity: &Identity, trust: &Trust) -> Result<Engine, Error> {
    let HandshakeCase { setting, name, suite, .. } = planned;
    let tls = Tls { kind, ..planned.tls.clone() };
    Ok(Engine {
        client: tls.client(&[*suite], trust, setting.switches)?,
        server: tls.server(&[*suite], identity, setting.switches)?,
        name: name.clone(),
        pool: BufferPool::new(setting.switches.buffer_pool, PoolOptions::default()),
    })
}

fn case(planned: &HandshakeCase, found: &Found) -> Result<Case, Error> {
    let mut case = asked(planned);
    case.negotiated = negotiated(&found.prepared.negotiated);
    let share = |count: fn(&Round) -> usize| {
        let handshakes: usize = found.rounds.iter().map(|round| round.handshakes_ns.len()).sum();
        Some(found.rounds.iter().map(count).sum::<usize>() as f64 / handshakes.max(1) as f64)
    };
    case.negotiated.resumed_share = share(|round| round.resumed);
    case.negotiated.early_data_share = share(|round| round.with_early_data);
    case.negotiated.hello_retry_share = share(|round| round.retried);
    let has_psk = planned.conditions.mix.kinds().any(|kind| kind == HandshakeKind::Psk);
    case.negotiated.external_psk_share = share(|round| round.with_external_psk).filter(|_| has_psk);
    case.achieved = achieved(planned, found);
    handshake::record(&mut case, found, planned.schedule.seed)?;
    Ok(case)
}

/// The case without results.
fn asked(planned: &HandshakeCase) -> Case {
    Case::asked(&planned.id, &planned.requested, &planned.switches)
}

fn achieved(planned: &HandshakeCase, found: &Found) -> Facts {
    let mut facts = library_facts(&planned.library);
    let mut add = |name: &str, value: serde_json::Value| facts.insert(name.to_owned(), value);
    let handshakes: usize = found.rounds.iter().map(|round| round.handshakes_ns.len()).sum();
    let identities = if matches!(planned.server, Server::Given(..)) { 1 } else { IDENTITIES };
    add("duration_ns", nanoseconds_of(found.elapsed).into());
    add("rounds", found.rounds.len().into());
    add("handshakes", handshakes.into());
    add("counted_handshakes", found.prepared.counted.len().into());
    add("identities", identities.into());
    add("heap_calls_of_c_are_counted", heap_meter::covers_c().into());
    add(
        "cpu_time_from",
        match planned.conditions.threads {
            0 | 1 => "the processor clock of the one thread that drives both sides, while it is at work for one of them",
            _ => "the processor clocks of several threads, each of which drives both sides, while it is at work for one of them",
        }
        .into(),
    );
    if planned.conditions.phases {
        add("phases_from", "handshakes of their own, after the timed ones of each round".into());
    }
    if planned.conditions.threads > 1 {
        let from = "the wall clock, of handshakes of their own that all threads perform at once, after the timed ones";
        add("handshakes_per_s_from", from.into());
    }
    add("wake_up", "none, one thread never waits".into());
    add(
        "efficiency_of",
        "the key exchange, the key schedule with all of its hashing, the signature, and on the client the verification of \
         it and of the chain, done alone in the same run, as a share of a side's processor time"
            .into(),
    );
    facts
}
