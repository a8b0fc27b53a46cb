//! The key shares of a ClientHello.

use arrayvec::ArrayVec;

use crate::codes::NamedGroup;
use crate::crypto::{Exchange, Group};
use crate::error::Error;
use crate::handshake::ClientConfig;
use crate::limits::KEY_SHARES_MAX;
use crate::msgs::KeyShareEntry;

/// The exchanges that a client has started, and which shares of theirs it sends.
#[derive(Default)]
pub(super) struct Shares {
    /// In the order of the hello.
    groups: ArrayVec<NamedGroup, KEY_SHARES_MAX>,
    exchanges: ArrayVec<(NamedGroup, Box<dyn Exchange>), KEY_SHARES_MAX>,
}

impl Shares {
    /// Starts exchanges for `groups`. What is a part of a hybrid among them is started once, with that: RFC 8446 4.2.8 wants each share
    /// independent of the others, and draft-ietf-tls-hybrid-design 3.2 excepts these.
    pub(super) fn start(groups: &[&'static dyn Group], config: &ClientConfig) -> Result<Self, Error> {
        let is_part = |name| config.common.switches.hybrid_share && groups.iter().any(|group| group.has_part(name));
        let mut shares = Self::default();
        for group in groups {
            let name = group.name();
            shares.groups.push(name);
            if !is_part(name) {
                shares.exchanges.push((name, group.start(config.common.random)?));
            }
        }
        Ok(shares)
    }

    /// What to send.
    pub(super) fn entries(&self) -> ArrayVec<KeyShareEntry<'_>, KEY_SHARES_MAX> {
        let own = |group| self.exchanges.iter().find(|(own, _)| *own == group).map(|(_, exchange)| exchange.share());
        let part = |group| self.exchanges.iter().find_map(|(_, exchange)| exchange.part(group));
        let entry = |group| own(group).or_else(|| part(group)).map(|key| KeyShareEntry { group, key });
        self.groups.iter().filter_map(|group| entry(*group)).collect()
    }

    /// Whether there is one for `group`.
    pub(super) fn has(&self, group: NamedGroup) -> bool {
        self.groups.contains(&group)
    }

    /// The exchange for `group`. The others end.
    pub(super) fn take(&mut self, group: NamedGroup) -> Option<Box<dyn Exchange>> {
        let mut exchanges = std::mem::take(self).exchanges;
        match exchanges.iter().position(|(own, _)| *own == group) {
            Some(place) => Some(exchanges.swap_remove(place).1),
            None => exchanges.into_iter().find_map(|(_, exchange)| exchange.into_part(group)),
        }
    }
}
