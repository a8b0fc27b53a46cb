//! What a PSK adds to a trace: the early secret that comes from it, and the binder.

use tls_engine::internal::keys::{EarlySecret, PskOrigin, PskSecret};
use tls_engine::mem::Secret;

use crate::replay::{Point, Replay, key, values};
use crate::trace::{Role, Step, Values};

impl Replay {
    pub(crate) fn extract_early(&mut self, role: Role) -> Values {
        let hash = self.hash();
        let early = match &self.psk {
            Some(psk) => PskSecret::new(hash, psk, PskOrigin::Ticket).early().clone(),
            None => EarlySecret::without_psk(hash),
        };
        let secret = early.secret().as_bytes().to_vec();
        self.peer(role).early = Some(early);
        let ikm = self.psk.as_ref().map_or_else(|| vec![0; hash.output_len()], |psk| psk.as_bytes().to_vec());
        assert_eq!(hash.hkdf_extract(&[], &ikm).as_bytes(), secret);
        values([("salt", Vec::new()), ("ikm", ikm), ("secret", secret)])
    }

    /// The binder over the ClientHello up to the binders (RFC 8446 4.2.11.2), by the engine's function and by its labels. The client
    /// completes the ClientHello with it.
    pub(crate) fn binder(&mut self, step: &Step) -> Values {
        let hash = self.hash();
        let prefix = match self.computed.get(&key(step, step.role.peer())) {
            Some(computed) => computed["prefix"].clone(),
            None => self.early_messages.concat(),
        };
        let digest = hash.digest(&[&prefix]);
        let secret = PskSecret::new(hash, self.psk.as_ref().expect("a PSK"), PskOrigin::Ticket);
        let binder = secret.binder(&digest).as_bytes().to_vec();
        let early = self.peer_ref(step.role).early();
        let binder_key = self.expand(early.secret(), b"res binder", hash.digest(&[]).as_bytes());
        let mut computed = self.expand(&Secret::copy_of(&binder_key["expanded"]), b"finished", &[]);
        assert_eq!(hash.hmac(&computed["expanded"], &[digest.as_bytes()]).as_bytes(), binder);
        if step.role == Role::Client {
            // The lengths of the list and of its one entry.
            let len = u8::try_from(binder.len()).expect("a hash");
            let binders = [&[0, len + 1, len], &binder[..]].concat();
            self.early_messages.push(binders.clone());
            self.client.unsent.extend_from_slice(&binders);
            self.points.insert(Point::ClientHello, hash.digest(&[&prefix, &binders]));
        }
        computed.extend(values([
            ("prefix", prefix),
            ("binder-hash", digest.as_bytes().to_vec()),
            ("finished", binder),
        ]));
        computed
    }
}
