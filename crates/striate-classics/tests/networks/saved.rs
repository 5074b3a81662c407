//! Every network comes back from its file bit for bit, and a file that is wrong is refused with a reason.

use crate::random_patterns;
use std::fmt::Debug;
use std::path::Path;
use striate_classics::adaline::{self, Adaline};
use striate_classics::art::{
    Art, Art1, Art1Settings, Art2a, Art2aSettings, BinaryArtmap, Classifier, FuzzyArt, FuzzyArtSettings,
};
use striate_classics::cognitron::{self, Cognitron};
use striate_classics::competitive::{self, Competitive};
use striate_classics::dbn::Dbn;
use striate_classics::hebb::{self, Associator, Oja, Sanger};
use striate_classics::hopfield::{Continuous, Hopfield, Modern, Storage};
use striate_classics::lvq::{Lvq, LvqSettings};
use striate_classics::mlp::Mlp;
use striate_classics::online::LearnOne;
use striate_classics::perceptron::{Perceptron, Settings};
use striate_classics::rbm::{Rbm, RbmSettings};
use striate_classics::som::{Grid, Som, SomSettings};
use striate_classics::{Rows, Saved, data};
use striate_io::{Tensor, load_tensors, save_tensors};
use striate_kernels::Workers;
use striate_tensor::{Array, Fault};

/// What each kind of network is put through.
trait Visit {
    fn visit<N: Saved + PartialEq + Debug>(&mut self, network: N);
}

fn each_network(visitor: &mut impl Visit) {
    let iris = data::iris();
    let (rows, labels) = (iris.rows(), iris.labels());
    visitor.visit(Perceptron::train(rows, labels, 3, &Settings::default()).unwrap().0.margin(0.1).unwrap());
    visitor.visit(Adaline::train(rows, labels, 3, &adaline::Settings { rate: 0.001, ..Default::default() }).unwrap().0);
    let mut mlp = Mlp::for_classes(4, &[3, 2], 3, 0.5, 7).unwrap();
    mlp.learn_one(&[0.1, 0.2, 0.3, 0.4], 2).unwrap();
    visitor.visit(mlp);
    let mut associator = Associator::new(2, 2, 0.3).unwrap();
    associator.learn_one(&[1.0, 0.3], &[0.7, 2.0]).unwrap();
    visitor.visit(associator);
    let mut oja = Oja::new(4, 1).unwrap();
    oja.train(rows, &hebb::Settings { rate: 1e-4, ..Default::default() }).unwrap();
    visitor.visit(oja);
    visitor.visit(Sanger::new(4, 2, 1).unwrap());
    let stored = random_patterns(3, 10, 1);
    let hopfield = Hopfield::store(Rows::new(&stored, 10).unwrap(), Storage::Storkey).unwrap();
    visitor.visit(Continuous::of(&hopfield, 1.7).unwrap());
    visitor.visit(hopfield);
    visitor.visit(Modern::store(rows, 0.3).unwrap());
    let mut competitive = Competitive::new(4, 3, 3, &competitive::Settings::default()).unwrap();
    rows.iter().zip(labels).for_each(|(x, &y)| competitive.learn_one(x, y).unwrap());
    visitor.visit(competitive);
    let settings = cognitron::Settings { height: 5, width: 4, layers: 2, ..Default::default() };
    let mut cognitron = Cognitron::new(&settings).unwrap();
    cognitron.learn_one(&[0.0, 1.0, 0.0, 1.0, 0.5].repeat(4)).unwrap();
    visitor.visit(cognitron);

    let workers = Workers::new(1);
    let mut som = Som::new(4, SomSettings::new(Grid::hexagonal(3, 2))).unwrap();
    som.train_batch(&workers, rows.values(), 2).unwrap();
    visitor.visit(som);
    let mut lvq = Lvq::start(rows.values(), 4, labels, LvqSettings::default()).unwrap();
    lvq.learn_one(rows.row(0), labels[0]).unwrap();
    visitor.visit(lvq);
    let unit: Vec<f32> = rows.values().iter().map(|x| x / 8.0).collect();
    fn formed<A: Art>(settings: A::Settings, rows: &[f32]) -> A {
        let mut art = A::new(4, settings).unwrap();
        art.train(rows, 2).unwrap();
        art
    }
    visitor.visit(formed::<FuzzyArt>(FuzzyArtSettings::default(), &unit));
    visitor.visit(formed::<Art2a>(Art2aSettings::default(), &unit));
    visitor.visit(formed::<Art1>(Art1Settings::default(), &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]));
    let mut classifier = Classifier::<FuzzyArt>::new(4, FuzzyArtSettings::default(), 1e-10).unwrap();
    classifier.train(&unit, labels, 2).unwrap();
    visitor.visit(classifier);
    let mut map = BinaryArtmap::new((2, Art1Settings::default()), (2, Art1Settings::default()), 1e-10).unwrap();
    map.learn_one(&[1.0, 0.0], &[0.0, 1.0]).unwrap();
    visitor.visit(map);
    let machine = RbmSettings { persistent: true, ..RbmSettings::new(3) };
    let mut rbm = Rbm::new(4, machine).unwrap();
    rbm.train(&workers, &unit[..80], 1).unwrap();
    visitor.visit(rbm);
    let mut dbn = Dbn::new(4, &[machine, RbmSettings::new(2)]).unwrap();
    dbn.train(&workers, &unit[..80], 1).unwrap();
    visitor.visit(dbn);
}

