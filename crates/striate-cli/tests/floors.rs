//! The table of floors in `ARCHITECTURE.md` against the manifests: a crate imports only crates of lower floors.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

#[test]
fn crates_import_only_lower_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the page is there");
    let floors: BTreeMap<&str, u32> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let floor = cells.next()?.parse().ok()?;
            Some((cells.next()?, floor))
        })
        .collect();

    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(&root)
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut seen = 0;
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let floor = floors.get(name).unwrap_or_else(|| panic!("{name} has no floor in ARCHITECTURE.md"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let on = dependency["name"].as_str().expect("a name");
            if on.starts_with("striate") && dependency["kind"].is_null() {
                let below = floors.get(on).unwrap_or_else(|| panic!("{on} has no floor in ARCHITECTURE.md"));
                assert!(below < floor, "{name} (floor {floor}) imports {on} (floor {below})");
                seen += 1;
            }
        }
    }
    assert!(seen >= 8 && packages.len() == floors.len(), "{seen} imports, {} packages, {floors:?}", packages.len());
}
