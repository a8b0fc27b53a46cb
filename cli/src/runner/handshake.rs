//! Shakes hands and measures each side.

use std::sync::Arc;
use std::time::Duration;

use tls_engine::codes::CipherSuite;
use tls_engine::io::SocketOptions;
use tls_engine::mem::{BufferPool, PoolOptions};

use super::Job;
use crate::error::Error;
use crate::identity::Identity;
use crate::interrupt;
use crate::measure::nanoseconds_of;
use crate::names;
use crate::plan::{Handshake, Limit, Trust};
use crate::schema::{Case, Document, Facts, Negotiated};
use crate::units::format_quantity;
use crate::workload::handshake::{self, Carrier, Found, HandshakeSchedule, Pair, Work};
use crate::workload::{self, Advance, EndpointConfigs};

/// Throw-away servers. Each has a certificate of its own: a signature's length is random, and not to be that of one.
const IDENTITIES: usize = 101;
/// Rounds below which an interval says little.
const ROUNDS_MIN: usize = 12;
/// The shortest duration that lets the clock of a processor settle.
const DURATION_MIN: Duration = Duration::from_millis(500);
/// How long a socket may keep an end waiting.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A job for every case of the plan.
pub(super) fn jobs(plan: &Handshake) -> Result<Vec<Box<dyn Job>>, Error> {
    let mut jobs: Vec<Box<dyn Job>> = Vec::new();
    for is_over_sockets in &plan.over_sockets {
        for suite in &plan.suites {
            let transport = if *is_over_sockets { "loopback-1" } else { "memory" };
            let mut id = format!("handshake/{transport}/{}", names::short_suite(*suite));
            if let Some(label) = &plan.label {
                id.push('/');
                id.push_str(label);
            }
            jobs.push(Box::new(Planned { id, suite: *suite, is_over_sockets: *is_over_sockets, plan: plan.clone() }));
        }
    }
    Ok(jobs)
}

struct Planned {
    id: String,
    suite: CipherSuite,
    is_over_sockets: bool,
    plan: Handshake,
}

impl Job for Planned {
    fn label(&self) -> &str {
        &self.id
    }

    fn notes(&self) -> &[String] {
        &self.plan.tls.notes
    }

    fn warn(&self, document: &mut Document) {
        if !heap_meter::covers_c() {
            document.warn("heap calls of C code are not counted on this platform", "count on Linux with glibc");
        }
        if matches!(self.plan.limit, Limit::Duration(duration) if duration < DURATION_MIN) {
            document.warn("the duration is too short for numbers that can be repeated", "use --duration 3s or more");
        }
        if self.plan.tls.key_log.is_some() {
            document.warn("secrets are written to a key log, which costs each handshake", "leave --keylog out");
        }
        if self.plan.trusts_anyone {
            document.warn("the server's certificate is not verified", "name its authority with --cacert FILE");
        }
    }

    fn measure(&self, document: &mut Document, advance: &mut dyn FnMut(f64, &str)) -> Result<(), Error> {
        let schedule = HandshakeSchedule {
            limit: match self.plan.limit {
                Limit::Duration(duration) => workload::Limit::Duration(duration),
                Limit::Writes(count) => workload::Limit::Writes(count),
            },
            warmup: self.plan.warmup,
            seed: self.plan.seed,
        };
        let found = handshake::run(&self.work()?, &schedule, &mut |now: Advance| {
            let rate = format_quantity(now.bytes_per_s, "1/s");
            advance(now.done, &if now.is_warming_up { format!("{rate}, warming up") } else { rate });
        })?;
        if found.rounds.is_empty() {
            return Ok(());
        }
        let case = self.case(&found)?;
        if found.rounds.len() < ROUNDS_MIN {
            let message =
                format!("{}: only {} rounds were timed, too few for an interval", self.id, found.rounds.len());
            document.warn(message, "use a longer --duration, or a higher --count");
        }
        document.cases.push(case);
        Ok(())
    }
}

