//! All operations. One line here and one file beside it make an operation: it then runs, is differentiated, counted,
//! printed and tested. What stands after `=>` are the layers that a user writes with it.

use crate::layer::{LayerForm, Scope};
use crate::operation::{Cost, Field, Operation};
use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Deserialize, Deserializer, Serialize};
use striate_tensor::{Number, Result};

macro_rules! operations {
    ($($file:ident: $($name:ident),* $(=> $($layer:ident),+)?;)+) => {
        $(pub mod $file;)+

        /// An operation with its attributes.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Op {
            $($(#[doc = concat!("See [`", stringify!($file), "::", stringify!($name), "`].")] $name($file::$name),)*)*
        }

        impl Op {
            /// The name in printed graphs.
            pub fn name(&self) -> &'static str {
                match self { $($(Op::$name(op) => op.name(),)*)* }
            }

            /// See [`Operation::types`].
            pub fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
                match self { $($(Op::$name(op) => op.types(inputs),)*)* }
            }

            /// See [`Operation::reference`].
            pub fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
                match self { $($(Op::$name(op) => op.reference(inputs),)*)* }
            }

            /// See [`Operation::gradient`].
            pub fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
                match self { $($(Op::$name(op) => op.gradient(at),)*)* }
            }

            /// See [`Operation::cost`].
            pub fn cost(&self, inputs: &[Type]) -> Cost {
                match self { $($(Op::$name(op) => op.cost(inputs),)*)* }
            }

            /// See [`Operation::field`].
            pub fn field(&self) -> Field {
                match self { $($(Op::$name(op) => op.field(),)*)* }
            }

            /// See [`Operation::at_batch`].
            pub fn at_batch(&self, batch: usize) -> Self {
                match self { $($(Op::$name(op) => Op::$name(op.at_batch(batch)),)*)* }
            }

            /// The cases of every operation.
            pub fn cases() -> Vec<Case> {
                let mut cases = Vec::new();
                $($(cases.extend($file::$name::cases());)*)*
                cases
            }
        }

        $($(impl From<$file::$name> for Op {
            fn from(op: $file::$name) -> Self {
                Op::$name(op)
            }
        })*)*

        /// A layer as a user writes it, of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Layer {
            $($($(#[doc = concat!("See [`", stringify!($file), "::", stringify!($layer), "`].")] $layer($file::$layer),)+)?)*
        }

        impl Layer {
            /// All kinds: the names that layers have in `model.toml`.
            pub fn kinds() -> Vec<&'static str> {
                [$($($($file::$layer::KINDS,)+)?)*].concat()
            }

            /// Reads the attributes of a layer of the given kind; `None` when there is no such kind.
            ///
            /// # Errors
            /// Those of the deserialiser: an unknown key, a missing key, a value of the wrong type.
            pub fn read<'de, D: Deserializer<'de>>(kind: &str, attributes: D) -> Option<Result<Self, D::Error>> {
                $($($(if $file::$layer::KINDS.contains(&kind) {
                    return Some($file::$layer::deserialize(attributes).map(|layer| Layer::$layer(layer.of_kind(kind))));
                })+)?)*
                None
            }

            /// The name of its kind.
            pub fn kind(&self) -> &'static str {
                match self { $($($(Layer::$layer(layer) => layer.kind(),)+)?)* }
            }

            /// See [`LayerForm::others`].
            pub fn others(&self) -> Vec<String> {
                match self { $($($(Layer::$layer(layer) => layer.others(),)+)?)* }
            }

            /// See [`LayerForm::apply`]. A poisoned input gives a poisoned output.
            pub fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
                if let Some(poisoned) = inputs.iter().find(|x| x.is_poisoned()) {
                    return *poisoned;
                }
                match self { $($($(Layer::$layer(layer) => layer.apply(inputs, scope),)+)?)* }
            }
        }

        $($($(impl From<$file::$layer> for Layer {
            fn from(layer: $file::$layer) -> Self {
                Layer::$layer(layer)
            }
        })+)?)*
    };
}

operations! {
    conv: Conv, ConvGradInput, ConvGradWeight => ConvLayer;
    conv_transpose: => ConvTransposeLayer;
    pool: MaxPool, MaxPoolGrad, MaxPoolAt, MeanPool, MeanPoolGrad => PoolLayer, AdaptivePoolLayer;
    resample: Resample, ResampleGrad => UpsampleLayer, BlurPoolLayer;
    local: Local, LocalGradInput, LocalGradWeight => LocalLayer;
    subsample: => SubsampleLayer;
    activation: => Activation;
    map: Map;
    map_sums: MapSums;
    fused: Fused;
    reduce: Reduce, Expand;
    matmul: MatMul => Dense;
    batch_norm: BatchNorm, ChannelStatistics => BatchNormLayer;
    dropout: DropoutMask, Count => Dropout;
    softmax: Softmax, LogSoftmax, OneHot => SoftmaxLayer;
    loss: CrossEntropy, Correct;
    rbf: Rbf => RbfLayer;
    shape: Reshape, Transpose => FlattenLayer, ReshapeLayer, TransposeLayer;
    slice: Slice, PadZeros => PadLayer, SliceLayer;
    join: Concat => AddLayer, ConcatLayer;
    sequence_mask: SequenceMask;
    recurrent: Recurrent, RecurrentGrad => RecurrentLayer, JordanLayer;
    custom: Custom;
}
