//! Files through Rust's standard library: WASI 0.2.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::time::SystemTime;

use act::Act;

#[path = "common/act.rs"]
mod act;

async fn run(act: Act) -> Result<String, String> {
    done(act).map_err(|error| code(&error))
}

/// The code as WASI has it, where a test asks for it.
fn code(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "not-permitted".to_owned(),
        ErrorKind::QuotaExceeded => "quota".to_owned(),
        ErrorKind::CrossesDevices => "cross-device".to_owned(),
        ErrorKind::NotFound => "no-entry".to_owned(),
        _ => format!("{error:?}"),
    }
}

fn done(
    Act {
        what,
        path,
        to,
        number,
    }: Act,
) -> io::Result<String> {
    let bytes = vec![b'x'; number as usize];
    let done = |()| "done".to_owned();
    match what.as_str() {
        "read" => fs::read_to_string(path),
        "write" => fs::write(path, bytes).map(done),
        "append" => OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?
            .write_all(&bytes)
            .map(done),
        "set-size" => OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?
            .set_len(number)
            .map(done),
        "touch" => File::open(path)?
            .set_modified(SystemTime::UNIX_EPOCH)
            .map(done),
        "list" => list(&path),
        "make-folder" => fs::create_dir(path).map(done),
        "remove" => fs::remove_file(path).map(done),
        "rename" => fs::rename(path, to).map(done),
        "hard-link" => fs::hard_link(path, to).map(done),
        #[expect(deprecated, reason = "the other one is not stable on WASI")]
        "symlink" => fs::soft_link(path, to).map(done),
        "hold" => Ok(hold(&path, number)),
        "make-many" => Ok(make_many(&path, number)),
        "variable" => Ok(std::env::var(path).unwrap_or_else(|_| "unset".to_owned())),
        "variables" => Ok(std::env::vars().count().to_string()),
        "arguments" => Ok(std::env::args().count().to_string()),
        "now" => {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            Ok(since.map_or(0, |since| since.as_secs()).to_string())
        }
        "random" => Ok(RandomState::new().hash_one(0).to_string()),
        "input" => io::read_to_string(io::stdin()),
        _ => Ok(format!("nobody can {what}")),
    }
}

/// How many entries a folder gives, and why no more.
fn list(path: &str) -> io::Result<String> {
    let mut names = 0;
    for entry in fs::read_dir(path)? {
        if let Err(error) = entry {
            return Ok(format!("{names} {}", code(&error)));
        }
        names += 1;
    }
    Ok(names.to_string())
}

/// How many files can be held at once, and why no more.
fn hold(path: &str, number: u64) -> String {
    let mut held = Vec::new();
    for _ in 0..number {
        match File::open(path) {
            Ok(file) => held.push(file),
            Err(error) => return format!("{} {}", held.len(), code(&error)),
        }
    }
    held.len().to_string()
}

/// How many files can be made, and why no more.
fn make_many(folder: &str, number: u64) -> String {
    for at in 0..number {
        if let Err(error) = File::create(format!("{folder}/{at}")) {
            return format!("{at} {}", code(&error));
        }
    }
    number.to_string()
}
