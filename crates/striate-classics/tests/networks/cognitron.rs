//! What Fukushima's paper shows: shown lines in turn and told nothing, the deepest layer comes to answer each with
//! cells of its own, from which the line can be had back.

use striate_classics::Saved;
use striate_classics::cognitron::{Cognitron, Settings};
use striate_tensor::Fault;

const SIDE: usize = 12;

/// Lines of eight cells: horizontal, vertical, and the two diagonals.
fn lines() -> [Vec<f32>; 4] {
    let of = |on: fn(usize, usize) -> bool| -> Vec<f32> {
        let cell = |i: usize| (2..10).contains(&(i / SIDE).max(i % SIDE)) && (i / SIDE).min(i % SIDE) >= 2;
        (0..SIDE * SIDE).map(|i| f32::from(cell(i) && on(i / SIDE, i % SIDE))).collect()
    };
    [of(|y, _| y == 6), of(|_, x| x == 6), of(|y, x| y == x), of(|y, x| y + x == SIDE - 1)]
}

fn trained(rounds: usize) -> Cognitron {
    let mut network = Cognitron::new(&Settings::default()).unwrap();
    for _ in 0..rounds {
        lines().iter().for_each(|line| network.learn_one(line).unwrap());
    }
    network
}

fn deepest(network: &Cognitron, pattern: &[f32]) -> Vec<f32> {
    network.response(pattern).unwrap().pop().unwrap()
}

