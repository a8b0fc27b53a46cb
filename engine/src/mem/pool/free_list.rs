use super::PoolOptions;

/// Idle buffers, wiped and all of the same size. The one that was returned last is leased first, as it is most likely in a cache.
#[derive(Debug)]
pub(super) struct FreeList {
    buffers: Vec<Vec<u8>>,
    options: PoolOptions,
    /// The fewest there were in this period: so many were not needed.
    idle: usize,
    /// How many of the next returned buffers are not kept.
    surplus: usize,
    returns: u32,
}

impl FreeList {
    /// How many returns make a period, after which what was not needed is halved.
    const PERIOD: u32 = 256;

    pub(super) const fn new(options: PoolOptions) -> Self {
        Self { buffers: Vec::new(), options, idle: 0, surplus: 0, returns: 0 }
    }

    #[inline]
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let buffer = self.buffers.pop();
        self.idle = self.idle.min(self.buffers.len());
        buffer
    }

    /// Keeps `buffer`, or returns it to be freed, outside of locks.
    #[inline]
    pub(super) fn put(&mut self, buffer: Vec<u8>) -> Option<Vec<u8>> {
        self.returns += 1;
        if self.returns == Self::PERIOD {
            self.begin_period();
        }
        if self.surplus > 0 || self.buffers.len() >= self.options.free_max || buffer.len() != self.options.buffer_bytes
        {
            self.surplus = self.surplus.saturating_sub(1);
            return Some(buffer);
        }
        self.buffers.push(buffer);
        None
    }

    pub(super) const fn held_bytes(&self) -> u64 {
        (self.buffers.len() * self.options.buffer_bytes) as u64
    }

    /// Removes all buffers, to be freed.
    pub(super) fn clear(&mut self) -> Vec<Vec<u8>> {
        (self.idle, self.surplus) = (0, 0);
        core::mem::take(&mut self.buffers)
    }

    fn begin_period(&mut self) {
        self.surplus = self.idle.div_ceil(2);
        self.idle = self.buffers.len();
        self.returns = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: PoolOptions = PoolOptions { buffer_bytes: 8, free_max: 100 };

    fn list_of(count: usize) -> FreeList {
        let mut list = FreeList::new(OPTIONS);
        for _ in 0..count {
            assert_eq!(list.put(vec![0; 8]), None);
        }
        list
    }

    #[test]
    fn what_lies_idle_is_let_go_by_and_by_and_what_is_used_is_kept() {
        let mut list = list_of(50);
        let mut heap_calls_in_last_round = 0;
        for _ in 0..20 {
            heap_calls_in_last_round = 0;
            for _ in 0..FreeList::PERIOD {
                let leased: Vec<_> = (0..3).map(|_| list.take()).collect();
                for buffer in leased {
                    let is_new = buffer.is_none();
                    let is_freed = list.put(buffer.unwrap_or_else(|| vec![0; 8])).is_some();
                    heap_calls_in_last_round += usize::from(is_new) + usize::from(is_freed);
                }
            }
        }
        assert_eq!(list.buffers.len(), 3);
        assert_eq!(heap_calls_in_last_round, 0, "it has settled");
    }

    #[test]
    fn it_is_bounded_and_keeps_one_size() {
        let mut list = list_of(OPTIONS.free_max);
        assert!(list.put(vec![0; 8]).is_some());
        assert_eq!(list.held_bytes(), 800);
        assert!(list.take().is_some());
        assert!(list.put(vec![0; 9]).is_some());
        assert_eq!(list.clear().len(), OPTIONS.free_max - 1);
        assert_eq!(list.held_bytes(), 0);
    }
}
