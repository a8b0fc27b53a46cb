use std::time::Duration;

use super::messages::{HandshakesOrder, Order, Reply};
use super::process::Process;
use super::program::Program;
use crate::error::Error;
use crate::library::Setup;
use crate::workload::handshake::{Carrier, Conditions, Handshakes, Prepared, Round};

/// How long the preparation may take, which includes some hundred handshakes.
const PATIENCE: Duration = Duration::from_secs(30);
/// A library that takes longer for a handshake, with its bare cryptography, hangs.
const SLOWEST_HANDSHAKE: Duration = Duration::from_secs(1);

/// Handshakes of a library in a program of its own.
pub struct PeerHandshakes {
    process: Process,
    /// What it is told first.
    order: Option<Box<HandshakesOrder>>,
}

impl PeerHandshakes {
    /// Handshakes with these configurations, one for each server. `provider` is the one of the bare cryptography.
    pub fn new(program: &Program, setups: &[Setup], provider: &str, conditions: &Conditions) -> Result<Self, Error> {
        let Conditions { carrier, mix, phases, threads } = conditions.clone();
        if threads > 1 {
            return Err(Error::Usage("--threads is for libraries that are linked into tlsbench".to_owned()));
        }
        let sockets = match carrier {
            Carrier::Memory => None,
            Carrier::Loopback(options) => Some(options.into()),
        };
        let setups = setups.iter().map(Into::into).collect();
        let order = HandshakesOrder { setups, provider: provider.to_owned(), sockets, mix, phases };
        Ok(Self { process: program.start()?, order: Some(Box::new(order)) })
    }
}

impl Handshakes for PeerHandshakes {
    fn prepare(&mut self) -> Result<Prepared, Error> {
        let order = self.order.take().ok_or_else(|| self.process.confused())?;
        match self.process.ask(&Order::Handshakes(order), PATIENCE)? {
            Reply::Prepared { negotiated, counted, idle } => {
                Ok(Prepared { negotiated: negotiated.into(), counted, idle })
            }
            _ => Err(self.process.confused()),
        }
    }

    fn round(&mut self, connections: usize, is_raw_first: bool) -> Result<Round, Error> {
        let patience = PATIENCE + SLOWEST_HANDSHAKE * u32::try_from(connections).unwrap_or(u32::MAX);
        match self.process.ask(&Order::Round { connections, is_raw_first }, patience)? {
            Reply::Round(round) if round.is_plausible(connections) => Ok(round),
            _ => Err(self.process.confused()),
        }
    }
}
