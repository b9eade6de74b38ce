//! What the checks look at: the text files of the checkout and what cargo says of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::{metadata, root};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 5] = [".git", ".venv", "__pycache__", "node_modules", "target"];

pub(super) struct Tree {
    pub(super) root: PathBuf,
    pub(super) files: Vec<TextFile>,
    /// `cargo metadata` of the root workspace.
    pub(super) metadata: Value,
}

pub(super) struct TextFile {
    /// From the root, with `/` between its parts.
    pub(super) path: String,
    pub(super) text: String,
}

/// A package of the root workspace.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    /// Its folder from the root, with `/` between its parts.
    pub(super) folder: String,
    pub(super) metadata: &'a Value,
}

impl Tree {
    pub(super) fn read() -> Result<Self> {
        let root = root().to_owned();
        let mut files = Vec::new();
        read_folder(&root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let metadata = metadata(&root, &[])?;
        Ok(Self {
            root,
            files,
            metadata,
        })
    }

    /// The text of one file, if it is there.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }

    /// The Rust sources, whatever workspace they belong to.
    pub(super) fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The packages of the root workspace.
    pub(super) fn members(&self) -> Result<Vec<Member<'_>>> {
        let members = self.metadata["workspace_members"]
            .as_array()
            .context("cargo metadata lists no members")?;
        let packages = self.metadata["packages"]
            .as_array()
            .context("cargo metadata lists no packages")?;
        let members = packages
            .iter()
            .filter(|package| members.contains(&package["id"]));
        members.map(|package| self.member(package)).collect()
    }

    fn member<'a>(&self, package: &'a Value) -> Result<Member<'a>> {
        let manifest = Path::new(
            package["manifest_path"]
                .as_str()
                .context("a package without manifest")?,
        );
        let folder = manifest
            .parent()
            .and_then(|folder| folder.strip_prefix(&self.root).ok());
        Ok(Member {
            name: package["name"].as_str().context("a package without name")?,
            folder: folder
                .context("a member outside the root")?
                .to_string_lossy()
                .replace('\\', "/"),
            metadata: package,
        })
    }
}

/// Links are not followed: what they point to is read where it lies.
fn read_folder(folder: &Path, path: &str, files: &mut Vec<TextFile>) -> Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}/{name}")
        };
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            read_folder(&entry.path(), &path, files)?;
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push(TextFile { path, text });
        }
    }
    Ok(())
}
