use tls_engine::limits::RECORD_CONTENT_MAX;

use super::tls;
use crate::args;
use crate::error::Error;
use crate::instructions::{Job, Work};
use crate::setting::{PROVIDER, Setting, find_provider};
use crate::units::Bytes;

/// What `instructions` counts.
pub struct Instructions {
    /// The jobs.
    pub jobs: Vec<Job>,
}

/// The settings that are counted by default: those that affect the work.
const OF_RECORDS: [&str; 5] = ["all", "inline=off", "zero-copy=off", "counters=on", "none"];
const OF_HANDSHAKES: [&str; 4] = ["all", "arena=off", "counters=on", "none"];

impl Instructions {
    pub(super) fn new(args: &args::Instructions) -> Result<Self, Error> {
        let mut jobs: Vec<Job> = Vec::new();
        for work in works(args)? {
            for cipher in &args.cipher {
                for setting in settings(args, work) {
                    let job = job(args, work, cipher, &setting)?;
                    // Duplicates would be two cases of the same name.
                    if jobs.iter().all(|known| known.id() != job.id()) {
                        jobs.push(job);
                    }
                }
            }
        }
        Ok(Self { jobs })
    }

    /// The work of the process under valgrind.
    pub(super) fn only_job(args: &args::Instructions) -> Result<Job, Error> {
        let mut jobs = Self::new(args)?.jobs;
        match (jobs.pop(), jobs.is_empty()) {
            (Some(job), true) => Ok(job),
            _ => Err(Error::Usage("--counted takes exactly one case".into())),
        }
    }
}

fn works(args: &args::Instructions) -> Result<Vec<Work>, Error> {
    let is_asked = |work| args.work.is_empty() || args.work.contains(&work);
    let mut works = Vec::new();
    if is_asked(args::CountedWork::Record) {
        for Bytes(bytes) in &args.size {
            if !(1..=RECORD_CONTENT_MAX as u64).contains(bytes) {
                return Err(Error::Usage(format!("--size must be 1 B to {}", Bytes(RECORD_CONTENT_MAX as u64))));
            }
            works.push(Work::Record(*bytes as usize));
        }
    }
    if is_asked(args::CountedWork::Handshake) {
        works.push(Work::Handshake);
    }
    Ok(works)
}

fn settings(args: &args::Instructions, work: Work) -> Vec<String> {
    let default: &[&str] = match work {
        Work::Record(_) => &OF_RECORDS,
        Work::Handshake => &OF_HANDSHAKES,
    };
    if args.setting.is_empty() { default.iter().copied().map(str::to_owned).collect() } else { args.setting.clone() }
}

fn job(args: &args::Instructions, work: Work, cipher: &str, list: &str) -> Result<Job, Error> {
    if list.split('+').any(|item| item.trim().starts_with(PROVIDER)) {
        return Err(Error::Usage("--setting can't contain a provider; --provider NAME counts its cryptography".into()));
    }
    let setting = Setting::parse(&list.replace('+', ","))?;
    if let Some(name) = &args.provider {
        let provider = find_provider(name)?;
        let suite = tls::find_suite(cipher, provider)?;
        return Ok(Job::with_cryptography(work, suite, Setting { provider, ..setting }));
    }
    let suite = tls::find_suite(cipher, setting.provider)?;
    Job::of_engine(work, suite, setting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use crate::request::Request;
    use crate::schema::Case;
    use clap::Parser;

    fn plan<'a>(flags: impl IntoIterator<Item = &'a str>) -> Result<Instructions, Error> {
        let args = Args::try_parse_from(["tlsbench", "instructions"].into_iter().chain(flags))
            .map_err(|error| Error::Usage(error.to_string()))?;
        match &args.command {
            Command::Instructions(args) => {
                if args.counted {
                    Ok(Instructions { jobs: vec![Instructions::only_job(args)?] })
                } else {
                    Instructions::new(args)
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn ids(plan: &Instructions) -> Vec<String> {
        plan.jobs.iter().map(Job::id).collect()
    }

    #[test]
    fn nothing_said_is_every_work_with_the_settings_that_matter_to_it() {
        let plan = plan([]).expect("a plan");
        assert_eq!(plan.jobs.len(), 3 * OF_RECORDS.len() + OF_HANDSHAKES.len());
        for id in [
            "instructions/record/aes128gcm/64/all",
            "instructions/record/aes128gcm/16384/zero-copy=off",
            "instructions/record/aes128gcm/1350/none",
            "instructions/handshake/aes128gcm/arena=off",
        ] {
            assert!(ids(&plan).iter().any(|known| known == id), "{id} in {:?}", ids(&plan));
        }
        assert!(plan.jobs.iter().all(|job| !job.with_cryptography && job.setting.provider.name == "rustcrypto"));
    }

    #[test]
    fn every_job_is_the_plan_of_its_own_arguments() {
        let more = "--setting arena=off+zero-copy=off,none --setting buffer-pool=shared --cipher aegis256,aes256gcm";
        for provider in ["", "--provider auto"] {
            let all = plan(more.split(' ').chain(provider.split_whitespace())).expect("a plan");
            assert_eq!(all.jobs.len(), 4 * 3 * 2);
            for job in &all.jobs {
                let mut case = Case::new(job.id());
                case.requested = job.requested();
                case.switches = job.setting.facts();
                let request = Request::of_case(&case).expect("a request");
                let same = [job.arguments(), request.arguments()].map(|arguments| {
                    assert_eq!(arguments[0], "instructions");
                    plan(arguments[1..].iter().map(String::as_str)).expect("a plan")
                });
                let [again, requested] = &same;
                assert_eq!(ids(requested), [job.id()]);
                assert_eq!(ids(again), [job.id()]);
                assert_eq!(again.jobs[0].requested(), job.requested());
                assert_eq!(again.jobs[0].setting.facts(), job.setting.facts());
            }
        }
    }

    #[test]
    fn what_is_named_twice_is_counted_once() {
        let flags = "--work record --size 64,64 --setting all --setting zero-copy=on --cipher aes128gcm,aes128gcm";
        assert_eq!(ids(&plan(flags.split(' ')).expect("a plan")), ["instructions/record/aes128gcm/64/all"]);
    }

    #[test]
    fn what_can_not_be_counted_is_refused() {
        for flags in [
            "--size 0",
            "--size 16385",
            "--work moving",
            "--cipher rc4",
            "--setting provider=auto",
            "--setting zero-coffee=on",
            "--provider nss",
            "--provider aws-lc-rs --cipher aegis256",
            "--counted",
        ] {
            let code = plan(flags.split(' ')).err().map(|error| error.exit_code());
            assert_eq!(code, Some(crate::error::exit::USAGE), "{flags}");
        }
    }
}
