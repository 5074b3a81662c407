//! One file for each section of the report.

pub(super) mod curves;
pub(super) mod errors;
pub(super) mod evaluation;
pub(super) mod picture;
pub(super) mod summary;
