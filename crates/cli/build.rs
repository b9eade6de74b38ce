//! Lists the files of the contract, which travel in the command: `portcullis build` hands them to other languages' tools.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    wit_files(&root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        // Which package a file is of is in its text; its path need only be its own.
        let path = file.strip_prefix(&root).unwrap_or(file);
        let path = path.to_string_lossy().replace('\\', "/");
        let _ = writeln!(list, "    ({path:?}, include_str!({file:?})),");
    }
    list.push_str("]\n");
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("contract.rs"), list)
}

fn wit_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            wit_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            files.push(path);
        }
    }
    Ok(())
}
