//! What a Markdown document is made of.

use portcullis_guest_sdk::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// One heading.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Heading {
    /// 1 for the title of a page, 6 for the smallest.
    pub level: u8,
    /// The heading without its markup.
    pub text: String,
    /// The line it starts on; the first is 1.
    pub line: usize,
}

/// The headings of a document, in its order.
#[plugin_type]
pub struct Outline {
    pub headings: Vec<Heading>,
}

/// One link or image.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Link {
    /// The text that shows, or an image's description.
    pub text: String,
    /// Where it leads.
    pub target: String,
    /// What shows when a pointer rests on it; empty if nothing.
    pub title: String,
    /// Whether it shows what it leads to.
    pub image: bool,
    /// The line it starts on; the first is 1.
    pub line: usize,
}

/// The links of a document, in its order.
#[plugin_type]
pub struct Links {
    pub links: Vec<Link>,
}

/// Lists the headings of a Markdown document with their levels and lines.
#[plugin_tool(read_only)]
pub fn outline(
    /// A document in CommonMark.
    markdown: String,
) -> Outline {
    let mut headings: Vec<Heading> = Vec::new();
    let mut inside = false;
    for (event, line) in events(&markdown) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                headings.push(Heading {
                    level: level as u8,
                    text: String::new(),
                    line,
                });
                inside = true;
            }
            Event::End(TagEnd::Heading(_)) => inside = false,
            other if inside => {
                push_text(&mut headings.last_mut().expect("inside one").text, &other)
            }
            _ => {}
        }
    }
    Outline { headings }
}

/// Lists the links and images of a Markdown document with their targets and lines.
#[plugin_tool(read_only)]
pub fn links(
    /// A document in CommonMark.
    markdown: String,
) -> Links {
    let mut links: Vec<Link> = Vec::new();
    // A link can hold an image, and text belongs to both.
    let mut open: Vec<usize> = Vec::new();
    for (event, line) in events(&markdown) {
        let (target, title, image) = match event {
            Event::Start(Tag::Link {
                dest_url, title, ..
            }) => (dest_url, title, false),
            Event::Start(Tag::Image {
                dest_url, title, ..
            }) => (dest_url, title, true),
            Event::End(TagEnd::Link | TagEnd::Image) => {
                open.pop();
                continue;
            }
            other => {
                for &index in &open {
                    push_text(&mut links[index].text, &other);
                }
                continue;
            }
        };
        open.push(links.len());
        links.push(Link {
            text: String::new(),
            target: target.into(),
            title: title.into(),
            image,
            line,
        });
    }
    Links { links }
}

/// The document's events, each with the line it starts on.
fn events(markdown: &str) -> impl Iterator<Item = (Event<'_>, usize)> {
    let ends: Vec<usize> = markdown.match_indices('\n').map(|(at, _)| at).collect();
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    Parser::new_ext(markdown, options)
        .into_offset_iter()
        .map(move |(event, range)| (event, ends.partition_point(|&end| end < range.start) + 1))
}

/// Adds what of an event a reader sees as text.
fn push_text(text: &mut String, event: &Event<'_>) {
    match event {
        Event::Text(piece) | Event::Code(piece) => text.push_str(piece),
        Event::SoftBreak | Event::HardBreak => text.push(' '),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# The *best* `page`

See [the docs](https://example.com/docs \"All of it\").

Details
-------

[![logo](logo.png)](/home) and [ref][r], <https://auto.example>

```
# not a heading
```

[r]: /ref
";

    #[test]
    fn headings_carry_level_text_and_line() {
        let heading = |level, text: &str, line| Heading {
            level,
            text: text.into(),
            line,
        };
        assert_eq!(
            outline(PAGE.into()).headings,
            [heading(1, "The best page", 1), heading(2, "Details", 5)]
        );
    }

    #[test]
    fn a_document_without_headings_has_an_empty_outline() {
        assert!(outline("Only text.".into()).headings.is_empty());
    }

    #[test]
    fn links_of_every_kind_are_found_with_their_lines() {
        let found: Vec<_> = links(PAGE.into())
            .links
            .into_iter()
            .map(|l| (l.text, l.target, l.image, l.line))
            .collect();
        let expected = [
            ("the docs", "https://example.com/docs", false, 3),
            ("logo", "/home", false, 8),
            ("logo", "logo.png", true, 8),
            ("ref", "/ref", false, 8),
            ("https://auto.example", "https://auto.example", false, 8),
        ];
        assert_eq!(
            found,
            expected.map(|(text, target, image, line)| (text.into(), target.into(), image, line))
        );
    }

    #[test]
    fn a_links_title_is_kept() {
        assert_eq!(links(PAGE.into()).links[0].title, "All of it");
    }
}
