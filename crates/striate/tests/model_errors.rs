//! What people are told whose `model.toml` is wrong: the whole text of each message.

use striate::prelude::*;
use striate::tensor::Rng;

/// A sound file around the given layers.
fn with_layers(layers: &str) -> String {
    format!("version = 1\nname = \"m\"\ninput = {{ shape = [1, 8, 8] }}\nclasses = 4\nlayers = [\n{layers}]\n")
}

#[track_caller]
fn says(text: &str, message: &str) {
    let error = Model::from_toml(text, "m.toml").map(|model| format!("{model:?}")).expect_err("the file is wrong");
    assert_eq!(error.fault(), Fault::Model);
    let found = error.to_string();
    assert!(found == message, "for\n{text}\nthe message is\n{found}\nand should be\n{message}");
}

#[track_caller]
fn layers_say(layers: &str, message: &str) {
    says(&with_layers(layers), message);
}

#[test]
fn a_misspelt_key() {
    layers_say(
        "{ type = \"conv2d\", channels = 4, kernel = 8, strde = 2 },\n",
        "unknown key `strde`
  at: layer `conv1`
  at: m.toml:6
  hint: did you mean `stride`?",
    );
}

#[test]
fn a_key_of_another_layer() {
    layers_say(
        "{ type = \"relu\", units = 3 },\n",
        "unknown key `units`
  expected: one of alpha
  at: layer `relu1`
  at: m.toml:6",
    );
}

#[test]
fn a_misspelt_kind() {
    layers_say(
        "{ type = \"conv2\", channels = 4, kernel = 8 },\n",
        "there is no kind of layer `conv2`
  at: m.toml:6
  hint: did you mean `conv2d`?",
    );
}

#[test]
fn a_missing_kind() {
    layers_say(
        "{ channels = 4, kernel = 8 },\n",
        r#"`type` is missing
  expected: the kind of layer, such as "conv2d"
  at: layer `1`
  at: m.toml:6"#,
    );
}

