//! `fs:` – folders that a plugin may read or write.

use std::fmt;
use std::str::FromStr;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use super::name::{SlotName, name};

const FORM: &str = "`fs:` is followed by `ro:` or `rw:` and an absolute folder or a `{slot}`, then optionally `=>` \
    and the folder's name in the guest: `fs:ro:/srv/docs=>/docs`";
const PATH_RULE: &str = "a folder is named by its absolute path, without `.`, `..`, `//`, a slash at the end, `=>` or \
    control characters";
const GLOB_RULE: &str = "a folder is granted whole, with all below it: leave the wildcard out";
const BROAD_RULE: &str = "the whole file system is more than a plugin can need: name a folder";

/// Longest path, in bytes, as most systems have it.
const MAX_PATH: usize = 4096;

/// Read, or read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// `ro`
    ReadOnly,
    /// `rw`
    ReadWrite,
}

name! {
    /// An absolute path in its one form: no dot segments, no empty ones, no slash at the end.
    FolderPath
}

/// Which folder on the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// This one.
    Path(FolderPath),
    /// What the operator puts there.
    Slot(SlotName),
}

/// What stands after `fs:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FsRule {
    /// Read, or read and write.
    pub access: Access,
    /// Which folder on the host.
    pub folder: Folder,
    /// Where the guest finds it, if not where [`FsRule::guest_path`] says.
    pub mount: Option<String>,
}

impl FsRule {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let Some((access, rest)) = piece.split_once(":") else {
            return Err(piece.fail(Kind::Access, FORM));
        };
        let access = match access.text() {
            "ro" => Access::ReadOnly,
            "rw" => Access::ReadWrite,
            _ => return Err(access.fail(Kind::Access, FORM)),
        };
        let (folder, mount) = rest
            .split_once("=>")
            .map_or((rest, None), |(folder, mount)| (folder, Some(mount)));
        let folder = if folder.text().starts_with('{') {
            Folder::Slot(SlotName::parse_braced(folder)?)
        } else if folder.text() == "/" {
            return Err(folder.fail(Kind::TooBroad, BROAD_RULE));
        } else {
            Folder::Path(FolderPath(parse_path(folder)?))
        };
        let mount = match mount {
            Some(mount) if mount.text() == "/" => Some("/".to_owned()),
            Some(mount) => Some(parse_path(mount)?),
            None => None,
        };
        let mut rule = Self {
            access,
            folder,
            mount,
        };
        if rule.mount.as_deref() == Some(rule.default_mount().as_str()) {
            rule.mount = None;
        }
        Ok(rule)
    }

    /// Where the guest finds the folder: where the rule says, else a slot under its own name and a folder under its
    /// own path.
    pub fn guest_path(&self) -> String {
        self.mount.clone().unwrap_or_else(|| self.default_mount())
    }

    fn default_mount(&self) -> String {
        match &self.folder {
            Folder::Path(path) => path.to_string(),
            Folder::Slot(slot) => format!("/{slot}"),
        }
    }

    /// Whether everything that `other` gives access to, this rule gives access to. Where the guest finds it is the
    /// plugin's own affair and does not count.
    pub fn covers(&self, other: &Self) -> bool {
        self.access >= other.access && self.folder.covers(&other.folder)
    }
}

impl FsRule {
    /// What both allow, where the guest finds it as `self` says.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let access = self.access.min(other.access);
        if other.folder.covers(&self.folder) {
            return Some(Self {
                access,
                ..self.clone()
            });
        }
        let below = self.folder.below(&other.folder)?;
        let mount = format!("{}{below}", self.guest_path().trim_end_matches('/'));
        Some(Self {
            access,
            folder: other.folder.clone(),
            mount: Some(mount),
        })
    }
}

impl Folder {
    /// What has to be appended to this folder to get `other`.
    fn below<'a>(&self, other: &'a Self) -> Option<&'a str> {
        match (self, other) {
            (Self::Path(own), Self::Path(other)) => {
                let rest = other.as_str().strip_prefix(own.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then_some(rest)
            }
            _ => (self == other).then_some(""),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        self.below(other).is_some()
    }

    /// Whether a denial of this folder hits `other`: one lies in the other, or nobody said which this is.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        matches!(self, Self::Slot(_)) || self.covers(other) || other.covers(self)
    }
}

impl FromStr for FolderPath {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let piece = Piece::new(text);
        if text == "/" {
            return Err(piece.fail(Kind::TooBroad, BROAD_RULE));
        }
        parse_path(piece).map(Self)
    }
}

fn parse_path(piece: Piece<'_>) -> Result<String, CapabilityError> {
    let text = piece.text();
    let broken = |part: Piece<'_>| Err(part.fail(Kind::Path, PATH_RULE));
    if let Some(folder) = text.strip_suffix("/*").or_else(|| text.strip_suffix("/**")) {
        return Err(piece.fail(Kind::Path, GLOB_RULE).suggest_instead(folder));
    }
    if text.len() > 1 && text.ends_with('/') {
        return Err(piece
            .fail(Kind::Path, PATH_RULE)
            .suggest_instead(text.trim_end_matches('/')));
    }
    let Some(segments) = text.strip_prefix('/').filter(|_| text.len() <= MAX_PATH) else {
        return broken(piece);
    };
    let mut at = 1;
    for segment in segments.split('/') {
        let part = piece.slice(at..at + segment.len());
        if matches!(segment, "" | "." | "..")
            || segment.contains("=>")
            || segment.contains(char::is_control)
        {
            return broken(part);
        }
        at += segment.len() + 1;
    }
    Ok(text.to_owned())
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path}"),
            Self::Slot(slot) => write!(f, "{{{slot}}}"),
        }
    }
}

impl fmt::Display for FsRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.access {
            Access::ReadOnly => "ro:",
            Access::ReadWrite => "rw:",
        })?;
        write!(f, "{}", self.folder)?;
        match &self.mount {
            Some(mount) => write!(f, "=>{mount}"),
            None => Ok(()),
        }
    }
}