fn strongest(activity: &[f32]) -> usize {
    (0..activity.len()).max_by(|&i, &j| activity[i].total_cmp(&activity[j])).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn the_deepest_layer_has_cells_for_each_line_alone() {
    let fresh = Cognitron::new(&Settings::default()).unwrap();
    assert!(lines().iter().all(|line| deepest(&fresh, line).iter().all(|&u| u == 0.0)));
    let network = trained(20);
    for (i, line) in lines().iter().enumerate() {
        let own = deepest(&network, line);
        let cell = strongest(&own);
        assert!(own[cell] > 0.5, "line {i}: {}", own[cell]);
        for (j, other) in lines().iter().enumerate().filter(|&(j, _)| j != i) {
            let answer = deepest(&network, other)[cell];
            assert!(answer < 0.05 * own[cell], "the cell of line {i} answers line {j} with {answer}");
        }
    }
}

/// The mean, over the cells of a layer that answer any line, of the part that the strongest answer has in all four: 1 if
/// each cell answers one line alone, 1/4 if all lines are alike to it.
fn selectivity(network: &Cognitron, layer: usize) -> f32 {
    let answers = lines().map(|line| network.response(&line).unwrap().swap_remove(layer));
    let of = |cell: usize| {
        let own = [0, 1, 2, 3].map(|line| answers[line][cell]);
        (own.iter().copied().fold(0.0, f32::max), own.iter().sum::<f32>())
    };
    let parts: Vec<f32> =
        (0..SIDE * SIDE).map(of).filter(|(_, sum)| *sum > 0.0).map(|(most, sum)| most / sum).collect();
    parts.iter().sum::<f32>() / parts.len() as f32
}

#[test]
fn cells_of_every_layer_answer_lines_and_are_selective() {
    let late = trained(20);
    for layer in 0..4 {
        for (i, line) in lines().iter().enumerate() {
            let most = late.response(line).unwrap()[layer].iter().copied().fold(0.0, f32::max);
            assert!(most > 0.3, "layer {layer} answers line {i} with {most}");
        }
        let found = selectivity(&late, layer);
        assert!(found > 0.9, "layer {layer}: {found}");
    }
}

#[test]
fn reverse_reproduction_gives_the_line_back() {
    let network = trained(20);
    for (i, line) in lines().iter().enumerate() {
        let mut activity = vec![0.0; SIDE * SIDE];
        activity[strongest(&deepest(&network, line))] = 1.0;
        let image = network.reproduce(&activity).unwrap();
        let likeness: Vec<f32> = lines().iter().map(|line| cosine(&image, line)).collect();
        let best_other = (0..4).filter(|&j| j != i).map(|j| likeness[j]).fold(0.0, f32::max);
        assert!(likeness[i] > 0.5 && likeness[i] > 2.0 * best_other, "line {i}: {likeness:?}");
    }
}

/// h grows half as much as e, so that (1 + e)/(1 + h) − 1 tends to 1 and never passes it.
#[test]
fn the_answer_to_one_pattern_saturates_at_1() {
    let settings = Settings { layers: 1, lateral: 0, ..Settings::default() };
    let mut network = Cognitron::new(&settings).unwrap();
    let line = &lines()[0];
    let mut answers = vec![];
    for _ in 0..200 {
        network.learn_one(line).unwrap();
        answers.push(network.response(line).unwrap()[0].iter().fold(0.0f32, |m, &u| m.max(u)));
    }
    assert!(answers.iter().all(|&u| u <= 1.0), "{answers:?}");
    assert!(answers[199] > 0.97 && answers[199] > answers[5], "{answers:?}");
}

/// The shunting inhibition tells a part from the whole: a larger pattern that contains the line excites its cell no
/// less, but inhibits it more.
#[test]
fn a_larger_pattern_that_contains_the_line_is_another() {
    let settings = Settings { layers: 1, lateral: 0, ..Settings::default() };
    let mut network = Cognitron::new(&settings).unwrap();
    let line = &lines()[0];
    for _ in 0..50 {
        network.learn_one(line).unwrap();
    }
    let own = &network.response(line).unwrap()[0];
    let cell = strongest(own);
    let all = network.response(&vec![1.0; SIDE * SIDE]).unwrap()[0][cell];
    assert!(own[cell] > 0.9 && all < 0.1, "{}, {all}", own[cell]);
}

/// Of each vicinity of 3×3 cells only the strongest changes, unless all are silent.
#[test]
fn only_the_strongest_of_a_vicinity_grows() {
    let synapses = |network: &Cognitron| network.parts().take("layer1.excitatory", &[SIDE * SIDE, 25]).unwrap();
    // Without lateral inhibition the response is the activity by which cells are compared.
    let mut network = Cognitron::new(&Settings { lateral: 0, ..Settings::default() }).unwrap();
    for _ in 0..3 {
        lines().iter().for_each(|line| network.learn_one(line).unwrap());
    }
    let line = &lines()[1];
    let u = network.response(line).unwrap().swap_remove(0);
    let before = synapses(&network);
    network.learn_one(line).unwrap();
    let after = synapses(&network);
    let mut winners = 0;
    for n in 0..SIDE * SIDE {
        let near = |m: &usize| (m / SIDE).abs_diff(n / SIDE) <= 1 && (m % SIDE).abs_diff(n % SIDE) <= 1;
        let greatest = (0..SIDE * SIDE).filter(near).map(|m| u[m]).fold(0.0, f32::max);
        let grew = before[n * 25..(n + 1) * 25] != after[n * 25..(n + 1) * 25];
        if greatest > 0.0 {
            assert_eq!(grew, u[n] == greatest, "cell {n}");
            winners += usize::from(grew);
        }
    }
    assert!(winners > 2, "{winners}");
}

#[test]
fn mistakes_are_errors() {
    let network = trained(1);
    assert_eq!(network.response(&[0.0; 5]).unwrap_err().fault(), Fault::Data);
    let failure = network.response(&[-1.0; SIDE * SIDE]).unwrap_err();
    assert!(failure.to_string().contains("expected: at least 0"), "{failure}");
    for settings in [
        Settings { layers: 0, ..Settings::default() },
        Settings { area: 12, ..Settings::default() },
        Settings { rate: 1.0, weak_rate: 2.0, ..Settings::default() },
        Settings { height: usize::MAX, ..Settings::default() },
    ] {
        assert_eq!(Cognitron::new(&settings).unwrap_err().fault(), Fault::Model);
    }
}
