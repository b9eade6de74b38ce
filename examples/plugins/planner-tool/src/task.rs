//! What is to be done: places, packages and roads, each by its number.

use portcullis_guest_sdk::prelude::*;

/// The most packages: what planners find a round for in the time of a call.
const MOST_PACKAGES: usize = 50;

/// The most places; as many again squared are the roads between all of them.
const MOST_PLACES: usize = 50;

/// Something to bring.
#[plugin_type]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Package {
    /// What it is called.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) at: String,
    /// Where it goes.
    pub(crate) to: String,
}

/// A way between two places.
#[plugin_type]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Road {
    /// One place.
    pub(crate) from: String,
    /// The other one.
    pub(crate) to: String,
}

/// A package, by numbers of places.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) name: String,
    pub(crate) at: usize,
    pub(crate) to: usize,
}

/// A task that makes sense.
#[derive(Debug, Default)]
pub(crate) struct Task {
    /// As they were written first.
    pub(crate) places: Vec<String>,
    pub(crate) van: usize,
    pub(crate) errands: Vec<Errand>,
    /// Both ways; none where the van can drive everywhere.
    pub(crate) roads: Vec<(usize, usize)>,
}

impl Task {
    /// Takes places for the same whose names differ in upper and lower case alone.
    ///
    /// # Errors
    /// For what has no name, has another one's, or is too much.
    pub(crate) fn new(van: &str, packages: &[Package], roads: &[Road]) -> Result<Self, ToolError> {
        if packages.len() > MOST_PACKAGES {
            return Err(ToolError::invalid_arguments(format!(
                "there are {} packages, and {MOST_PACKAGES} is the most; plan several rounds",
                packages.len()
            )));
        }
        let mut task = Self::default();
        task.van = task.place(van, "the van's place")?;
        for Package { name, at, to } in packages {
            let name = named(name, "a package")?;
            if task.errands.iter().any(|other| is_same(&other.name, name)) {
                return Err(ToolError::invalid_arguments(format!(
                    "two packages are called {name:?}; give each a name of its own"
                )));
            }
            let (at, to) = (
                task.place(at, "where a package is")?,
                task.place(to, "where a package goes")?,
            );
            task.errands.push(Errand {
                name: name.to_owned(),
                at,
                to,
            });
        }
        for Road { from, to } in roads {
            let road = (
                task.place(from, "a road's end")?,
                task.place(to, "a road's end")?,
            );
            task.roads.push(road);
        }
        if task.places.len() > MOST_PLACES {
            return Err(ToolError::invalid_arguments(format!(
                "there are {} places, and {MOST_PLACES} is the most; plan several rounds",
                task.places.len()
            )));
        }
        Ok(task)
    }

    /// Whether every package is where it goes.
    pub(crate) fn is_done(&self) -> bool {
        self.errands.iter().all(|errand| errand.at == errand.to)
    }

    /// Whether the van can drive from one place to the other.
    pub(crate) fn leads(&self, from: usize, to: usize) -> bool {
        let one_of = |road: &(usize, usize)| *road == (from, to) || *road == (to, from);
        from != to && (self.roads.is_empty() || self.roads.iter().any(one_of))
    }

    /// The number of a place, which is new where nothing was said of it before.
    fn place(&mut self, name: &str, what: &str) -> Result<usize, ToolError> {
        let name = named(name, what)?;
        let known = self.places.iter().position(|place| is_same(place, name));
        Ok(known.unwrap_or_else(|| {
            self.places.push(name.to_owned());
            self.places.len() - 1
        }))
    }
}

/// Whether two names are one.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn named<'a>(name: &'a str, what: &str) -> Result<&'a str, ToolError> {
    match name.trim() {
        "" => Err(ToolError::invalid_arguments(format!(
            "{what} has no name; give it one"
        ))),
        name => Ok(name),
    }
}