#[test]
fn a_missing_key() {
    layers_say(
        "{ type = \"conv2d\", channels = 4 },\n",
        "`kernel` is missing
  expected: kernel = …
  at: layer `conv1`
  at: m.toml:6",
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    layers_say(
        "{ type = \"conv2d\", channels = \"four\", kernel = 8 },\n",
        r#"the value of `channels` cannot be used
  found: "four"
  expected: a whole number, 0 or more
  at: layer `conv1`
  at: m.toml:6"#,
    );
}

#[test]
fn a_negative_number() {
    layers_say(
        "{ type = \"conv2d\", channels = -4, kernel = 8 },\n",
        "the value of `channels` cannot be used
  found: -4
  expected: a whole number, 0 or more
  at: layer `conv1`
  at: m.toml:6",
    );
}

#[test]
fn a_misspelt_word() {
    layers_say(
        "{ type = \"conv2d\", channels = 4, kernel = 8, padding = \"smae\" },\n",
        r#"the value of `padding` cannot be used
  found: "smae"
  expected: "valid", "same", a whole number, or a list with a number or [before, after] for each axis
  at: layer `conv1`
  at: m.toml:6
  hint: did you mean "same"?"#,
    );
}

#[test]
fn a_misspelt_scheme() {
    layers_say(
        "{ type = \"conv2d\", channels = 4, kernel = 8, init = \"hee\" },\n",
        r#"the value of `init` cannot be used
  found: "hee"
  expected: one of "fan", "he", "glorot", "lecun", "uniform", "normal", "fill"
  at: layer `conv1`
  at: m.toml:6
  hint: did you mean "he"?"#,
    );
}

#[test]
fn an_absurd_number() {
    layers_say(
        "{ type = \"conv2d\", channels = 4, kernel = 99999999999 },\n",
        "the number in `kernel` is too large
  found: 99999999999
  expected: at most 16777216
  at: layer `conv1`
  at: m.toml:6",
    );
}

#[test]
fn no_channels() {
    layers_say(
        "{ type = \"conv2d\", channels = 0, kernel = 8 },\n",
        "a convolution has at least one input and one output channel
  found: 1 input and 0 output channels
  at: layer `conv1`
  at: m.toml:6",
    );
}

#[test]
fn a_kernel_larger_than_the_input() {
    layers_say(
        r#"{ type = "relu" },
{ type = "conv2d", channels = 4, kernel = 9 },
"#,
        r#"the kernel does not fit the input
  found: kernel 9 (extent 9) on an axis of 8 with padding 0+0
  expected: an extent of at most 8
  at: layer `conv1`
  at: m.toml:7
  hint: use a smaller kernel, padding = "same", or a larger input"#,
    );
}

#[test]
fn groups() {
    layers_say(
        "{ type = \"conv2d\", channels = 4, kernel = 3, groups = 3 },\n",
        "the groups do not divide the channels
  found: 3 groups, 1 input and 4 output channels
  expected: a number of groups that divides both
  at: layer `conv1`
  at: m.toml:6
  hint: groups = 1 joins all channels; groups = input channels is depthwise",
    );
}

#[test]
fn an_image_into_a_dense_layer() {
    layers_say(
        "{ type = \"dense\", units = 4 },\n",
        "a layer of units takes one row of features a sample
  found: f32 N×1×8×8
  expected: N×features
  at: layer `dense1`
  at: m.toml:6
  hint: put a `flatten` before it",
    );
}

#[test]
fn a_convolution_after_flatten() {
    layers_say(
        r#"{ type = "flatten" },
{ type = "conv2d", channels = 4, kernel = 1 },
"#,
        "the input does not have the axes that this layer works on
  found: f32 N×64
  expected: N×C and 2 spatial axes
  at: layer `conv1`
  at: m.toml:7
  hint: a layer for 1-D, 2-D or 3-D data needs data with 1, 2 or 3 spatial axes",
    );
}

#[test]
fn a_skip_of_another_shape() {
    layers_say(
        r#"{ type = "conv2d", channels = 4, kernel = 3 },
{ type = "conv2d", channels = 4, kernel = 3, name = "c2" },
{ type = "add", with = "conv1" },
"#,
        "the output of `conv1` cannot be added: it has another type
  found: f32 N×4×6×6
  expected: f32 N×4×4×4
  at: layer `add1`
  at: m.toml:8
  hint: a 1×1 convolution (with a stride) makes the channels and sizes of a skip fit",
    );
}

#[test]
fn a_skip_from_nowhere() {
    layers_say(
        r#"{ type = "conv2d", channels = 4, kernel = 3, name = "stem" },
{ type = "add", with = "stm" },
"#,
        "there is no layer `stm`
  at: layer `add1`
  at: m.toml:7
  hint: did you mean `stem`?",
    );
}

#[test]
fn a_skip_from_what_comes_later() {
    layers_say(
        r#"{ type = "add", with = "late" },
{ type = "relu", name = "late" },
"#,
        "the layer `late` does not come before this one
  expected: a layer that comes earlier
  at: layer `add1`
  at: m.toml:6
  hint: a layer can only use what is already computed",
    );
}

#[test]
fn from_nowhere() {
    layers_say(
        r#"{ type = "flatten", from = "elsewhere" },
{ type = "dense", units = 4 },
"#,
        "there is no layer `elsewhere`
  expected: input
  at: layer `flatten1`
  at: m.toml:6",
    );
}

#[test]
fn a_name_given_twice() {
    layers_say(
        r#"{ type = "flatten", name = "a" },
{ type = "dense", units = 4, name = "a" },
"#,
        "two layers are called `a`
  at: layer `a`
  at: m.toml:7
  hint: call this one or the flatten before it otherwise; a layer without a name is called by its kind and number",
    );
}

#[test]
fn a_name_that_is_taken_by_default() {
    layers_say(
        r#"{ type = "relu", name = "relu2" },
{ type = "relu" },
{ type = "flatten" },
{ type = "dense", units = 4 },
"#,
        "two layers are called `relu2`
  at: layer `relu2`
  at: m.toml:7
  hint: call this one or the relu before it otherwise; a layer without a name is called by its kind and number",
    );
}

#[test]
fn a_name_with_a_slash() {
    layers_say(
        r#"{ type = "flatten", name = "a/b" },
{ type = "dense", units = 4 },
"#,
        "a layer cannot be called `a/b`
  expected: letters, digits, `_`, `-` and `.`, not beginning with `.`
  at: layer `a/b`
  at: m.toml:6",
    );
}

#[test]
fn too_few_scores() {
    layers_say(
        r#"{ type = "flatten" },
{ type = "dense", units = 3 },
"#,
        "the last layer does not give one score for each class
  found: f32 N×3
  expected: f32 N×4 for 4 classes
  at: layer `dense1`
  at: m.toml:7
  hint: give the last layer 4 units, or correct `classes`",
    );
}

#[test]
fn no_layers() {
    layers_say(
        "",
        "the model has no layers
  expected: at least one layer
  at: m.toml:5",
    );
}

#[test]
fn layers_of_words() {
    layers_say(
        "\"relu\",\n",
        r#"layer 1 is not a table
  found: "relu"
  expected: something like { type = "relu" }
  at: m.toml:6"#,
    );
}

#[test]
fn several_mistakes_at_once() {
    layers_say(
        r#"{ type = "conv2d", channels = 4, kernel = 9 },
{ type = "relux" },
{ type = "dense", unit = 4 },
"#,
        r#"there is no kind of layer `relux`
  at: m.toml:7
  hint: did you mean `relu`?
and: unknown key `unit`
  at: layer `dense1`
  at: m.toml:8
  hint: did you mean `units`?
and: the kernel does not fit the input
  found: kernel 9 (extent 9) on an axis of 8 with padding 0+0
  expected: an extent of at most 8
  at: layer `conv1`
  at: m.toml:6
  hint: use a smaller kernel, padding = "same", or a larger input"#,
    );
}

#[test]
fn mistakes_of_shape_in_two_branches() {
    layers_say(
        r#"{ type = "conv2d", channels = 4, kernel = 9 },
{ type = "conv2d", channels = 4, kernel = 3, stride = 0, from = "input" },
"#,
        r#"the kernel does not fit the input
  found: kernel 9 (extent 9) on an axis of 8 with padding 0+0
  expected: an extent of at most 8
  at: layer `conv1`
  at: m.toml:6
  hint: use a smaller kernel, padding = "same", or a larger input
and: kernel, stride and dilation must be at least 1
  found: kernel 3, stride 0, dilation 1 on spatial axis 0
  at: layer `conv2`
  at: m.toml:7"#,
    );
}

#[test]
fn not_toml() {
    says(
        r#"version = 1
name = "m
"#,
        r#"this is not TOML
  found: invalid basic string, expected `"`
  at: m.toml:2"#,
    );
}

#[test]
fn a_key_given_twice() {
    says(
        "version = 1
version = 1
",
        "this is not TOML
  found: duplicate key
  at: m.toml:2",
    );
}

#[test]
fn nothing() {
    says(
        "",
        r#"`version` is missing
  expected: the version of the format, 1
  at: m.toml:1
and: `name` is missing
  expected: a name for the model, such as "lenet5"
  at: m.toml:1
and: `input` is missing
  expected: input = { shape = [channels, height, width] }
  at: m.toml:1
and: `classes` is missing
  expected: a number, or a list of names
  at: m.toml:1
and: `layers` is missing
  expected: a list of layers
  at: m.toml:1"#,
    );
}

#[test]
fn another_version() {
    says(
        "version = 2
layres = []
",
        "this version of the format of models is not known
  found: version = 2
  expected: version = 1
  at: m.toml:1
  hint: the file was made by a newer program, or `version` is mistyped",
    );
}

#[test]
fn a_misspelt_key_of_the_model() {
    says(
        r#"version = 1
name = "m"
clases = 4

[input]
shape = [1, 8, 8]

[[layers]]
type = "flatten"
"#,
        "unknown key `clases`
  at: m.toml:3
  hint: did you mean `classes`?",
    );
}

#[test]
fn a_block_of_a_layer() {
    says(
        r#"version = 1
name = "m"
classes = 4

[input]
shape = [1, 8, 8]

[[layers]]
type = "flatten"

[[layers]]
type = "dense"
units = 4
bais = false
"#,
        "unknown key `bais`
  at: layer `dense1`
  at: m.toml:14
  hint: did you mean `bias`?",
    );
}

#[test]
fn an_input_of_no_size() {
    says(
        r#"version = 1
name = "m"
classes = 4
input = { shape = [1, 0, 8] }
layers = [{ type = "flatten" }]
"#,
        "the shape of the input is not usable
  found: [1, 0, 8]
  expected: the sizes of one sample, each at least 1, such as [1, 28, 28]
  at: m.toml:4",
    );
}

#[test]
fn an_input_in_words() {
    says(
        r#"version = 1
name = "m"
classes = 4
input = { shape = "28x28" }
layers = [{ type = "flatten" }]
"#,
        r#"the value of `input` cannot be used
  found: "28x28"
  expected: a list
  at: m.toml:4"#,
    );
}

#[test]
fn an_unknown_loss() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
loss = "crossentropy"
layers = [{ type = "flatten" }]
"#,
        r#"the value of `loss` cannot be used
  found: "crossentropy"
  expected: one of "cross_entropy", "binary_cross_entropy", "mean_squared_error", "squared_error", "rbf"
  at: m.toml:5
  hint: did you mean "cross_entropy"?"#,
    );
}

