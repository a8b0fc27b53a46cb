use std::time::Duration;

use super::{once, output};
use crate::args;
use crate::error::Error;
use crate::names;
use crate::primitives::{Kind, Part, Schedule, parts};
use crate::render::{Display, Output};
use crate::setting::find_provider;
use crate::units::Bytes;

/// The longest text, bytes.
const SIZE_MAX: u64 = 16 << 20;

/// What `crypto` measures.
pub struct Crypto {
    /// The parts, those of one algorithm next to each other.
    pub parts: Vec<Part>,
    /// The sizes of what is sealed, opened and hashed, bytes.
    pub sizes: Vec<usize>,
    /// How long, and in which order.
    pub schedule: Schedule,
    /// Where results go.
    pub output: Output,
}

impl Crypto {
    pub(super) fn new(args: &args::Crypto, display: Display) -> Result<Self, Error> {
        if args.duration == Duration::ZERO {
            return Err(Error::Usage("--duration must be longer than 0".into()));
        }
        Ok(Self {
            parts: chosen(args)?,
            sizes: sizes(&args.size)?,
            schedule: Schedule { duration: args.duration, seed: args.seed },
            output: output::output(&args.output, display)?,
        })
    }
}

/// The parts that were asked for: all where nothing was.
fn chosen(args: &args::Crypto) -> Result<Vec<Part>, Error> {
    let mut parts = parts();
    let is_of = |part: &Part, provider: &str| part.origin.source == provider || (part.is_auto && provider == "auto");
    if !args.provider.is_empty() {
        let providers = args.provider.iter().map(|name| find_provider(name)).collect::<Result<Vec<_>, _>>()?;
        parts.retain(|part| providers.iter().any(|provider| is_of(part, provider.name)));
    }
    if !args.algorithm.is_empty() {
        let wanted = args.algorithm.iter().map(|name| algorithms(name)).collect::<Result<Vec<_>, _>>()?.concat();
        parts.retain(|part| wanted.contains(&part.algorithm));
    }
    if parts.is_empty() {
        return Err(Error::Usage("none of these providers has these algorithms".into()));
    }
    Ok(parts)
}

/// The algorithms that a name means: one, or all of a kind.
fn algorithms(name: &str) -> Result<Vec<String>, Error> {
    let parts = parts();
    // The names that other commands take mean the same here.
    let canonical = names::suite(name)
        .map(names::short_suite)
        .or_else(|| names::group(name).map(names::short_group))
        .unwrap_or_else(|| name.to_ascii_lowercase());
    let is_meant = |part: &&Part| part.algorithm == canonical || part.kind.name() == canonical || canonical == "all";
    let meant: Vec<String> = parts.iter().filter(is_meant).map(|part| part.algorithm.clone()).collect();
    if !meant.is_empty() {
        return Ok(meant);
    }
    let mut known: Vec<&str> = parts.iter().map(|part| part.algorithm.as_str()).collect();
    known.dedup();
    Err(Error::unknown("algorithm", name, known.into_iter().chain(Kind::ALL.map(Kind::name))))
}

fn sizes(sizes: &[Bytes]) -> Result<Vec<usize>, Error> {
    let is_possible = |Bytes(bytes): &Bytes| (1..=SIZE_MAX).contains(bytes);
    if !sizes.iter().all(is_possible) {
        return Err(Error::Usage(format!("--size must be 1 B to {}", Bytes(SIZE_MAX))));
    }
    Ok(once(sizes.iter().map(|Bytes(bytes)| *bytes as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn plan(flags: &[&str]) -> Result<Crypto, Error> {
        let args = Args::try_parse_from(["tlsbench", "crypto"].iter().chain(flags))
            .map_err(|error| Error::Usage(error.to_string()))?;
        match &args.command {
            Command::Crypto(args) => {
                Crypto::new(args, Display { color: crate::render::Color::Never, is_verbose: false })
            }
            other => panic!("{other:?}"),
        }
    }

    fn names(plan: &Crypto) -> Vec<String> {
        plan.parts.iter().map(|part| format!("{} {}", part.algorithm, part.origin.source)).collect()
    }

    #[test]
    fn nothing_said_is_every_part() {
        let plan = plan(&[]).expect("a plan");
        assert_eq!(plan.parts.len(), parts().len());
        assert_eq!(plan.sizes, [16, 64, 1_024, 4_096, 16_384, 65_536]);
    }

    #[test]
    fn every_flag_arrives() {
        let flags = "--algorithm AES128GCM,p256 --algorithm TLS_AEGIS_128L_SHA256,hash --provider aws-lc-rs,auto \
                     --size 1,16k,16384 -z 2s --seed 9 --format csv";
        let plan = plan(&flags.split_whitespace().collect::<Vec<_>>()).expect("a plan");
        let expected = [
            "aes128gcm aws-lc-rs",
            "aegis128l rustcrypto",
            "sha256 aws-lc-rs",
            "sha384 aws-lc-rs",
            "sha512 aws-lc-rs",
            "secp256r1 aws-lc-rs",
        ];
        let mut names = names(&plan);
        // What auto takes where the CPU has instructions for it.
        names.retain(|name| name != "sha256 rustcrypto");
        assert_eq!(names, expected);
        assert_eq!(plan.sizes, [1, 16_384]);
        assert_eq!(plan.schedule, Schedule { duration: Duration::from_secs(2), seed: 9 });
        assert_eq!(plan.output.format, crate::render::Format::Csv);
    }

    #[test]
    fn what_can_not_be_done_is_refused() {
        for flags in [
            &["--size", "0"][..],
            &["--size", "17m"],
            &["--duration", "0s"],
            &["--duration", "ten"],
            &["--algorithm", "rc4"],
            &["--provider", "openssl"],
            &["--provider", "aws-lc-rs", "--algorithm", "aegis256"],
            &["--json", "--format", "csv"],
        ] {
            assert_eq!(plan(flags).err().map(|error| error.exit_code()), Some(crate::error::exit::USAGE), "{flags:?}");
        }
    }
}
