//! The WIT that other languages' tools read: the project's own, and the contract that travels in this command.

use super::BuildError;
use super::project::Project;
use std::fs;
use std::path::{Path, PathBuf};

/// Each file's path in `wit/`, and its text.
const CONTRACT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/contract.rs"));

/// Puts the project's `wit` folder and the contract's packages together in its target folder, and gives the place. The
/// packages are this command's, so that a project says in one world what it takes of them and keeps no copy.
pub(super) fn lay_out(project: &Project) -> Result<PathBuf, BuildError> {
    let own = project.folder.join("wit");
    if !own.is_dir() {
        return Err(BuildError::NoWorld {
            path: project.folder.clone(),
        });
    }
    let place = project.fresh("wit")?;
    copy(&own, &place)?;
    for (path, text) in CONTRACT {
        // A folder a package: `deps/tool/tool.wit`, and `world.wit` beside `deps`.
        let package = match path
            .strip_prefix("deps/")
            .and_then(|path| path.split_once('/'))
        {
            Some((package, _)) => package,
            None => "plugin",
        };
        let folder = place.join("deps").join(format!("portcullis-{package}"));
        let name = Path::new(path).file_name().unwrap_or_default();
        fs::create_dir_all(&folder).map_err(BuildError::io("make the folder", &folder))?;
        let file = folder.join(name);
        fs::write(&file, text).map_err(BuildError::io("write", &file))?;
    }
    Ok(place)
}

fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(to).map_err(BuildError::io("make the folder", to))?;
    let entries = fs::read_dir(from).map_err(BuildError::io("read the folder", from))?;
    for entry in entries {
        let path = entry
            .map_err(BuildError::io("read the folder", from))?
            .path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(BuildError::io("copy", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::project::Source;
    use super::*;
    use crate::args::CrateArgs;

    #[test]
    fn all_of_the_contract_s_packages_travel_in_the_command() {
        let texts: String = CONTRACT.iter().map(|(_, text)| *text).collect();
        for package in ["plugin", "host", "tool", "hook", "chat", "role"] {
            let line = format!("package portcullis:{package}@");
            assert_eq!(texts.matches(&line).count(), 1, "{package}");
        }
    }

    #[test]
    fn a_world_of_a_project_finds_the_contract_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("wit")).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/app.py"), "").unwrap();
        let manifest = "[plugin]\nid = \"a\"\nversion = \"0.1.0\"\n";
        fs::write(folder.path().join("plugin.toml"), manifest).unwrap();
        let world =
            "package local:a; world plugin { include portcullis:plugin/tool-plugin@0.1.0; }";
        fs::write(folder.path().join("wit/world.wit"), world).unwrap();
        let args = CrateArgs {
            path: folder.path().to_path_buf(),
            release: false,
            target_dir: None,
            install_tools: false,
        };
        let Source::Other(project) = Source::find(&args).unwrap() else {
            panic!("it is in Python");
        };
        let mut resolve = wit_bindgen_core::wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir(lay_out(&project).unwrap()).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        assert_eq!(resolve.worlds[world].name, "plugin");
        // A file that is gone from the project is gone from what the tools read.
        fs::write(folder.path().join("wit/more.wit"), "interface more {}").unwrap();
        assert!(lay_out(&project).unwrap().join("more.wit").is_file());
        fs::remove_file(folder.path().join("wit/more.wit")).unwrap();
        assert!(!lay_out(&project).unwrap().join("more.wit").exists());
    }
}
