//! The key schedule of RFC 8446 7.1: one type per stage, one function per arrow.

use core::fmt;

use super::{PskOrigin, known};
use crate::crypto::{Aead, Expansion, Hash, KEY_MAX, NONCE_MAX};
use crate::mem::{Digest, SECRET_MAX, Secret, SecretBytes, SharedSecret};

/// The longest label of an HkdfLabel, bytes without the prefix (RFC 8446 7.1).
pub(super) const LABEL_MAX: usize = u8::MAX as usize - HkdfLabel::PREFIX.len();

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

    /// For an output of so many bytes. Nothing is ever truncated: labels and contexts are the engine's own, and short, but for the
    /// label of an exporter, which is checked.
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
fn derive_secret(hash: &dyn Hash, secret: &Secret, label: &[u8], messages: &[u8]) -> Secret {
    let mut derived = Secret::zeroed(hash.output_len());
    derive_each(hash, secret, [(label, messages)], [derived.as_mut_bytes()]);
    derived
}

/// The same for several labels of one secret.
fn derive_each<const N: usize>(hash: &dyn Hash, secret: &Secret, labels: [(&[u8], &[u8]); N], outputs: [&mut [u8]; N]) {
    let labels = labels.map(|(label, messages)| HkdfLabel::new(label, messages, hash.output_len()));
    expand_each(hash, secret, &labels, outputs);
}

