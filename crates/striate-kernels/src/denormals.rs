//! Numbers below 2⁻¹²⁶ are flushed to zero while kernels run: a CPU takes a hundred times as long over them.

/// While it lives, this thread flushes denormal numbers to zero; dropping it restores what was.
#[derive(Debug)]
pub(crate) struct Flushed {
    before: u32,
}

#[cfg(target_arch = "x86_64")]
impl Flushed {
    pub(crate) fn enter() -> Self {
        const FLUSH_RESULTS: u32 = 1 << 15;
        const FLUSH_OPERANDS: u32 = 1 << 6;
        let mut before = 0u32;
        // SAFETY: stores the control register, which every x86-64 has, into `before`.
        unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut before, options(nostack)) };
        set(before | FLUSH_RESULTS | FLUSH_OPERANDS);
        Flushed { before }
    }
}

#[cfg(target_arch = "x86_64")]
fn set(control: u32) {
    // SAFETY: only the two flush bits ever differ from what the thread had: no exception is unmasked.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &control, options(nostack, readonly)) };
}

#[cfg(not(target_arch = "x86_64"))]
impl Flushed {
    pub(crate) fn enter() -> Self {
        Flushed { before: 0 }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn set(_control: u32) {}

impl Drop for Flushed {
    fn drop(&mut self) {
        set(self.before);
    }
}
