//! What a model is made of, layer by layer, in numbers: a reading of its equations.
//!
//! ```
//! use striate::prelude::*;
//! let summary = zoo::find("lenet5")?.summary()?;
//! assert_eq!((summary.parameters, summary.macs), (61_706, 416_520));
//! assert_eq!(summary.layers[0].receptive_field.as_ref().map(|field| field.size.clone()), Some(vec![5, 5]));
//! println!("{summary}");
//! # Ok::<(), Error>(())
//! ```

pub use crate::explain::{Boxes, ReceptiveField};
use crate::explain::{boxes, fields};
use crate::model::{BuiltLayer, Model};
use crate::table::{Table, bytes, grouped, join, or_blank};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;
use striate_graph::{Builder, Field, Graph, Mode, Source, Type, ValueId};
use striate_tensor::{Result, Window};

/// A model in numbers; counts are for one sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the model.
    pub model: String,
    /// Shape of a sample.
    pub input: Vec<usize>,
    /// The layers in order.
    pub layers: Vec<LayerSummary>,
    /// Numbers that are learned.
    pub parameters: u64,
    /// Connections, as LeCun et al. 1998 count them.
    pub connections: u64,
    /// Multiply-adds, taps in the padding included.
    pub macs: u64,
    /// Bytes of all layers' outputs.
    pub memory: u64,
}

/// A layer in numbers; counts are for one sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSummary {
    /// Name of the layer.
    pub name: String,
    /// Its kind, such as `conv2d`.
    pub r#type: &'static str,
    /// Shape of its output, without the batch.
    pub output: Vec<usize>,
    /// The window that slides over its input, one an axis; absent where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Vec<Window>>,
    /// Numbers that are learned.
    pub parameters: u64,
    /// Units times what each is joined to, its bias included. Elementwise layers have none: they belong to the units.
    pub connections: u64,
    /// Multiply-adds, taps in the padding included.
    pub macs: u64,
    /// Bytes of its output.
    pub memory: u64,
    /// What one unit of its output sees of the input.
    pub receptive_field: Option<ReceptiveField>,
    /// The boxes that its units see, place by place, where no one formula holds for all of them: behind transposed
    /// convolutions and upsampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes: Option<Boxes>,
}

impl Model {
    /// The model in numbers.
    ///
    /// # Errors
    /// Every mistake of the model.
    pub fn summary(&self) -> Result<Summary> {
        let builder = Builder::for_inference();
        let built = self.build(&builder, Mode::Infer);
        let graph = builder.finish([built.output])?.at_batch(1);
        let seen = Seen { fields: fields(&graph, &self.input), boxes: boxes(&graph, &self.input) };
        let layers: Vec<_> = built.layers.iter().map(|layer| summary_of(layer, &graph, &seen)).collect();
        let total = |count: fn(&LayerSummary) -> u64| layers.iter().map(count).sum();
        Ok(Summary {
            model: self.name.clone(),
            input: self.input.to_vec(),
            parameters: total(|layer| layer.parameters),
            connections: total(|layer| layer.connections),
            macs: total(|layer| layer.macs),
            memory: total(|layer| layer.memory),
            layers,
        })
    }
}

/// What the values of a graph see of the input.
struct Seen {
    fields: HashMap<ValueId, ReceptiveField>,
    boxes: HashMap<ValueId, Boxes>,
}

impl Seen {
    /// The boxes of a value where they say more than its formula does.
    fn varying(&self, value: ValueId, input: &[usize]) -> Option<Boxes> {
        let irregular = self.fields.get(&value)?.stride.contains(&0);
        let boxes = self.boxes.get(&value).filter(|boxes| irregular && !boxes.are_whole(input))?;
        Some(boxes.clone())
    }
}

