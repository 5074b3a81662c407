use crate::Ended;
use crate::args::ModelsArgs;
use crate::output::{Output, thousands};
use serde_json::json;
use striate::prelude::*;
use striate::zoo;

pub(crate) fn run(args: &ModelsArgs, output: &mut Output) -> Result<Ended> {
    match &args.name {
        Some(name) => {
            let toml = zoo::find(name)?.to_toml();
            match output.is_json() {
                true => output.object(&json!({ "name": name, "toml": toml }))?,
                false => output.line(toml.trim_end())?,
            }
        }
        None => list(output)?,
    }
    Ok(Ended::Well)
}

fn list(output: &mut Output) -> Result<()> {
    let mut models = vec![];
    for entry in zoo::all() {
        models.push((entry.name, (entry.make)().summary()?.parameters, entry.about));
    }
    if output.is_json() {
        let models = models
            .iter()
            .map(|(name, parameters, about)| json!({ "name": name, "parameters": parameters, "about": about }));
        return output.object(&json!({ "models": models.collect::<Vec<_>>() }));
    }
    for (name, parameters, about) in models {
        output.line(format!("{name:<14} {:>10} parameters  {about}", thousands(parameters)))?;
    }
    Ok(())
}
