//! Results as drawings: what commands and the report both show.

pub(crate) mod curves;
pub(crate) mod evaluation;
pub(crate) mod samples;
