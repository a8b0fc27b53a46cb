//! Performs handshakes and measures each side.

use std::time::Duration;

use tls_engine::mem::{BufferPool, PoolOptions};

use super::{Job, library_facts, negotiated};
use crate::error::Error;
use crate::identity::{Generator, Identity};
use crate::interrupt;
use crate::library::{Engine, Library, LibraryName, Rustls, RustlsUnbuffered};
use crate::measure::nanoseconds_of;
use crate::plan::{Handshake, HandshakeCase, Server, Trust};
use crate::schema::{Case, Document, Facts};
use crate::units::format_quantity;
use crate::workload::handshake::{self, Found, Pair, Work};
use crate::workload::{Advance, Limit};

/// The number of generated server certificates: the length of an ECDSA signature varies, so one certificate would not
/// be typical.
const IDENTITIES: usize = 101;
/// With fewer rounds, an interval says little.
const ROUNDS_MIN: usize = 12;
/// The shortest duration that lets the clock of a processor settle.
const DURATION_MIN: Duration = Duration::from_millis(500);

/// A job for every case of the plan.
pub(super) fn jobs(plan: &Handshake) -> impl Iterator<Item = Box<dyn Job>> {
    plan.cases.iter().map(|case| Box::new(case.clone()) as Box<dyn Job>)
}

impl Job for HandshakeCase {
    fn label(&self) -> &str {
        &self.id
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn warn(&self, document: &mut Document) {
        if !heap_meter::covers_c() {
            document.warn("heap calls of C code are not counted on this platform", "count on Linux with glibc");
        }
        if matches!(self.schedule.limit, Limit::Duration(duration) if duration < DURATION_MIN) {
            document.warn("the duration is too short for repeatable numbers", "use --duration 3s or more");
        }
        if self.tls.key_log.is_some() {
            document.warn("writing secrets to a key log slows down each handshake", "omit --keylog");
        }
        if self.trusts_anyone {
            document.warn("the server's certificate is not verified", "trust its issuer with --cacert FILE");
        }
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let Some(cryptography) = self.library.cryptography() else {
            return measure(self, |identity, trust| engine(self, identity, trust), document, advance);
        };
        let setup = |identity: &Identity, trust: &Trust| self.tls.setup(self.suite, identity, trust, self.name.clone());
        match self.library {
            LibraryName::Rustls | LibraryName::RustlsRing => {
                let library = |identity: &_, trust: &_| Rustls::new(&setup(identity, trust)?, cryptography);
                measure(self, library, document, advance)
            }
            _ => {
                let library = |identity: &_, trust: &_| RustlsUnbuffered::new(&setup(identity, trust)?, cryptography);
                measure(self, library, document, advance)
            }
        }
    }
}

/// Measures with what `library` makes of a server's identity and the client's trust.
fn measure<T: Library>(
    planned: &HandshakeCase,
    library: impl Fn(&Identity, &Trust) -> Result<T, Error>,
    document: &mut Document,
    advance: &mut dyn FnMut(f64, &str),
) -> Result<(), Error> {
    let found = handshake::run(&work(planned, library)?, &planned.schedule, &mut |now: Advance| {
        let rate = format_quantity(now.bytes_per_s, "1/s");
        advance(now.done, &if now.is_warming_up { format!("{rate}, warming up") } else { rate });
    })?;
    if found.rounds.is_empty() {
        return Ok(());
    }
    let case = case(planned, &found)?;
    if found.rounds.len() < ROUNDS_MIN {
        let message = format!("{}: only {} rounds were timed, too few for an interval", planned.id, found.rounds.len());
        document.warn(message, "use a longer --duration, or a higher --count");
    }
    document.cases.push(case);
    Ok(())
}

fn work<T: Library>(
    planned: &HandshakeCase,
    library: impl Fn(&Identity, &Trust) -> Result<T, Error>,
) -> Result<Work<T>, Error> {
    let HandshakeCase { tls, name, carrier, trusts_anyone, .. } = planned;
    let pair = |identity: &Identity, trust: &Trust| {
        let key = identity.certified_key(tls.provider)?;
        Ok::<_, Error>(Pair { library: library(identity, trust)?, key, verifier: trust.verifier()? })
    };
    let pairs = match &planned.server {
        Server::Given(identity, trust) => vec![pair(identity, trust)?],
        Server::Generated(key_type) => {
            let mut generator = Generator::new(*key_type);
            let mut generated = || {
                interrupt::check()?;
                let (identity, authority) = generator.generate()?;
                let trust = if *trusts_anyone { Trust::Anyone } else { Trust::Roots(vec![authority.certificate]) };
                pair(&identity, &trust)
            };
            (0..IDENTITIES).map(|_| generated()).collect::<Result<_, _>>()?
        }
    };
    Ok(Work { pairs, provider: tls.provider, name: name.clone(), carrier: *carrier })
}

/// The engine of this project.
fn engine(planned: &HandshakeCase, identity: &Identity, trust: &Trust) -> Result<Engine, Error> {
    let HandshakeCase { tls, setting, name, suite, .. } = planned;
    Ok(Engine {
        client: tls.client(&[*suite], trust, setting.switches)?,
        server: tls.server(&[*suite], identity, setting.switches)?,
        name: name.clone(),
        pool: BufferPool::new(setting.switches.buffer_pool, PoolOptions::default()),
    })
}

fn case(planned: &HandshakeCase, found: &Found) -> Result<Case, Error> {
    let mut case = Case::new(planned.id.clone());
    case.requested = planned.requested.clone();
    case.switches = planned.switches.clone();
    case.negotiated = negotiated(&found.negotiated);
    case.achieved = achieved(planned, found);
    handshake::record(&mut case, found, planned.schedule.seed)?;
    Ok(case)
}

fn achieved(planned: &HandshakeCase, found: &Found) -> Facts {
    let mut facts = library_facts(planned.library);
    let mut add = |name: &str, value: serde_json::Value| facts.insert(name.to_owned(), value);
    let handshakes: usize = found.rounds.iter().map(|round| round.handshakes_ns.len()).sum();
    let identities = if matches!(planned.server, Server::Given(..)) { 1 } else { IDENTITIES };
    add("duration_ns", nanoseconds_of(found.elapsed).into());
    add("rounds", found.rounds.len().into());
    add("handshakes", handshakes.into());
    add("counted_handshakes", found.counted.len().into());
    add("identities", identities.into());
    add("heap_calls_of_c_are_counted", heap_meter::covers_c().into());
    add(
        "cpu_time_from",
        "the processor clock of the one thread that drives both sides, while it is at work for one of them".into(),
    );
    add("wake_up", "none, one thread never waits".into());
    add(
        "efficiency_of",
        "the key exchange, the key schedule with all of its hashing, the signature, and on the client the verification of \
         it and of the chain, done alone in the same run, as a share of a side's processor time"
            .into(),
    );
    facts
}
