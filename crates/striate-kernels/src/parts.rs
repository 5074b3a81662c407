use std::marker::PhantomData;
use std::ops::Range;

/// A slice that several workers write at once, each its own part.
#[derive(Debug)]
pub struct Parts<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: the only access is `part`, whose callers keep the parts disjoint; `T: Send` lets another thread hold one.
unsafe impl<T: Send> Sync for Parts<'_, T> {}
// SAFETY: as a `&mut [T]`.
unsafe impl<T: Send> Send for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    /// The slice to share out.
    pub fn new(slice: &'a mut [T]) -> Self {
        Parts { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// One part.
    ///
    /// # Safety
    /// No element of `range` may be reachable through another living part.
    ///
    /// # Panics
    /// When the range leaves the slice.
    #[allow(clippy::mut_from_ref)] // disjointness is the caller's promise
    #[inline]
    pub unsafe fn part(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "a part outside its slice");
        // SAFETY: inside the slice by the assertion, and borrowed by nobody else by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.end - range.start) }
    }

    /// Where the slice starts, for kernels whose parts are not contiguous.
    #[inline]
    pub(crate) fn start(&self) -> *mut T {
        self.start
    }
}

/// `count` f32s in whole cache lines: what follows them is aligned where they are.
pub(crate) fn lines(count: usize) -> usize {
    count.next_multiple_of(16)
}
