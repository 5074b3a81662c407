//! Finding objects in a picture by a network that has no class for "nothing": where there is ink, centred.
//!
//! Ink is how far a pixel is from the ground towards the stroke, 0 to 1: what the preprocessing makes of byte 0 and byte 255.
//! With p the probability of the best class of a cell of the [heat map](super::heatmap), I the ink in the inner part of its
//! window (a seventh of the edge off on each side) and R the ink in the rim around it,
//!
//! ```text
//! quality = p · (I − R)
//! ```
//!
//! is high where a whole object lies in the middle of a window. Over and over:
//!
//! 1. the cell of the highest quality is taken, unless its inner ink is less than that of [`LEAST_INK`] full pixels;
//! 2. its window is moved until it is centred on the ink in it, as the training digits were;
//! 3. its class is that with the greatest mean probability over nine windows, up to a pixel away;
//! 4. the ink in it is taken away, so that no second window finds the same object.

use super::heatmap::{HeatMap, Slider};
use crate::data::{Placed, Scene};
use crate::model::Model;
use crate::train::best_class;
use serde::Serialize;
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::{Array, Result};

/// Ink of the least object, in full pixels for a window of 28×28; it grows with the window's area.
pub const LEAST_INK: f32 = 12.0;

/// Steps of a window towards the ink at most.
const STEPS: usize = 4;

/// Windows whose probabilities are averaged: up to a pixel away along both axes.
const AROUND: [isize; 3] = [-1, 0, 1];

/// An object that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Its class.
    pub class: usize,
    /// The mean probability of that class.
    pub probability: f32,
    /// The upper left pixel of its window, row and column; negative where the window reaches beyond the picture.
    pub corner: [isize; 2],
    /// Height and width of the window.
    pub window: [usize; 2],
    /// Ink in the window, in full pixels.
    pub ink: f32,
}

impl Found {
    /// The middle of its window: row and column.
    pub fn centre(&self) -> [f32; 2] {
        [0, 1].map(|axis| self.corner[axis] as f32 + self.window[axis] as f32 / 2.0)
    }
}

/// Finds objects in pictures of one size.
#[derive(Debug)]
pub struct Locator {
    slider: Slider,
    /// For nine windows at a time.
    single: Plan,
    store: Store,
    size: [usize; 2],
    /// For each channel what the preprocessing makes of byte 0 and of byte 255.
    ends: Vec<[f32; 2]>,
}

impl Locator {
    /// For pictures of so many rows and columns, by the weights that `store` holds for `model`.
    ///
    /// # Errors
    /// As [`Slider::new`].
    pub fn new(model: &Model, store: &Store, size: [usize; 2]) -> Result<Self> {
        let slider = Slider::new(model, store, size)?;
        let batch = AROUND.len() * AROUND.len();
        let single = Plan::frozen(&model.graph_for_inference()?, batch, store, &Options::default())?;
        let ends = (0..model.input[0]).map(|channel| model.preprocessing.ends(channel)).collect();
        Ok(Locator { slider, single, store: store.clone(), size, ends })
    }

    /// The heat map of a picture (channels × rows × columns, preprocessed), and the objects in it, the clearest first.
    ///
    /// # Errors
    /// `Fault::Data`: it has another shape.
    pub fn locate(&mut self, workers: &Workers, picture: &Array<f32>) -> Result<(HeatMap, Vec<Found>)> {
        let map = self.slider.map(workers, picture)?;
        let [height, width] = map.window;
        let least = LEAST_INK * (height * width) as f32 / (28.0 * 28.0);
        let mut ink = Ink { size: self.size, values: self.ink(picture) };
        let best: Vec<f32> =
            (0..map.rows * map.columns).map(|i| map.best(i / map.columns, i % map.columns).1).collect();
        let mut found = vec![];
        // Every turn takes ink away; that rounding could leave a turn without effect is what the bound is for.
        for _ in 0..map.rows * map.columns {
            let sums = ink.sums();
            let mut top: Option<(f32, [usize; 2])> = None;
            for (cell, p) in best.iter().enumerate() {
                let corner = map.corner(cell / map.columns, cell % map.columns);
                let [inner, whole] =
                    [[height / 7, width / 7], [0, 0]].map(|margin| sums.inside(corner, map.window, margin));
                let quality = p * (2.0 * inner - whole);
                if inner >= least && top.is_none_or(|(most, _)| quality > most) {
                    top = Some((quality, corner));
                }
            }
            let Some((_, corner)) = top else { break };
            let corner = ink.centred(corner.map(|at| at as isize), map.window);
            let amount = ink.take(corner, map.window);
            let probabilities = self.around(workers, picture, corner, map.window)?;
            let class = best_class(&probabilities);
            if amount >= least {
                found.push(Found { class, probability: probabilities[class], corner, window: map.window, ink: amount });
            }
        }
        Ok((map, found))
    }

    fn ink(&self, picture: &Array<f32>) -> Vec<f32> {
        let pixels = self.size[0] * self.size[1];
        let part = |channel: usize, x: f32| {
            let [low, high] = self.ends[channel];
            ((x - low) / (high - low)).clamp(0.0, 1.0) / self.ends.len() as f32
        };
        (0..pixels)
            .map(|i| (0..self.ends.len()).map(|channel| part(channel, picture.data()[channel * pixels + i])).sum())
            .collect()
    }

