use crate::Ended;
use crate::args::WorkloadArgs;
use crate::output::Output;
use striate::bench::Listing;
use striate::prelude::*;

pub(crate) fn run(args: &WorkloadArgs, output: &mut Output) -> Result<Ended> {
    let model = super::model(&args.model)?;
    let listing = Listing::with_options(&model, args.batch, args.mode.into(), &args.kernels.options()?)?;
    match output.is_json() {
        true => output.object(&listing)?,
        false => output.line(listing.to_string().trim_end())?,
    }
    Ok(Ended::Well)
}