#[test]
fn networks_come_back_bit_for_bit() {
    struct RoundTrip<'a>(&'a Path, usize);
    impl Visit for RoundTrip<'_> {
        fn visit<N: Saved + PartialEq + Debug>(&mut self, network: N) {
            let path = self.0.join(N::KIND);
            network.save(&path).unwrap();
            assert_eq!(N::load(&path).unwrap(), network);
            let (_, metadata) = load_tensors(&path).unwrap();
            assert_eq!((metadata["kind"].as_str(), metadata["version"].as_str()), (N::KIND, "1"));
            self.1 += 1;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut visitor = RoundTrip(folder.path(), 0);
    each_network(&mut visitor);
    assert_eq!(visitor.1, 20);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 20, "each kind has a name of its own");
}

/// Whatever one text or tensor of a file is changed to, loading is an error or a network, never a panic.
#[test]
fn files_that_are_wrong_are_refused() {
    struct Spoil<'a>(&'a Path);
    impl Visit for Spoil<'_> {
        fn visit<N: Saved + PartialEq + Debug>(&mut self, network: N) {
            let path = self.0.join(N::KIND);
            network.save(&path).unwrap();
            let (tensors, metadata) = load_tensors(&path).unwrap();
            let refused = |what: &str| {
                let failure = N::load(&path).unwrap_err();
                assert_eq!((failure.fault(), failure.places().len()), (Fault::Data, 1), "{what}: {failure}");
            };
            for name in metadata.keys() {
                for text in ["-1", "0", "18446744073709551615", "NaN", "x"] {
                    let mut changed = metadata.clone();
                    changed.insert(name.clone(), text.into());
                    save_tensors(&path, &tensors, &changed).unwrap();
                    // These may be 0, or any finite number above it.
                    let zero = [
                        "margin",
                        "lateral",
                        "area",
                        "vicinity",
                        "conscience",
                        "weak_rate",
                        "seen",
                        "batches",
                        "tracking",
                    ];
                    let real = ["rate", "margin", "gain", "beta", "conscience", "seen", "batches"];
                    let field = name.rsplit('.').next().unwrap();
                    let may = match text {
                        "-1" => field == "tracking",
                        "0" => zero.contains(&field),
                        "18446744073709551615" => real.contains(&field),
                        _ => false,
                    };
                    match may {
                        true => drop(N::load(&path)),
                        false => refused(&format!("{} {name} = {text}", N::KIND)),
                    }
                }
                let mut fewer = metadata.clone();
                fewer.remove(name);
                save_tensors(&path, &tensors, &fewer).unwrap();
                refused(name);
            }
            for (name, tensor) in &tensors {
                let data = tensor.as_f32().unwrap();
                let mut no_number = data.clone();
                no_number.data_mut()[0] = f32::NAN;
                let bytes = Tensor::U8(Array::full(data.shape().clone(), 0u8));
                for spoiled in [Tensor::from(Array::full([1, 2, 3], 0.0f32)), no_number.into(), bytes] {
                    let mut changed = tensors.clone();
                    changed.insert(name.clone(), spoiled);
                    save_tensors(&path, &changed, &metadata).unwrap();
                    refused(name);
                }
                let mut fewer = tensors.clone();
                fewer.remove(name);
                save_tensors(&path, &fewer, &metadata).unwrap();
                refused(name);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    each_network(&mut Spoil(folder.path()));
}

#[test]
fn another_kind_or_version_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network");
    Oja::new(4, 1).unwrap().save(&path).unwrap();
    let failure = Perceptron::load(&path).unwrap_err();
    assert_eq!(failure.fault(), Fault::Data);
    let text = failure.to_string();
    assert!(
        text.contains("found: `oja`") && text.contains("expected: `perceptron`") && text.contains("network"),
        "{text}"
    );
    assert!(text.contains("hint:"), "{text}");
    let missing = Oja::load(&folder.path().join("none")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read the weights"), "{missing}");
    // Weights that are not symmetric have no energy.
    let hopfield = Hopfield::store(Rows::new(&[1.0, -1.0, 1.0], 3).unwrap(), Storage::Hebb).unwrap();
    hopfield.save(&path).unwrap();
    let (mut tensors, metadata) = load_tensors(&path).unwrap();
    let mut weights = tensors["weights"].as_f32().unwrap().clone();
    weights.data_mut()[1] = 0.5;
    tensors.insert("weights".into(), weights.into());
    save_tensors(&path, &tensors, &metadata).unwrap();
    assert!(Hopfield::load(&path).unwrap_err().to_string().starts_with("the weights are not symmetric"));
}
