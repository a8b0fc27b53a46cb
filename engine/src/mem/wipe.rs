use zeroize::optimization_barrier;

/// Fills bytes, or words, with zeros, also where nobody reads them any more. All at once: one volatile write for each takes many times as
/// long.
#[inline]
pub(crate) fn wipe<T: Copy + Default>(values: &mut [T]) {
    values.fill(T::default());
    optimization_barrier(values);
}
