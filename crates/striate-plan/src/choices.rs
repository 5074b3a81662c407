//! Which variant a convolution gets where measurement knows better than the variants' own rules.
//!
//! A problem is a text such as `n32 c64 32x32 -> o64 k3 p1`, which `Conv::parse` reads: n batch, c channels, sizes, o output
//! channels, k kernel, s stride, p padding, d dilation, g groups. Convolutions with a table of connections have no such
//! text, and go by the rules.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use striate_graph::{Graph, Op};
use striate_kernels::{Forward, GradInput, GradWeight};
use striate_tensor::{Connections, ConvGeometry, Error, Result, Window};

/// A pass of a convolution, as far as the choice of a variant depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConvPass {
    /// y, with weights that change from run to run.
    Forward,
    /// y, with weights that were packed when the plan was made.
    ForwardPacked,
    /// ∂x.
    GradInput,
    /// ∂w.
    GradWeight,
}

impl ConvPass {
    /// The names of its variants.
    pub fn variants(self) -> Vec<&'static str> {
        match self {
            ConvPass::Forward | ConvPass::ForwardPacked => Forward::variants().collect(),
            ConvPass::GradInput => GradInput::variants().collect(),
            ConvPass::GradWeight => GradWeight::variants().collect(),
        }
    }
}

impl fmt::Display for ConvPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConvPass::Forward => "forward",
            ConvPass::ForwardPacked => "forward-packed",
            ConvPass::GradInput => "grad-input",
            ConvPass::GradWeight => "grad-weight",
        })
    }
}

/// A table from (pass, problem) to the name of a variant. A plan takes the variant if it accepts the problem; all else goes
/// by the rules. Which bits come out depends on the table, never on the time that anything takes.
///
/// ```
/// use striate_graph::ops::conv::Conv;
/// use striate_plan::{Choices, ConvPass};
/// let (batch, conv) = Conv::parse("n32 c64 32x32 -> o64 k3 p1")?;
/// let mut choices = Choices::default();
/// choices.insert(ConvPass::Forward, &conv.geometry(batch), "direct");
/// assert_eq!(choices.variant(ConvPass::Forward, &conv.geometry(32)), Some("direct"));
/// assert_eq!(choices.variant(ConvPass::Forward, &conv.geometry(31)), None);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Choices(BTreeMap<ConvPass, BTreeMap<String, String>>);

impl Choices {
    /// Whether all goes by the rules.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeMap::is_empty)
    }

    /// All entries: pass, problem, variant.
    pub fn iter(&self) -> impl Iterator<Item = (ConvPass, &str, &str)> {
        let of = |(pass, entries)| {
            let entries: &BTreeMap<String, String> = entries;
            entries.iter().map(move |(problem, variant)| (pass, problem.as_str(), variant.as_str()))
        };
        self.0.iter().flat_map(move |(&pass, entries)| of((pass, entries)))
    }

    /// The variant for a problem, if the table has it.
    pub fn variant(&self, pass: ConvPass, problem: &ConvGeometry) -> Option<&str> {
        let entries = self.0.get(&pass)?;
        Some(entries.get(&problem_text(problem)?)?)
    }

    /// Notes the variant for a problem, if the problem has a text.
    pub fn insert(&mut self, pass: ConvPass, problem: &ConvGeometry, variant: &str) {
        if let Some(text) = problem_text(problem) {
            self.0.entry(pass).or_default().insert(text, variant.to_string());
        }
    }

    /// Takes over the entries of another table, which win over those that are here.
    pub fn extend(&mut self, other: Choices) {
        for (pass, entries) in other.0 {
            self.0.entry(pass).or_default().extend(entries);
        }
    }

    /// The entries for convolutions of these graphs, at any batch size.
    #[must_use]
    pub fn only_for<'g>(&self, graphs: impl IntoIterator<Item = &'g Graph>) -> Choices {
        let convs = graphs.into_iter().flat_map(|graph| &graph.equations).filter_map(|equation| match &equation.op {
            Op::Conv(conv) => Some(conv),
            Op::ConvGradInput(conv) => Some(&conv.0),
            Op::ConvGradWeight(conv) => Some(&conv.0),
            _ => None,
        });
        let wanted: BTreeSet<_> = convs.filter_map(|conv| Some(sample(&problem_text(&conv.geometry(1))?))).collect();
        let mut only = self.clone();
        for entries in only.0.values_mut() {
            entries.retain(|problem, _| wanted.contains(&sample(problem)));
        }
        only.0.retain(|_, entries| !entries.is_empty());
        only
    }

    /// Whether all variants exist.
    ///
    /// # Errors
    /// `Fault::Data`, naming the first that does not.
    pub fn check(&self) -> Result<()> {
        match self.iter().find(|(pass, _, variant)| !pass.variants().contains(variant)) {
            Some((pass, problem, variant)) => Err(Error::data("there is no such variant of a convolution")
                .found(format!("`{variant}` for {pass} of `{problem}`"))
                .expected(pass.variants().join(", "))),
            None => Ok(()),
        }
    }
}

