//! Opening a granted folder: by its one path, without following a link, and never one of the host's own.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use portcullis_host_policy::capability::{Access, Capability, Folder as Place, FsRule};
use portcullis_host_policy::decision::{Decision, Grants, decide};
use portcullis_host_policy::request::Request;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::{FsPerms, OpenMode};

use crate::error::Error;

/// A folder that was granted, and its handle: what the path comes to lead to later does not matter.
pub(crate) struct Folder {
    pub(super) rule: FsRule,
    pub(super) dir: Dir,
    place: Inode,
    above: Vec<Inode>,
}

/// Device and inode: what a folder is, whatever it is called.
type Inode = (u64, u64);

/// Why a folder can't be used, and what helps.
struct Unusable(String, String);

/// Opens every folder that the grants allow.
pub(super) fn open(grants: &Grants, protected: &[PathBuf]) -> Result<Vec<Folder>, Error> {
    let mut folders: Vec<Folder> = Vec::new();
    for capability in grants.effective() {
        let Capability::Fs(rule) = capability else {
            continue;
        };
        // What the operator denied is not there; every use of the others is decided on once more.
        if let Decision::Deny(_) = decide(grants, &Request::Use(capability.clone())) {
            continue;
        }
        let folder = open_one(rule).and_then(|folder| {
            protected
                .iter()
                .try_for_each(|path| folder.is_apart_from(path))?;
            folders
                .iter()
                .try_for_each(|other| folder.agrees_with(other))?;
            Ok(folder)
        });
        folders.push(folder.map_err(|Unusable(problem, remedy)| Error::Folder {
            grant: Box::new(capability.clone()),
            problem,
            remedy,
        })?);
    }
    Ok(folders)
}

fn open_one(rule: &FsRule) -> Result<Folder, Unusable> {
    let Place::Path(path) = &rule.folder else {
        let problem = "nobody has said which folder this is".to_owned();
        return Err(Unusable(problem, "bind its slot to a folder".to_owned()));
    };
    let (handle, above) = walk(Path::new(path.as_str()))?;
    let (perms, mode) = match rule.access {
        Access::ReadOnly => (FsPerms::ReadOnly, OpenMode::READ),
        Access::ReadWrite => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
    };
    Ok(Folder {
        rule: rule.clone(),
        place: inode(&handle)?,
        dir: Dir::new(handle, perms, mode, false),
        above,
    })
}

/// Stepping through a folder takes less than listing it, where the system knows the difference.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEP: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEP: OFlags = OFlags::RDONLY;

/// Opens a folder step by step from the root, so that a link is met and not followed; with it, all that it lies in.
fn walk(path: &Path) -> Result<(File, Vec<Inode>), Unusable> {
    let no_link = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let steps: Vec<_> = path
        .components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect();
    let mut above = Vec::new();
    let mut here = File::from(openat(CWD, "/", STEP | no_link, Mode::empty()).map_err(system)?);
    for (at, step) in steps.iter().enumerate() {
        above.push(inode(&here)?);
        let how = if at + 1 == steps.len() {
            OFlags::RDONLY
        } else {
            STEP
        };
        let next = openat(&here, step.as_os_str(), how | no_link, Mode::empty());
        here = File::from(next.map_err(|error| explain(error, &here, step, path))?);
    }
    Ok((here, above))
}

fn explain(error: Errno, parent: &File, step: &Component<'_>, path: &Path) -> Unusable {
    let is_link = statat(parent, step.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
    match error {
        Errno::NOENT => Unusable(
            "there is no such folder".to_owned(),
            "make it, or grant another".to_owned(),
        ),
        _ if is_link => {
            let leads = std::fs::canonicalize(path);
            let to = leads.map_or_else(|_| "it leads to".to_owned(), |to| to.display().to_string());
            let step = step.as_os_str().display();
            Unusable(
                format!("`{step}` in its path is a symbolic link, and may lead elsewhere tomorrow"),
                format!("if that is what you mean, grant the folder {to}"),
            )
        }
        Errno::NOTDIR => Unusable(
            "it is not a folder".to_owned(),
            "grant the folder that it is in".to_owned(),
        ),
        error => system(error),
    }
}

fn system(error: Errno) -> Unusable {
    let remedy = "give this user the right to list it, or grant another".to_owned();
    Unusable(
        format!("it can't be opened: {}", io::Error::from(error)),
        remedy,
    )
}

fn inode(handle: &File) -> Result<Inode, Unusable> {
    let stat = fstat(handle).map_err(system)?;
    #[allow(
        clippy::useless_conversion,
        clippy::cast_sign_loss,
        reason = "the types differ between systems"
    )]
    Ok((stat.st_dev as u64, stat.st_ino.into()))
}

impl Folder {
    /// Where the guest finds it.
    pub(super) fn guest_path(&self) -> String {
        self.rule.guest_path()
    }

    /// A folder of the host's own is neither this one, nor in it, nor around it.
    fn is_apart_from(&self, own: &Path) -> Result<(), Unusable> {
        // What is not there yet would come to lie in the nearest folder that is.
        let existing = own.ancestors().find_map(|path| path.canonicalize().ok());
        let Some(existing) = existing else {
            return Ok(());
        };
        let (handle, mut around) = walk(&existing)?;
        let place = inode(&handle)?;
        around.push(place);
        let inside = own.exists() && self.above.contains(&place);
        if inside || around.contains(&self.place) {
            return Err(Unusable(
                format!("the host keeps its own in {}", own.display()),
                "grant a folder apart from it".to_owned(),
            ));
        }
        Ok(())
    }

    /// Two folders, one in the other, are both for reading or both for writing, and no two have one name.
    fn agrees_with(&self, other: &Self) -> Result<(), Unusable> {
        if self.guest_path() == other.guest_path() {
            return Err(Unusable(
                format!("the plugin finds `fs:{}` under the same name", other.rule),
                "give one of them another name, after `=>`".to_owned(),
            ));
        }
        let overlap = self.place == other.place
            || self.above.contains(&other.place)
            || other.above.contains(&self.place);
        if overlap && self.rule.access != other.rule.access {
            return Err(Unusable(
                format!("it overlaps with `fs:{}`, whose access differs", other.rule),
                "grant both for reading or both for writing, or folders apart".to_owned(),
            ));
        }
        Ok(())
    }
}
