//! A part of a page: headings, paragraphs, tables, pictures. All text that comes in is escaped here.

use crate::draw::canvas::Drawing;
use crate::draw::svg::{self, escaped};
use std::fmt::Write;
use striate::prelude::*;

/// HTML in the making.
#[derive(Default)]
pub(crate) struct Html(String);

impl Html {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(text);
    }

    /// A heading within a section.
    pub(crate) fn heading(&mut self, text: &str) {
        self.put(format_args!("<h3>{}</h3>\n", escaped(text)));
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.put(format_args!("<p>{}</p>\n", escaped(text)));
    }

    /// Numbers with their names, side by side.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        self.0.push_str("<dl class=\"facts\">\n");
        for (name, value) in facts {
            self.put(format_args!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value)));
        }
        self.0.push_str("</dl>\n");
    }

    /// A table. Columns whose head begins with `#` hold numbers, those with `~` long texts; the sign is not shown.
    pub(crate) fn table(&mut self, name: &str, head: &[&str], rows: &[Vec<String>]) {
        let kind = |column: usize| match head.get(column).and_then(|title| title.chars().next()) {
            Some('#') => " class=\"n\"",
            Some('~') => " class=\"w\"",
            _ => "",
        };
        self.put(format_args!(
            "<div class=\"wide\" role=\"region\" aria-label=\"{}\" tabindex=\"0\"><table>\n<thead><tr>",
            escaped(name)
        ));
        for (column, title) in head.iter().enumerate() {
            let text = escaped(title.trim_start_matches(['#', '~']));
            self.put(format_args!("<th scope=\"col\"{}>{text}</th>", kind(column)));
        }
        self.0.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            self.0.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                self.put(format_args!("<td{}>{}</td>", kind(column), escaped(cell)));
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</tbody></table></div>\n");
    }

    /// Pictures side by side where there is room: each with a text for those who cannot see it, and a caption.
    ///
    /// # Errors
    /// As [`svg::file`].
    pub(crate) fn figures(&mut self, figures: &[(&Drawing, &str, &str)]) -> Result<()> {
        self.0.push_str("<div class=\"figures\">\n");
        for (drawing, alternative, caption) in figures {
            let svg = svg::inline(drawing, alternative)?;
            self.put(format_args!("<figure>{svg}"));
            if !caption.is_empty() {
                self.put(format_args!("<figcaption>{}</figcaption>", escaped(caption)));
            }
            self.0.push_str("</figure>\n");
        }
        self.0.push_str("</div>\n");
        Ok(())
    }

    /// One picture.
    ///
    /// # Errors
    /// As [`svg::file`].
    pub(crate) fn figure(&mut self, drawing: &Drawing, alternative: &str, caption: &str) -> Result<()> {
        self.figures(&[(drawing, alternative, caption)])
    }

    /// The HTML.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_is_text() {
        let mut html = Html::default();
        html.table("a \"name\"", &["class", "#count"], &[vec!["<b>".into(), "1".into()]]);
        html.facts(&[("a & b", "<i>".into())]);
        for part in
            ["&lt;b&gt;", "<td class=\"n\">1</td>", "a &amp; b", "&lt;i&gt;", "aria-label=\"a &quot;name&quot;\""]
        {
            assert!(html.text().contains(part), "{part} is not in {}", html.text());
        }
        assert!(!html.text().contains('#'), "{}", html.text());
    }
}
