//! What notes say about a round: lines of three forms. All other lines are somebody else's.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::retrieval::Chunk;

use crate::task::{Package, Road, is_same};

/// A line that counted.
#[plugin_type]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Noted {
    /// As it is written.
    pub(crate) line: String,
    /// Where it is written, if that is known.
    pub(crate) source: Option<String>,
}

/// All that the notes say.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) packages: Vec<Package>,
    pub(crate) roads: Vec<Road>,
    /// The lines that say it.
    pub(crate) facts: Vec<Noted>,
    van: Option<(String, Noted)>,
}

/// What a line says.
#[derive(Debug, PartialEq)]
enum Fact {
    Van(String),
    Package(Package),
    Road(Road),
}

impl Notes {
    /// Reads what was found. The same may be found twice.
    ///
    /// # Errors
    /// `conflict` for two lines that can't both be true.
    pub(crate) fn read(chunks: &[Chunk]) -> Result<Self, ToolError> {
        let mut notes = Self::default();
        for chunk in chunks {
            for line in chunk.text.lines() {
                let Some(fact) = fact(line) else { continue };
                let noted = Noted {
                    line: line.trim().to_owned(),
                    source: chunk.source.clone(),
                };
                if !notes.facts.contains(&noted) {
                    notes.add(fact, noted)?;
                }
            }
        }
        Ok(notes)
    }

    /// Where the van is.
    ///
    /// # Errors
    /// `not-found`, where nothing says so.
    pub(crate) fn van(&self) -> Result<String, ToolError> {
        let van = self.van.as_ref().map(|(place, _)| place.clone());
        van.ok_or_else(|| {
            ToolError::not_found(
                "no note says where the van is; write a line such as `The van is at the depot.`, or say what the notes are about",
            )
        })
    }

    fn add(&mut self, fact: Fact, noted: Noted) -> Result<(), ToolError> {
        match fact {
            Fact::Van(place) => match &self.van {
                Some((other, said)) if !is_same(other, &place) => {
                    return Err(contradiction(said, &noted));
                }
                _ => self.van = Some((place, noted.clone())),
            },
            Fact::Package(package) => {
                let is_it = |other: &&Package| is_same(&other.name, &package.name);
                match self.packages.iter().find(is_it) {
                    None => self.packages.push(package),
                    Some(other)
                        if is_same(&other.at, &package.at) && is_same(&other.to, &package.to) => {}
                    Some(other) => {
                        let said = Noted {
                            line: format!(
                                "Package {} is at {}, goes to {}.",
                                other.name, other.at, other.to
                            ),
                            source: None,
                        };
                        return Err(contradiction(&said, &noted));
                    }
                }
            }
            Fact::Road(road) => self.roads.push(road),
        }
        self.facts.push(noted);
        Ok(())
    }
}

fn contradiction(one: &Noted, other: &Noted) -> ToolError {
    let source = |noted: &Noted| {
        let source = noted.source.as_ref();
        source.map_or_else(String::new, |source| format!(" ({source})"))
    };
    ToolError::conflict(format!(
        "the notes contradict each other: {:?}{} and {:?}{}; correct one, or say what the notes are about",
        one.line,
        source(one),
        other.line,
        source(other)
    ))
}

fn fact(line: &str) -> Option<Fact> {
    let line = line.trim().trim_start_matches(['-', '*', '•', ' ']);
    let line = thing(line.trim_end_matches(['.', ' ']));
    if let Some(place) = after(line, "van is at ") {
        return Some(Fact::Van(thing(place).to_owned()));
    }
    if let Some(rest) = after(line, "package ") {
        let (name, rest) = around(rest, " is at ")?;
        let (at, to) = around(rest, " goes to ")?;
        let at = at.strip_suffix(" and").unwrap_or(at).trim_end_matches(',');
        return Some(Fact::Package(Package {
            name: thing(name).to_owned(),
            at: thing(at).to_owned(),
            to: thing(to).to_owned(),
        }));
    }
    let rest = after(line, "road leads from ").or_else(|| after(line, "road from "))?;
    let (from, to) = around(rest, " to ")?;
    Some(Fact::Road(Road {
        from: thing(from).to_owned(),
        to: thing(to).to_owned(),
    }))
}

/// A name without its article.
fn thing(name: &str) -> &str {
    let name = name.trim();
    let articles = ["the ", "a "];
    articles
        .iter()
        .find_map(|article| after(name, article))
        .unwrap_or(name)
}

/// What follows these words, whether in upper or lower case.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let start = text.get(..words.len())?;
    start
        .eq_ignore_ascii_case(words)
        .then(|| &text[words.len()..])
}

/// What is before and after these words.
fn around<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    // As long as the text, byte for byte.
    let at = text.to_ascii_lowercase().find(words)?;
    Some((&text[..at], &text[at + words.len()..]))
}