#[test]
fn a_misspelt_option_of_the_loss() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
loss = { type = "cross_entropy", label_smothing = 0.1 }
layers = [{ type = "flatten" }]
"#,
        "unknown key `label_smothing`
  at: m.toml:5
  hint: did you mean `label_smoothing`?",
    );
}

#[test]
fn a_senseless_label_smoothing() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
loss = { type = "cross_entropy", label_smoothing = 1.5 }
layers = [{ type = "flatten" }]
"#,
        "the label smoothing is not usable
  found: 1.5
  expected: a number from 0 to below 1
  at: m.toml:5",
    );
}

#[test]
fn classes_that_are_no_names() {
    says(
        r#"version = 1
name = "m"
classes = [1, 2]
input = { shape = [1, 8, 8] }
layers = [{ type = "flatten" }]
"#,
        "the value of `classes` cannot be used
  found: [1, 2]
  expected: the number of classes, or a list of their names
  at: m.toml:3",
    );
}

#[test]
fn two_classes_of_one_name() {
    says(
        r#"version = 1
name = "m"
classes = ["cat", "cat"]
input = { shape = [1, 1, 2] }
layers = [{ type = "flatten" }]
"#,
        "two classes are called `cat`
  at: m.toml:3",
    );
}

#[test]
fn a_std_of_zero() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
layers = [{ type = "flatten" }]
[preprocessing]
std = [0.0]
"#,
        "preprocessing: a number of std is not usable
  found: 0
  expected: finite numbers above 0
  at: m.toml:6",
    );
}

