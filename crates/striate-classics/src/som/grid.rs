//! Where the units of a map stand.
//!
//! Unit (r, c) of a rectangular grid stands at (c, r). In a hexagonal grid rows lie √3/2 apart and odd rows are shifted
//! by ½, so that the six neighbours of a unit stand at distance 1. On a torus the shorter way round counts.

use crate::checks::setting;
use serde::{Deserialize, Serialize};
use striate_tensor::Result;

/// The pattern of a [`Grid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Topology {
    /// Squares; a unit has up to eight neighbours, corners included.
    Rectangular,
    /// Hexagons; a unit has up to six neighbours.
    Hexagonal,
}

/// A grid of `rows`×`columns` units, numbered row by row.
///
/// ```
/// use striate_classics::som::Grid;
/// let grid = Grid::hexagonal(4, 5);
/// assert_eq!((grid.units(), grid.neighbours(6).len()), (20, 6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Rows of units.
    pub rows: usize,
    /// Units of a row.
    pub columns: usize,
    /// Squares or hexagons.
    pub topology: Topology,
    /// Whether opposite borders touch.
    pub toroidal: bool,
}

impl Grid {
    /// Squares with borders.
    pub fn rectangular(rows: usize, columns: usize) -> Self {
        Grid { rows, columns, topology: Topology::Rectangular, toroidal: false }
    }

    /// Hexagons with borders.
    pub fn hexagonal(rows: usize, columns: usize) -> Self {
        Grid { rows, columns, topology: Topology::Hexagonal, toroidal: false }
    }

    /// The same grid with opposite borders joined.
    pub fn torus(self) -> Self {
        Grid { toroidal: true, ..self }
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.rows * self.columns
    }

    /// Where a unit stands: x and y.
    pub fn position(&self, unit: usize) -> (f32, f32) {
        let (row, column) = (unit / self.columns, unit % self.columns);
        match self.topology {
            Topology::Rectangular => (column as f32, row as f32),
            Topology::Hexagonal => (column as f32 + 0.5 * (row % 2) as f32, row as f32 * self.row_step()),
        }
    }

    /// The squared distance of two units on the grid.
    pub fn squared_distance(&self, a: usize, b: usize) -> f32 {
        let ((ax, ay), (bx, by)) = (self.position(a), self.position(b));
        let (mut dx, mut dy) = ((ax - bx).abs(), (ay - by).abs());
        if self.toroidal {
            dx = dx.min((self.columns as f32 - dx).abs());
            dy = dy.min((self.rows as f32 * self.row_step() - dy).abs());
        }
        dx * dx + dy * dy
    }

    /// Whether two units touch.
    pub fn adjacent(&self, a: usize, b: usize) -> bool {
        // squared: 1 and 2 for squares, 1 for hexagons; the next nearest are at 4 and at 3
        let farthest = match self.topology {
            Topology::Rectangular => 2.5,
            Topology::Hexagonal => 1.5,
        };
        a != b && self.squared_distance(a, b) < farthest
    }

    /// The units that touch this one, in rising order.
    pub fn neighbours(&self, unit: usize) -> Vec<usize> {
        let (row, column) = (unit / self.columns, unit % self.columns);
        let around = |at: usize, count: usize| {
            let steps = [at.checked_sub(1), Some(at), (at + 1 < count).then_some(at + 1)];
            let wrapped = if self.toroidal { [count - 1, 0] } else { [at, at] };
            steps.into_iter().flatten().chain(wrapped).collect::<Vec<_>>()
        };
        let mut found = vec![];
        for r in around(row, self.rows) {
            found.extend(around(column, self.columns).into_iter().map(|c| r * self.columns + c));
        }
        found.retain(|&other| self.adjacent(unit, other));
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn check(&self) -> Result<()> {
        let units = self.rows.checked_mul(self.columns).filter(|&units| units > 0 && i32::try_from(units).is_ok());
        setting(units.is_some(), "grid", format!("{}×{}", self.rows, self.columns), "at least one row and one column")?;
        let closes = !self.toroidal || self.topology == Topology::Rectangular || self.rows.is_multiple_of(2);
        setting(closes, "grid.rows", self.rows, "an even number of rows, which a hexagonal torus needs to close")
    }

    fn row_step(&self) -> f32 {
        match self.topology {
            Topology::Rectangular => 1.0,
            Topology::Hexagonal => 0.75f32.sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(grid: Grid, unit: usize, neighbours: &[usize]) {
        assert_eq!(grid.neighbours(unit), neighbours);
        let plain: Vec<usize> = (0..grid.units()).filter(|&other| grid.adjacent(unit, other)).collect();
        assert_eq!(plain, neighbours);
    }

    #[test]
    fn neighbours_touch() {
        check(Grid::rectangular(3, 4), 0, &[1, 4, 5]);
        check(Grid::rectangular(3, 4), 5, &[0, 1, 2, 4, 6, 8, 9, 10]);
        check(Grid::rectangular(3, 4).torus(), 0, &[1, 3, 4, 5, 7, 8, 9, 11]);
        check(Grid::hexagonal(4, 4), 5, &[1, 2, 4, 6, 9, 10]);
        check(Grid::hexagonal(4, 4), 8, &[4, 9, 12]);
        check(Grid::hexagonal(4, 4).torus(), 8, &[4, 7, 9, 11, 12, 15]);
        check(Grid::rectangular(1, 2).torus(), 0, &[1]);
        check(Grid::rectangular(1, 1), 0, &[]);
    }

    #[test]
    fn a_torus_has_no_middle() {
        for grid in [Grid::rectangular(6, 5).torus(), Grid::hexagonal(6, 5).torus()] {
            let mut sorted: Vec<Vec<u32>> = (0..grid.units())
                .map(|a| {
                    let mut all: Vec<u32> =
                        (0..grid.units()).map(|b| (grid.squared_distance(a, b) * 1e3).round() as u32).collect();
                    all.sort_unstable();
                    all
                })
                .collect();
            sorted.dedup();
            assert_eq!(sorted.len(), 1, "every unit sees the same distances");
        }
    }

    #[test]
    fn refuses_grids_that_do_not_exist() {
        assert!(Grid::rectangular(0, 3).check().is_err());
        assert!(Grid::hexagonal(3, 3).torus().check().unwrap_err().to_string().contains("even"));
        assert!(Grid::hexagonal(3, 3).check().is_ok());
    }
}
