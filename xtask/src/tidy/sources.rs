//! The Rust sources, as tokens: comments and strings say what they like.

use std::collections::BTreeSet;
use std::env;
use std::str::FromStr;

use anyhow::Result;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::Problem;
use super::tree::{TextFile, Tree};

/// A file that passes this is asking to be split.
const LONGEST_FILE: usize = 500;

/// The same for a function, from its `fn` to its last brace.
const LONGEST_FUNCTION: usize = 60;

/// Where code that wit-bindgen and wasmtime generate lives, and nothing else. The floor of the bench stands outside the
/// rules for crates, and each guest of the tests has a world of its own.
const BINDINGS: [&str; 5] = [
    "crates/host-core/src/bindings",
    "crates/guest-sdk/src/bindings",
    "benches/src/",
    "tests/guests/",
    "tests/languages/rust/",
];

/// The one module that deserializes native code, the one that implements the engine's traits for types known at run time, the generated code around exports, and the floor of the bench; and the
/// mistakes that the macros' tests show.
const UNSAFE: [&str; 5] = [
    "crates/host-core/src/cache",
    "crates/host-core/src/typed/abi/mod.rs",
    "crates/guest-sdk/src/bindings",
    "benches/src/floor",
    "crates/macros/tests/ui",
];

/// What marks code that is not finished.
const UNFINISHED: [&str; 5] = [
    "dbg!",
    "todo!",
    "unimplemented!",
    "#[ignore]",
    "#[cfg_attr(ignore)]",
];

/// Unsafe code, and what would let it pass.
const UNSAFE_MARKS: [&str; 4] = [
    "unsafe",
    "#[allow(unsafe_code)]",
    "#[expect(unsafe_code)]",
    "#[warn(unsafe_code)]",
];

pub(super) fn length(tree: &Tree) -> Result<Vec<Problem>> {
    let counted = tree.rust().map(|file| (file, file.text.lines().count()));
    Ok(counted
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(file, lines)| {
            Problem::new(
                format!("{}: {lines} lines", file.path),
                format!("a file has at most {LONGEST_FILE} lines"),
                "split it by concept",
            )
        })
        .collect())
}

pub(super) fn function_length(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let mut functions = Vec::new();
        if let Ok(tokens) = TokenStream::from_str(&file.text) {
            collect_functions(tokens, &mut functions);
        }
        for (name, line, lines) in functions
            .into_iter()
            .filter(|(.., lines)| *lines > LONGEST_FUNCTION)
        {
            problems.push(Problem::new(
                format!("{}:{line}: {name}, {lines} lines", file.path),
                format!("a function has at most {LONGEST_FUNCTION} lines"),
                "split it by what it does",
            ));
        }
    }
    Ok(problems)
}

pub(super) fn finished(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        for (line, what) in marks(file, |mark| UNFINISHED.contains(&mark)) {
            problems.push(Problem::new(
                format!("{}:{line}: {what}", file.path),
                "nothing is left half done",
                "finish it, or take it out",
            ));
        }
    }
    Ok(problems)
}

pub(super) fn confined(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in tree.rust() {
        let lies_in = |places: &[&str]| places.iter().any(|place| file.path.starts_with(place));
        let generated = if lies_in(&BINDINGS) {
            &[][..]
        } else {
            &["bindgen!", "generate!"]
        };
        for (line, what) in marks(file, |mark| generated.contains(&mark)) {
            problems.push(Problem::new(
                format!("{}:{line}: {what}", file.path),
                "bindings are generated in the bindings' modules only",
                "use the types that crates/host-core/src/bindings (or the SDK's) already has",
            ));
        }
        if lies_in(&UNSAFE) {
            continue;
        }
        for (line, what) in marks(file, |mark| UNSAFE_MARKS.contains(&mark)) {
            problems.push(Problem::new(
                format!("{}:{line}: {what}", file.path),
                "unsafe code is forbidden outside the compile cache, the typed bridge's ABI and generated code",
                "write it without",
            ));
        }
    }
    Ok(problems)
}

/// Paths under which the checkout and cargo's files lie on this machine, where they are long enough to be nobody else's.
pub(super) fn machine_paths(tree: &Tree) -> Result<Vec<Problem>> {
    let home = env::var("CARGO_HOME")
        .or_else(|_| env::var("HOME").map(|home| format!("{home}/.cargo")))
        .ok();
    let machine: Vec<String> = [Some(tree.root.to_string_lossy().into_owned()), home]
        .into_iter()
        .flatten()
        .filter(|path| path.matches(['/', '\\']).count() > 1)
        .collect();
    let mut problems = Vec::new();
    for file in &tree.files {
        for (number, line) in file.text.lines().enumerate() {
            if machine.iter().any(|path| line.contains(path.as_str())) {
                problems.push(Problem::new(
                    format!("{}:{}", file.path, number + 1),
                    "no file names a folder of the machine it was written on",
                    "write the path from the root of the checkout",
                ));
            }
        }
    }
    Ok(problems)
}

