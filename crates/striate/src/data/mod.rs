//! Data: labelled images from files or memory, and the way from bytes to the numbers that a model sees.
//!
//! | from | by |
//! |---|---|
//! | the binary itself | [`Digits`] |
//! | a folder with MNIST, Fashion-MNIST (IDX) or CIFAR (binary) files | [`Dataset::open`] |
//! | memory | [`Dataset::from_images`], [`Dataset::from_array`] |
//! | one PNG, JPEG or BMP file, to predict | [`Picture::open`] |
//! | digits at random places, to be found | [`Scene`] |
//! | digits among clutter, with their pixels | [`Clutter`] |
//!
//! Everything passes through the model's own [`Preprocessing`] on its way into a batch or a prediction, so that
//! training and prediction cannot differ. Files are checked against their own length before anything is allocated.
//!
//! ```
//! use striate::data::{Batches, Digits, Preprocessing};
//! let digits = Digits::test();
//! let mut batches = Batches::shuffled(&digits, &Preprocessing::default(), 64, 1)?;
//! let (mut x, mut y) = (vec![0.0; 64 * 28 * 28], vec![0; 64]);
//! for epoch in 0..1 {
//!     batches.start_epoch(epoch);
//!     for batch in 0..batches.len() {
//!         let samples = batches.fill(batch, &mut x, &mut y);
//!         assert!(samples == 64 || batch == batches.len() - 1);
//!     }
//! }
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod batches;
mod cifar;
mod clutter;
mod convert;
mod dataset;
mod digits;
mod files;
mod folder;
mod idx;
mod picture;
mod preprocessing;
mod scene;
mod select;

pub(crate) use select::set_aside;

pub use batches::Batches;
pub use clutter::Clutter;
pub use dataset::Dataset;
pub use digits::Digits;
pub use folder::Part;
pub use picture::{Invert, Picture};
pub use preprocessing::{Polarity, Preprocessing};
pub use scene::{Placed, Scene};
