//! How well a map lies in the data, and what it shows.
//!
//! - **quantisation error**: the mean distance of a row to its winner.
//! - **topographic error**: the part of the rows whose two nearest units do not touch (Kiviluoto, "Topology
//!   preservation in self-organizing maps", 1996).
//! - **U-matrix**: for each unit the mean distance of its weights to those of its neighbours; ridges divide clusters
//!   (Ultsch and Siemon, 1990).
//! - **hit map**, **component plane**, **label map**: for each unit the rows that it wins, one of its weights, the
//!   label that most of its rows have.

use super::Som;
use crate::checks::{count, labels};
use striate_kernels::Workers;
use striate_tensor::Result;

/// Rows of one item.
const ITEM: usize = 64;

impl Som {
    /// The mean distance of a row to its winner, in the map's own distance.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map.
    pub fn quantisation_error(&self, workers: &Workers, rows: &[f32]) -> Result<f64> {
        let (winners, width) = (self.winners(workers, rows)?, self.features);
        let mut distances = vec![0.0; winners.len()];
        workers.chunks(&mut distances, ITEM, |item, _, distances| {
            for (i, distance) in distances.iter_mut().enumerate() {
                let row = item * ITEM + i;
                let (x, w) = (&rows[row * width..][..width], &self.weights[winners[row] * width..][..width]);
                *distance = self.settings.distance.between(x, w);
            }
        });
        Ok(distances.iter().map(|&d| f64::from(d)).sum::<f64>() / winners.len() as f64)
    }

    /// The part of the rows whose two nearest units do not touch; 0 for a single unit.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map.
    pub fn topographic_error(&self, workers: &Workers, rows: &[f32]) -> Result<f64> {
        let nearest = self.nearest(workers, rows)?;
        let apart = |&(a, b): &(usize, usize)| a != b && !self.settings.grid.adjacent(a, b);
        let wrong = nearest.iter().map(|n| (n.first as usize, n.second as usize)).filter(apart).count();
        Ok(wrong as f64 / nearest.len() as f64)
    }

    /// For each unit the mean distance of its weights to those of its neighbours; 0 for a single unit.
    pub fn u_matrix(&self) -> Vec<f32> {
        let weights = |unit: usize| &self.weights[unit * self.features..][..self.features];
        let mean = |unit: usize| {
            let neighbours = self.settings.grid.neighbours(unit);
            let distance = |&other: &usize| self.settings.distance.between(weights(unit), weights(other));
            neighbours.iter().map(distance).sum::<f32>() / neighbours.len().max(1) as f32
        };
        (0..self.units()).map(mean).collect()
    }

    /// For each unit the number of rows that it wins.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map.
    pub fn hit_map(&self, workers: &Workers, rows: &[f32]) -> Result<Vec<usize>> {
        let mut hits = vec![0; self.units()];
        self.winners(workers, rows)?.into_iter().for_each(|unit| hits[unit] += 1);
        Ok(hits)
    }

    /// For each unit its weight for one feature; `None` when there is no such feature.
    pub fn component_plane(&self, feature: usize) -> Option<Vec<f32>> {
        (feature < self.features).then(|| self.weights.iter().skip(feature).step_by(self.features).copied().collect())
    }

    /// For each unit the label that most of its rows have (of equally many the least), and how many; `None` where it
    /// wins no row.
    ///
    /// # Errors
    /// `Fault::Data` when rows or labels do not fit.
    pub fn label_map(
        &self,
        workers: &Workers,
        rows: &[f32],
        of_rows: &[usize],
        classes: usize,
    ) -> Result<Vec<Option<(usize, usize)>>> {
        labels(of_rows, count(rows, self.features)?, classes)?;
        let mut counts = vec![0usize; self.units() * classes];
        for (unit, label) in self.winners(workers, rows)?.into_iter().zip(of_rows) {
            counts[unit * classes + label] += 1;
        }
        let most = |counts: &[usize]| {
            let (label, &count) = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
            (count > 0).then_some((label, count))
        };
        Ok(counts.chunks_exact(classes).map(most).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::som::{Grid, SomSettings};

    /// Units of one row at 0, 1, 2, 10.
    fn line() -> Som {
        let mut som = Som::new(1, SomSettings::new(Grid::rectangular(1, 4))).unwrap();
        som.set_weights(vec![0.0, 1.0, 2.0, 10.0]).unwrap();
        som
    }

    #[test]
    fn measures_of_a_line() {
        let (som, workers) = (line(), Workers::new(1));
        let rows = [0.25, 1.75, 9.0, 9.0];
        assert_eq!(som.quantisation_error(&workers, &rows).unwrap(), (0.25 + 0.25 + 1.0 + 1.0) / 4.0);
        assert_eq!(som.hit_map(&workers, &rows).unwrap(), [1, 0, 1, 2]);
        assert_eq!(som.u_matrix(), [1.0, 1.0, 4.5, 8.0]);
        assert_eq!(som.component_plane(0).unwrap(), som.weights());
        assert_eq!(som.component_plane(1), None);
        let labels = som.label_map(&workers, &rows, &[0, 2, 1, 0], 3).unwrap();
        assert_eq!(labels, [Some((0, 1)), None, Some((2, 1)), Some((0, 1))]);
        assert!(som.label_map(&workers, &rows, &[0, 2, 1, 3], 3).is_err());
    }

    #[test]
    fn the_topographic_error_counts_folds() {
        let workers = Workers::new(1);
        let mut som = line();
        assert_eq!(som.topographic_error(&workers, &[0.1, 1.2, 9.0]).unwrap(), 0.0);
        som.set_weights(vec![0.0, 5.0, 1.0, 10.0]).unwrap();
        // the nearest two of 0.4 are units 0 and 2, of 8 units 3 and 1, of 4.5 units 1 and 2
        assert_eq!(som.topographic_error(&workers, &[0.4, 8.0, 4.5, 4.4]).unwrap(), 0.5);
    }
}
