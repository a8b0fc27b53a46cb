use super::Output;

/// Lists the cipher suites, groups, signature schemes and providers of this build, and the code that runs each suite on this
/// CPU. Marks what runs far slower than it could.
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