#[test]
fn a_misspelt_key_of_the_preprocessing() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
preprocessing = { means = [0.5] }
layers = [{ type = "flatten" }]
"#,
        "unknown key `means`
  at: m.toml:5
  hint: did you mean `mean`?",
    );
}

#[test]
fn softmax_before_cross_entropy() {
    layers_say(
        r#"{ type = "flatten" },
{ type = "dense", units = 4 },
{ type = "softmax" },
"#,
        "softmax is applied twice
  found: a softmax layer before the loss cross_entropy
  expected: scores: any real numbers
  at: layer `softmax1`
  at: m.toml:8
  hint: leave the last layer out; probabilities are made of the scores",
    );
}

#[test]
fn a_loss_that_is_a_number() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
loss = 3
layers = [{ type = "flatten" }]
"#,
        "the value of `loss` cannot be used
  found: 3
  expected: the name of a loss, or a table with its type
  at: m.toml:5",
    );
}

#[test]
fn an_option_that_the_loss_has_not() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [1, 8, 8] }
loss = { type = "mean_squared_error", label_smoothing = 0.1 }
layers = [{ type = "flatten" }]
"#,
        "unknown key `label_smoothing`
  expected: no options
  at: m.toml:5",
    );
}

#[test]
fn layers_that_do_nothing() {
    says(
        r#"version = 1
name = "m"
classes = 64
input = { shape = [64] }
layers = [{ type = "flatten" }]
"#,
        "the layers do nothing
  at: layer `flatten1`
  at: m.toml:5
  hint: the output is the input itself",
    );
}

