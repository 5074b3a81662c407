//! From a model that classifies one picture to one that classifies every place of a larger one.
//!
//! A dense layer over flattened maps C×h×w is a convolution whose kernel is h×w, and a dense layer behind it one whose
//! kernel is 1×1: the same products and sums, with the same weights in other sizes. What slides over any picture at least
//! as large then gives scores for each place (Long, Shelhamer and Darrell 2015).

use super::{Model, ModelLayer};
use std::collections::HashMap;
use striate_graph::layer::Axes;
use striate_graph::ops::conv::ConvLayer;
use striate_graph::ops::pool::PoolLayer;
use striate_graph::{Builder, Layer, Mode};
use striate_plan::{Store, Tensor};
use striate_tensor::{Error, Result, Shape};

/// Kinds of layers that mean the same at every place.
const SLIDING: &[&str] = &[
    "conv",
    "max_pool",
    "mean_pool",
    "blur_pool",
    "subsample",
    "conv_transpose",
    "upsample",
    "batch_norm",
    "dropout",
    "add",
    "concat",
    "pad",
    "crop",
    "softmax",
    "log_softmax",
];

impl Model {
    /// The same model with convolutions for its dense layers, so that it can slide over larger samples: give it another
    /// [`input`](Model::input). Its scores are N×K×…, one place each; on samples of the original size there is one place, and
    /// the numbers are equal. [`Model::slid`] gives it weights.
    ///
    /// # Errors
    /// `Fault::Model`: a mistake of the model, or a layer that cannot slide.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let mut sliding = zoo::lenet5().fully_convolutional()?;
    /// sliding.input = [1, 112, 112].into();
    /// let last = sliding.summary()?.layers.pop().expect("it has layers");
    /// assert_eq!(last.output, [10, 22, 22]);
    /// let field = last.receptive_field.expect("it depends on the input");
    /// assert_eq!((field.size, field.stride, field.offset), (vec![32, 32], vec![4, 4], vec![-2, -2]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fully_convolutional(&self) -> Result<Model> {
        let builder = Builder::for_inference();
        let built = self.build(&builder, Mode::Infer);
        let types: Vec<_> = built.layers.iter().map(|layer| layer.output.ty()).collect();
        let input = built.input.ty();
        builder.finish([])?;
        let rank = input.rank().saturating_sub(2);
        if !(1..=3).contains(&rank) {
            return Err(Error::model("the samples of the model have no axes to slide along")
                .found(&input)
                .expected("N×C and 1, 2 or 3 axes"));
        }
        // What stands for a flatten that is dropped, and the maps C×… that a row of features stands for.
        let mut dropped: HashMap<&str, String> = HashMap::new();
        let mut maps: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut layers: Vec<ModelLayer> = vec![];
        let mut before = Self::INPUT;
        for item in &self.layers {
            let from = item.from.as_deref().unwrap_or(before);
            let ty = match from {
                Self::INPUT => &input,
                name => &types[self.layers.iter().position(|layer| layer.name == name).unwrap_or(0)],
            };
            before = &item.name;
            let spatial = if ty.rank() == rank + 2 { Some(ty.known_from(2)?) } else { maps.get(from).cloned() };
            let cannot = |why: &str| {
                Err(Error::model(format!("the layer `{}` cannot slide over a larger sample", item.name))
                    .found(format!("{}: {why}", item.layer.kind()))
                    .expected("convolutions, pools, activations, and dense layers behind a flatten"))
            };
            if let Some(other) = item.layer.others().iter().find(|other| dropped.contains_key(other.as_str())) {
                return cannot(&format!("it joins `{other}`, whose maps are flattened"));
            }
            let mut moved = item.clone();
            moved.from = item.from.as_ref().map(|from| dropped.get(from.as_str()).unwrap_or(from).clone());
            let kind = item.layer.kind();
            match (&item.layer, spatial) {
                (Layer::FlattenLayer(_), Some(spatial)) => {
                    let source = dropped.get(from).cloned().unwrap_or_else(|| from.to_string());
                    dropped.insert(&item.name, source);
                    maps.insert(&item.name, spatial);
                    continue;
                }
                (Layer::Dense(dense), spatial) => {
                    let kernel = spatial.unwrap_or_else(|| vec![1; rank]);
                    let mut conv = ConvLayer::new(rank, dense.units, Axes::Each(kernel)).init(dense.init.clone());
                    conv.bias = dense.bias;
                    moved.layer = conv.into();
                }
                (Layer::AdaptivePoolLayer(_), Some(spatial)) if kind.starts_with("global") => {
                    let window = Axes::Each(spatial);
                    let pool = if kind == "global_max_pool" {
                        PoolLayer::max(rank, window)
                    } else {
                        PoolLayer::mean(rank, window)
                    };
                    moved.layer = pool.stride(1).into();
                }
                (Layer::Activation(_), spatial) => {
                    spatial.filter(|_| ty.rank() == 2).map(|spatial| maps.insert(&item.name, spatial));
                }
                (Layer::Dropout(_), spatial) => {
                    spatial.filter(|_| ty.rank() == 2).map(|spatial| maps.insert(&item.name, spatial));
                }
                (_, Some(_)) if ty.rank() == 2 => return cannot("it takes the places of a map for features"),
                _ if SLIDING
                    .contains(&["1d", "2d", "3d"].iter().find_map(|r| kind.strip_suffix(r)).unwrap_or(kind)) => {}
                _ => return cannot("it is for samples of one size"),
            }
            // Behind a flatten that is dropped stands what it worked on.
            if let (None, Some(source)) = (&moved.from, dropped.get(from)) {
                let last = layers.last().map_or(Self::INPUT, |layer| layer.name.as_str());
                moved.from = (last != source).then(|| source.clone());
            }
            layers.push(moved);
        }
        Model { layers, ..self.clone() }.finish()
    }

    /// The weights of this model for `sliding`, which [`Model::fully_convolutional`] made of it: the same numbers in other sizes.
    ///
    /// # Errors
    /// `Fault::Model`: `store` lacks a tensor, or `sliding` is another model's.
    pub fn slid(&self, sliding: &Model, store: &Store) -> Result<Store> {
        let graph = sliding.graph_for_inference()?;
        let mut slid = Store::zeros(&graph);
        let wanted: Vec<(String, Shape)> =
            slid.iter().map(|(name, tensor)| (name.to_string(), tensor.ty().shape())).collect();
        for (name, shape) in wanted {
            let tensor = match store.get(&name) {
                Some(Tensor::F32(array)) if array.shape().elements() == shape.elements() => {
                    Tensor::F32(array.clone().reshaped(shape))
                }
                Some(Tensor::I32(array)) => Tensor::I32(array.clone()),
                found => {
                    return Err(Error::model(format!("there are no weights `{name}` for the sliding model"))
                        .found(found.map_or("no tensor of that name".to_string(), |tensor| tensor.ty().to_string()))
                        .expected(format!("{} numbers, in any sizes", shape.elements())));
                }
            };
            slid.set(&name, tensor)?;
        }
        Ok(slid)
    }
}
