use serde::{Deserialize, Serialize};
use std::fmt;
use striate_plan::Isa;

/// What the fastest variant depends on besides the problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Machine {
    /// The processor's name; virtual machines hide parts of it, so its family and model follow where they are known.
    pub cpu: String,
    /// The instruction set of the kernels.
    pub instruction_set: String,
}

impl Machine {
    /// This machine, with kernels for an instruction set.
    pub fn this(isa: Isa) -> Self {
        Machine { cpu: cpu(), instruction_set: isa.to_string() }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.cpu, self.instruction_set)
    }
}

/// What the system calls the processor, else its architecture.
fn cpu() -> String {
    let listed = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| from_cpuinfo(&text));
    let named = || std::env::var("PROCESSOR_IDENTIFIER").ok().filter(|name| !name.is_empty());
    listed.or_else(named).unwrap_or_else(|| format!("{} on {}", std::env::consts::ARCH, std::env::consts::OS))
}

/// Name, family and model of the first processor in the text of `/proc/cpuinfo`.
fn from_cpuinfo(text: &str) -> Option<String> {
    let first = |key: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
    };
    let name = first("model name")?;
    Some(match (first("cpu family"), first("model")) {
        (Some(family), Some(model)) => format!("{name} (family {family} model {model})"),
        _ => name.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_processors() {
        let text =
            "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nflags\t: fpu\n\nprocessor\t: 1\n";
        assert_eq!(from_cpuinfo(text).unwrap(), "AMD EPYC (family 25 model 17)");
        assert_eq!(from_cpuinfo("model name : Cortex\n").unwrap(), "Cortex");
        assert_eq!(from_cpuinfo("processor : 0\nBogoMIPS : 48\n"), None);
        assert!(!cpu().is_empty());
    }
}
