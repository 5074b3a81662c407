//! Networks for tables: the fast step against the plain one, the same numbers for any number of threads, what is learned.

use striate::classics::mlp::Mlp;
use striate::plan::Tensor;
use striate::prelude::*;
use striate::tables::{
    Attribute, Columns, Header, Missing, Parts, Recipe, Regression, Search, Style, Table, prepare, search,
};
use striate::tensor::Array;
use striate::train::{Data, Event, Feed, Graphs, Settings, Steps, StopRules, Store, Trainer};

fn train(parts: &Parts, recipe: &Recipe, settings: Settings) -> (Model, Trainer) {
    let model = recipe.model("table", &parts.encoding, &parts.classes).unwrap();
    let watched = parts.held_out.clone().unwrap_or_else(|| parts.train.clone());
    let data = Data { train: parts.train.clone(), watched, preprocessing: model.preprocessing.clone() };
    let graphs = Graphs::of(&model, &recipe.optimizer()).unwrap();
    let mut trainer = Trainer::new(graphs, &data, settings, 1).unwrap();
    while !matches!(trainer.advance().unwrap(), Event::Done(_)) {}
    (model, trainer)
}

fn parts(table: &str, validation: f64, seed: u64) -> Parts {
    prepare(&Table::embedded(table).unwrap(), &Columns::target("class"), Missing::Error, validation, seed).unwrap()
}

