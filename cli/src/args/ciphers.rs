use super::Output;

/// Lists what this build can do, and what it runs on this CPU.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Ciphers {
    /// Only this provider
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Where the list goes.
    #[command(flatten)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench ciphers
  tlsbench ciphers --provider rustcrypto --json";
