//! The words of one corpus, kept as new as its folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_host_core::Chunk;
use serde_json::json;
use tantivy::collector::TopDocs;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::{
    Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _,
};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term, doc,
};
use tokio::time::Instant;

use super::CorpusError;
use super::chunks;
use super::query::{self, Query};
use super::walk::{Found, Known, Walk};

/// How long an index counts as new: looking at every file takes a while, and who writes a file does not search at once.
const FRESH: Duration = Duration::from_secs(5);

/// The memory that writing an index may take, in bytes: the least that it can do with.
const WRITER_BYTES: usize = 16 << 20;

/// What the index calls its analyzer.
const WORDS: &str = "words";

/// What is known of a chunk.
#[derive(Clone, Copy)]
struct Fields {
    path: Field,
    id: Field,
    title: Field,
    text: Field,
    first: Field,
    last: Field,
}

impl Fields {
    fn new() -> (Self, Schema) {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(WORDS)
            .set_index_option(IndexRecordOption::WithFreqs);
        let words = TextOptions::default()
            .set_indexing_options(indexing)
            .set_stored();
        let fields = Self {
            path: schema.add_text_field("path", STRING | STORED),
            id: schema.add_text_field("id", STORED),
            title: schema.add_text_field("title", words.clone()),
            text: schema.add_text_field("text", words),
            first: schema.add_u64_field("first", STORED),
            last: schema.add_u64_field("last", STORED),
        };
        (fields, schema.build())
    }
}

/// A folder, and what the paths of its files start with.
struct Root {
    folder: PathBuf,
    prefix: String,
}

/// One corpus.
pub(super) struct FolderIndex {
    corpus: String,
    roots: Vec<Root>,
    fields: Fields,
    index: Index,
    reader: IndexReader,
    state: Mutex<State>,
}

/// What the index was made from.
#[derive(Default)]
struct State {
    files: BTreeMap<String, Known>,
    looked: Option<Instant>,
}

impl FolderIndex {
    /// An empty index of folders that can be read.
    pub(super) fn open(corpus: &str, folders: Vec<PathBuf>) -> Result<Self, CorpusError> {
        let (fields, schema) = Fields::new();
        let fault = |error: tantivy::TantivyError| CorpusError::Index {
            corpus: corpus.to_owned(),
            problem: error.to_string(),
        };
        let tokenizers = TokenizerManager::default();
        tokenizers.register(WORDS, query::words());
        let index = Index::builder()
            .schema(schema)
            .tokenizers(tokenizers)
            .create_in_ram()
            .map_err(fault)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(fault)?;
        Ok(Self {
            corpus: corpus.to_owned(),
            roots: roots(corpus, folders)?,
            fields,
            index,
            reader,
            state: Mutex::default(),
        })
    }

