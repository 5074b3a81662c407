//! From `model.toml` to a model, strictly.

use super::{Loss, Model, ModelLayer, default_name};
use crate::suggest::nearest;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use striate_graph::Layer;
use striate_tensor::{Error, Place, Result, Shape};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// The version of the format that is written and read.
pub(super) const VERSION: u32 = 1;

/// Whole numbers beyond this are taken for a mistake.
const MOST: u128 = 1 << 24;

type Span = Range<usize>;

impl Model {
    /// Reads a `model.toml`.
    ///
    /// # Errors
    /// When the file cannot be read; else every mistake in it, each with its line: unknown keys and kinds of layers with
    /// what was probably meant, values of a wrong type, missing keys, another version, names that are given twice or do not
    /// exist, shapes that do not fit.
    pub fn open(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::model("the model cannot be read").found(error).at(Place::File(file.clone())))?;
        Self::from_toml(&text, &file)
    }

    /// Reads the text of a `model.toml`; `file` is what errors call it.
    ///
    /// # Errors
    /// As [`Model::open`].
    ///
    /// ```
    /// use striate::prelude::*;
    /// let text = r#"
    /// version = 1
    /// name = "small"
    /// input = { shape = [1, 8, 8] }
    /// classes = 4
    /// layers = [
    ///     { type = "conv2d", channels = 4, kernel = 8, strde = 2 },
    /// ]
    /// "#;
    /// let error = Model::from_toml(text, "small.toml").unwrap_err().to_string();
    /// assert!(error.contains("unknown key `strde`") && error.contains("did you mean `stride`?"));
    /// assert!(error.contains("small.toml:7"));
    /// ```
    pub fn from_toml(text: &str, file: &str) -> Result<Self> {
        let mut reader = Reader { text, file, errors: vec![] };
        let table = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or(Place::File(file.to_string()), |span| reader.place(&span));
            Error::model("this is not TOML").found(error.message()).at(place)
        })?;
        let table = table.into_inner();
        let lines: Vec<_> = table.keys().map(|key| (key.as_ref().to_string(), key.span())).collect();
        let model = reader.model(table);
        if let Some(model) = &model {
            if reader.errors.is_empty() {
                for (key, error) in model.check_head() {
                    let line = lines.iter().find(|(name, _)| name == key).map_or(0..0, |(_, span)| span.clone());
                    reader.note("", &line, error);
                }
            }
            let checked = if reader.errors.is_empty() { model.check() } else { model.check_layers() };
            reader.errors.extend(checked.err());
        }
        match (Error::all(reader.errors), model) {
            (None, Some(model)) => Ok(model),
            (Some(errors), _) => Err(errors),
            (None, None) => Err(Error::internal("a model was not read, and nobody said why")),
        }
    }
}

/// Reads one text, notes mistakes and goes on.
struct Reader<'t> {
    text: &'t str,
    file: &'t str,
    errors: Vec<Error>,
}

/// A table whose keys are taken out one by one.
struct Fields<'t> {
    /// What errors call it, such as "layer `conv1`".
    owner: String,
    table: DeTable<'t>,
    span: Span,
    /// Keys that are not there, but were meant by misspelt ones.
    meant: Vec<String>,
}

impl<'t> Fields<'t> {
    fn new(owner: &str, table: DeTable<'t>, span: Span) -> Self {
        Fields { owner: owner.to_string(), table, span, meant: vec![] }
    }
}

impl<'t> Reader<'t> {
    fn place(&self, span: &Span) -> Place {
        let start = span.start.min(self.text.len());
        Place::Line(self.file.to_string(), 1 + self.text.as_bytes()[..start].iter().filter(|&&b| b == b'\n').count())
    }

    fn note(&mut self, owner: &str, span: &Span, error: Error) {
        let place = self.place(span);
        let error = if owner.is_empty() { error } else { error.at(Place::Layer(owner.to_string())) };
        self.errors.push(error.at(place));
    }

