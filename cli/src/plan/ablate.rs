use std::time::Duration;

use clap::ValueEnum;
use tls_engine::codes::CipherSuite;

use super::tls;
use crate::args;
use crate::error::Error;
use crate::setting::Setting;
use crate::workload::ablation::{Row, Workload, rows};

/// The plan of `ablate`.
#[derive(Clone)]
pub struct Ablate {
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// The switches, each with a value to compare with that of a plain engine.
    pub rows: Vec<Row>,
    /// The cipher suite of all connections.
    pub suite: CipherSuite,
    /// How long each workload is timed, for all message sizes together.
    pub duration: Duration,
    /// The seed of everything random in the measurement.
    pub seed: u64,
}

impl Ablate {
    pub(super) fn new(args: &args::Ablate) -> Result<Self, Error> {
        if args.duration.is_zero() {
            return Err(Error::Usage("--duration must be longer than 0".into()));
        }
        let is_asked = |row: &Row| args.switch.is_empty() || args.switch.iter().any(|name| name == row.name);
        let asked: Vec<String> =
            args.workload.iter().filter_map(|asked| Some(asked.to_possible_value()?.get_name().to_owned())).collect();
        let is_meant = |workload: &Workload| {
            asked.is_empty() || asked.iter().any(|asked| *asked == workload.name() || *asked == workload.label())
        };
        let mut workloads = Workload::all(usize::try_from(args.connections.0).unwrap_or(usize::MAX));
        workloads.retain(is_meant);
        if args.connections.0 == 0 {
            return Err(Error::Usage("--connections must be at least 1".into()));
        }
        // Both providers that are compared must support it.
        let mut suite = CipherSuite::AES_128_GCM_SHA256;
        for setting in [Setting::all()?, Setting::none()?] {
            suite = tls::find_suite(&args.cipher, setting.provider)?;
        }
        Ok(Self {
            workloads,
            rows: rows()?.into_iter().filter(is_asked).collect(),
            suite,
            duration: args.duration,
            seed: args.seed,
        })
    }
}
