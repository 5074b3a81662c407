//! Tells the program which machines it was compiled for.

fn main() {
    println!("cargo:rustc-env=STRIATE_TARGET={}", std::env::var("TARGET").unwrap_or_else(|_| "unknown".into()));
    println!("cargo:rerun-if-changed=build.rs");
}
