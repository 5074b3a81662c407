use super::Machine;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use striate_io::{io_error, write_atomically};
use striate_plan::{Choices, Isa};
use striate_tensor::{Error, Place, Result};

/// Choices with the machine that they were measured on: what `tune.toml` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Table {
    /// The version of Striate whose kernels were measured.
    pub striate: String,
    /// The machine that measured.
    pub machine: Machine,
    /// The fastest variants.
    #[serde(default)]
    pub choices: Choices,
}

/// Tables of machines that Striate knows, where measurement contradicts the rules.
const KNOWN: &str = include_str!("known.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    #[serde(default)]
    known: Vec<KnownMachine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownMachine {
    machine: Machine,
    choices: Choices,
}

impl Table {
    /// A table without choices for this machine and version.
    pub fn new(isa: Isa) -> Self {
        let striate = env!("CARGO_PKG_VERSION").to_string();
        Table { striate, machine: Machine::this(isa), choices: Choices::default() }
    }

    /// Reads a table that was measured on this machine with this version.
    ///
    /// # Errors
    /// `Fault::Data`: it cannot be read, belongs to another machine or version, or names a variant that does not exist.
    pub fn read(path: &Path, isa: Isa) -> Result<Self> {
        let here = |error: Error| error.at(Place::File(path.display().to_string()));
        let text = std::fs::read_to_string(path).map_err(|failure| io_error("read the choices", path, &failure))?;
        let table: Table = toml::from_str(&text).map_err(|failure| {
            here(Error::data("the choices cannot be read").found(failure.message()).expected("what striate tune wrote"))
        })?;
        let own = Table::new(isa);
        if table.machine != own.machine {
            return Err(here(
                Error::data("the choices were measured on another machine").found(table.machine).expected(own.machine),
            ));
        }
        if table.striate != own.striate {
            return Err(here(
                Error::data("the choices were measured with another version of Striate")
                    .found(table.striate)
                    .expected(own.striate),
            ));
        }
        table.choices.check().map_err(here)?;
        Ok(table)
    }

    /// Writes the table, and makes its folder if there is none.
    ///
    /// # Errors
    /// `Fault::Data`: the disk does not permit it.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self)
            .map_err(|failure| Error::internal(format!("the choices could not be written: {failure}")))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|failure| io_error("make the folder", folder, &failure))?;
        }
        let head = "# The fastest variants of convolutions on this machine; written by `striate tune`.\n\n";
        write_atomically(path, |file| write!(file, "{head}{text}"))
    }
}

/// The user's table: `striate/tune.toml` in `XDG_CACHE_HOME` or `~/.cache`, on Windows in `LOCALAPPDATA`. `None` where
/// the environment names no such folder.
pub fn cache_file() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = match cfg!(windows) {
        true => folder("LOCALAPPDATA"),
        false => folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache"))),
    };
    Some(cache?.join("striate").join("tune.toml"))
}

/// The choices that Striate brings along for this machine, if it knows it.
pub fn known(isa: Isa) -> Choices {
    let machine = Machine::this(isa);
    let found = all_known().into_iter().find(|known| known.machine == machine);
    found.map(|known| known.choices).unwrap_or_default()
}

fn all_known() -> Vec<KnownMachine> {
    toml::from_str::<Known>(KNOWN).map(|known| known.known).unwrap_or_default()
}

/// The choices for this machine: those known, and over them those of the user's table. A table that cannot be used is left
/// out; the error says why.
pub fn load(isa: Isa) -> (Choices, Option<Error>) {
    let mut choices = known(isa);
    let Some(path) = cache_file().filter(|path| path.is_file()) else { return (choices, None) };
    match Table::read(&path, isa) {
        Ok(table) => {
            choices.extend(table.choices);
            (choices, None)
        }
        Err(error) => (choices, Some(error.hint("measure again: striate tune; or remove it: striate tune --clear"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_graph::ops::conv::Conv;
    use striate_plan::ConvPass;

    #[test]
    fn the_known_tables_are_small_and_right() {
        let known: Known = toml::from_str(KNOWN).unwrap();
        assert!(KNOWN.len() < 16 << 10);
        for table in known.known {
            table.choices.check().unwrap();
            for (pass, problem, _) in table.choices.iter() {
                let (batch, conv) = Conv::parse(problem).unwrap();
                let geometry = conv.geometry(batch);
                assert!(table.choices.variant(pass, &geometry).is_some(), "`{problem}` is not what a plan looks for");
            }
        }
    }

    #[test]
    fn tables_are_for_one_machine_and_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("striate/tune.toml");
        let isa = Isa::best();
        let mut table = Table::new(isa);
        let (batch, conv) = Conv::parse("n2 c4 9x7 -> o8 k3").unwrap();
        table.choices.insert(ConvPass::ForwardPacked, &conv.geometry(batch), "direct");
        table.write(&path).unwrap();
        assert_eq!(Table::read(&path, isa).unwrap(), table);

        let refused = |table: &Table, text: &str| {
            table.write(&path).unwrap();
            let error = Table::read(&path, isa).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("tune.toml"), "{error}");
        };
        refused(&Table { striate: "0.0.0".into(), ..table.clone() }, "another version");
        let machine = Machine { cpu: "i486".into(), ..table.machine.clone() };
        refused(&Table { machine, ..table.clone() }, "another machine");
        table.choices.insert(ConvPass::GradInput, &conv.geometry(batch), "fastest");
        refused(&table, "`fastest`");
        std::fs::write(&path, "choices = 3").unwrap();
        assert!(Table::read(&path, isa).unwrap_err().to_string().contains("cannot be read"));
    }
}