#[test]
fn a_name_of_the_model_that_is_a_path() {
    says(
        r#"version = 1
name = "../m"
classes = 64
input = { shape = [1, 8, 8] }
layers = [{ type = "flatten" }]
"#,
        "a model cannot be called `../m`
  expected: letters, digits, `_`, `-` and `.`, not beginning with `.`
  at: m.toml:2",
    );
}

#[test]
fn a_layer_called_input() {
    layers_say(
        r#"{ type = "flatten", name = "input" },
{ type = "dense", units = 4 },
"#,
        "no layer can be called `input`
  at: layer `input`
  at: m.toml:6
  hint: the name stands for the model's input",
    );
}

#[test]
fn a_rate_above_one() {
    layers_say(
        r#"{ type = "flatten" },
{ type = "dropout", rate = 1.5 },
{ type = "dense", units = 4 },
"#,
        "the rate of dropout is a probability below 1
  found: rate = 1.5
  expected: 0 ≤ rate < 1
  at: layer `dropout1`
  at: m.toml:7",
    );
}

#[test]
fn a_table_of_the_wrong_height() {
    layers_say(
        "{ type = \"conv2d\", channels = 4, kernel = 8, table = [[0], [0]] },\n",
        "the connection table does not have one row for each output channel
  found: 2 rows
  expected: 4 rows
  at: layer `conv1`
  at: m.toml:6",
    );
}

#[test]
fn a_pool_that_does_not_fit() {
    layers_say(
        "{ type = \"max_pool2d\", window = [2, 9] },\n",
        r#"the window does not fit the input
  found: window 9 (extent 9) on an axis of 8 with padding 0+0
  expected: an extent of at most 8
  at: layer `pool1`
  at: m.toml:6
  hint: use a smaller kernel, padding = "same", or a larger input"#,
    );
}

#[test]
fn an_unknown_kind() {
    let error = Model::from_toml(&with_layers("{ type = \"attention\" },\n"), "m.toml").unwrap_err().to_string();
    let start = "there is no kind of layer `attention`\n  expected: one of conv1d, conv2d, conv3d, ";
    assert!(error.starts_with(start) && error.ends_with("\n  at: m.toml:6"), "{error}");
}

/// In Rust the place is the line of the program.
#[test]
fn mistakes_in_rust_name_the_line() {
    let line = line!() + 2;
    let model = Model::new("m", [1, 8, 8]).classes(4).flatten();
    let error = model.dense(3).finish().unwrap_err();
    let place = format!("model_errors.rs:{line}:");
    assert!(error.to_string().contains(&place), "{error}");
    assert!(error.to_string().contains("found: f32 N×3"), "{error}");
}

#[test]
fn mistakes_in_free_form_graphs_name_the_line() {
    let g = Builder::new();
    let x = g.input("image", f32([N, 1.into(), 8.into(), 8.into()]));
    let line = line!() + 1;
    let y = x.conv2d(4, 9).relu();
    let error = g.finish([y]).unwrap_err();
    assert!(error.to_string().contains(&format!("model_errors.rs:{line}:")), "{error}");
    assert!(error.to_string().contains("layer `conv1`"), "{error}");
}