/// The text of a problem without its batch size.
fn sample(text: &str) -> String {
    text.split_once(' ').map_or(text, |(_, rest)| rest).to_string()
}

/// The text of a problem, unless a table connects its channels.
pub fn problem_text(problem: &ConvGeometry) -> Option<String> {
    let Connections::Groups(groups) = problem.connections else { return None };
    let axes = |of: &dyn Fn(&Window) -> String| {
        let each: Vec<_> = problem.windows.iter().map(of).collect();
        if each.iter().all(|text| *text == each[0]) { each[0].clone() } else { each.join("x") }
    };
    let sizes: Vec<_> = problem.windows.iter().map(|w| w.input.to_string()).collect();
    let ConvGeometry { batch, in_channels, out_channels, .. } = problem;
    let mut text = format!("n{batch} c{in_channels} {} -> o{out_channels}", sizes.join("x"));
    text += &format!(" k{}", axes(&|w| w.kernel.to_string()));
    let padding = |w: &Window| match w.before == w.after {
        true => w.before.to_string(),
        false => format!("{}:{}", w.before, w.after),
    };
    let optional = [
        ("s", axes(&|w| w.stride.to_string()), "1"),
        ("p", axes(&padding), "0"),
        ("d", axes(&|w| w.dilation.to_string()), "1"),
        ("g", groups.to_string(), "1"),
    ];
    for (letter, value, usual) in optional {
        if value != usual {
            text += &format!(" {letter}{value}");
        }
    }
    if problem.flipped {
        text += " flip";
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_graph::ops::conv::Conv;

    #[test]
    fn what_is_printed_is_read_back() {
        for text in [
            "n32 c64 32x32 -> o64 k3 p1",
            "n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 g2",
            "n1 c3 17 -> o5 k4 s3 p1:2 d2",
            "n5 c6 4x5x6 -> o6 k3x1x2 p1x0x0:1 g6 flip",
        ] {
            let (batch, conv) = Conv::parse(text).unwrap();
            let printed = problem_text(&conv.geometry(batch)).unwrap();
            assert_eq!(printed, text);
            assert_eq!(Conv::parse(&printed).unwrap(), (batch, conv));
        }
        let (batch, table) = Conv::parse("n2 c4 9x7 -> o8 k3 table").unwrap();
        assert_eq!(problem_text(&table.geometry(batch)), None);
    }

    #[test]
    fn later_entries_win_and_names_are_checked() {
        let (batch, conv) = Conv::parse("n2 c4 9x7 -> o8 k3").unwrap();
        let geometry = conv.geometry(batch);
        let of = |pass: ConvPass, variant: &str| {
            let mut choices = Choices::default();
            choices.insert(pass, &geometry, variant);
            choices
        };
        let mut choices = of(ConvPass::Forward, "direct");
        choices.extend(of(ConvPass::Forward, "winograd2"));
        choices.extend(of(ConvPass::GradWeight, "direct"));
        assert_eq!(choices.variant(ConvPass::Forward, &geometry), Some("winograd2"));
        assert_eq!(choices.iter().count(), 2);
        assert!(choices.check().is_ok());
        choices.extend(of(ConvPass::GradInput, "fastest"));
        let error = choices.check().unwrap_err().to_string();
        assert!(error.contains("`fastest`") && error.contains("winograd4"), "{error}");
    }
}
