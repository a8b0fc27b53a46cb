use super::Output;

/// Lists the cipher suites, groups, signature schemes and providers of this build, and what computes each suite on this CPU;
/// marks what is far slower there than it could be.
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
