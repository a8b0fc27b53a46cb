//! The key schedule of RFC 8446 7.1: one type per stage, one function per arrow.

use core::fmt;

use super::{PskOrigin, empty_digest};
use crate::crypto::{Aead, Expansion, Hash, KEY_MAX, NONCE_MAX};
use crate::mem::{Digest, SECRET_MAX, Secret, SecretBytes, SharedSecret};

/// HkdfLabel (RFC 8446 7.1), in parts.
struct HkdfLabel<'a> {
    length: [u8; 2],
    label_len: [u8; 1],
    label: &'a [u8],
    context_len: [u8; 1],
    context: &'a [u8],
}

impl<'a> HkdfLabel<'a> {
    const PREFIX: &'static [u8] = b"tls13 ";

    /// For an output of so many bytes. Nothing is ever truncated: labels and contexts are the engine's own, and short.
    const fn new(label: &'a [u8], context: &'a [u8], output_len: usize) -> Self {
        Self {
            length: (output_len as u16).to_be_bytes(),
            label_len: [(Self::PREFIX.len() + label.len()) as u8],
            label,
            context_len: [context.len() as u8],
            context,
        }
    }

    fn parts(&self) -> [&[u8]; 6] {
        [&self.length, &self.label_len, Self::PREFIX, self.label, &self.context_len, self.context]
    }
}

/// HKDF-Expand-Label (RFC 8446 7.1), which fills `output`.
pub fn hkdf_expand_label(hash: &dyn Hash, secret: &[u8], label: &[u8], context: &[u8], output: &mut [u8]) {
    let label = HkdfLabel::new(label, context, output.len());
    hash.hkdf_expand(secret, &label.parts(), output);
}

/// Derive-Secret (RFC 8446 7.1), given the hash of the messages.
fn derive_secret(hash: &'static dyn Hash, secret: &Secret, label: &[u8], messages: &[u8]) -> Secret {
    let mut derived = Secret::zeroed(hash.output_len());
    hkdf_expand_label(hash, secret.as_bytes(), label, messages, derived.as_mut_bytes());
    derived
}

/// The step from one stage to the next: Extract with the secret "derived" as salt.
fn next_stage(hash: &'static dyn Hash, secret: &Secret, input: &[u8]) -> Secret {
    let salt = derive_secret(hash, secret, b"derived", empty_digest::of(hash).as_bytes());
    hash.hkdf_extract(salt.as_bytes(), input)
}

/// The first stage.
#[derive(Clone)]
pub struct EarlySecret {
    hash: &'static dyn Hash,
    secret: Secret,
}

impl EarlySecret {
    /// Extract(0, PSK), where no PSK is a string of zeros.
    pub fn new(hash: &'static dyn Hash, psk: Option<&Secret>) -> Self {
        let zeros = [0; SECRET_MAX];
        let zeros = &zeros[..hash.output_len()];
        Self { hash, secret: hash.hkdf_extract(zeros, psk.map_or(zeros, Secret::as_bytes)) }
    }

    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The binder of a PSK, over the messages up to it (RFC 8446 4.2.11.2).
    pub fn binder(&self, origin: PskOrigin, messages: &Digest) -> Digest {
        let empty = empty_digest::of(self.hash);
        let binder_key = derive_secret(self.hash, &self.secret, origin.binder_label(), empty.as_bytes());
        let finished_key = derive_finished_key(self.hash, &binder_key);
        self.hash.hmac(finished_key.as_bytes(), &[messages.as_bytes()])
    }

    /// `client_early_traffic_secret`, over the ClientHello.
    pub fn client_traffic(&self, hello: &Digest) -> TrafficSecret {
        TrafficSecret::new(self.hash, derive_secret(self.hash, &self.secret, b"c e traffic", hello.as_bytes()))
    }

    /// Extract(Derive-Secret("derived"), (EC)DHE).
    pub fn into_handshake(self, shared: &SharedSecret) -> HandshakeSecret {
        HandshakeSecret { hash: self.hash, secret: next_stage(self.hash, &self.secret, shared.as_bytes()) }
    }
}

/// The second stage.
pub struct HandshakeSecret {
    hash: &'static dyn Hash,
    secret: Secret,
}

impl HandshakeSecret {
    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// `client_handshake_traffic_secret`, over ClientHello...ServerHello.
    pub fn client_traffic(&self, messages: &Digest) -> TrafficSecret {
        TrafficSecret::new(self.hash, derive_secret(self.hash, &self.secret, b"c hs traffic", messages.as_bytes()))
    }

    /// `server_handshake_traffic_secret`, over ClientHello...ServerHello.
    pub fn server_traffic(&self, messages: &Digest) -> TrafficSecret {
        TrafficSecret::new(self.hash, derive_secret(self.hash, &self.secret, b"s hs traffic", messages.as_bytes()))
    }

    /// Extract(Derive-Secret("derived"), 0).
    pub fn into_master(self) -> MasterSecret {
        let zeros = [0; SECRET_MAX];
        let secret = next_stage(self.hash, &self.secret, &zeros[..self.hash.output_len()]);
        MasterSecret { hash: self.hash, secret }
    }
}

