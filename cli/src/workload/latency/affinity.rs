use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The processors that the threads of a case are pinned to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Affinity {
    /// That of the client's thread, if it is pinned.
    pub client: Option<usize>,
    /// That of the thread that echoes, if it is pinned.
    pub echo: Option<usize>,
}

impl Affinity {
    /// Fails unless this process may use all of these processors.
    ///
    /// # Errors
    /// Where it may not, with those that it may use.
    pub fn check(self) -> Result<(), Error> {
        [self.client, self.echo].into_iter().flatten().try_for_each(system::check)
    }
}

/// Pins the calling thread, if that is asked for.
pub(super) fn pin(processor: Option<usize>) -> Result<(), Error> {
    processor.map_or(Ok(()), system::pin)
}

impl FromStr for Affinity {
    type Err = Error;

    fn from_str(typed: &str) -> Result<Self, Error> {
        let refused =
            || Error::Usage(format!("'{typed}': expected the number of a processor, or two of them, such as 0 or 0,1"));
        let mut numbers = typed.split(',').map(|number| number.parse::<usize>().map_err(|_| refused()));
        let affinity = Self { client: numbers.next().transpose()?, echo: numbers.next().transpose()? };
        if numbers.next().is_some() { Err(refused()) } else { Ok(affinity) }
    }
}

impl fmt::Display for Affinity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [self.client, self.echo].into_iter().flatten().map(|number| number.to_string());
        f.write_str(&numbers.collect::<Vec<_>>().join(","))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use crate::error::Error;

    pub(super) fn check(processor: usize) -> Result<(), Error> {
        let usable = sched_getaffinity(None).map_err(|error| Error::io("asking for the processors", error.into()))?;
        if processor < CpuSet::MAX_CPU && usable.is_set(processor) {
            return Ok(());
        }
        let numbers: Vec<String> =
            (0..CpuSet::MAX_CPU).filter(|number| usable.is_set(*number)).map(|number| number.to_string()).collect();
        Err(Error::Usage(format!(
            "--affinity: this process may not use processor {processor}, but {}",
            numbers.join(", ")
        )))
    }

    pub(super) fn pin(processor: usize) -> Result<(), Error> {
        // A thread has the processors of the one that began it, which may be pinned: those are not all that it may use.
        let mut only = CpuSet::new();
        only.set(processor);
        let failed =
            |error: rustix::io::Errno| Error::io(format!("pinning a thread to processor {processor}"), error.into());
        sched_setaffinity(None, &only).map_err(failed)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use crate::error::Error;

    pub(super) fn check(_: usize) -> Result<(), Error> {
        Err(Error::Usage("--affinity needs Linux: leave it out on this system".to_owned()))
    }

    pub(super) fn pin(processor: usize) -> Result<(), Error> {
        check(processor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_processors_are_read_as_they_are_written() {
        for (typed, client, echo) in [("0", Some(0), None), ("3,1", Some(3), Some(1)), ("2,2", Some(2), Some(2))] {
            let affinity: Affinity = typed.parse().expect(typed);
            assert_eq!((affinity, affinity.to_string().as_str()), (Affinity { client, echo }, typed));
        }
        for wrong in ["", "a", "0,", "0,1,2", "-1", "0-1"] {
            assert!(matches!(wrong.parse::<Affinity>(), Err(Error::Usage(_))), "{wrong}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_is_pinned_to_a_processor_that_there_is() {
        let pinned = std::thread::spawn(|| {
            let usable = rustix::thread::sched_getaffinity(None).expect("processors");
            let first = (0..rustix::thread::CpuSet::MAX_CPU).find(|number| usable.is_set(*number));
            pin(first).expect("it may use it");
            let mut only = rustix::thread::CpuSet::new();
            only.set(first.expect("one"));
            assert_eq!(rustix::thread::sched_getaffinity(None).expect("processors"), only);
        });
        pinned.join().expect("it is");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_of_one_that_is_pinned_can_be_pinned_to_another_processor() {
        use rustix::thread::{CpuSet, sched_getaffinity};
        let usable = sched_getaffinity(None).expect("processors");
        let mut processors = (0..CpuSet::MAX_CPU).filter(|number| usable.is_set(*number));
        let (first, second) = (processors.next(), processors.next());
        let pinned = std::thread::spawn(move || {
            pin(first).expect("it may use it");
            std::thread::spawn(move || pin(second)).join().expect("it ends").expect("it may use it");
        });
        pinned.join().expect("it is");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_processor_that_there_is_not_is_named() {
        let absent = Affinity { client: Some(100_000), echo: None };
        assert!(matches!(absent.check(), Err(Error::Usage(message)) if message.contains("processor 100000, but ")));
    }
}
