//! `tlsbench` measures TLS: the modules of the program, which `main.rs` puts together.
#![forbid(unsafe_code)]

pub mod args;
pub mod clock;
pub mod cmd;
pub mod comparison;
pub mod error;
pub mod files;
pub mod host;
pub mod identity;
pub mod instructions;
pub mod interrupt;
pub mod library;
pub mod loader;
pub mod measure;
pub mod memory;
pub mod names;
pub mod net;
pub mod peers;
pub mod plan;
pub mod primitives;
pub mod profile;
pub mod ranking;
pub mod render;
pub mod request;
pub mod runner;
pub mod schema;
pub mod series;
pub mod setting;
pub mod stats;
pub mod units;
pub mod workload;