fn summary_of(layer: &BuiltLayer<'_>, graph: &Graph, seen: &Seen) -> LayerSummary {
    let output = layer.output.id().expect("a graph without mistakes");
    let shape = graph.value(output).ty.shape();
    let input = graph.inputs().next().map_or(vec![], |id| graph.value(id).ty.shape().to_vec());
    let units = shape.elements() as u64;
    let parameters = graph.values[layer.values.clone()].iter().filter(|v| matches!(v.source, Source::Parameter(_)));
    let has_bias = parameters.clone().any(|v| v.name.ends_with(".bias"));
    let equations = &graph.equations[layer.equations.clone()];
    let macs = equations.iter().map(|equation| equation.op.cost(&types(graph, &equation.inputs)).multiply_adds).sum();
    let sliding = equations.iter().filter_map(|equation| match equation.op.field() {
        Field::Sliding(windows) => Some(windows),
        _ => None,
    });
    let window = sliding.reduce(|first, then| first.iter().zip(&then).map(|(f, t)| behind(f, t)).collect());
    let joined = match &window {
        _ if macs > 0 => macs,
        Some(windows) => units * windows.iter().map(|w| w.kernel as u64).product::<u64>(),
        // Each unit of a global pool sees its channel.
        None if layer.kind.ends_with("_pool") => {
            equations.first().map_or(0, |pool| graph.value(pool.inputs[0]).ty.shape().elements() as u64)
        }
        None => 0,
    };
    LayerSummary {
        name: layer.name.clone(),
        r#type: layer.kind,
        output: shape[1..].to_vec(),
        window,
        parameters: parameters.map(|v| v.ty.shape().elements() as u64).sum(),
        connections: if joined > 0 && has_bias { joined + units } else { joined },
        macs,
        memory: units * graph.value(output).ty.dtype.bytes() as u64,
        receptive_field: seen.fields.get(&output).cloned(),
        boxes: seen.varying(output, input.get(2..).unwrap_or_default()),
    }
}

/// The window that a unit of `then` looks through at what `first` slides over.
fn behind(first: &Window, then: &Window) -> Window {
    Window {
        input: first.input,
        kernel: (then.extent() - 1) * first.stride + first.extent(),
        stride: first.stride * then.stride,
        dilation: 1,
        before: first.before + then.before * first.stride,
        after: first.after + then.after * first.stride,
    }
}

fn types(graph: &Graph, ids: &[ValueId]) -> Vec<Type> {
    ids.iter().map(|&id| graph.value(id).ty.clone()).collect()
}

/// A table, a line a layer.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEAD: [&str; 9] =
            ["layer", "type", "output", "kernel/stride/pad", "parameters", "connections", "MACs", "memory", "field"];
        let row = |layer: &LayerSummary| {
            [
                layer.name.clone(),
                layer.r#type.to_string(),
                join(&layer.output),
                layer.window.as_deref().map_or(String::new(), show_windows),
                or_blank(layer.parameters),
                or_blank(layer.connections),
                or_blank(layer.macs),
                bytes(layer.memory),
                match (&layer.boxes, &layer.receptive_field) {
                    (Some(boxes), _) => format!("≤ {}", join(&boxes.greatest())),
                    (None, Some(field)) => join(&field.size),
                    (None, None) => String::new(),
                },
            ]
        };
        let mut table = Table::new(HEAD, 4..8);
        self.layers.iter().for_each(|layer| table.row(row(layer)));
        table.rule();
        table.row([
            "total".to_string(),
            String::new(),
            String::new(),
            String::new(),
            grouped(self.parameters),
            grouped(self.connections),
            grouped(self.macs),
            bytes(self.memory),
            String::new(),
        ]);
        writeln!(f, "{} · input {} · weights {}", self.model, join(&self.input), bytes(4 * self.parameters))?;
        write!(f, "{table}")
    }
}

/// `5×5 /2 +1` for a kernel, a stride that is not 1 and padding that is not 0.
fn show_windows(windows: &[Window]) -> String {
    let each = |number: fn(&Window) -> String| {
        let all: Vec<_> = windows.iter().map(number).collect();
        if all.windows(2).all(|pair| pair[0] == pair[1]) { all[0].clone() } else { all.join("×") }
    };
    let mut text = join(&windows.iter().map(|w| w.kernel).collect::<Vec<_>>());
    text += &format!(" /{}", each(|w| w.stride.to_string()));
    if windows.iter().any(|w| w.before + w.after > 0) {
        text += &format!(
            " +{}",
            each(|w| match w.before == w.after {
                true => w.before.to_string(),
                false => format!("{}:{}", w.before, w.after),
            })
        );
    }
    if windows.iter().any(|w| w.dilation > 1) {
        text += &format!(" d{}", each(|w| w.dilation.to_string()));
    }
    text
}