    /// The model as far as it can be read; what cannot be read is noted. `None` when nothing can be made of it.
    fn model(&mut self, table: DeTable<'t>) -> Option<Model> {
        const KEYS: &[&str] =
            &["version", "name", "input", "preprocessing", "classes", "targets", "table", "loss", "layers"];
        let mut head = Fields::new("", table, 0..0);
        let version: Option<u32> = self.required(&mut head, "version", "the version of the format, 1");
        if let Some(version) = version.filter(|&version| version != VERSION) {
            self.errors.clear();
            let error = Error::model("this version of the format of models is not known");
            let error = error.found(format!("version = {version}")).expected(format!("version = {VERSION}"));
            self.note("", &(0..0), error.hint("the file was made by a newer program, or `version` is mistyped"));
            return None;
        }
        self.unknown_keys(&mut head, KEYS);
        let name: Option<String> = self.required(&mut head, "name", "a name for the model, such as \"lenet5\"");
        let input: Option<Input> = self.required(&mut head, "input", "input = { shape = [channels, height, width] }");
        let preprocessing = self.optional(&mut head, "preprocessing");
        let targets: Option<Vec<String>> = self.optional(&mut head, "targets");
        let classes: Option<ClassesForm> = match targets {
            Some(_) => self.optional(&mut head, "classes"),
            None => self.required(&mut head, "classes", "a number, or a list of names"),
        };
        let table = self.optional(&mut head, "table");
        if let Some(loss) = head.table.get_mut("loss") {
            in_full(loss);
        }
        let loss: Option<Loss> = self.optional(&mut head, "loss");
        let layers = match head.table.remove("layers") {
            Some(layers) => self.layers(layers),
            None => {
                _ = self.required::<bool>(&mut head, "layers", "a list of layers");
                vec![]
            }
        };
        Some(Model {
            name: name.unwrap_or_default(),
            input: input.map(|input| input.shape).unwrap_or_default(),
            preprocessing: preprocessing.unwrap_or_default(),
            classes: classes.map(ClassesForm::names).unwrap_or_default(),
            targets: targets.unwrap_or_default(),
            table,
            loss: loss.unwrap_or_default(),
            layers,
            place: Some(Place::File(self.file.to_string())),
        })
    }

    /// The layers before the first one that cannot be read; the mistakes of all.
    fn layers(&mut self, list: Spanned<DeValue<'t>>) -> Vec<ModelLayer> {
        let span = list.span();
        let DeValue::Array(list) = list.into_inner() else {
            let found = self.text[span.clone()].to_string();
            let error = Error::model("`layers` is not a list").found(found);
            self.note("", &span, error.expected("layers = [ { type = … }, … ], or a [[layers]] table for each layer"));
            return vec![];
        };
        let mut layers = Vec::new();
        let mut kinds: Vec<String> = Vec::new();
        let mut whole = true;
        for (index, item) in list.into_iter().enumerate() {
            let layer = self.layer(index, item, &mut kinds);
            whole &= layer.is_some();
            layers.extend(layer.filter(|_| whole));
        }
        layers
    }

    fn layer(&mut self, index: usize, item: Spanned<DeValue<'t>>, kinds: &mut Vec<String>) -> Option<ModelLayer> {
        let span = item.span();
        let DeValue::Table(table) = item.into_inner() else {
            let found = self.text[span.clone()].to_string();
            let error = Error::model(format!("layer {} is not a table", index + 1)).found(found);
            self.note("", &span, error.expected("something like { type = \"relu\" }"));
            return None;
        };
        let mut fields = Fields::new(&format!("{}", index + 1), table, span.clone());
        let kind: Option<Spanned<String>> = self.required(&mut fields, "type", "the kind of layer, such as \"conv2d\"");
        let name: Option<String> = self.optional(&mut fields, "name");
        let from = self.optional(&mut fields, "from");
        let kind = kind?;
        // The name that a kind gives that does not exist is no help.
        let nameless = name.is_none() && !Layer::kinds().contains(&kind.as_ref().as_str());
        let name = name.unwrap_or_else(|| default_name(kind.as_ref(), kinds.iter().map(String::as_str)));
        kinds.push(kind.as_ref().clone());
        fields.owner = if nameless { String::new() } else { name.clone() };
        let layer = self.attributes(fields, &kind)?;
        Some(ModelLayer { name, layer, from, place: Some(self.place(&span)) })
    }

