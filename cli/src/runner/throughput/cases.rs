use std::sync::Arc;
use std::time::Duration;

use tls_engine::codes::CipherSuite;
use tls_engine::crypto::Suite;
use tls_engine::io::SocketOptions;
use tls_engine::mem::{BufferPool, PoolOptions};

use super::SIDES;
use super::requested::requested;
use crate::error::Error;
use crate::measure::{Layout, Method, nanoseconds_of};
use crate::names;
use crate::plan::{self, Throughput, Trust};
use crate::schema::{Facts, Side};
use crate::workload::{
    self, Direction, EndpointConfigs, Limit, Remote, RoundSchedule, Rounds, Transport, Verify, Work,
};

/// How long a peer may keep an end waiting before that is an error.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A case that can be run.
pub(super) struct Planned {
    /// Its name.
    pub(super) id: String,
    /// What was asked for.
    pub(super) requested: Facts,
    /// The optimizations.
    pub(super) switches: Facts,
    /// What is moved, and through what.
    pub(super) work: Work,
    /// For how long, and in which order.
    pub(super) schedule: RoundSchedule,
    /// What is good to know of the files that were named.
    pub(super) notes: Vec<String>,
    /// Whether nobody looks at who the server is.
    pub(super) trusts_anyone: bool,
    /// Whether secrets are written to a key log.
    pub(super) logs_keys: bool,
}

/// The cases of a plan: every suite with every size, over every transport, in every direction.
pub(super) fn of(plan: &Throughput) -> Result<Vec<Planned>, Error> {
    let directions: &[Direction] = match plan.direction {
        plan::Direction::Send => &[Direction::Send],
        plan::Direction::Receive => &[Direction::Receive],
        plan::Direction::Both => &[Direction::Send, Direction::Receive],
    };
    let mut cases = Vec::new();
    for transport in &plan.transports {
        for code in &plan.suites {
            let suite = plan.tls.provider.suite(*code).copied().ok_or_else(|| lacks(plan, *code))?;
            let carried = carry(plan, transport, *code)?;
            for size in &plan.sizes {
                for direction in directions {
                    cases.push(case(plan, transport, &carried, suite, *size, *direction));
                }
            }
        }
    }
    Ok(cases)
}

/// What was reached of what was asked for, and how.
pub(super) fn achieved(planned: &Planned, rounds: &Rounds) -> Facts {
    let mut facts = Facts::new();
    facts.insert("duration_ns".into(), nanoseconds_of(rounds.elapsed).into());
    facts.insert("buffer_bytes".into(), workload::buffer_bytes(&planned.work.layout()).into());
    facts.insert("rounds".into(), rounds.lanes.first().map_or(0, |(_, samples)| samples.len()).into());
    for side in SIDES {
        let Some(part) = workload::sum_of_all(rounds, side) else { continue };
        let name = side.name();
        facts.insert(format!("{name}_bytes"), part.bytes.into());
        facts.insert(format!("{name}_records"), part.records.into());
        facts.insert(format!("{name}_syscalls"), part.syscalls.into());
        if let Some((method, _)) = workload::reference(rounds, side) {
            let method = match method {
                Method::InPlace => "in place",
                Method::OutOfPlace => "out of place",
            };
            facts.insert(format!("{name}_raw_aead"), method.into());
        }
    }
    if let Some(part) = workload::sum_of_all(rounds, Side::Receive) {
        facts.insert("compared_bytes".into(), part.compared_bytes.into());
    }
    let (cpu_time, throughput, wake_up) = match planned.work.transport {
        Transport::Memory(_) | Transport::LoopbackOneThread(_) => (
            "the processor clock of the one thread that drives both sides, while it is at work for one of them",
            "of a side over the wall time of its own work, of both together over the sum of these times, and so about half of \
             what each side has",
            "none, one thread never waits",
        ),
        Transport::LoopbackThreadPerEnd(_) | Transport::Remote(_) => (
            "the processor clock of each side's thread",
            "over wall time, in which both sides are at work at once",
            "by the kernel, each thread sleeps in its system calls until the other side has done its part (`waits` counts how often)",
        ),
    };
    facts.insert("cpu_time_from".into(), cpu_time.into());
    let sum = match planned.work.conversations {
        0 | 1 => String::new(),
        several => {
            format!("; this and the raw AEAD are sums of {several} conversations that run at once, CPU is a mean")
        }
    };
    facts.insert("throughput_of".into(), format!("{throughput}{sum}").into());
    facts.insert("wake_up".into(), wake_up.into());
    facts.insert(
        "efficiency_of".into(),
        "sealing or opening alone, without system calls, as a share of the raw AEAD in the same run, each end in turn, both in \
         processor time"
            .into(),
    );
    facts
}

