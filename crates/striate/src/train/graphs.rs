use super::{LEARNING_RATE, Optimizer};
use crate::data::{Dataset, Preprocessing};
use crate::model::Model;
use striate_graph::{Builder, Graph, Mode, Var, f32};
use striate_tensor::{DType, Error, Place, Result, Shape};

/// The name of the input that holds the labels.
pub const LABELS: &str = "labels";

/// The two graphs of a model that a training needs. Both have the outputs (loss, scores), the latter `N×classes` or, with a
/// class for each place, `N×classes×…`.
#[derive(Clone, Debug)]
pub struct Graphs {
    /// Inputs (samples, labels, learning rate); with gradient and updates, batch statistics and dropout.
    pub training: Graph,
    /// Inputs (samples, labels); running statistics, no dropout.
    pub evaluation: Graph,
}

impl Graphs {
    /// Those of a model that an optimiser trains.
    ///
    /// # Errors
    /// Every mistake of the model.
    pub fn of(model: &Model, optimizer: &Optimizer) -> Result<Self> {
        let builder = Builder::new();
        let (_, [loss, scores]) = outputs(model, &builder, Mode::Train);
        append_updates(&builder, loss, optimizer);
        // The smaller graph first: it tells whether the model is too large before anything of that size exists.
        let evaluation = evaluation_graph(model)?;
        Ok(Graphs { training: builder.finish([loss, scores])?, evaluation })
    }
}

/// The graph that measures a model: inputs (samples, labels), outputs (loss, scores).
///
/// # Errors
/// Every mistake of the model.
pub fn evaluation_graph(model: &Model) -> Result<Graph> {
    let builder = Builder::new();
    let (_, outputs) = outputs(model, &builder, Mode::Infer);
    not_too_large(builder.finish(outputs)?)
}

/// The same of a model that tells classes, with a third output: their probabilities.
///
/// # Errors
/// Every mistake of the model.
pub(crate) fn answering_graph(model: &Model) -> Result<Graph> {
    let builder = Builder::new();
    let (output, [loss, scores]) = outputs(model, &builder, Mode::Infer);
    not_too_large(builder.finish([loss, scores, model.probabilities_of(output).named("probabilities")])?)
}

fn not_too_large(graph: Graph) -> Result<Graph> {
    let largest = graph.parameters().map(|id| graph.value(id)).max_by_key(|v| v.ty.shape().elements());
    let count: usize =
        graph.parameters().map(|id| graph.value(id).ty.shape().elements()).fold(0, usize::saturating_add);
    match largest {
        Some(largest) if count > MOST_PARAMETERS => Err(Error::model("the model has too many parameters")
            .found(format!("{count} parameters; `{}` alone is {}", largest.name, largest.ty))
            .expected(format!("at most {MOST_PARAMETERS}"))
            .hint("use fewer units or channels, or a pool before the first dense layer")),
        _ => Ok(graph),
    }
}

/// 4 GiB of weights, and as much again for gradients and moments: beyond that memory is more likely to end than training.
const MOST_PARAMETERS: usize = 1 << 30;

/// The output of the last layer; loss and scores.
fn outputs<'g>(model: &Model, builder: &'g Builder, mode: Mode) -> (Var<'g>, [Var<'g>; 2]) {
    let built = model.build(builder, mode);
    let labels = builder.input(LABELS, model.labels(&built.output.ty()));
    let loss = model.loss_of(built.output, labels).named("loss");
    (built.output, [loss, model.scores_of(built.output).named("scores")])
}

/// Appends the gradient of `loss` by all parameters, the learning rate as an input, and the optimiser's updates.
pub(super) fn append_updates<'g>(builder: &'g Builder, loss: Var<'g>, optimizer: &Optimizer) {
    let parameters = builder.peek(|graph| graph.parameters().collect::<Vec<_>>());
    let parameters: Vec<_> = parameters.into_iter().map(|id| builder.var(id)).collect();
    let slopes = builder.grad(loss, &parameters);
    let rate = builder.input(LEARNING_RATE, f32(Vec::<usize>::new()));
    let pairs: Vec<_> = parameters.into_iter().zip(slopes).collect();
    optimizer.append(builder, &pairs, rate);
}

/// Whether the samples and classes of a data set are those of a model.
pub(crate) fn fits(evaluation: &Graph, preprocessing: &Preprocessing, data: &Dataset) -> Result<()> {
    let mut inputs = evaluation.inputs().map(|id| &evaluation.value(id).ty);
    let scores = evaluation.outputs.get(1).map(|&id| &evaluation.value(id).ty);
    let (Some(samples), Some(labels), Some(scores)) = (inputs.next(), inputs.next(), scores) else {
        return Err(
            Error::model("an evaluation has two inputs and two outputs").expected("samples, labels; loss, scores")
        );
    };
    let wanted: Shape = samples.shape().iter().skip(1).copied().collect::<Vec<_>>()[..].into();
    let given = preprocessing.output_shape(data.sample_shape());
    let at = Place::File(data.source().to_string());
    if labels.dtype == DType::F32 && labels.rank() == 2 && data.target_width() == labels.shape()[1] && given == wanted {
        return Ok(());
    }
    if (labels.dtype == DType::F32) != (data.target_width() > 0) {
        let found =
            if data.target_width() > 0 { "numbers to be told of each sample" } else { "a class of each sample" };
        let expected = if data.target_width() > 0 { "classes" } else { "numbers" };
        return Err(Error::data("the model and the data are of different kinds")
            .found(found)
            .expected(format!("{expected}, as the model tells"))
            .at(at));
    }
    if labels.dtype != DType::I32 || labels.rank() != 1 || scores.rank() != 2 || samples.rank() < 2 {
        return Err(Error::model("the model does not give one score for each class")
            .found(format!("labels {labels}, scores {scores}"))
            .expected("labels i32 N, scores f32 N×classes"));
    }
    let classes = scores.shape()[1];
    if given != wanted {
        return Err(Error::data("the samples do not fit the model")
            .found(format!("{given}{}", if preprocessing.pad > 0 { ", padding included" } else { "" }))
            .expected(format!("{wanted}, the model's input"))
            .at(at)
            .hint("give other data (--data), or change `input` in the model file"));
    }
    if data.classes().len() != classes {
        return Err(Error::data("the model and the data have different numbers of classes")
            .found(format!("{} classes", data.classes().len()))
            .expected(format!("{classes}, one for each of the model's scores"))
            .at(at));
    }
    Ok(())
}