    /// The attributes of a layer of a kind.
    fn attributes(&mut self, mut fields: Fields<'t>, kind: &Spanned<String>) -> Option<Layer> {
        let Some(Err(Probe { keys })) = Layer::read(kind.as_ref(), Probe::default()) else {
            let error = Error::model(format!("there is no kind of layer `{}`", kind.as_ref()));
            let kinds = Layer::kinds();
            let error = match nearest(kind.as_ref(), kinds.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.expected(format!("one of {}", kinds.join(", "))),
            };
            self.note(&fields.owner, &kind.span(), error);
            return None;
        };
        if let Some(keys) = keys {
            self.unknown_keys(&mut fields, keys);
        }
        let Fields { owner, table, span, meant } = fields;
        if !self.in_bounds(&owner, &table) {
            return None;
        }
        let keys: Vec<(String, Span)> =
            table.iter().map(|(key, value)| (key.as_ref().to_string(), value.span())).collect();
        let read = ValueDeserializer::from(Spanned::new(span.clone(), DeValue::Table(table)));
        match Layer::read(kind.as_ref(), read)? {
            Ok(layer) => Some(layer),
            Err(error) => {
                let at = error.span().unwrap_or(span.clone());
                let key = keys.iter().find(|(_, value)| value.start <= at.start && at.end <= value.end);
                let what = key.map_or(kind.as_ref().clone(), |(key, _)| key.clone());
                let missing = missing_key(&error);
                if missing.is_none_or(|key| !meant.iter().any(|meant| meant == key)) {
                    self.note_serde(&owner, &what, key.map_or(&span, |(_, value)| value), &error);
                }
                None
            }
        }
    }

    /// A mistake that the deserialiser found in the value of `key`, or in a table as a whole.
    fn note_serde(&mut self, owner: &str, key: &str, span: &Span, error: &toml::de::Error) {
        let message = error.message().trim();
        if let Some(missing) = missing_key(error) {
            return self.note(
                owner,
                span,
                Error::model(format!("`{missing}` is missing")).expected(format!("{missing} = …")),
            );
        }
        if let Some(unknown) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
            let known = message.split('`').skip(3).step_by(2);
            return self.note(owner, span, unknown_key(unknown, &known.collect::<Vec<_>>()));
        }
        let expected = message.rsplit_once(", expected ").map_or(message, |(_, expected)| expected);
        let text = &self.text[span.clone()];
        let found = if text.len() > 60 { message.split(", expected ").next().unwrap_or(text) } else { text };
        let mut mistake =
            Error::model(format!("the value of `{key}` cannot be used")).found(found).expected(in_words(expected));
        let words = expected.split(['`', '"']).skip(1).step_by(2);
        if let Some(near) = nearest(text.trim_matches('"'), words) {
            mistake = mistake.hint(format!("did you mean \"{near}\"?"));
        }
        self.note(owner, span, mistake);
    }

    /// Notes the keys that a table cannot have, and drops them.
    fn unknown_keys(&mut self, fields: &mut Fields<'t>, known: &[&str]) {
        let unknown: Vec<_> =
            fields.table.keys().filter(|key| !known.contains(&key.as_ref().as_ref())).cloned().collect();
        for key in unknown {
            fields.table.remove(&key);
            let error = unknown_key(key.as_ref(), known);
            self.note(&fields.owner, &key.span(), error);
            fields.meant.extend(nearest(key.as_ref(), known.iter().copied()).map(str::to_string));
        }
    }

    /// Whether no whole number in a table is absurdly large; notes one that is.
    fn in_bounds(&mut self, owner: &str, table: &DeTable<'t>) -> bool {
        let large = table.iter().find_map(|(key, value)| too_large(value).map(|number| (key, number)));
        if let Some((key, number)) = &large {
            let error = Error::model(format!("the number in `{}` is too large", key.as_ref()));
            self.note(owner, &key.span(), error.found(number).expected(format!("at most {MOST}")));
        }
        large.is_none()
    }

    fn required<T: DeserializeOwned>(&mut self, fields: &mut Fields<'t>, key: &str, expected: &str) -> Option<T> {
        if !fields.table.contains_key(key) && !fields.meant.iter().any(|meant| meant == key) {
            self.missing(fields, key, expected);
        }
        self.optional(fields, key)
    }

    fn missing(&mut self, fields: &Fields<'t>, key: &str, expected: &str) {
        let error = Error::model(format!("`{key}` is missing")).expected(expected);
        self.note(&fields.owner, &fields.span, error);
    }

    /// Takes a key out of a table and reads it; what cannot be read is noted.
    fn optional<T: DeserializeOwned>(&mut self, fields: &mut Fields<'t>, key: &str) -> Option<T> {
        let (_, value) = fields.table.remove_entry(key)?;
        let span = value.span();
        let value = match value.into_inner() {
            DeValue::Table(table) => {
                let mut inner = Fields::new(&fields.owner, table, span.clone());
                if let Some(keys) = T::deserialize(Probe::default()).err().and_then(|probe| probe.keys) {
                    self.unknown_keys(&mut inner, keys);
                }
                if !self.in_bounds(&inner.owner, &inner.table) {
                    return None;
                }
                DeValue::Table(inner.table)
            }
            other => other,
        };
        match T::deserialize(ValueDeserializer::from(Spanned::new(span.clone(), value))) {
            Ok(value) => Some(value),
            Err(error) => {
                let span = error.span().unwrap_or(span);
                self.note_serde(&fields.owner, key, &span, &error);
                None
            }
        }
    }
}

