use super::{SIDES, library_facts};
use crate::measure::{Method, nanoseconds_of};
use crate::plan::ThroughputCase;
use crate::schema::{Facts, Side};
use crate::workload::{self, Rounds, Transport};

/// What was achieved, and how it was measured.
pub(super) fn achieved(planned: &ThroughputCase, rounds: &Rounds) -> Facts {
    let mut facts = library_facts(&planned.library);
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
