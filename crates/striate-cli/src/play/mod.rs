//! Each of `striate::classics` at work on data that come with it: numbers, a picture for the terminal, pictures as files.

mod networks;

use crate::draw::Picture;
use crate::draw::canvas::Drawing;
use serde_json::{Map, Value};
use striate::prelude::*;

/// A network that can be played with.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// What it is and learns from.
    pub(crate) about: &'static str,
    /// What to look at in the numbers and pictures, and why it is so.
    pub(crate) lesson: &'static str,
    pub(crate) show: fn(Setup) -> Result<Shown>,
}

/// All of them, the oldest first within each family.
pub(crate) const ENTRIES: [Entry; 14] = [
    networks::perceptron::ENTRY,
    networks::adaline::ENTRY,
    networks::backprop::ENTRY,
    networks::hopfield::ENTRY,
    networks::hebb::ENTRY,
    networks::competitive::ENTRY,
    networks::cognitron::ENTRY,
    networks::som::ENTRY,
    networks::lvq::ENTRY,
    networks::art::ENTRY,
    networks::artmap::ENTRY,
    networks::recurrent::ENTRY,
    networks::boltzmann::RBM,
    networks::boltzmann::DBN,
];

/// What the user decides.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    /// Few passes: to see that it runs.
    pub(crate) quick: bool,
}

impl Setup {
    /// So many passes, or a tenth of them.
    pub(crate) fn passes(self, passes: usize) -> usize {
        if self.quick { passes.div_ceil(10) } else { passes }
    }
}

/// What came out.
#[derive(Default)]
pub(crate) struct Shown {
    /// Names with numbers or short texts, in the order in which they are told.
    pub(crate) facts: Map<String, Value>,
    /// A picture of characters, with a line of what it shows before it.
    pub(crate) text: String,
    pub(crate) pictures: Vec<Picture>,
}

impl Shown {
    /// One more fact.
    pub(crate) fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_string(), value.into());
        self
    }

    /// The picture for the terminal.
    pub(crate) fn text(mut self, about: &str, picture: String) -> Self {
        self.text = format!("{about}\n\n{picture}");
        self
    }

    /// One more picture.
    pub(crate) fn picture(mut self, file: &'static str, drawing: Drawing) -> Self {
        self.pictures.push(Picture { file, drawing });
        self
    }
}
