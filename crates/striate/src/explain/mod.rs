//! Looking into a trained network, one file a view.

pub mod heatmap;
pub mod locate;
