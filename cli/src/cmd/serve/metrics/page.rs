//! The numbers as Prometheus reads them (text format 0.0.4).

use std::sync::Arc;

use metrics::{Recorder, Unit, counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tls_engine::conn::ServerConfig;
use tls_engine::counters::{Counters, Snapshot};
use tls_engine::mem::{ArenaStatistics, BufferPool, PoolStatistics};
use tls_engine::switches::BufferPoolKind;

/// What is told, and where the numbers come from.
pub(super) struct Page {
    config: Arc<ServerConfig>,
    pool: BufferPool,
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Page {
    pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    pub(super) fn new(config: Arc<ServerConfig>, pool: BufferPool) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder as &dyn Recorder, describe);
        Self { config, pool, recorder, handle }
    }

    /// The page with the numbers of now.
    pub(super) fn text(&self) -> String {
        with_local_recorder(&self.recorder as &dyn Recorder, || {
            if let Some(monitor) = self.config.monitor() {
                tell_connections(&monitor.snapshot());
            }
            if let Some(statistics) = self.config.arena_statistics() {
                tell_arenas(&statistics);
            }
            if self.pool.kind() != BufferPoolKind::Off {
                tell_buffers(&self.pool.statistics());
            }
        });
        in_order(&self.handle.render())
    }
}

/// The crate keeps families, and samples within them, in no order; people read this too. Within a family HELP and TYPE
/// come first by themselves.
fn in_order(text: &str) -> String {
    let family = |text: &str| {
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let mut families: Vec<String> = text.split("\n\n").map(family).filter(|family| !family.is_empty()).collect();
    families.sort_unstable();
    families.join("\n\n") + "\n"
}

const DIRECTION: &str = "direction";

fn tell_connections(snapshot: &Snapshot) {
    counter!("tlsbench_connections_total").absolute(snapshot.connections);
    counter!("tlsbench_connections_failed_total").absolute(snapshot.failed);
    counter!("tlsbench_handshakes_total").absolute(snapshot.ready);
    gauge!("tlsbench_connections_active").set(snapshot.active as f64);
    for (direction, counters) in [("opened", snapshot.opened), ("sealed", snapshot.sealed)] {
        let saved_bytes = counters.saved_bytes();
        let Counters { records, bytes, in_place_records, copied_records, copied_bytes, key_updates } = counters;
        counter!("tlsbench_records_total", DIRECTION => direction).absolute(records);
        counter!("tlsbench_application_data_bytes_total", DIRECTION => direction).absolute(bytes);
        counter!("tlsbench_in_place_records_total", DIRECTION => direction).absolute(in_place_records);
        counter!("tlsbench_copied_records_total", DIRECTION => direction).absolute(copied_records);
        counter!("tlsbench_copied_bytes_total", DIRECTION => direction).absolute(copied_bytes);
        counter!("tlsbench_saved_bytes_total", DIRECTION => direction).absolute(saved_bytes);
        counter!("tlsbench_key_updates_total", DIRECTION => direction).absolute(key_updates);
    }
}

fn tell_arenas(statistics: &ArenaStatistics) {
    let ArenaStatistics { leases, hits, misses, outgrown, active, peak, bytes } = *statistics;
    counter!("tlsbench_arena_leases_total").absolute(leases);
    counter!("tlsbench_arena_hits_total").absolute(hits);
    counter!("tlsbench_arena_misses_total").absolute(misses);
    counter!("tlsbench_arena_outgrown_total").absolute(outgrown);
    gauge!("tlsbench_arena_active").set(active as f64);
    gauge!("tlsbench_arena_active_peak").set(peak as f64);
    gauge!("tlsbench_arena_waiting_bytes").set(bytes as f64);
}

fn tell_buffers(statistics: &PoolStatistics) {
    let PoolStatistics { hits, misses, oversized, active, peak, held_bytes, wiped_bytes } = *statistics;
    counter!("tlsbench_buffer_pool_hits_total").absolute(hits);
    counter!("tlsbench_buffer_pool_misses_total").absolute(misses);
    counter!("tlsbench_buffer_pool_oversized_total").absolute(oversized);
    counter!("tlsbench_buffer_pool_wiped_bytes_total").absolute(wiped_bytes);
    gauge!("tlsbench_buffer_pool_active").set(active as f64);
    gauge!("tlsbench_buffer_pool_active_peak").set(peak as f64);
    gauge!("tlsbench_buffer_pool_waiting_bytes").set(held_bytes as f64);
}

fn describe() {
    use Unit::{Bytes, Count};
    for (name, unit, help) in [
        ("tlsbench_connections_total", Count, "Connections that were begun."),
        ("tlsbench_connections_failed_total", Count, "Connections that ended with an error, or without close_notify."),
        ("tlsbench_handshakes_total", Count, "Handshakes that were done."),
        ("tlsbench_records_total", Count, "Records of every type, plaintext ones included."),
        ("tlsbench_application_data_bytes_total", Bytes, "Application data."),
        ("tlsbench_in_place_records_total", Count, "Records of application data that nothing was copied for."),
        ("tlsbench_copied_records_total", Count, "Records of application data that were copied."),
        ("tlsbench_copied_bytes_total", Bytes, "Application data copied apart from encrypting or decrypting it."),
        ("tlsbench_saved_bytes_total", Bytes, "Application data that was spared such a copy."),
        ("tlsbench_key_updates_total", Count, "KeyUpdates received (opened) and sent (sealed)."),
        ("tlsbench_arena_leases_total", Count, "Handshakes that leased an arena."),
        ("tlsbench_arena_hits_total", Count, "Leases that found an arena waiting."),
        ("tlsbench_arena_misses_total", Count, "Leases that had to make an arena."),
        ("tlsbench_arena_outgrown_total", Count, "Handshakes that needed more than an arena has."),
        ("tlsbench_buffer_pool_hits_total", Count, "Buffers leased that the pool had."),
        ("tlsbench_buffer_pool_misses_total", Count, "Buffers leased that had to be allocated."),
        (
            "tlsbench_buffer_pool_oversized_total",
            Count,
            "Buffers leased that were larger than the pool's: allocated and freed each time.",
        ),
        ("tlsbench_buffer_pool_wiped_bytes_total", Bytes, "What was wiped when buffers were returned."),
    ] {
        describe_counter!(name, unit, help);
    }
    for (name, unit, help) in [
        ("tlsbench_connections_active", Count, "Connections that exist."),
        ("tlsbench_arena_active", Count, "Arenas that are leased."),
        ("tlsbench_arena_active_peak", Count, "The most arenas that were leased at once."),
        ("tlsbench_arena_waiting_bytes", Bytes, "Memory of the arenas that wait."),
        ("tlsbench_buffer_pool_active", Count, "Buffers that are leased."),
        (
            "tlsbench_buffer_pool_active_peak",
            Count,
            "The most buffers that were leased at once; of a thread-local pool, in one thread.",
        ),
        ("tlsbench_buffer_pool_waiting_bytes", Bytes, "Memory of the buffers that wait."),
    ] {
        describe_gauge!(name, unit, help);
    }
}
