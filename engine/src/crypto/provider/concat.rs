//! Puts a plaintext and its trailer into one piece, for primitives that take no other input.

/// Copies `plaintext` and `trailer` to `text`, which is as long as both.
#[inline]
pub(super) fn concat(plaintext: &[u8], trailer: &[u8], text: &mut [u8]) {
    let (head, tail) = text.split_at_mut(plaintext.len());
    head.copy_from_slice(plaintext);
    match (trailer, tail) {
        // A record without padding has its content type alone here, for which a call to copy costs more than sealing
        // one block does.
        ([content_type], [last]) => *last = *content_type,
        (trailer, tail) => tail.copy_from_slice(trailer),
    }
}