    /// The mean probabilities over the windows around a corner.
    fn around(
        &mut self,
        workers: &Workers,
        picture: &Array<f32>,
        corner: [isize; 2],
        [height, width]: [usize; 2],
    ) -> Result<Vec<f32>> {
        let pixels = self.size[0] * self.size[1];
        let mut crops = vec![];
        for down in AROUND {
            for across in AROUND {
                for (channel, ends) in self.ends.iter().enumerate() {
                    for row in 0..height as isize {
                        for column in 0..width as isize {
                            let at = [corner[0] + down + row, corner[1] + across + column];
                            let inside = (0..2).all(|axis| (0..self.size[axis] as isize).contains(&at[axis]));
                            crops.push(match inside {
                                true => {
                                    picture.data()[channel * pixels + at[0] as usize * self.size[1] + at[1] as usize]
                                }
                                false => ends[0],
                            });
                        }
                    }
                }
            }
        }
        self.single.run(workers, &mut self.store, &[Feed::F32(&crops)])?;
        let all = self.single.output(1);
        let count = AROUND.len() * AROUND.len();
        let classes = all.len() / count;
        Ok((0..classes).map(|k| all.iter().skip(k).step_by(classes).sum::<f32>() / count as f32).collect())
    }
}

/// The ink that is left.
struct Ink {
    size: [usize; 2],
    values: Vec<f32>,
}

/// Ink above and to the left of each corner between pixels, so that a box is four numbers.
struct Sums {
    columns: usize,
    sums: Vec<f64>,
}

impl Ink {
    fn sums(&self) -> Sums {
        let [rows, columns] = self.size;
        let mut sums = vec![0.0; (rows + 1) * (columns + 1)];
        for row in 0..rows {
            let mut line = 0.0;
            for column in 0..columns {
                line += f64::from(self.values[row * columns + column]);
                sums[(row + 1) * (columns + 1) + column + 1] = sums[row * (columns + 1) + column + 1] + line;
            }
        }
        Sums { columns, sums }
    }

    /// Calls `f(index, row, column)` for the pixels of a window, counted within it, that the picture has.
    fn each(&self, corner: [isize; 2], window: [usize; 2], mut f: impl FnMut(usize, usize, usize)) {
        for row in 0..window[0] {
            for column in 0..window[1] {
                let at = [corner[0] + row as isize, corner[1] + column as isize];
                if (0..2).all(|axis| (0..self.size[axis] as isize).contains(&at[axis])) {
                    f(at[0] as usize * self.size[1] + at[1] as usize, row, column);
                }
            }
        }
    }

    /// The corner of the window of this size that is centred on the ink in it, sought from a corner on: its mean pixel, counted
    /// from 0, is half the edge, as in MNIST.
    fn centred(&self, mut corner: [isize; 2], window: [usize; 2]) -> [isize; 2] {
        for _ in 0..STEPS {
            let (mut mass, mut moment) = (0.0f64, [0.0f64; 2]);
            self.each(corner, window, |index, row, column| {
                let ink = f64::from(self.values[index]);
                mass += ink;
                moment = [moment[0] + ink * row as f64, moment[1] + ink * column as f64];
            });
            if mass <= 0.0 {
                break;
            }
            let shift = [0, 1].map(|axis| (moment[axis] / mass - window[axis] as f64 / 2.0).round() as isize);
            if shift == [0, 0] {
                break;
            }
            corner = [corner[0] + shift[0], corner[1] + shift[1]];
        }
        corner
    }

    /// Takes the ink of a window away; how much it was.
    fn take(&mut self, corner: [isize; 2], window: [usize; 2]) -> f32 {
        let mut indices = vec![];
        self.each(corner, window, |index, _, _| indices.push(index));
        indices.into_iter().map(|index| std::mem::take(&mut self.values[index])).sum()
    }
}

impl Sums {
    /// The ink in a window without a margin on each side.
    fn inside(&self, corner: [usize; 2], window: [usize; 2], margin: [usize; 2]) -> f32 {
        let [top, left] = [0, 1].map(|axis| corner[axis] + margin[axis]);
        let [bottom, right] = [0, 1].map(|axis| corner[axis] + window[axis] - margin[axis]);
        let at = |row: usize, column: usize| self.sums[row * (self.columns + 1) + column];
        (at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left)) as f32
    }
}

/// How many digits of a scene were found and told right: a window of their class has its middle within a quarter of their
/// edge of theirs.
///
/// ```
/// use striate::{data::{Digits, Scene}, explain::locate::told};
/// assert_eq!(told(&Scene::of_digits(&Digits::test(), 2, 80, 1)?, &[]), 0);
/// # Ok::<(), striate::tensor::Error>(())
/// ```
pub fn told(scene: &Scene, found: &[Found]) -> usize {
    let matches = |digit: &&Placed| {
        let middle = digit.corner.map(|at| at as f32 + digit.edge as f32 / 2.0);
        let near = |f: &&Found| (0..2).all(|axis| (f.centre()[axis] - middle[axis]).abs() <= digit.edge as f32 / 4.0);
        found.iter().filter(near).any(|f| f.class == digit.label)
    };
    scene.digits.iter().filter(matches).count()
}
