//! The clocks: monotonic wall time, and processor time of this thread and of the process.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds since an arbitrary moment; it never goes back.
pub fn monotonic_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// Processor time that the calling thread has used, user and system, nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

/// Processor time that the whole process has used, user and system, nanoseconds.
pub fn process_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ProcessCPUTime))
}

/// The number of times the calling thread has slept to wait for something; `None` if the system does not report it.
pub fn thread_waits() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
}

fn nanoseconds(time: Timespec) -> u64 {
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sleeping_takes_wall_time_and_no_processor_time() {
        let (wall, cpu) = (monotonic_ns(), thread_cpu_ns());
        std::thread::sleep(Duration::from_millis(30));
        assert!(monotonic_ns() - wall >= 30_000_000);
        assert!(thread_cpu_ns() - cpu < 20_000_000);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn each_sleep_is_a_wait() {
        let before = thread_waits().expect("a count");
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(thread_waits().expect("a count") >= before + 5);
    }

    #[test]
    fn working_takes_processor_time_of_thread_and_process() {
        // In this order, so that what the thread uses between the two readings is included in the process's time.
        let (process, thread) = (process_cpu_ns(), thread_cpu_ns());
        let mut value = 1_u64;
        while thread_cpu_ns() - thread < 5_000_000 {
            value = std::hint::black_box(value.wrapping_mul(3));
        }
        assert!(process_cpu_ns() - process >= 5_000_000);
        // Work of another thread does not count for this one.
        let elsewhere = std::thread::spawn(thread_cpu_ns).join().expect("the thread ends");
        assert!(elsewhere < 5_000_000);
    }
}
