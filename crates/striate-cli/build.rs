//! Tells the program which machines it was compiled for, and packs its relocations where this machine can read them.

use std::env::var;
use std::process::Command;

fn main() {
    let target = var("TARGET").unwrap_or_else(|_| "unknown".into());
    println!("cargo:rustc-env=STRIATE_TARGET={target}");
    println!("cargo:rerun-if-changed=build.rs");
    // addresses to be moved take 0.4 of 10 MB unless they are packed
    if var("HOST").is_ok_and(|host| host == target) && target.ends_with("-linux-gnu") && reads_packed_relocations() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the C library, which loads programs, is glibc 2.36 or later.
fn reads_packed_relocations() -> bool {
    let Ok(output) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().strip_prefix("glibc ").and_then(|v| v.split_once('.'));
    version.is_some_and(|(major, minor)| major == "2" && minor.parse().is_ok_and(|minor: u32| minor >= 36))
}
