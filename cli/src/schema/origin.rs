use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The program that measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, if known; a `+` at the end marks uncommitted changes.
    pub git_commit: Option<String>,
    /// `release` or `debug`.
    pub build_profile: String,
    /// The providers it was built with.
    pub features: Vec<String>,
}

/// The machine. What the system does not report is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The processor's name.
    pub cpu_model: Option<String>,
    /// The flags that matter to cryptography.
    pub cpu_flags: Vec<String>,
    /// Physical cores.
    pub cores: Option<u32>,
    /// Processors visible to the scheduler.
    pub logical_cpus: Option<u32>,
    /// The frequency governor of the first processor.
    pub governor: Option<String>,
    /// Whether the clock may exceed its nominal frequency.
    pub turbo: Option<bool>,
    /// Whether cores run more than one thread.
    pub smt: Option<bool>,
    /// The hypervisor, or `none`.
    pub virtualization: Option<String>,
    /// The kernel's name and release.
    pub kernel: Option<String>,
    /// Total memory.
    pub memory_bytes: Option<u64>,
    /// Load averages over 1, 5 and 15 minutes when the run began.
    pub load_at_start: Option<[f64; 3]>,
    /// The same when it ended.
    pub load_at_end: Option<[f64; 3]>,
    /// The number of files that the process may open (soft limit).
    pub open_files_limit: Option<u64>,
    /// The kernel's clock source.
    #[serde(default)]
    pub clock_source: Option<String>,
    /// The cost of reading the clock.
    #[serde(default)]
    pub timer_cost_ns: Option<f64>,
    /// Whether memory addresses differ from run to run.
    #[serde(default)]
    pub aslr: Option<bool>,
    /// The largest send buffer that a socket may request.
    #[serde(default)]
    pub send_buffer_max_bytes: Option<u64>,
    /// The largest receive buffer that a socket may request.
    #[serde(default)]
    pub receive_buffer_max_bytes: Option<u64>,
    /// Processors that the process may use, limited by affinity and quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable_cpus: Option<u32>,
    /// Environment variables that affect measurements, with their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

impl Tool {
    /// This program.
    pub fn current() -> Self {
        let providers = tls_engine::crypto::Provider::all();
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: option_env!("TLSBENCH_GIT_COMMIT").map(str::to_owned),
            build_profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            features: providers.iter().map(|provider| provider.name.to_owned()).filter(|name| name != "auto").collect(),
        }
    }
}
