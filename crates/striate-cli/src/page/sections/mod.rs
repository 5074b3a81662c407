//! One file for each section of the report.

pub(super) mod attribution;
pub(super) mod curves;
pub(super) mod errors;
pub(super) mod evaluation;
pub(super) mod fields;
pub(super) mod frequency;
pub(super) mod hierarchy;
pub(super) mod kernels;
pub(super) mod maps;
pub(super) mod picture;
pub(super) mod shift;
pub(super) mod summary;
