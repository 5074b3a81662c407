//! Results as drawings: what commands and the report both show.

pub(crate) mod attribution;
pub(crate) mod curves;
pub(crate) mod evaluation;
pub(crate) mod fields;
pub(crate) mod heat;
pub(crate) mod hierarchy;
pub(crate) mod kernels;
pub(crate) mod maps;
pub(crate) mod matrices;
pub(crate) mod numbers;
pub(crate) mod samples;
pub(crate) mod shifts;
pub(crate) mod spectra;
