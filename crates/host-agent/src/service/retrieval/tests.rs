use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::advance;

use super::*;
use crate::service::testing::caller;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn open(corpora: &[(&str, &[&Path])]) -> Result<Corpora, CorpusError> {
    let corpora = corpora.iter().map(|(name, folders)| {
        let folders = folders.iter().map(|folder| folder.to_path_buf());
        ((*name).to_owned(), folders.collect())
    });
    Corpora::open(corpora.collect())
}

async fn search(
    corpora: &Corpora,
    names: &[&str],
    query: &str,
    limit: u32,
) -> Result<Vec<Chunk>, ServiceError> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let caller = caller(Duration::from_secs(10));
    corpora.search(&caller, &names, query, limit).await
}

async fn ids(corpora: &Corpora, names: &[&str], query: &str) -> Vec<String> {
    let found = search(corpora, names, query, 10).await.unwrap();
    found.into_iter().map(|chunk| chunk.id).collect()
}

#[tokio::test(start_paused = true)]
async fn the_best_chunk_comes_first_and_says_where_it_stands() {
    let handbook = folder(&[
        (
            "leave.md",
            "# Leave\n\nThirty days a year.\n\n# Travel\n\nTrains before planes; a train takes you there.\n",
        ),
        (
            "deep/down/food.txt",
            "The kitchen is on a train of its own.\n",
        ),
    ]);
    let corpora = open(&[("handbook", &[handbook.path()])]).unwrap();
    assert_eq!(corpora.corpora(), ["handbook"]);
    let found = search(&corpora, &["handbook"], "TRAVEL by train?", 10)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let best = &found[0];
    assert_eq!(best.id, "leave.md#L5-L7");
    assert_eq!(best.source.as_deref(), Some("leave.md"));
    assert!(best.text.starts_with("# Travel"), "{}", best.text);
    assert_eq!(
        best.metadata.as_ref().unwrap(),
        &serde_json::json!({ "corpus": "handbook", "title": "Travel", "lines": [5, 7] })
    );
    assert_eq!(found[1].id, "deep/down/food.txt#L1-L1");
    assert!(best.score > found[1].score);
}