/// The graph's step of a taught network is the textbook's, for two classes (one unit) and for more (one each).
#[test]
fn taught_steps_are_those_of_the_plain_perceptron() {
    for (table, classes) in [("breast-cancer", 2), ("iris", 3)] {
        let parts = parts(table, 0.0, 1);
        let width = parts.encoding.width();
        let recipe = Recipe { hidden: vec![5, 3], ..Recipe::new(Style::Taught) };
        let model = recipe.model("taught", &parts.encoding, &parts.classes).unwrap();
        let graphs = Graphs::of(&model, &recipe.optimizer()).unwrap();
        let mut plain = Mlp::for_classes(width, &[5, 3], classes, 0.7, 3).unwrap();
        let mut store = Store::new(&graphs.training, 1);
        let sizes = plain.sizes().to_vec();
        for layer in 0..3 {
            let weights = Array::new([sizes[layer + 1], sizes[layer]], plain.weights(layer).to_vec());
            let bias = Array::new([sizes[layer + 1]], plain.bias(layer).to_vec());
            store.set(&format!("dense{}.weight", layer + 1), Tensor::F32(weights)).unwrap();
            store.set(&format!("dense{}.bias", layer + 1), Tensor::F32(bias)).unwrap();
        }
        let mut steps = Steps::new(graphs.training, store, 1).unwrap();
        steps.set_learning_rate(0.7);
        let rows = parts.train.reals().unwrap();
        for (x, &label) in rows.chunks_exact(width).zip(parts.train.labels()).step_by(7).take(40) {
            steps.step(&[Feed::F32(x), Feed::I32(&[label])]).unwrap();
            let targets: Vec<f32> = match classes {
                2 => vec![label as f32],
                _ => (0..classes as i32).map(|class| f32::from(class == label)).collect(),
            };
            let seen = plain.learn_targets(x, &targets).unwrap();
            let scores = &steps.output(1)[if classes == 2 { 1 } else { 0 }..];
            let away = scores.iter().zip(&seen.outputs[2]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(away < 1e-5, "{table}: {away}");
        }
        for layer in 0..3 {
            let Some(Tensor::F32(fast)) = steps.store().get(&format!("dense{}.weight", layer + 1)) else { panic!() };
            let away = fast.data().iter().zip(plain.weights(layer)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(away < 1e-5, "{table}, layer {layer}: {away}");
        }
    }
}

#[test]
fn both_styles_learn_the_tables_inside() {
    for (table, style, epochs, least) in [
        ("iris", Style::Modern, 60, 0.93),
        ("iris", Style::Taught, 100, 0.93),
        ("wine", Style::Modern, 30, 0.94),
        ("breast-cancer", Style::Taught, 15, 0.93),
    ] {
        let parts = parts(table, 0.2, 1);
        let recipe = Recipe { hidden: vec![8], ..Recipe::new(style) };
        let settings = Settings { stop: StopRules::after(epochs), ..recipe.settings(parts.train.len()) };
        let (_, trainer) = train(&parts, &recipe, settings);
        let accuracy = trainer.position().history.last().unwrap().watched.accuracy();
        assert!(accuracy >= least, "{table}, {style}: {accuracy}");
    }
}

#[test]
fn a_number_is_learned_and_told_in_its_own_unit() {
    // y = 3000 + 40·a − 25·b, and a column that says nothing.
    let row = |i: usize| {
        let (a, b) = ((i * 37 % 101) as f64, (i * 53 % 89) as f64);
        format!("{a},{b},{},{}\n", ["x", "y"][i % 2], 3000.0 + 40.0 * a - 25.0 * b)
    };
    let text = "a,b,c,y\n".to_string() + &(0..200).map(row).collect::<String>();
    let table = Table::parse(&text, "line.csv", Header::Auto).unwrap();
    let parts = prepare(&table, &Columns::target("y"), Missing::Error, 0.25, 2).unwrap();
    assert!(matches!(&parts.encoding.attributes[2], Attribute::Discrete { categories, .. } if categories.len() == 2));
    for style in [Style::Modern, Style::Taught] {
        let recipe = Recipe { hidden: vec![], ..Recipe::new(style) };
        let settings = Settings { stop: StopRules::after(100), ..recipe.settings(parts.train.len()) };
        let (model, trainer) = train(&parts, &recipe, Settings { learning_rate: 0.03, ..settings });
        let watched = trainer.position().history.last().unwrap().watched;
        let held_out = parts.held_out.as_ref().unwrap();
        let mean_square = model.loss.mean_square(watched.loss()).unwrap();
        let found = Regression::of(mean_square, held_out.targets(), parts.encoding.scale.unwrap());
        assert!(found.rmse < 60.0 && found.r2 > 0.99, "{style}: {found:?}");
        // The best epoch is that of the lowest loss.
        let lowest = trainer.position().history.iter().map(|epoch| epoch.watched.loss()).fold(f64::MAX, f64::min);
        assert_eq!(trainer.position().best.unwrap().watched.loss(), lowest);
        assert_eq!(Model::from_toml(&model.to_toml(), "m.toml").unwrap(), model);
    }
}

/// What is learned of the columns is learned from the training part: a held-out outlier does not move the scale.
#[test]
fn the_encoding_knows_the_training_part_only() {
    let table = Table::embedded("wine").unwrap();
    let parts = parts("wine", 0.3, 4);
    let all = prepare(&table, &Columns::target("class"), Missing::Error, 0.0, 4).unwrap();
    assert_ne!(parts.encoding, all.encoding);
    let reals = parts.train.reals().unwrap();
    let (low, high) = reals.iter().fold((f32::MAX, f32::MIN), |(l, h), &x| (l.min(x), h.max(x)));
    assert_eq!((low, high), (0.0, 1.0));
    assert!(parts.held_out.unwrap().reals().unwrap().iter().any(|x| !(0.0..=1.0).contains(x)));
}

#[test]
fn a_search_finds_the_same_for_any_number_of_threads() {
    let recipes: Vec<Recipe> =
        [vec![1], vec![6]].map(|hidden| Recipe { hidden, ..Recipe::new(Style::Modern) }).to_vec();
    let of = |threads| {
        let plan = Search {
            settings: recipes.iter().map(|r| Settings { stop: StopRules::after(12), ..r.settings(0) }).collect(),
            optimizers: recipes.iter().map(Recipe::optimizer).collect(),
            recipes: recipes.clone(),
            seeds: vec![1, 2, 3],
            folds: 3,
            seed: 1,
            threads,
        };
        let iris = Table::embedded("iris").unwrap();
        search(&iris, &Columns::target("class"), Missing::Error, &plan, &|_, _| true).unwrap()
    };
    let found = of(1);
    assert_eq!(found, of(4));
    assert_eq!((found.candidates.len(), found.best_recipe, found.candidates[found.best].recipe), (6, 1, 1));
    assert!(found.summary(1).0 > found.summary(0).0);
}

#[test]
fn models_with_targets_are_read_strictly() {
    let says = |text: &str, part: &str| {
        let error = Model::from_toml(text, "m.toml").unwrap_err().to_string();
        assert!(error.contains(part), "{part} is not in {error}");
    };
    let model = |head: &str| {
        format!(
            "version = 1\nname = \"m\"\ninput = {{ shape = [2] }}\n{head}\nlayers = [{{ type = \"dense\", units = 1 }}]\n"
        )
    };
    assert!(Model::from_toml(&model("targets = [\"y\"]\nloss = \"squared_error\""), "m.toml").is_ok());
    assert!(Model::from_toml(&model("classes = 2\nloss = \"binary_cross_entropy\""), "m.toml").is_ok());
    says(&model("targets = [\"y\"]"), "this loss does not judge numbers");
    says(&model("targets = [\"y\", \"z\"]\nloss = \"mean_squared_error\""), "one number for each target");
    says(&model("targets = [\"y\"]\nclasses = 2\nloss = \"mean_squared_error\""), "classes or gives numbers");
    says(&model("classes = 2\nloss = \"cross_entropy\""), "one score for each class");
    let table = "table = { target = \"k\", missing = \"error\", attributes = [{ type = \"numeric\", name = \"a\", \
                 low = 0.0, high = 1.0, mean = 0.5 }] }";
    says(&model(&format!("classes = 2\n{table}\nloss = \"binary_cross_entropy\"")), "do not fit the model's input");
}