/// What looks like a mark – a macro call `name!`, an attribute's word `#[word]`, `unsafe` – and is wanted, by line.
fn marks(file: &TextFile, wanted: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    // A first line for a script runner is no Rust; neither are the sources of UI tests that are not meant to parse.
    let Ok(tokens) = TokenStream::from_str(&file.text) else {
        return Vec::new();
    };
    let mut found = BTreeSet::new();
    collect(tokens, None, &mut found);
    found.into_iter().filter(|(_, mark)| wanted(mark)).collect()
}

/// `attribute` is none outside of attributes, and inside of them the word whose list this is.
fn collect(tokens: TokenStream, attribute: Option<&str>, found: &mut BTreeSet<(usize, String)>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut opens_attribute = false;
    let mut last_word = String::new();
    while let Some(token) = tokens.next() {
        let hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let bang = is_bang(&token);
        match token {
            TokenTree::Group(group) => {
                let inner = match attribute {
                    Some(_) => Some(last_word.as_str()),
                    None => opens_attribute.then_some(""),
                };
                collect(group.stream(), inner, found);
            }
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                last_word = word.to_string();
                match attribute {
                    Some("") => found.insert((line, format!("#[{word}]"))),
                    Some(list) => found.insert((line, format!("#[{list}({word})]"))),
                    None if tokens.peek().is_some_and(is_bang) => {
                        found.insert((line, format!("{word}!")))
                    }
                    None => false,
                };
                if word == "unsafe" {
                    found.insert((line, last_word.clone()));
                }
            }
            _ => {}
        }
        // `#[…]` and `#![…]`
        opens_attribute = hash || (opens_attribute && bang);
    }
}

/// Name, first line and number of lines of every function with a body.
fn collect_functions(tokens: TokenStream, found: &mut Vec<(String, usize, usize)>) {
    let mut open: Option<(Option<String>, usize)> = None;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "fn" => open = Some((None, word.span().start().line)),
            TokenTree::Ident(word) => {
                if let Some((name @ None, _)) = &mut open {
                    *name = Some(word.to_string());
                }
            }
            TokenTree::Punct(end) if end.as_char() == ';' => open = None,
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Brace
                    && let Some((Some(name), first)) = open.take()
                {
                    let lines = group.span_close().end().line - first + 1;
                    found.push((name, first, lines));
                }
                collect_functions(group.stream(), found);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// `!` alone, as in a macro call; that of `!=` is no such thing.
fn is_bang(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '!' && punct.spacing() == Spacing::Alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(usize, String)> {
        marks(
            &TextFile {
                path: "test.rs".into(),
                text: text.into(),
            },
            |_| true,
        )
    }

    fn mark(line: usize, text: &str) -> (usize, String) {
        (line, text.to_owned())
    }

    #[test]
    fn macro_calls_and_attributes_are_found_with_their_lines() {
        assert_eq!(all("fn f() {\n    todo!()\n}"), [mark(2, "todo!")]);
        assert_eq!(all("\n#[ignore]\nfn f() {}"), [mark(2, "#[ignore]")]);
        assert_eq!(
            all("#[cfg_attr(x, ignore)] fn f() {}"),
            [
                mark(1, "#[cfg_attr(ignore)]"),
                mark(1, "#[cfg_attr(x)]"),
                mark(1, "#[cfg_attr]")
            ]
        );
        assert_eq!(
            all("#![allow(unsafe_code)]"),
            [mark(1, "#[allow(unsafe_code)]"), mark(1, "#[allow]")]
        );
        assert_eq!(all("fn f() { unsafe { g() } }"), [mark(1, "unsafe")]);
    }

    #[test]
    fn comments_and_strings_are_free() {
        assert_eq!(
            all("// todo!()\n/* unsafe */ const A: &str = \"dbg!(1)\";"),
            []
        );
    }

    #[test]
    fn functions_are_measured_from_name_to_last_brace() {
        let text = "trait T {\n    fn a(self);\n    fn b(self) -> u8\n    where\n        Self: Sized,\n    {\n        1\n    }\n}";
        let mut found = Vec::new();
        collect_functions(text.parse().unwrap(), &mut found);
        assert_eq!(found, [("b".to_owned(), 3, 6)]);
    }

    #[test]
    fn a_word_is_no_macro_call() {
        assert_eq!(all("fn ignore(todo: bool) -> bool { todo != ignore }"), []);
    }
}