/// A transport with its connections' configurations for one suite.
fn carry(plan: &Throughput, transport: &plan::Transport, code: CipherSuite) -> Result<Transport, Error> {
    let pool = BufferPool::new(plan.setting.switches.buffer_pool, pool_options(plan));
    let client = plan.tls.client(&[code], &plan.trust, plan.setting.switches)?;
    let local = || -> Result<Arc<EndpointConfigs>, Error> {
        let identity = plan.identity.as_ref().ok_or_else(|| Error::Failed("the server has no certificate".into()))?;
        let server = plan.tls.server(&[code], identity, plan.setting.switches)?;
        Ok(Arc::new(EndpointConfigs {
            client: Arc::clone(&client),
            server,
            name: plan.name.clone(),
            pool: pool.clone(),
        }))
    };
    Ok(match transport {
        plan::Transport::Memory => Transport::Memory(local()?),
        plan::Transport::Loopback { threads: 1 } => Transport::LoopbackOneThread(local()?),
        plan::Transport::Loopback { .. } => Transport::LoopbackThreadPerEnd(local()?),
        plan::Transport::Remote(target) => {
            let name = plan.name.clone();
            Transport::Remote(Remote { target: target.clone(), name, config: client, pool: pool.clone() })
        }
    })
}

/// Buffers that hold the batches of every size.
fn pool_options(plan: &Throughput) -> PoolOptions {
    let room = |size: &usize| workload::buffer_bytes(&Layout::new(*size, plan.buffer_bytes));
    PoolOptions { buffer_bytes: plan.sizes.iter().map(room).max().unwrap_or(0), ..PoolOptions::default() }
}

fn case(
    plan: &Throughput,
    transport: &plan::Transport,
    carried: &Transport,
    suite: Suite,
    size: usize,
    direction: Direction,
) -> Planned {
    let work = Work {
        suite,
        write_bytes: size,
        buffer_bytes: plan.buffer_bytes,
        direction,
        transport: carried.clone(),
        sockets: SocketOptions { timeout: Some(TIMEOUT), ..plan.sockets },
        conversations: plan.threads,
        verify: match plan.verify {
            plan::Verify::Sample => Verify::Sampled,
            plan::Verify::All => Verify::All,
        },
        seed: plan.seed,
    };
    let schedule = RoundSchedule {
        lanes: work.lanes().to_vec(),
        limit: match plan.limit {
            plan::Limit::Duration(duration) => Limit::Duration(duration),
            plan::Limit::Writes(writes) => Limit::Writes(writes),
        },
        warmup: plan.warmup,
        block: work.block(),
        cycle_writes: work.layout().cycle_writes(),
        seed: plan.seed,
    };
    let way = way(direction);
    let mut id = format!("throughput/{}/{way}/{}/{size}", short_name(transport), names::short_suite(suite.code));
    if let Some(label) = &plan.label {
        id.push('/');
        id.push_str(label);
    }
    Planned {
        id,
        requested: requested(plan, transport, &work, way),
        switches: plan.setting.facts(),
        work,
        schedule,
        notes: plan.tls.notes.clone(),
        trusts_anyone: matches!(plan.trust, Trust::Anyone),
        logs_keys: plan.tls.key_log.is_some(),
    }
}

fn short_name(transport: &plan::Transport) -> String {
    match transport {
        plan::Transport::Memory => "memory".to_owned(),
        plan::Transport::Loopback { threads } => format!("loopback-{threads}"),
        plan::Transport::Remote(_) => "remote".to_owned(),
    }
}

const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Send => "send",
        Direction::Receive => "receive",
    }
}

fn lacks(plan: &Throughput, code: CipherSuite) -> Error {
    let provider = plan.tls.provider;
    let can: Vec<String> = provider.suites.iter().map(|suite| names::short_suite(suite.code)).collect();
    Error::unknown("cipher of this provider", &names::short_suite(code), can.iter().map(String::as_str))
}
