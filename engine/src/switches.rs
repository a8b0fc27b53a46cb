//! Switches for the optimizations, as plain data and as a list ([`Switch::ALL`]) for command lines and measurements.
//!
//! They are read once, when a configuration, a pool or an event loop is built.

/// Which optimizations are on.
///
/// ```
/// use tls_engine::Switches;
///
/// let switches = Switches { counters: true, ..Switches::all() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Open records in place in the receive buffer, and seal from the caller's slice straight into the send buffer.
    /// Off: through a staging buffer, one copy each way.
    pub zero_copy: bool,
    /// Where the buffers of connections come from.
    pub buffer_pool: BufferPoolKind,
    /// Lease the memory of handshakes from a pool of arenas, each as large as a handshake needs. Off: from the heap, as it is
    /// needed.
    pub arena: bool,
    /// Compute the share of a curve once where a client offers it alone and in a hybrid. Off: once for each.
    pub hybrid_share: bool,
    /// Inline the steps that a record takes into one loop. Off: each step is a call.
    pub inline: bool,
    /// Report what connections do to a `Monitor`. This costs a little, and is off by default.
    pub counters: bool,
    /// How an event loop learns of connections that have more to do.
    pub signal: SignalKind,
}

impl Switches {
    /// Every optimization on, which is the default.
    pub const fn all() -> Self {
        Self {
            zero_copy: true,
            buffer_pool: BufferPoolKind::ThreadLocal,
            arena: true,
            hybrid_share: true,
            inline: true,
            counters: false,
            signal: SignalKind::EventFd,
        }
    }

    /// Every optimization off.
    pub const fn none() -> Self {
        Self {
            zero_copy: false,
            buffer_pool: BufferPoolKind::Off,
            arena: false,
            hybrid_share: false,
            inline: false,
            counters: false,
            signal: SignalKind::Off,
        }
    }

    /// The value of the switch called `name`, or `None` where there is no such switch.
    pub fn get(&self, name: &str) -> Option<&'static str> {
        Switch::by_name(name).map(|switch| switch.value(self))
    }

    /// Sets the switch called `name`. Both are spelled as in [`Switch::ALL`].
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
        let switch = Switch::by_name(name).ok_or_else(|| SwitchError::UnknownSwitch { name: name.to_owned() })?;
        (switch.set)(self, value).ok_or_else(|| SwitchError::UnknownValue { switch, value: value.to_owned() })
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self::all()
    }
}

/// Where the buffers of connections come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BufferPoolKind {
    /// Each connection has its own buffers for its whole life.
    Off,
    /// One pool for all threads, behind a lock.
    Shared,
    /// A pool for each thread, without locks.
    ThreadLocal,
}

impl BufferPoolKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Off, Self::Shared, Self::ThreadLocal];

    /// Its name as a value of the switch `buffer-pool`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shared => "shared",
            Self::ThreadLocal => "thread-local",
        }
    }

    /// The kind of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How an event loop learns of connections that have more to do although their sockets report nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// From return values: the loop keeps such connections in a queue, and does not sleep until it is empty.
    Off,
    /// From a pipe that the connections write to.
    Pipe,
    /// From an eventfd, or from a pipe on systems without eventfd.
    EventFd,
}

impl SignalKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Off, Self::Pipe, Self::EventFd];

    /// Its name as a value of the switch `signal`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Pipe => "pipe",
            Self::EventFd => "eventfd",
        }
    }

    /// The kind of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The name and the values of one switch.
#[derive(Debug)]
pub struct Switch {
    /// Its name, as in a command-line flag.
    pub name: &'static str,
    /// Its values. With the first, the optimization is off.
    pub values: &'static [&'static str],
    /// What it does, in one line.
    pub help: &'static str,
    get: fn(&Switches) -> &'static str,
    /// `None` where there is no such value.
    set: fn(&mut Switches, &str) -> Option<()>,
}