    /// The index as it is now, brought up to date where that was long ago.
    fn current(&self, now: Instant) -> Result<Searcher, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = state
            .looked
            .is_some_and(|looked| now.saturating_duration_since(looked) < FRESH);
        if !fresh {
            self.refresh(&mut state)
                .map_err(|problem| format!("corpus {}: {problem}", self.corpus))?;
            state.looked = Some(now);
        }
        Ok(self.reader.searcher())
    }

    fn refresh(&self, state: &mut State) -> Result<(), String> {
        let mut walk = Walk::new(&state.files);
        for root in &self.roots {
            walk.root(&root.folder, &root.prefix)
                .map_err(|error| format!("{}: {error}", root.folder.display()))?;
        }
        let found = walk.end();
        self.write(state, &found)
            .map_err(|error| error.to_string())?;
        state.files = found.files;
        Ok(())
    }

    /// Puts all changes in, or none.
    fn write(&self, state: &State, found: &Found) -> tantivy::Result<()> {
        let gone = state
            .files
            .keys()
            .filter(|path| !found.files.contains_key(*path));
        let changed = found.changed.iter().map(|(path, _)| path);
        let outdated: Vec<&String> = gone.chain(changed).collect();
        if outdated.is_empty() {
            return Ok(());
        }
        if found.cut_short {
            tracing::warn!(
                corpus = self.corpus,
                "the corpus is larger than what is searched: some of its files are left out"
            );
        }
        let mut writer: IndexWriter = self.index.writer_with_num_threads(1, WRITER_BYTES)?;
        for path in outdated {
            writer.delete_term(Term::from_field_text(self.fields.path, path));
        }
        for (path, text) in &found.changed {
            for document in text.iter().flat_map(|text| self.documents(path, text)) {
                writer.add_document(document)?;
            }
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        self.reader.reload()
    }

    /// A file's chunks. One without a heading is titled as its file.
    fn documents(&self, path: &str, text: &str) -> Vec<TantivyDocument> {
        let file = Path::new(path);
        let extension = file.extension().and_then(|extension| extension.to_str());
        let markdown = extension.is_some_and(|extension| {
            ["md", "markdown"]
                .iter()
                .any(|own| extension.eq_ignore_ascii_case(own))
        });
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let fields = self.fields;
        let document = |piece: chunks::Piece| {
            let mut id = format!("{path}#L{}-L{}", piece.first, piece.last);
            if piece.part > 0 {
                id.push_str(&format!("+{}", piece.part));
            }
            doc!(
                fields.path => path,
                fields.id => id,
                fields.title => piece.title.as_deref().unwrap_or(&stem),
                fields.text => piece.text,
                fields.first => piece.first as u64,
                fields.last => piece.last as u64,
            )
        };
        chunks::cut(text, markdown)
            .into_iter()
            .map(document)
            .collect()
    }

    fn chunk(&self, searcher: &Searcher, score: f32, at: DocAddress) -> tantivy::Result<Chunk> {
        let document: TantivyDocument = searcher.doc(at)?;
        let text = |field| {
            let value = document.get_first(field);
            value
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let line = |field| document.get_first(field).and_then(|value| value.as_u64());
        let fields = self.fields;
        Ok(Chunk {
            id: text(fields.id),
            text: text(fields.text),
            score,
            source: Some(text(fields.path)),
            metadata: Some(json!({
                "corpus": self.corpus,
                "title": text(fields.title),
                "lines": [line(fields.first), line(fields.last)],
            })),
        })
    }
}

/// The folders by their one path, and what their files are called by.
fn roots(corpus: &str, folders: Vec<PathBuf>) -> Result<Vec<Root>, CorpusError> {
    if folders.is_empty() {
        return Err(CorpusError::Empty(corpus.to_owned()));
    }
    let alone = folders.len() == 1;
    let mut names = BTreeSet::new();
    let mut roots = Vec::new();
    for given in folders {
        let opened = fs::canonicalize(&given).and_then(|path| fs::read_dir(&path).map(|_| path));
        let folder = opened.map_err(|problem| CorpusError::Folder {
            corpus: corpus.to_owned(),
            folder: given,
            problem,
        })?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let prefix = if alone {
            String::new()
        } else {
            format!("{name}/")
        };
        if !names.insert(name.to_string()) {
            let (corpus, name) = (corpus.to_owned(), name.into_owned());
            return Err(CorpusError::Twice { corpus, name });
        }
        roots.push(Root { folder, prefix });
    }
    Ok(roots)
}

/// The best chunks of some corpora, scored as if they were one, and as if there were no others.
pub(super) fn search(
    indexes: &[Arc<FolderIndex>],
    query: &Query,
    limit: usize,
    now: Instant,
) -> Result<Vec<Chunk>, String> {
    let searchers = indexes.iter().map(|index| index.current(now));
    let together = Together(searchers.collect::<Result<_, _>>()?);
    let found = together.search(indexes, query, limit);
    let mut chunks = found.map_err(|error| error.to_string())?;
    chunks.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    chunks.truncate(limit);
    Ok(chunks)
}

struct Together(Vec<Searcher>);

impl Together {
    fn search(
        &self,
        indexes: &[Arc<FolderIndex>],
        query: &Query,
        limit: usize,
    ) -> tantivy::Result<Vec<Chunk>> {
        let mut chunks = Vec::new();
        if self.total_num_docs()? == 0 {
            return Ok(chunks);
        }
        for (index, searcher) in indexes.iter().zip(&self.0) {
            let query = query.within(index.fields.title, index.fields.text);
            let best = TopDocs::with_limit(limit).order_by_score();
            for (score, at) in searcher.search_with_statistics_provider(&query, &best, self)? {
                chunks.push(index.chunk(searcher, score, at)?);
            }
        }
        Ok(chunks)
    }
}

impl Bm25StatisticsProvider for Together {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.0
            .iter()
            .map(|searcher| searcher.total_num_tokens(field))
            .sum()
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.0
            .iter()
            .map(Bm25StatisticsProvider::total_num_docs)
            .sum()
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.0
            .iter()
            .map(|searcher| Bm25StatisticsProvider::doc_freq(searcher, term))
            .sum()
    }
}
