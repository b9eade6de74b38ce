//! Search in folders that the operator names, by an index of words that is kept in memory.
//!
//! In memory, because the folders are the truth: an index of what fits the limits is made in seconds, is never older than they
//! are, leaves no second copy of the operator's texts on a disk, and can't be damaged there.

mod chunks;
mod index;
mod query;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_host_core::{Chunk, Retrieval, ServiceCaller, ServiceError};
use portcullis_host_policy::capability::Capability;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::index::FolderIndex;
use self::query::Query;

/// The longest query, in bytes: a paragraph. More words find less.
const QUERY_BYTES: usize = 4096;

/// The most chunks of one answer: more than a model reads.
const HITS: u32 = 50;

/// Searches at once: they take threads that the host has other work for, and long ones are of the disk.
const AT_ONCE: usize = 4;

/// Why corpora can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// No plugin could be granted it.
    #[error(
        "the corpus `{0}` can't be granted: a name is letters, digits and `_`, and does not start with a digit"
    )]
    Name(String),
    /// There would be nothing to search.
    #[error("the corpus `{0}` has no folder: name one")]
    Empty(String),
    /// It is no folder, or can't be read.
    #[error("the folder `{}` of the corpus `{corpus}` can't be read: {problem}", folder.display())]
    Folder {
        /// The corpus.
        corpus: String,
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        problem: io::Error,
    },
    /// Sources could not be told apart.
    #[error(
        "two folders of the corpus `{corpus}` are called `{name}`: rename one, or put them into two corpora"
    )]
    Twice {
        /// The corpus.
        corpus: String,
        /// What both are called.
        name: String,
    },
    /// A fault of the index.
    #[error("no index can be made for the corpus `{corpus}`: {problem}")]
    Index {
        /// The corpus.
        corpus: String,
        /// What is wrong.
        problem: String,
    },
}

/// The operator's folders, searched by their words.
///
/// Text files of up to 1 MiB are read, whatever they are called; hidden ones, links and what is not UTF-8 are not. They are cut
/// into chunks by headings and paragraphs. An index is made when its corpus is searched first; changes are seen after a few
/// seconds. A query is words – runs of letters and digits – with no language of its own, so there is nothing in it that could
/// be wrong or costly; what has more of the words, and rarer ones, comes first. Words are taken as they are written but for case
/// and accents, for the texts may be in any language.
pub struct Corpora {
    corpora: BTreeMap<String, Arc<FolderIndex>>,
    free: Arc<Semaphore>,
}

impl Corpora {
    /// Corpora by name, each with its folders. Of one folder, a source is the path below it; of several, it starts with the
    /// folder's name.
    ///
    /// # Errors
    /// Where a name can't be granted, or a folder can't be read.
    pub fn open(corpora: BTreeMap<String, Vec<PathBuf>>) -> Result<Self, CorpusError> {
        let opened = corpora.into_iter().map(|(name, folders)| {
            let granted = format!("retrieval:{name}").parse();
            if !matches!(granted, Ok(Capability::Retrieval(Some(_)))) {
                return Err(CorpusError::Name(name));
            }
            let index = FolderIndex::open(&name, folders)?;
            Ok((name, Arc::new(index)))
        });
        Ok(Self {
            corpora: opened.collect::<Result<_, _>>()?,
            free: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// The indexes of these names, each once.
    fn named(&self, names: &[String]) -> Result<Vec<Arc<FolderIndex>>, ServiceError> {
        let mut named: BTreeMap<&str, Arc<FolderIndex>> = BTreeMap::new();
        for name in names {
            // Which ones there are is not said: others may be none of the plugin's business.
            let index = self.corpora.get(name);
            let index =
                index.ok_or_else(|| ServiceError::not_found("there is no corpus of this name"))?;
            named.insert(name, index.clone());
        }
        Ok(named.into_values().collect())
    }
}

#[async_trait]
impl Retrieval for Corpora {
    fn corpora(&self) -> Vec<String> {
        self.corpora.keys().cloned().collect()
    }

    async fn search(
        &self,
        _caller: &ServiceCaller,
        corpora: &[String],
        query: &str,
        limit: u32,
    ) -> Result<Vec<Chunk>, ServiceError> {
        if query.len() > QUERY_BYTES {
            return Err(ServiceError::invalid(format!(
                "the query has {} bytes, and {QUERY_BYTES} is the most: use fewer words",
                query.len()
            )));
        }
        let indexes = self.named(corpora)?;
        let query = Query::of(query).ok_or_else(|| {
            ServiceError::invalid("there is no word in the query: a word is letters or digits")
        })?;
        let limit = limit.min(HITS) as usize;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let turn = self.free.clone().acquire_owned().await;
        let now = Instant::now();
        // The turn is over when the work is, even where nobody waits for that any more.
        let work = move || {
            let _turn = turn;
            index::search(&indexes, &query, limit, now)
        };
        let found = tokio::task::spawn_blocking(work).await;
        let found = found
            .map_err(|error| error.to_string())
            .and_then(|found| found);
        found.map_err(|problem| {
            tracing::error!(problem, "a corpus can't be searched");
            ServiceError::unavailable("the corpus can't be searched now", true)
        })
    }
}
