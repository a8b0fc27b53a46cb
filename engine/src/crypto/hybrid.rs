//! Hybrids of two groups, whose secret is safe as long as one of both is (draft-ietf-tls-ecdhe-mlkem).

use arrayvec::ArrayVec;

use super::{Completed, Exchange, Group, GroupLengths, Origin, Random};
use crate::codes::NamedGroup;
use crate::error::Error;
use crate::mem::SharedSecret;

/// A group made of two others. Shares, secrets and private keys are those of both, one behind the other.
///
/// Besides what its parts ask of the heap, it asks for one buffer: the share of both, which stands in the exchange where it is
/// started, and behind the first part's share where it is answered.
pub(super) struct Hybrid {
    pub(super) name: NamedGroup,
    /// The part whose share comes first, which is ML-KEM in X25519MLKEM768, and the curve in the others
    /// (draft-ietf-tls-ecdhe-mlkem 4.1).
    pub(super) first: &'static dyn Group,
    pub(super) second: &'static dyn Group,
}

const REFUSED: Error = Error::IllegalParameter("key share");
/// The longest share of an end that starts, bytes: that of SecP384r1MLKEM1024.
const SHARE_MAX: usize = 97 + 1568;

impl Group for Hybrid {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn lengths(&self) -> GroupLengths {
        let [first, second] = [self.first, self.second].map(|part| part.lengths());
        GroupLengths {
            private: first.private + second.private,
            start: first.start + second.start,
            answer: first.answer + second.answer,
        }
    }

    fn has_part(&self, group: NamedGroup) -> bool {
        [self.first, self.second].iter().any(|part| part.name() == group)
    }

    fn origin(&self) -> Origin {
        let [first, second] = [self.first, self.second].map(|part| part.origin());
        let both = format!("{}; {}", first.implementation, second.implementation);
        let is_one = first.implementation == second.implementation;
        Origin { source: first.source, implementation: if is_one { first.implementation } else { both } }
    }

    fn start(&self, random: &dyn Random) -> Result<Box<dyn Exchange>, Error> {
        self.exchange(self.first.start(random)?, self.second.start(random)?)
    }

    fn start_and_complete(&self, peer: &[u8], random: &dyn Random) -> Result<Completed, Error> {
        let (first, second) = split(peer, [self.first, self.second].map(|part| part.lengths().start)).ok_or(REFUSED)?;
        let Completed { mut share, secret } = self.first.start_and_complete(first, random)?;
        let second = self.second.start_and_complete(second, random)?;
        share.reserve_exact(second.share.len());
        share.extend_from_slice(&second.share);
        Ok(Completed { share, secret: joined(&secret, &second.secret) })
    }

    fn from_private(&self, private: &[u8]) -> Result<Box<dyn Exchange>, Error> {
        let lengths = [self.first, self.second].map(|part| part.lengths().private);
        let (first, second) = split(private, lengths).ok_or(Error::Crypto("no private key of this group"))?;
        self.exchange(self.first.from_private(first)?, self.second.from_private(second)?)
    }
}

impl Hybrid {
    fn exchange(&self, first: Box<dyn Exchange>, second: Box<dyn Exchange>) -> Result<Box<dyn Exchange>, Error> {
        let mut share = ArrayVec::new();
        for part in [&first, &second] {
            share.try_extend_from_slice(part.share()).map_err(|_| Error::Internal("a share beyond the longest"))?;
        }
        Ok(Box::new(HybridExchange { first, second, groups: [self.first, self.second], share }))
    }
}

struct HybridExchange {
    first: Box<dyn Exchange>,
    second: Box<dyn Exchange>,
    /// Those of the parts.
    groups: [&'static dyn Group; 2],
    share: ArrayVec<u8, SHARE_MAX>,
}

impl Exchange for HybridExchange {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn part(&self, group: NamedGroup) -> Option<&[u8]> {
        match self.groups.iter().position(|part| part.name() == group)? {
            0 => Some(self.first.share()),
            _ => Some(self.second.share()),
        }
    }

    fn into_part(self: Box<Self>, group: NamedGroup) -> Option<Box<dyn Exchange>> {
        match self.groups.iter().position(|part| part.name() == group)? {
            0 => Some(self.first),
            _ => Some(self.second),
        }
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let Self { first, second, groups, .. } = *self;
        let (first_peer, second_peer) = split(peer, groups.map(|part| part.lengths().answer)).ok_or(REFUSED)?;
        Ok(joined(&first.complete(first_peer)?, &second.complete(second_peer)?))
    }
}

/// The two parts of `bytes`, if they have these lengths.
fn split(bytes: &[u8], [first, second]: [usize; 2]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(first).filter(|(_, rest)| rest.len() == second)
}

fn joined(first: &SharedSecret, second: &SharedSecret) -> SharedSecret {
    let [first, second] = [first, second].map(SharedSecret::as_bytes);
    let mut secret = SharedSecret::zeroed(first.len() + second.len());
    let (head, tail) = secret.as_mut_bytes().split_at_mut(first.len());
    head.copy_from_slice(first);
    tail.copy_from_slice(second);
    secret
}
