use std::time::Duration;

/// The system's ports for outgoing connections.
#[derive(Clone, Copy, Debug)]
pub struct LocalPorts {
    count: u64,
    /// Whether ports in TIME_WAIT are used again after a second: on this machine, and to others.
    reused: [bool; 2],
}

/// How long Linux keeps a port in TIME_WAIT.
const TIME_WAIT: Duration = Duration::from_secs(60);
/// The same where it is used again.
const REUSED_AFTER: Duration = Duration::from_secs(1);

impl LocalPorts {
    /// What the system says of itself; `None` where it says nothing.
    pub fn of_system() -> Option<Self> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).ok();
        Self::parse(&read("ip_local_port_range")?, &read("tcp_tw_reuse").unwrap_or_default())
    }

    fn parse(range: &str, reuse: &str) -> Option<Self> {
        let mut numbers = range.split_whitespace().map(|number| number.parse::<u16>().ok());
        let (first, last) = (numbers.next()??, numbers.next()??);
        let count = u64::from(last.checked_sub(first)?) + 1;
        // 1 is everywhere, 2 on this machine.
        let reuse = reuse.trim();
        Some(Self { count, reused: [matches!(reuse, "1" | "2"), reuse == "1"] })
    }

    /// How many connections there can be between two addresses, to one port, those in TIME_WAIT included.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether a port in TIME_WAIT is soon used again.
    pub const fn are_reused(&self, is_loopback: bool) -> bool {
        self.reused[if is_loopback { 0 } else { 1 }]
    }

    /// How long a port is not to be had after this side has closed a connection.
    pub const fn held(are_reused: bool) -> Duration {
        if are_reused { REUSED_AFTER } else { TIME_WAIT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_and_the_reuse_are_read() {
        let ports = LocalPorts::parse("32768\t60999\n", "2\n").expect("two numbers");
        assert_eq!((ports.count, ports.are_reused(true), ports.are_reused(false)), (28_232, true, false));
        assert_eq!((LocalPorts::held(true), LocalPorts::held(false)), (REUSED_AFTER, TIME_WAIT));
        assert!(LocalPorts::parse("1024 65535", "0").is_some_and(|ports| !ports.are_reused(true)));
        for range in ["", "5", "9 8", "a b", "1 70000"] {
            assert!(LocalPorts::parse(range, "1").is_none(), "{range}");
        }
    }
}
