use crate::error::Error;

/// The length of every tag the suites use, bytes: AES-GCM and ChaCha20-Poly1305 (RFC 5116), and AEGIS with the short
/// tag of draft-denis-tls-aegis.
pub const TAG_LEN: usize = 16;
/// The longest key, bytes.
pub const KEY_MAX: usize = 32;
/// The longest nonce, bytes: that of AEGIS-256.
pub const NONCE_MAX: usize = 32;

/// An AEAD algorithm.
pub trait Aead: Send + Sync {
    /// The length of a key, bytes: at most [`KEY_MAX`].
    fn key_len(&self) -> usize;

    /// The length of a nonce, bytes: at most [`NONCE_MAX`].
    fn nonce_len(&self) -> usize;

    /// How many full-size records one key may seal before it must be replaced.
    fn records_per_key(&self) -> u64;

    /// The implementation that runs on this CPU, such as its instruction sets. For display.
    fn implementation(&self) -> String;

    /// What makes it much slower in this build than it could be on this CPU, if anything does. For display.
    fn defect(&self) -> Option<Defect> {
        None
    }

    /// Expands `key`, whose length is [`Aead::key_len`].
    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, Error>;
}

/// Why a build is much slower than it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The problem.
    pub problem: &'static str,
    /// The remedy.
    pub remedy: &'static str,
}

/// How many bytes of plaintext an operation has copied in addition to encrypting or decrypting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Copied(pub usize);

/// An expanded key. `nonce` has the length of the algorithm, and the caller never repeats one.
///
/// A wrong length is [`Error::Crypto`]. A tag that does not verify, or a text too short for one, is [`Error::BadRecordMac`]; the
/// output must not be used then.
pub trait AeadKey: Send + Sync {
    /// Encrypts `text` in place and writes the tag to `tag`.
    fn seal_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8], tag: &mut [u8; TAG_LEN]) -> Result<(), Error>;

    /// Encrypts `plaintext` followed by `trailer` into `output`, which is longer than both by [`TAG_LEN`] and ends with
    /// the tag. Returns how many bytes of `plaintext` were copied: 0 where the primitive reads it where it is.
    fn seal_into(
        &self,
        nonce: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        trailer: &[u8],
        output: &mut [u8],
    ) -> Result<Copied, Error>;

    /// Decrypts `text`, ciphertext followed by its tag, in place: on success all but the last [`TAG_LEN`] bytes are
    /// plaintext.
    fn open_in_place(&self, nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Result<(), Error>;

    /// Decrypts `text`, ciphertext followed by its tag, into `output`, which is shorter by [`TAG_LEN`].
    fn open_into(&self, nonce: &[u8], aad: &[u8], text: &[u8], output: &mut [u8]) -> Result<Copied, Error>;
}
