//! After `prepare`, nothing allocates.

mod common;

use common::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use striate_kernels::*;

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

#[track_caller]
fn allocates_nothing(mut run: impl FnMut()) {
    run(); // lazily made things of the standard library, a thread's first park
    let before = COUNT.load(Ordering::Relaxed);
    run();
    assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0, "allocations");
}

#[test]
fn run_allocates_nothing() {
    let workers = Workers::new(2);
    for text in ["n4 c6 14x14 -> o16 k5", "n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 g2", "n1 c3 6x5 -> o3 k3 p1 t0/2,1/1"] {
        let g = case(text);
        let x = normals("x", g.batch * g.in_channels * g.pixels());
        let w = normals("w", g.rows() * g.taps());
        let dy = normals("dy", g.batch * g.out_channels * g.positions());
        let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
        for (forward, input, weight) in [("direct", "direct", "direct"), ("plain", "plain", "plain")] {
            let only = |variant: &str| ConvOptions { variant: Some(variant.into()) };
            let forward = Forward::prepare(&g, Isa::best(), &only(forward)).unwrap();
            let input = GradInput::prepare(&g, Isa::best(), &only(input)).unwrap();
            let weight = GradWeight::prepare(&g, Isa::best(), &only(weight)).unwrap();
            let len = forward.scratch_len(2).max(input.scratch_len(2)).max(weight.scratch_len(2));
            let mut scratch = vec![0.0; len];
            allocates_nothing(|| {
                forward.run(&workers, &x, Weights::Plain(&w), None, Epilogue::RELU, &mut y, &mut scratch);
                input.run(&workers, &dy, Weights::Plain(&w), None, Epilogue::NONE, &mut dx, &mut scratch);
                weight.run(&workers, &x, &dy, &mut dw, &mut scratch);
            });
        }
    }
}