/// The last stage.
pub struct MasterSecret {
    hash: &'static dyn Hash,
    secret: Secret,
}

impl MasterSecret {
    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// `client_application_traffic_secret_0`, over ClientHello...server Finished.
    pub fn client_traffic(&self, messages: &Digest) -> TrafficSecret {
        TrafficSecret::new(self.hash, derive_secret(self.hash, &self.secret, b"c ap traffic", messages.as_bytes()))
    }

    /// `server_application_traffic_secret_0`, over ClientHello...server Finished.
    pub fn server_traffic(&self, messages: &Digest) -> TrafficSecret {
        TrafficSecret::new(self.hash, derive_secret(self.hash, &self.secret, b"s ap traffic", messages.as_bytes()))
    }

    /// `exporter_master_secret`, over ClientHello...server Finished.
    pub fn exporter(&self, messages: &Digest) -> Secret {
        derive_secret(self.hash, &self.secret, b"exp master", messages.as_bytes())
    }

    /// `resumption_master_secret`, over ClientHello...client Finished.
    pub fn resumption(&self, messages: &Digest) -> Secret {
        derive_secret(self.hash, &self.secret, b"res master", messages.as_bytes())
    }
}

/// The PSK of a ticket (RFC 8446 4.6.1).
pub fn resumption_psk(hash: &dyn Hash, resumption_master_secret: &Secret, ticket_nonce: &[u8]) -> Secret {
    let mut psk = Secret::zeroed(hash.output_len());
    hkdf_expand_label(hash, resumption_master_secret.as_bytes(), b"resumption", ticket_nonce, psk.as_mut_bytes());
    psk
}

/// A traffic secret of one side, until its next key update.
#[derive(Clone)]
pub struct TrafficSecret {
    hash: &'static dyn Hash,
    secret: Secret,
}

impl TrafficSecret {
    /// A traffic secret of the given bytes.
    pub const fn new(hash: &'static dyn Hash, secret: Secret) -> Self {
        Self { hash, secret }
    }

    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Key and IV (RFC 8446 7.3).
    pub fn keys(&self, aead: &'static dyn Aead) -> TrafficKeys {
        let mut keys =
            TrafficKeys { aead, key: SecretBytes::zeroed(aead.key_len()), iv: SecretBytes::zeroed(aead.nonce_len()) };
        let labels = [HkdfLabel::new(b"key", &[], aead.key_len()), HkdfLabel::new(b"iv", &[], aead.nonce_len())];
        let [key, iv] = labels.each_ref().map(HkdfLabel::parts);
        let mut expansions = [
            Expansion { info: &key, output: keys.key.as_mut_bytes() },
            Expansion { info: &iv, output: keys.iv.as_mut_bytes() },
        ];
        self.hash.hkdf_expand_each(self.secret.as_bytes(), &mut expansions);
        keys
    }

    /// The MAC of this side's Finished over the transcript so far (RFC 8446 4.4.4).
    pub fn finished(&self, messages: &Digest) -> Digest {
        let finished_key = derive_finished_key(self.hash, &self.secret);
        self.hash.hmac(finished_key.as_bytes(), &[messages.as_bytes()])
    }

    /// `application_traffic_secret_N+1` (RFC 8446 7.2).
    pub fn next(&self) -> Self {
        let mut secret = Secret::zeroed(self.hash.output_len());
        hkdf_expand_label(self.hash, self.secret.as_bytes(), b"traffic upd", &[], secret.as_mut_bytes());
        Self { hash: self.hash, secret }
    }
}

fn derive_finished_key(hash: &dyn Hash, secret: &Secret) -> Secret {
    let mut key = Secret::zeroed(hash.output_len());
    hkdf_expand_label(hash, secret.as_bytes(), b"finished", &[], key.as_mut_bytes());
    key
}

/// The keys of one side, one generation after the other (RFC 8446 7.2).
#[derive(Clone)]
pub struct Ratchet {
    aead: &'static dyn Aead,
    secret: TrafficSecret,
}

impl Ratchet {
    /// A ratchet whose first generation is that of `secret`.
    pub const fn new(aead: &'static dyn Aead, secret: TrafficSecret) -> Self {
        Self { aead, secret }
    }

    /// The keys of this generation.
    pub fn keys(&self) -> TrafficKeys {
        self.secret.keys(self.aead)
    }

    /// Goes on to the next generation.
    pub fn advance(&mut self) {
        self.secret = self.secret.next();
    }
}

/// The key and IV of one side's records, and the AEAD that they are for.
pub struct TrafficKeys {
    aead: &'static dyn Aead,
    key: SecretBytes<KEY_MAX>,
    iv: SecretBytes<NONCE_MAX>,
}

impl TrafficKeys {
    /// The AEAD.
    pub const fn aead(&self) -> &'static dyn Aead {
        self.aead
    }

    /// The key of the AEAD.
    pub fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// The IV that sequence numbers are XORed with.
    pub fn iv(&self) -> &[u8] {
        self.iv.as_bytes()
    }
}

impl fmt::Debug for TrafficKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrafficKeys(..)")
    }
}