#[test]
fn a_file_that_is_not_there() {
    let error = Model::open(std::path::Path::new("no/such/model.toml")).unwrap_err();
    assert!(error.to_string().starts_with("the model cannot be read\n  found: "), "{error}");
    assert!(error.to_string().contains("at: no/such/model.toml"), "{error}");
}

/// Files of the zoo with values and pieces of text replaced: a model or an error, never a panic.
#[test]
fn no_damage_to_a_file_makes_a_panic() {
    const VALUES: &[&str] = &[
        "0",
        "1",
        "-1",
        "7",
        "30",
        "16777216",
        "99999999999999999999999",
        "1e9",
        "nan",
        "true",
        "\"same\"",
        "[[0, 1], [2, 2]]",
        "[3, 5]",
        "[]",
        "{}",
        "\"relu1\"",
        "\"input\"",
        "\"he\"",
        "{ normal = 0.1 }",
    ];
    const PIECES: &[&str] = &["\"", "[", "}", ",", "=", "\n", "é", "kernel = 0", "stride", "conv2d", "type"];
    for (number, entry) in zoo::all().iter().enumerate() {
        let text = (entry.make)().to_toml();
        let values: Vec<usize> = text.match_indices(" = ").map(|(at, _)| at + 3).collect();
        for round in 0..300 {
            let rng = Rng::new(number as u64).substream(round);
            let mut damaged = text.clone();
            match rng.below(0, 4) {
                0 => {
                    let at = (rng.below(1, text.len())..).find(|&at| text.is_char_boundary(at)).unwrap_or(0);
                    damaged.insert_str(at, PIECES[rng.below(2, PIECES.len())]);
                }
                _ => {
                    let start = values[rng.below(1, values.len())];
                    let end = start + text[start..].find([',', '}', '\n']).unwrap_or(0);
                    damaged.replace_range(start..end, VALUES[rng.below(2, VALUES.len())]);
                }
            }
            let read = || Model::from_toml(&damaged, "m.toml").and_then(|model| model.summary());
            assert!(std::panic::catch_unwind(read).is_ok(), "a panic over\n{damaged}");
        }
    }
}

#[test]
fn an_output_padding_of_a_stride() {
    layers_say(
        "{ type = \"conv_transpose2d\", channels = 4, kernel = 2, stride = 2, output_padding = 2 },\n",
        "the output padding is not usable
  found: output_padding = 2 with a stride of 2
  expected: less than the stride, and padding given by numbers
  at: layer `conv_transpose1`
  at: m.toml:6",
    );
    layers_say(
        "{ type = \"conv_transpose2d\", channels = 4, kernel = 2, stride = 2, padding = \"same\", output_padding = 1 },\n",
        "the output padding is not usable
  found: output_padding = 1 beside padding = \"same\"
  expected: less than the stride, and padding given by numbers
  at: layer `conv_transpose1`
  at: m.toml:6",
    );
}

#[test]
fn a_padding_that_leaves_nothing_of_a_transposed_convolution() {
    layers_say(
        "{ type = \"conv_transpose2d\", channels = 4, kernel = 1, padding = 4 },\n",
        "the padding leaves nothing of the output
  found: padding 4 and 4 of 8
  expected: less padding than output
  at: layer `conv_transpose1`
  at: m.toml:6",
    );
}

#[test]
fn a_transposed_convolution_of_other_axes() {
    layers_say(
        "{ type = \"conv_transpose1d\", channels = 4, kernel = 2 },\n",
        "the input does not have the axes that this layer works on
  found: f32 N×1×8×8
  expected: N×C and 1 spatial axes
  at: layer `conv_transpose1`
  at: m.toml:6
  hint: a layer for 1-D, 2-D or 3-D data needs data with 1, 2 or 3 spatial axes",
    );
}
