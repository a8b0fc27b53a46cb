use tls_engine::codes::CipherSuite;
use tls_engine::switches::Switch;

use super::cryptography::PROVIDER;
use crate::error::Error;
use crate::names::short_suite;
use crate::schema::Facts;
use crate::setting::{Setting, find_provider};

/// A measurement of instructions.
#[derive(Clone)]
pub struct Job {
    /// The work to count.
    pub work: Work,
    /// The cipher suite.
    pub suite: CipherSuite,
    /// The optimizations, and the cryptography.
    pub setting: Setting,
    /// Whether the cryptography is counted too.
    pub with_cryptography: bool,
}

/// The work whose instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The client seals records with this much content, bytes, and the server opens them.
    Record(usize),
    /// A connection is created, performs its handshake, and is dropped.
    Handshake,
}

impl Work {
    /// The name in identifiers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record(_) => "record",
            Self::Handshake => "handshake",
        }
    }
}

impl Job {
    /// Counts the engine's own work, without cryptography. Only the switches of `setting` are used.
    pub fn of_engine(work: Work, suite: CipherSuite, setting: Setting) -> Result<Self, Error> {
        let setting = Setting { provider: find_provider(PROVIDER)?, ..setting };
        Ok(Self { work, suite, setting, with_cryptography: false })
    }

    /// Counts the cryptography of the setting's provider too. If its randomness can't be replaced, as with `aws-lc-rs`,
    /// such counts vary; and valgrind hides AVX-512 from it.
    pub const fn with_cryptography(work: Work, suite: CipherSuite, setting: Setting) -> Self {
        Self { work, suite, setting, with_cryptography: true }
    }

    /// The id: the same in every version for the same thing counted.
    pub fn id(&self) -> String {
        let mut parts = vec!["instructions".to_owned(), self.work.name().to_owned(), short_suite(self.suite)];
        if let Work::Record(size_bytes) = self.work {
            parts.push(size_bytes.to_string());
        }
        parts.push(self.switches());
        if self.with_cryptography {
            parts.push(self.setting.provider.name.to_owned());
        }
        parts.join("/")
    }

    /// What was requested.
    pub fn requested(&self) -> Facts {
        let mut facts = Facts::new();
        let mut add = |name: &str, value: serde_json::Value| facts.insert(name.to_owned(), value);
        add("command", "instructions".into());
        add("work", self.work.name().into());
        add("cipher_suite", self.suite.to_string().into());
        if let Work::Record(size_bytes) = self.work {
            add("size_bytes", size_bytes.into());
        }
        add("setting", self.switches().into());
        // With cryptography, the requested provider is counted too; otherwise it is only needed to run.
        let provider = if self.with_cryptography { "provider" } else { "uncounted_provider" };
        add(provider, self.setting.provider.name.into());
        facts
    }

    /// The arguments of `tlsbench` for this job alone.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = ["instructions", "--work", self.work.name(), "--cipher"].map(str::to_owned).to_vec();
        arguments.push(short_suite(self.suite));
        if let Work::Record(size_bytes) = self.work {
            arguments.extend(["--size".to_owned(), size_bytes.to_string()]);
        }
        arguments.extend(["--setting".to_owned(), self.switches()]);
        if self.with_cryptography {
            arguments.extend(["--provider".to_owned(), self.setting.provider.name.to_owned()]);
        }
        arguments
    }

    /// The optimizations in the format of `--setting`: differences from the full set, or the empty set.
    fn switches(&self) -> String {
        let switches = &self.setting.switches;
        let is_plain = |switch: &&Switch| switch.value(switches) == switch.values[0];
        if Switch::ALL.iter().all(|switch| is_plain(&switch)) {
            return "none".to_owned();
        }
        let changed = Switch::ALL.iter().filter(|switch| switch.value(switches) != switch.default_value());
        let list: Vec<String> = changed.map(|switch| format!("{}={}", switch.name, switch.value(switches))).collect();
        if list.is_empty() { "all".to_owned() } else { list.join("+") }
    }
}
