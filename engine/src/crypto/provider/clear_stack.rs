//! What is computed in Rust leaves secrets on the stack, where values were moved from. An expanded key or a hash that is moved to
//! the heap takes them along in its gaps.

/// More than an operation takes, unless it says otherwise.
const BYTES: usize = 1 << 13;

/// Does `work` on a part of the stack that holds nothing before it, and nothing after it.
pub(super) fn on_clear_stack<T>(work: impl FnOnce() -> T) -> T {
    on_clear_stack_of::<BYTES, T>(work)
}

/// The same for work that takes up to `BYTES` of the stack.
pub(super) fn on_clear_stack_of<const BYTES: usize, T>(work: impl FnOnce() -> T) -> T {
    clear::<BYTES>();
    let result = called(work);
    clear::<BYTES>();
    result
}

#[inline(never)]
fn clear<const BYTES: usize>() {
    let mut bytes = [0u8; BYTES];
    // By reference, as a copy may be left out, and mutable, as a constant would not be on the stack.
    std::hint::black_box(&mut bytes);
}

/// Not inlined, so that `work` begins where [`clear`] did.
#[inline(never)]
fn called<T>(work: impl FnOnce() -> T) -> T {
    work()
}