impl Switch {
    /// All switches.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "zero-copy",
            values: &OFF_ON,
            help: "Open records in place, and seal from the caller's slices straight into the send buffer",
            get: |switches| off_on(switches.zero_copy),
            set: |switches, value| is_on(value).map(|on| switches.zero_copy = on),
        },
        Self {
            name: "buffer-pool",
            values: &["off", "shared", "thread-local"],
            help: "Lease the buffers of connections from a pool, and hold none while a connection is idle",
            get: |switches| switches.buffer_pool.name(),
            set: |switches, value| BufferPoolKind::by_name(value).map(|kind| switches.buffer_pool = kind),
        },
        Self {
            name: "arena",
            values: &OFF_ON,
            help: "Lease the memory of handshakes from a pool of arenas, each as large as one needs; off, neither pooled nor sized beforehand",
            get: |switches| off_on(switches.arena),
            set: |switches, value| is_on(value).map(|on| switches.arena = on),
        },
        Self {
            name: "hybrid-share",
            values: &OFF_ON,
            help: "Offer the X25519 share of a hybrid a second time, as one of X25519 alone, instead of computing another",
            get: |switches| off_on(switches.hybrid_share),
            set: |switches, value| is_on(value).map(|on| switches.hybrid_share = on),
        },
        Self {
            name: "inline",
            values: &OFF_ON,
            help: "Make finding, opening and sealing a record part of one loop, instead of calls",
            get: |switches| off_on(switches.inline),
            set: |switches, value| is_on(value).map(|on| switches.inline = on),
        },
        Self {
            name: "counters",
            values: &OFF_ON,
            help: "Tell a monitor what connections do: a cost, not a gain, and off unless asked for",
            get: |switches| off_on(switches.counters),
            set: |switches, value| is_on(value).map(|on| switches.counters = on),
        },
        Self {
            name: "signal",
            values: &["off", "pipe", "eventfd"],
            help: "Wake an event loop through a file descriptor when received data waits inside the engine",
            get: |switches| switches.signal.name(),
            set: |switches, value| SignalKind::by_name(value).map(|kind| switches.signal = kind),
        },
    ];

    /// The switch of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|switch| switch.name == name)
    }

    /// Its value in `switches`.
    pub fn value(&self, switches: &Switches) -> &'static str {
        (self.get)(switches)
    }

    /// Its default value.
    pub fn default_value(&self) -> &'static str {
        self.value(&Switches::default())
    }
}

/// A switch or a value that does not exist.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SwitchError {
    /// There is no such switch.
    #[error("no switch is called {name:?}; the switches are {}", names())]
    UnknownSwitch {
        /// The name that was given.
        name: String,
    },
    /// There is no such value.
    #[error("{:?} is not a value of {}: it can be {}", .value, .switch.name, .switch.values.join(", "))]
    UnknownValue {
        /// The switch.
        switch: &'static Switch,
        /// The value that was given.
        value: String,
    },
}

/// The values of a switch that is on or off.
const OFF_ON: [&str; 2] = ["off", "on"];

const fn off_on(on: bool) -> &'static str {
    OFF_ON[on as usize]
}

fn is_on(value: &str) -> Option<bool> {
    OFF_ON.iter().position(|known| *known == value).map(|position| position == 1)
}

fn names() -> String {
    Switch::ALL.iter().map(|switch| switch.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_switch_can_be_set_and_changes_no_other() {
        for switch in Switch::ALL {
            for value in switch.values {
                for base in [Switches::all(), Switches::none()] {
                    let mut switches = base;
                    switches.set(switch.name, value).unwrap();
                    assert_eq!(switches.get(switch.name), Some(*value));
                    for other in Switch::ALL.iter().filter(|other| other.name != switch.name) {
                        assert_eq!(other.value(&switches), other.value(&base), "{} set {}", switch.name, other.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_engine_has_the_first_value_of_each_and_the_default_has_all() {
        for switch in Switch::ALL {
            assert_eq!(switch.value(&Switches::none()), switch.values[0]);
            assert_eq!(switch.value(&Switches::all()), switch.default_value());
        }
    }

    #[test]
    fn what_does_not_exist_is_an_error_that_names_what_does() {
        let mut switches = Switches::default();
        let unknown = switches.set("zero-coffee", "on").unwrap_err().to_string();
        assert!(Switch::ALL.iter().all(|switch| unknown.contains(switch.name)), "{unknown}");
        let unknown = switches.set("buffer-pool", "on").unwrap_err().to_string();
        assert_eq!(unknown, "\"on\" is not a value of buffer-pool: it can be off, shared, thread-local");
        assert_eq!(switches.get("zero-coffee"), None);
        assert_eq!(switches, Switches::default());
    }
}
