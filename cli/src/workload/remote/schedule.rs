use std::time::{Duration, Instant};

/// When connections begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// As soon as another one has ended (closed loop). Their number grows to its full one in the time `ramp_up`.
    Closed {
        /// How long it grows.
        ramp_up: Duration,
    },
    /// So many per second, whether others have ended or not (open loop).
    Open {
        /// Connections per second.
        per_s: f64,
    },
}

/// When the connections of one loop begin. It knows no clock: it is told the time.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    load: Load,
    /// The most connections at once.
    connections: usize,
    began: Instant,
    begun: u64,
}

/// What a schedule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A connection has been due since this time.
    Since(Instant),
    /// The next one is due at this time.
    At(Instant),
    /// The next one has to wait until another has ended.
    WhenOneEnds,
}

impl Schedule {
    pub(super) const fn new(load: Load, connections: usize, began: Instant) -> Self {
        Self { load, connections, began, begun: 0 }
    }

    /// What is due `now`, while there are `open` connections.
    pub(super) fn due(&self, open: usize, now: Instant) -> Due {
        match self.load {
            _ if open >= self.connections => Due::WhenOneEnds,
            Load::Closed { ramp_up } => {
                // The first at once, the last after the whole time.
                let share = open as f64 / self.connections.saturating_sub(1).max(1) as f64;
                let at = self.began + ramp_up.mul_f64(share.min(1.0));
                if at <= now { Due::Since(now) } else { Due::At(at) }
            }
            Load::Open { per_s } => {
                let at = self.began + Duration::from_secs_f64(self.begun as f64 / per_s);
                if at <= now { Due::Since(at) } else { Due::At(at) }
            }
        }
    }

    /// One has begun.
    pub(super) const fn begin(&mut self) {
        self.begun += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// What a server does with connections: answers each after this time, but none while it stalls.
    fn drive(load: Load, connections: usize, stall: std::ops::Range<u32>, until_ms: u32) -> Vec<(u32, u32, u32)> {
        let began = Instant::now();
        let mut schedule = Schedule::new(load, connections, began);
        let (mut open, mut ended) = (Vec::<(Instant, u32)>::new(), Vec::new());
        // A clock of a millisecond's steps, which no machine makes late.
        for at_ms in 0..until_ms {
            let now = began + MS * at_ms;
            if !stall.contains(&at_ms) {
                for (due, begun_ms) in open.drain(..) {
                    ended.push(((due - began).as_millis() as u32, begun_ms, at_ms));
                }
            }
            while let Due::Since(due) = schedule.due(open.len(), now) {
                schedule.begin();
                open.push((due, at_ms));
            }
        }
        ended
    }

    #[test]
    fn a_rate_is_kept_however_long_connections_take() {
        let ended = drive(Load::Open { per_s: 100.0 }, 1000, 0..0, 1001);
        assert_eq!(
            ended.iter().map(|(due, ..)| *due).collect::<Vec<_>>(),
            (0..100).map(|n| n * 10).collect::<Vec<_>>()
        );
        assert!(ended.iter().all(|(due, begun, end)| begun == due && *end == due + 1), "{ended:?}");
    }

    #[test]
    fn what_a_stall_keeps_waiting_is_due_when_it_was_due() {
        // Four at once are all that there may be, and a stall of a second keeps those: 96 others wait for them.
        let ended = drive(Load::Open { per_s: 100.0 }, 4, 1000..2000, 4000);
        let corrected = |from: u32| ended.iter().filter(|(due, _, end)| end - due >= from).count();
        let uncorrected = |from: u32| ended.iter().filter(|(_, begun, end)| end - begun >= from).count();
        assert_eq!(uncorrected(500), 4, "only those that had begun show it");
        assert!(corrected(500) >= 50, "the schedule shows what each had to wait: {}", corrected(500));
        assert_eq!(
            ended.iter().map(|(due, ..)| *due).collect::<Vec<_>>(),
            (0..400).map(|n| n * 10).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_closed_loop_has_all_connections_after_its_ramp() {
        let began = Instant::now();
        let schedule = Schedule::new(Load::Closed { ramp_up: 90 * MS }, 10, began);
        assert_eq!(schedule.due(0, began), Due::Since(began));
        assert_eq!(schedule.due(1, began), Due::At(began + 10 * MS));
        assert_eq!(schedule.due(9, began + 89 * MS), Due::At(began + 90 * MS));
        assert_eq!(schedule.due(9, began + 90 * MS), Due::Since(began + 90 * MS));
        assert_eq!(schedule.due(10, began + 90 * MS), Due::WhenOneEnds);
        let at_once = Schedule::new(Load::Closed { ramp_up: Duration::ZERO }, 3, began);
        assert_eq!(at_once.due(2, began), Due::Since(began));
    }
}
