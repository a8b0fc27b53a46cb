//! Pools of buffers and of arenas: what they hand out is empty, what they count is true, what they keep is bounded, and
//! neither a connection that is idle nor a handshake that is over holds any of it.

mod arena_stress;
mod arenas;
mod connections;
mod leases;
mod stress;
#[path = "../support/mod.rs"]
mod support;

use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::switches::BufferPoolKind;

#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

/// The kinds that keep buffers.
const POOLED: [BufferPoolKind; 2] = [BufferPoolKind::Shared, BufferPoolKind::ThreadLocal];

/// A pool of buffers for one record.
fn pool(kind: BufferPoolKind, free_max: usize) -> BufferPool {
    BufferPool::new(kind, PoolOptions { free_max, ..PoolOptions::default() })
}
