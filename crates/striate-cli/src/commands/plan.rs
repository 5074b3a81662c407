use crate::Ended;
use crate::args::WorkloadArgs;
use crate::output::Output;
use striate::bench::Listing;
use striate::prelude::*;

pub(crate) fn run(args: &WorkloadArgs, output: &mut Output) -> Result<Ended> {
    let listing = Listing::of(&super::model(&args.model)?, args.batch, args.mode.into())?;
    match output.is_json() {
        true => output.object(&listing)?,
        false => output.line(listing.to_string().trim_end())?,
    }
    Ok(Ended::Well)
}