/// The section `input` of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shape: Shape,
}

/// `classes` of the file.
#[derive(Deserialize)]
#[serde(untagged, expecting = "the number of classes, or a list of their names")]
enum ClassesForm {
    Number(u16),
    Names(Vec<String>),
}

impl ClassesForm {
    fn names(self) -> Vec<String> {
        match self {
            ClassesForm::Number(number) => super::Classes::from(usize::from(number)).0,
            ClassesForm::Names(names) => names,
        }
    }
}

/// `loss = "cross_entropy"` is short for `loss = { type = "cross_entropy" }`.
fn in_full(loss: &mut Spanned<DeValue<'_>>) {
    if matches!(loss.get_ref(), DeValue::String(_)) {
        let span = loss.span();
        let word = std::mem::replace(loss.get_mut(), DeValue::Boolean(false));
        let entry = (Spanned::new(span.clone(), "type".into()), Spanned::new(span, word));
        *loss.get_mut() = DeValue::Table(DeTable::from_iter([entry]));
    }
}

/// The key that the deserialiser misses, if that is its complaint.
fn missing_key(error: &toml::de::Error) -> Option<&str> {
    error.message().trim().strip_prefix("missing field `")?.strip_suffix('`')
}

/// What the deserialiser expects, in words for people who write no Rust.
fn in_words(expected: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("usize", "a whole number, 0 or more"),
        ("u64", "a whole number, 0 or more"),
        ("u32", "a whole number, 0 or more"),
        ("i64", "a whole number"),
        ("f32", "a number"),
        ("f64", "a number"),
        ("a sequence", "a list"),
        ("a boolean", "true or false"),
        ("a string", "text in quotes"),
    ];
    let word = WORDS.iter().find(|(word, _)| *word == expected);
    word.map_or_else(|| expected.replace('`', "\""), |(_, words)| words.to_string())
}

fn unknown_key(key: &str, known: &[&str]) -> Error {
    let error = Error::model(format!("unknown key `{key}`"));
    match nearest(key, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.expected("no options"),
        None => error.expected(format!("one of {}", known.join(", "))),
    }
}

/// The first whole number in a value that is absurdly large.
fn too_large(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::Integer(number) => {
            let digits = number.as_str().trim_start_matches(['+', '-']);
            let large = u128::from_str_radix(digits, number.radix()).map_or(true, |number| number > MOST);
            large.then(|| number.to_string())
        }
        DeValue::Array(values) => values.iter().find_map(too_large),
        DeValue::Table(table) => table.values().find_map(too_large),
        _ => None,
    }
}

/// Reads nothing, but learns from a type which keys its table may have.
#[derive(Debug, Default)]
struct Probe {
    keys: Option<&'static [&'static str]>,
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Probe;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Probe> {
        Err(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Probe> {
        Err(Probe { keys: Some(keys) })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl de::Error for Probe {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Probe::default()
    }
}

impl std::error::Error for Probe {}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table with the keys {:?}", self.keys)
    }
}
