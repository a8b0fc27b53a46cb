//! What a case was asked for, as a result tells it: enough to ask for the very same again (`request` reads it).

use serde_json::Value;

use crate::measure::nanoseconds_of;
use crate::plan::{self, Limit, Throughput};
use crate::schema::Facts;
use crate::workload::{Verify, Work};

pub(super) fn requested(plan: &Throughput, transport: &plan::Transport, work: &Work, way: &str) -> Facts {
    let mut facts = Facts::new();
    let mut add = |name: &str, value: Value| facts.insert(name.to_owned(), value);
    add("command", "throughput".into());
    if let Some(label) = &plan.label {
        add("label", label.as_str().into());
    }
    add("provider", plan.tls.provider.name.into());
    add("provider_of_suite", work.suite.source.into());
    add("implementation", work.suite.aead.implementation().into());
    add("cipher_suite", work.suite.code.to_string().into());
    add("size_bytes", work.write_bytes.into());
    add("direction", way.into());
    match transport {
        plan::Transport::Memory => add("transport", "memory".into()),
        plan::Transport::Loopback { threads } => {
            add("loopback_threads", (*threads).into());
            add("transport", "loopback".into())
        }
        plan::Transport::Remote(target) => {
            add("target", target.to_string().into());
            add("transport", "remote".into())
        }
    };
    add("conversations", plan.threads.into());
    match plan.limit {
        Limit::Duration(duration) => add("duration_ns", nanoseconds_of(duration).into()),
        Limit::Writes(writes) => add("writes", writes.into()),
    };
    add("warmup_ns", nanoseconds_of(plan.warmup).into());
    add("verify", if work.verify == Verify::All { "all" } else { "sample" }.into());
    add("seed", plan.seed.into());
    add("buffer_bytes", plan.buffer_bytes.into());
    add("no_delay", plan.sockets.no_delay.into());
    add("send_buffer_bytes", plan.sockets.send_buffer_bytes.into());
    add("receive_buffer_bytes", plan.sockets.receive_buffer_bytes.into());
    facts.extend(plan.terms.clone());
    facts
}