/// HKDF-Expand for several labels of one secret, whose HMAC key is set up once.
fn expand_each<const N: usize>(hash: &dyn Hash, secret: &Secret, labels: &[HkdfLabel<'_>; N], outputs: [&mut [u8]; N]) {
    let infos = labels.each_ref().map(HkdfLabel::parts);
    let mut infos = infos.iter();
    let mut expansions = outputs.map(|output| Expansion { info: infos.next().map_or(&[], |info| &info[..]), output });
    hash.hkdf_expand_each(secret.as_bytes(), &mut expansions);
}

/// Extract(0, PSK).
pub(super) fn extract_early(hash: &dyn Hash, psk: &Secret) -> Secret {
    hash.hkdf_extract(&[0; SECRET_MAX][..hash.output_len()], psk.as_bytes())
}

/// The first stage.
#[derive(Clone)]
pub struct EarlySecret {
    hash: &'static dyn Hash,
    secret: Secret,
    /// Derive-Secret("derived"), the salt of the next stage.
    salt: Secret,
}

impl EarlySecret {
    /// Extract(0, 0), without a PSK: known in advance.
    pub fn without_psk(hash: &'static dyn Hash) -> Self {
        let [secret, salt] = known::without_psk(hash).unwrap_or_else(|| {
            let secret = extract_early(hash, &Secret::zeroed(hash.output_len()));
            let salt = derive_secret(hash, &secret, b"derived", known::empty_digest(hash).as_bytes());
            [secret, salt]
        });
        Self { hash, secret, salt }
    }

    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// `client_early_traffic_secret`, over the ClientHello.
    pub fn client_traffic(&self, hello: &Digest) -> TrafficSecret {
        TrafficSecret::new(self.hash, derive_secret(self.hash, &self.secret, b"c e traffic", hello.as_bytes()))
    }

    /// Extract(Derive-Secret("derived"), (EC)DHE).
    pub fn into_handshake(self, shared: &SharedSecret) -> HandshakeSecret {
        HandshakeSecret { hash: self.hash, secret: self.hash.hkdf_extract(self.salt.as_bytes(), shared.as_bytes()) }
    }
}

/// The first stage with a PSK, and the key of the PSK's binder.
#[derive(Clone)]
pub struct PskSecret {
    early: EarlySecret,
    binder_key: FinishedKey,
}

impl PskSecret {
    /// Of a PSK that comes from there.
    pub fn new(hash: &'static dyn Hash, psk: &Secret, origin: PskOrigin) -> Self {
        let empty = known::empty_digest(hash);
        let zeroed = || Secret::zeroed(hash.output_len());
        let mut derived = Self {
            early: EarlySecret { hash, secret: extract_early(hash, psk), salt: zeroed() },
            binder_key: FinishedKey { hash, key: zeroed() },
        };
        let mut binder_key = zeroed();
        let labels = [(&b"derived"[..], empty.as_bytes()), (origin.binder_label(), empty.as_bytes())];
        let outputs = [derived.early.salt.as_mut_bytes(), binder_key.as_mut_bytes()];
        derive_each(hash, &derived.early.secret, labels, outputs);
        let label = [FinishedKey::label(hash.output_len())];
        expand_each(hash, &binder_key, &label, [derived.binder_key.key.as_mut_bytes()]);
        derived
    }

    /// The binder over the messages up to it (RFC 8446 4.2.11.2).
    pub fn binder(&self, messages: &Digest) -> Digest {
        self.binder_key.mac(messages)
    }

    /// The first stage.
    pub const fn early(&self) -> &EarlySecret {
        &self.early
    }
}

/// The second stage.
pub struct HandshakeSecret {
    hash: &'static dyn Hash,
    secret: Secret,
}

/// What comes from the second stage.
pub struct HandshakeSecrets {
    /// `client_handshake_traffic_secret`.
    pub client: TrafficSecret,
    /// `server_handshake_traffic_secret`.
    pub server: TrafficSecret,
    /// The last stage: Extract(Derive-Secret("derived"), 0).
    pub master: MasterSecret,
}

impl HandshakeSecret {
    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// All that comes from it, over ClientHello...ServerHello.
    pub fn derive(&self, messages: &Digest) -> HandshakeSecrets {
        let (hash, empty) = (self.hash, known::empty_digest(self.hash));
        let labels = [
            (&b"c hs traffic"[..], messages.as_bytes()),
            (b"s hs traffic", messages.as_bytes()),
            (b"derived", empty.as_bytes()),
        ];
        // Filled where they are returned: a secret that is moved leaves a copy behind.
        let mut secrets = HandshakeSecrets {
            client: TrafficSecret::zeroed(hash),
            server: TrafficSecret::zeroed(hash),
            master: MasterSecret { hash, secret: Secret::zeroed(hash.output_len()) },
        };
        let mut salt = Secret::zeroed(hash.output_len());
        let outputs = [&mut secrets.client.secret, &mut secrets.server.secret, &mut salt].map(Secret::as_mut_bytes);
        derive_each(hash, &self.secret, labels, outputs);
        let zeros = [0; SECRET_MAX];
        secrets.master.secret = hash.hkdf_extract(salt.as_bytes(), &zeros[..hash.output_len()]);
        secrets
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

    pub(super) const fn hash(&self) -> &'static dyn Hash {
        self.hash
    }

    /// `client_application_traffic_secret_0` and `server_application_traffic_secret_0`, over ClientHello...server Finished.
    pub fn traffic(&self, messages: &Digest) -> [TrafficSecret; 2] {
        let labels = [(&b"c ap traffic"[..], messages.as_bytes()), (b"s ap traffic", messages.as_bytes())];
        let mut secrets = [TrafficSecret::zeroed(self.hash), TrafficSecret::zeroed(self.hash)];
        let outputs = secrets.each_mut().map(|traffic| traffic.secret.as_mut_bytes());
        derive_each(self.hash, &self.secret, labels, outputs);
        secrets
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

    fn zeroed(hash: &'static dyn Hash) -> Self {
        Self { hash, secret: Secret::zeroed(hash.output_len()) }
    }

    /// The secret itself.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Key and IV (RFC 8446 7.3).
    pub fn keys(&self, aead: &'static dyn Aead) -> TrafficKeys {
        let mut keys = TrafficKeys::zeroed(aead);
        expand_each(self.hash, &self.secret, &TrafficKeys::labels(aead), keys.outputs());
        keys
    }

    /// The same of the handshake, with the key of Finished.
    pub fn handshake_keys(&self, aead: &'static dyn Aead) -> HandshakeKeys {
        let hash_len = self.hash.output_len();
        let mut keys = HandshakeKeys {
            records: TrafficKeys::zeroed(aead),
            finished: FinishedKey { hash: self.hash, key: Secret::zeroed(hash_len) },
        };
        let ([key, iv], [key_output, iv_output]) = (TrafficKeys::labels(aead), keys.records.outputs());
        let outputs = [key_output, iv_output, keys.finished.key.as_mut_bytes()];
        expand_each(self.hash, &self.secret, &[key, iv, FinishedKey::label(hash_len)], outputs);
        keys
    }

    /// `application_traffic_secret_N+1` (RFC 8446 7.2).
    pub fn next(&self) -> Self {
        let mut secret = Secret::zeroed(self.hash.output_len());
        hkdf_expand_label(self.hash, self.secret.as_bytes(), b"traffic upd", &[], secret.as_mut_bytes());
        Self { hash: self.hash, secret }
    }
}

/// What one side has while the handshake is under way.
pub struct HandshakeKeys {
    /// Of its records.
    pub records: TrafficKeys,
    /// Of its Finished.
    pub finished: FinishedKey,
}

/// The key of a Finished, or of a binder (RFC 8446 4.4.4).
#[derive(Clone)]
pub struct FinishedKey {
    hash: &'static dyn Hash,
    key: Secret,
}

impl FinishedKey {
    const fn label(hash_len: usize) -> HkdfLabel<'static> {
        HkdfLabel::new(b"finished", &[], hash_len)
    }

    /// The MAC over the transcript so far.
    pub fn mac(&self, messages: &Digest) -> Digest {
        self.hash.hmac(self.key.as_bytes(), &[messages.as_bytes()])
    }
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
#[derive(Clone)]
pub struct TrafficKeys {
    aead: &'static dyn Aead,
    key: SecretBytes<KEY_MAX>,
    iv: SecretBytes<NONCE_MAX>,
}

impl TrafficKeys {
    fn zeroed(aead: &'static dyn Aead) -> Self {
        Self { aead, key: SecretBytes::zeroed(aead.key_len()), iv: SecretBytes::zeroed(aead.nonce_len()) }
    }

    fn labels(aead: &dyn Aead) -> [HkdfLabel<'static>; 2] {
        [HkdfLabel::new(b"key", &[], aead.key_len()), HkdfLabel::new(b"iv", &[], aead.nonce_len())]
    }

    fn outputs(&mut self) -> [&mut [u8]; 2] {
        [self.key.as_mut_bytes(), self.iv.as_mut_bytes()]
    }

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