#[tokio::test(start_paused = true)]
async fn only_the_corpora_that_were_named_are_searched() {
    let (one, two) = (
        folder(&[("a.txt", "apple")]),
        folder(&[("b.txt", "apple pie")]),
    );
    let corpora = open(&[("one", &[one.path()]), ("two", &[two.path()])]).unwrap();
    assert_eq!(ids(&corpora, &["one"], "apple").await, ["a.txt#L1-L1"]);
    assert_eq!(
        ids(&corpora, &["two", "one", "two"], "apple").await.len(),
        2
    );
    assert_eq!(ids(&corpora, &[], "apple").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn scores_depend_on_nothing_that_was_not_named() {
    let (one, two) = (
        folder(&[("a.txt", "apple"), ("b.txt", "pear")]),
        folder(&[("b.txt", "apple")]),
    );
    let alone = open(&[("one", &[one.path()])]).unwrap();
    let beside = open(&[("one", &[one.path()]), ("two", &[two.path()])]).unwrap();
    let alone = search(&alone, &["one"], "apple", 1).await.unwrap();
    let named = search(&beside, &["one"], "apple", 1).await.unwrap();
    let both = search(&beside, &["one", "two"], "apple", 1).await.unwrap();
    assert_eq!(alone, named);
    assert!(
        both[0].score < named[0].score,
        "the word is less rare in both"
    );
}

#[tokio::test(start_paused = true)]
async fn which_corpora_there_are_is_not_told() {
    let one = folder(&[("a.txt", "apple")]);
    let corpora = open(&[("payroll", &[one.path()])]).unwrap();
    let error = search(&corpora, &["other"], "apple", 1).await.unwrap_err();
    assert_eq!(error.code, "not-found");
    assert!(!error.message.contains("payroll"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn changes_are_seen_after_a_while() {
    let notes = folder(&[("a.txt", "apple"), ("b.txt", "banana")]);
    let corpora = open(&[("notes", &[notes.path()])]).unwrap();
    assert_eq!(
        ids(&corpora, &["notes"], "apple banana cherry").await,
        ["a.txt#L1-L1", "b.txt#L1-L1"]
    );
    write(notes.path(), "a.txt", "apple\n\nand apple again");
    write(notes.path(), "c.txt", "cherry");
    fs::remove_file(notes.path().join("b.txt")).unwrap();
    assert_eq!(
        ids(&corpora, &["notes"], "cherry").await,
        [""; 0],
        "it was looked at just now"
    );
    advance(Duration::from_secs(5)).await;
    assert_eq!(ids(&corpora, &["notes"], "cherry").await, ["c.txt#L1-L1"]);
    assert_eq!(ids(&corpora, &["notes"], "apple").await, ["a.txt#L1-L3"]);
    assert_eq!(ids(&corpora, &["notes"], "banana").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_linked_large_or_no_text_is_left_out() {
    let outside = folder(&[("secret.txt", "apple secret")]);
    let notes = folder(&[
        (".hidden.txt", "apple"),
        (".git/config", "apple"),
        ("a.txt", "\u{feff}apple"),
    ]);
    let root = notes.path();
    write(root, "binary", b"apple\0");
    write(root, "latin1.txt", b"apple \xe9");
    write(root, "large.txt", "apple ".repeat(200_000));
    symlink(outside.path().join("secret.txt"), root.join("link.txt")).unwrap();
    symlink(outside.path(), root.join("folder")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let corpora = open(&[("notes", &[root])]).unwrap();
    assert_eq!(ids(&corpora, &["notes"], "apple").await, ["a.txt#L1-L1"]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_swapped_for_a_link_leads_nowhere() {
    let outside = folder(&[("secret.txt", "apple secret")]);
    let notes = folder(&[("inner/a.txt", "apple")]);
    let corpora = open(&[("notes", &[notes.path()])]).unwrap();
    assert_eq!(ids(&corpora, &["notes"], "apple").await.len(), 1);
    fs::remove_dir_all(notes.path().join("inner")).unwrap();
    symlink(outside.path(), notes.path().join("inner")).unwrap();
    advance(Duration::from_secs(5)).await;
    assert_eq!(ids(&corpora, &["notes"], "apple").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn hostile_queries_are_words_or_refused() {
    let notes = folder(&[("a.txt", "apple")]);
    let corpora = open(&[("notes", &[notes.path()])]).unwrap();
    for query in [
        "",
        " \u{202e}\0 ",
        &"(".repeat(4096),
        &"apple ".repeat(1000),
    ] {
        let error = search(&corpora, &["notes"], query, 1).await.unwrap_err();
        assert_eq!(error.code, "invalid", "{query}");
    }
    for query in [
        "path:apple",
        "apple^1e999",
        "\"apple",
        "*:* apple~9 /a.*/ [a TO",
        "-apple",
    ] {
        assert_eq!(ids(&corpora, &["notes"], query).await.len(), 1, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_so_many_chunks_at_most() {
    let notes = folder(&[]);
    for number in 0..60 {
        write(notes.path(), &format!("{number}.txt"), "apple");
    }
    let corpora = open(&[("notes", &[notes.path()])]).unwrap();
    for (limit, count) in [(0, 0), (3, 3), (u32::MAX, 50)] {
        let found = search(&corpora, &["notes"], "apple", limit).await.unwrap();
        assert_eq!(found.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn sources_of_several_folders_start_with_the_folders_name() {
    let all = folder(&[
        ("one/a.txt", "apple"),
        ("two/a.txt", "apple"),
        ("two/one/b.txt", "pear"),
    ]);
    let (one, two, twin) = (
        all.path().join("one"),
        all.path().join("two"),
        all.path().join("two/one"),
    );
    let corpora = open(&[("notes", &[&one, &two])]).unwrap();
    assert_eq!(
        ids(&corpora, &["notes"], "apple").await,
        ["one/a.txt#L1-L1", "two/a.txt#L1-L1"]
    );
    let error = open(&[("notes", &[&one, &twin])]).err().unwrap();
    assert!(matches!(error, CorpusError::Twice { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_went_away_is_the_operators_affair() {
    let notes = folder(&[("a.txt", "apple")]);
    let corpora = open(&[("notes", &[notes.path()])]).unwrap();
    let path = notes.path().display().to_string();
    notes.close().unwrap();
    let error = search(&corpora, &["notes"], "apple", 1).await.unwrap_err();
    assert_eq!(error.code, "unavailable");
    assert!(!error.message.contains(&path), "{error}");
}

#[test]
fn corpora_that_can_not_be_are_refused() {
    let notes = folder(&[("a.txt", "apple")]);
    let file = notes.path().join("a.txt");
    let refused = |name: &str, folders: &[&Path]| open(&[(name, folders)]).err().unwrap();
    assert!(matches!(
        refused("a b", &[notes.path()]),
        CorpusError::Name(_)
    ));
    assert!(matches!(refused("", &[notes.path()]), CorpusError::Name(_)));
    assert!(matches!(refused("notes", &[]), CorpusError::Empty(_)));
    assert!(matches!(
        refused("notes", &[&file]),
        CorpusError::Folder { .. }
    ));
    let error = refused("notes", &[Path::new("/nowhere")]);
    assert!(error.to_string().contains("/nowhere"), "{error}");
}
