//! From a model to `model.toml`.

use super::read::VERSION;
use super::{Classes, Loss, Model, ModelLayer, default_name};
use crate::tables::Encoding;
use serde::Serialize;
use std::fmt::Write;
use striate_graph::Layer;
use toml::ser::ValueSerializer;

/// Columns that a line may have before it is broken.
const WIDTH: usize = 120;

/// A layer as one inline table.
#[derive(Serialize)]
struct Row<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'m str>,
    r#type: &'static str,
    #[serde(flatten)]
    attributes: &'m Layer,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'m str>,
}

impl Model {
    /// The text of a `model.toml`, one line a layer, that [`Model::from_toml`] reads back to an equal model.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let model = Model::new("edges", [1, 8, 8]).classes(["no", "yes"]).conv2d(2, 8).finish()?;
    /// assert!(model.to_toml().contains("\n    { type = \"conv2d\", channels = 2, kernel = 8 },\n"));
    /// assert_eq!(Model::from_toml(&model.to_toml(), "edges.toml")?, model);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String| _ = writeln!(text, "{}", broken(&format!("{key} = {value}"), 0));
        line("version", VERSION.to_string());
        line("name", value(&self.name));
        line("input", format!("{{ shape = {} }}", value(&self.input)));
        line("preprocessing", value(&self.preprocessing));
        match Classes::from(self.classes.len()).0 == self.classes {
            _ if self.gives_numbers() => line("targets", value(&self.targets)),
            true => line("classes", self.classes.len().to_string()),
            false => line("classes", value(&self.classes)),
        }
        if let Some(table) = &self.table {
            text.push_str(&table_text(table));
        }
        let mut line = |key: &str, value: String| _ = writeln!(text, "{}", broken(&format!("{key} = {value}"), 0));
        line("loss", if self.loss.is_plain() { value(self.loss.kind()) } else { value::<Loss>(&self.loss) });
        text.push_str("layers = [\n");
        for (index, ModelLayer { name, layer, from, .. }) in self.layers.iter().enumerate() {
            let default = default_name(layer.kind(), self.layers[..index].iter().map(|l| l.layer.kind()));
            let name = Some(name.as_str()).filter(|name| *name != default);
            let row = Row { name, r#type: layer.kind(), attributes: layer, from: from.as_deref() };
            _ = writeln!(text, "    {},", broken(&value(&row), 4));
        }
        text.push_str("]\n");
        text
    }
}

/// The encoding of a table, one line an attribute.
fn table_text(table: &Encoding) -> String {
    let Encoding { target, scale, missing, attributes } = table;
    let scale = scale.map_or(String::new(), |scale| format!("scale = {}, ", value(&scale)));
    let mut text =
        format!("table = {{ target = {}, {scale}missing = {}, attributes = [\n", value(target), value(missing));
    attributes.iter().for_each(|attribute| _ = writeln!(text, "    {},", value(attribute)));
    text + "] }\n"
}

/// A value as TOML on one line.
fn value<T: Serialize + ?Sized>(value: &T) -> String {
    let mut text = String::new();
    match value.serialize(ValueSerializer::new(&mut text)) {
        Ok(_) => text,
        Err(error) => unreachable!("models are made of numbers, words, lists and tables: {error}"),
    }
}

/// A line that is too long, broken after commas inside brackets, where TOML allows it.
fn broken(line: &str, indent: usize) -> String {
    let mut text = String::new();
    let (mut column, mut depth, mut quote) = (indent, 0usize, None);
    let mut escaped = false;
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        match (c, quote) {
            // Within double quotes a backslash takes the next character with it.
            _ if escaped => escaped = false,
            ('\\', Some('"')) => escaped = true,
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(end)) if c == end => quote = None,
            ('[', None) => depth += 1,
            (']', None) => depth -= 1,
            _ => {}
        }
        text.push(c);
        column += 1;
        at += 1;
        // The next item ends where the next comma of this list is.
        if c == ',' && depth > 0 && quote.is_none() && chars.get(at) == Some(&' ') {
            let item = chars[at..].iter().skip(1).position(|&c| c == ',' || c == ']').unwrap_or(0) + 2;
            if column + item > WIDTH {
                text.push('\n');
                text.push_str(&" ".repeat(indent + 3));
                column = indent + 3;
            }
        }
    }
    text
}
