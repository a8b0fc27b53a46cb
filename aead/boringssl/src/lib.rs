//! The AEADs of BoringSSL that TLS 1.3 uses. The safe interface of `boring` works in place only; this one reads from one place and
//! writes to another, too.

use core::ptr::NonNull;

use boring_sys as ffi;

/// The length of every tag, bytes.
pub const TAG_LEN: usize = 16;
/// The length of every nonce, bytes.
pub const NONCE_LEN: usize = 12;

/// An algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

impl Algorithm {
    /// The length of a key, bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    fn as_ptr(self) -> *const ffi::EVP_AEAD {
        // SAFETY: these return pointers to constants, and have no conditions.
        unsafe {
            match self {
                Self::Aes128Gcm => ffi::EVP_aead_aes_128_gcm(),
                Self::Aes256Gcm => ffi::EVP_aead_aes_256_gcm(),
                Self::ChaCha20Poly1305 => ffi::EVP_aead_chacha20_poly1305(),
            }
        }
    }
}

/// BoringSSL refused: a length is wrong, a tag does not verify, or memory ran out. Outputs must not be used then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// An expanded key, which is wiped when it is dropped.
pub struct Key(NonNull<ffi::EVP_AEAD_CTX>);

// SAFETY: the context belongs to this value alone, and BoringSSL ties it to no thread.
unsafe impl Send for Key {}
// SAFETY: `aead.h` allows concurrent calls of sealing and opening on one context; these algorithms keep no state between calls.
unsafe impl Sync for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it came from EVP_AEAD_CTX_new, and nobody uses it any more. Freeing wipes it: OPENSSL_free wipes all that it frees.
        unsafe { ffi::EVP_AEAD_CTX_free(self.0.as_ptr()) }
    }
}

impl Key {
    /// Expands `key`, whose length is [`Algorithm::key_len`].
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, Refused> {
        ffi::init();
        // SAFETY: the key is `key.len()` bytes, which BoringSSL checks against the algorithm.
        let context = unsafe { ffi::EVP_AEAD_CTX_new(algorithm.as_ptr(), key.as_ptr(), key.len(), TAG_LEN) };
        NonNull::new(context).map(Self).ok_or_else(refused)
    }

    /// Encrypts `plaintext` to `text`, which is as long, and `trailer` to `trailer_and_tag`, which is longer than it by
    /// [`TAG_LEN`] and ends with the tag.
    pub fn seal_scatter(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        plaintext: &[u8],
        text: &mut [u8],
        trailer: &[u8],
        trailer_and_tag: &mut [u8],
    ) -> Result<(), Refused> {
        if text.len() != plaintext.len() || trailer_and_tag.len() != trailer.len() + TAG_LEN {
            return Err(Refused);
        }
        let work = Work { input: plaintext.as_ptr(), output: text.as_mut_ptr(), len: text.len() };
        // SAFETY: input and output are slices of that length, and do not overlap.
        unsafe { self.seal(nonce, aad, work, trailer, trailer_and_tag) }
    }

    /// Encrypts `text` in place and writes the tag.
    pub fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8; TAG_LEN],
    ) -> Result<(), Refused> {
        // SAFETY: input and output are the same slice.
        unsafe { self.seal(nonce, aad, Work::in_place(text), &[], tag) }
    }

    /// Decrypts `text` to `output`, which is as long.
    pub fn open_gather(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &[u8],
        tag: &[u8; TAG_LEN],
        output: &mut [u8],
    ) -> Result<(), Refused> {
        if output.len() != text.len() {
            return Err(Refused);
        }
        let work = Work { input: text.as_ptr(), output: output.as_mut_ptr(), len: output.len() };
        // SAFETY: input and output are slices of that length, and do not overlap.
        unsafe { self.open(nonce, aad, work, tag) }
    }

    /// Decrypts `text` in place.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Refused> {
        // SAFETY: input and output are the same slice.
        unsafe { self.open(nonce, aad, Work::in_place(text), tag) }
    }

    /// # Safety
    ///
    /// For the length of `work`, its input can be read and its output written, by nobody else during the call. They are the same
    /// memory, or do not overlap.
    #[inline]
    unsafe fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        work: Work,
        trailer: &[u8],
        trailer_and_tag: &mut [u8],
    ) -> Result<(), Refused> {
        let mut written = 0;
        // SAFETY: what `work` points to is as the caller says; every other pointer comes with the length of its slice, and the only
        // mutable one overlaps nothing.
        let sealed = unsafe {
            ffi::EVP_AEAD_CTX_seal_scatter(
                self.0.as_ptr(),
                work.output,
                trailer_and_tag.as_mut_ptr(),
                &mut written,
                trailer_and_tag.len(),
                nonce.as_ptr(),
                nonce.len(),
                work.input,
                work.len,
                trailer.as_ptr(),
                trailer.len(),
                aad.as_ptr(),
                aad.len(),
            )
        };
        if sealed == 1 && written == trailer_and_tag.len() { Ok(()) } else { Err(refused()) }
    }

    /// # Safety
    ///
    /// As for [`Key::seal`].
    #[inline]
    unsafe fn open(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], work: Work, tag: &[u8; TAG_LEN]) -> Result<(), Refused> {
        // SAFETY: what `work` points to is as the caller says; every other pointer comes with the length of its slice, and is only
        // read from.
        let opened = unsafe {
            ffi::EVP_AEAD_CTX_open_gather(
                self.0.as_ptr(),
                work.output,
                nonce.as_ptr(),
                nonce.len(),
                work.input,
                work.len,
                tag.as_ptr(),
                tag.len(),
                aad.as_ptr(),
                aad.len(),
            )
        };
        if opened == 1 { Ok(()) } else { Err(refused()) }
    }
}

/// What is read from and written to. Not slices, because in place both are the same memory.
#[derive(Clone, Copy)]
struct Work {
    input: *const u8,
    output: *mut u8,
    len: usize,
}

impl Work {
    fn in_place(text: &mut [u8]) -> Self {
        let output = text.as_mut_ptr();
        Self { input: output.cast_const(), output, len: text.len() }
    }
}

/// Empties the list of errors, which BoringSSL keeps for each thread, because the peer decides how many there are.
#[cold]
fn refused() -> Refused {
    // SAFETY: it has no conditions.
    unsafe { ffi::ERR_clear_error() };
    Refused
}