impl Planned {
    fn work(&self) -> Result<Work, Error> {
        let plan = &self.plan;
        let provider = plan.tls.provider;
        let pairs = match &plan.given {
            Some((identity, trust)) => vec![self.pair(identity, trust)?],
            None => (0..IDENTITIES)
                .map(|_| interrupt::check().and_then(|()| self.thrown_away()))
                .collect::<Result<_, _>>()?,
        };
        let options = SocketOptions { timeout: Some(TIMEOUT), ..plan.sockets };
        let carrier = if self.is_over_sockets { Carrier::Loopback(options) } else { Carrier::Memory };
        Ok(Work { pairs, provider, name: plan.name.clone(), carrier })
    }

    fn thrown_away(&self) -> Result<Pair, Error> {
        let (identity, authority) = Identity::throw_away()?;
        let trust = if self.plan.trusts_anyone { Trust::Anyone } else { Trust::Roots(vec![authority.certificate]) };
        self.pair(&identity, &trust)
    }

    fn pair(&self, identity: &Identity, trust: &Trust) -> Result<Pair, Error> {
        let Handshake { tls, setting, name, .. } = &self.plan;
        let configs = EndpointConfigs {
            client: tls.client(&[self.suite], trust, setting.switches)?,
            server: tls.server(&[self.suite], identity, setting.switches)?,
            name: name.clone(),
            pool: BufferPool::new(setting.switches.buffer_pool, PoolOptions::default()),
        };
        let key = identity.certified_key(tls.provider)?;
        Ok(Pair { configs: Arc::new(configs), key, verifier: trust.verifier(tls.provider)? })
    }

    fn case(&self, found: &Found) -> Result<Case, Error> {
        let mut case = Case::new(self.id.clone());
        case.requested = self.requested();
        case.switches = self.plan.setting.facts();
        let agreed = &found.negotiated;
        case.negotiated = Negotiated {
            version: Some(agreed.version.to_string()),
            cipher_suite: Some(agreed.suite.to_string()),
            group: Some(agreed.group.to_string()),
            signature: Some(agreed.signature.to_string()),
            alpn: agreed.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed_share: Some(0.0),
            early_data_share: Some(0.0),
        };
        case.achieved = self.achieved(found);
        handshake::record(&mut case, found, self.plan.seed)?;
        Ok(case)
    }

    fn requested(&self) -> Facts {
        let plan = &self.plan;
        let mut facts = Facts::new();
        let mut add = |name: &str, value: serde_json::Value| facts.insert(name.to_owned(), value);
        add("command", "handshake".into());
        if let Some(label) = &plan.label {
            add("label", label.as_str().into());
        }
        add("provider", plan.tls.provider.name.into());
        add("cipher_suite", self.suite.to_string().into());
        add("transport", if self.is_over_sockets { "loopback" } else { "memory" }.into());
        match plan.limit {
            Limit::Duration(duration) => add("duration_ns", nanoseconds_of(duration).into()),
            Limit::Writes(count) => add("handshakes", count.into()),
        };
        add("warmup_ns", nanoseconds_of(plan.warmup).into());
        add("seed", plan.seed.into());
        add("no_delay", plan.sockets.no_delay.into());
        add("send_buffer_bytes", plan.sockets.send_buffer_bytes.into());
        add("receive_buffer_bytes", plan.sockets.receive_buffer_bytes.into());
        facts.extend(plan.terms.clone());
        facts
    }

    fn achieved(&self, found: &Found) -> Facts {
        let mut facts = Facts::new();
        let mut add = |name: &str, value: serde_json::Value| facts.insert(name.to_owned(), value);
        let handshakes: usize = found.rounds.iter().map(|round| round.handshakes_ns.len()).sum();
        add("duration_ns", nanoseconds_of(found.elapsed).into());
        add("rounds", found.rounds.len().into());
        add("handshakes", handshakes.into());
        add("counted_handshakes", found.counted.len().into());
        add("identities", self.plan.given.as_ref().map_or(IDENTITIES, |_| 1).into());
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
}
