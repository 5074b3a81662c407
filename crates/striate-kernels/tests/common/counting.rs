//! An allocator that counts, for tests of what must not allocate; other crates' tests include this file.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The fewest allocations of all threads in one of a few runs: none, where `run` itself allocates nothing, though the
/// standard library may at a thread's first rest. A test that asks must be alone in its file: other tests allocate.
pub(crate) fn fewest_allocations(mut run: impl FnMut()) -> usize {
    let mut count = || {
        let before = COUNT.load(Ordering::Relaxed);
        run();
        COUNT.load(Ordering::Relaxed) - before
    };
    (0..4).map(|_| count()).min().unwrap_or(0)
}
