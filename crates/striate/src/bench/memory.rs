//! The most memory that this process has held.

/// Peak resident memory of this process in KiB; `None` on systems that do not tell.
pub fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_holds_what_was_touched() {
        let held = std::hint::black_box(vec![1u8; 48 << 20]);
        assert!(peak_memory_kib().is_some_and(|peak| peak >= (held.len() >> 10) as u64));
    }
}
