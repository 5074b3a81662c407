//! A map of handwritten digits: 4,000 of MNIST on 20×20 units. Skips, and says so, where the data are not.

use std::io::Read;
use std::path::{Path, PathBuf};
use striate_classics::som::{Grid, Som, SomSettings, Start};
use striate_kernels::Workers;

const DIGITS: usize = 4_000;
const PIXELS: usize = 28 * 28;

/// What follows the header of an IDX file.
fn read(path: &Path, header: usize, bytes: usize) -> Option<Vec<u8>> {
    let mut all = vec![0; header + bytes];
    flate2::read::GzDecoder::new(std::fs::File::open(path).ok()?).read_exact(&mut all).ok()?;
    Some(all.split_off(header))
}

#[test]
fn a_map_of_digits_groups_them() {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("STRIATE_DATA").map_or(default.into(), PathBuf::from).join("mnist");
    let pixels = read(&folder.join("train-images-idx3-ubyte.gz"), 16, DIGITS * PIXELS);
    let labels = read(&folder.join("train-labels-idx1-ubyte.gz"), 8, DIGITS);
    let (Some(pixels), Some(labels)) = (pixels, labels) else {
        eprintln!("skipped: no MNIST; set STRIATE_DATA to a folder that has it in mnist/");
        return;
    };
    let rows: Vec<f32> = pixels.iter().map(|&x| f32::from(x) / 255.0).collect();
    let labels: Vec<usize> = labels.iter().map(|&x| usize::from(x)).collect();
    let workers = Workers::new(2);
    let mut som = Som::new(PIXELS, SomSettings::new(Grid::rectangular(20, 20))).unwrap();
    som.start(Start::Pca, &workers, &rows).unwrap();
    som.train_batch(&workers, &rows, 6).unwrap();
    let errors = (som.quantisation_error(&workers, &rows).unwrap(), som.topographic_error(&workers, &rows).unwrap());
    let map = som.label_map(&workers, &rows, &labels, 10).unwrap();
    let right = map.iter().flatten().map(|&(_, count)| count).sum::<usize>() as f64 / DIGITS as f64;
    eprintln!(
        "quantisation error {:.3}, topographic error {:.3}, {right:.3} have their unit's label",
        errors.0, errors.1
    );
    assert!(errors.0 < 5.2 && errors.1 < 0.2 && right > 0.8, "{errors:?} {right}");
}
