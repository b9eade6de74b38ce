//! Files through WASI 0.3, with nothing between.

wit_bindgen::generate!({
    path: "wasi/filesystem",
    inline: r#"
        package portcullis:guest-files;

        world imports {
            import wasi:filesystem/types@0.3.0;
            import wasi:filesystem/preopens@0.3.0;
        }
    "#,
    world: "portcullis:guest-files/imports",
    generate_all,
});

use act::Act;
use wasi::filesystem::preopens::get_directories;
use wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};
use wit_bindgen::StreamResult;

#[path = "common/act.rs"]
mod act;

async fn run(act: Act) -> Result<String, String> {
    done(act).await.map_err(|error| code(&error))
}

fn code(error: &ErrorCode) -> String {
    match error {
        ErrorCode::NotPermitted => "not-permitted".to_owned(),
        ErrorCode::Quota => "quota".to_owned(),
        ErrorCode::CrossDevice => "cross-device".to_owned(),
        ErrorCode::NoEntry => "no-entry".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The granted folder that the path is in, and the rest of it.
fn within(path: &str) -> Result<(Descriptor, String), ErrorCode> {
    let folders = get_directories().into_iter();
    let found = folders.filter_map(|(folder, name)| {
        let rest = path.strip_prefix(&name)?;
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        Some((folder, if rest.is_empty() { "." } else { rest }.to_owned()))
    });
    found.last().ok_or(ErrorCode::NoEntry)
}

async fn open(path: &str, how: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, ErrorCode> {
    let (folder, path) = within(path)?;
    folder
        .open_at(PathFlags::SYMLINK_FOLLOW, path, how, flags)
        .await
}

async fn write(file: &Descriptor, bytes: Vec<u8>, append: bool) -> Result<String, ErrorCode> {
    let (mut writer, reader) = wit_stream::new();
    let written = if append {
        file.append_via_stream(reader)
    } else {
        file.write_via_stream(reader, 0)
    };
    writer.write_all(bytes).await;
    drop(writer);
    written.await.map(|()| "done".to_owned())
}

async fn text(file: &Descriptor) -> Result<String, ErrorCode> {
    let (mut bytes, end) = file.read_via_stream(0);
    let mut text = Vec::new();
    loop {
        let (status, piece) = bytes.read(Vec::with_capacity(64 * 1024)).await;
        text.extend(piece);
        if !matches!(status, StreamResult::Complete(_)) {
            break;
        }
    }
    end.await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// How many entries a folder gives, and why no more.
async fn list(folder: &Descriptor) -> String {
    let (mut entries, end) = folder.read_directory();
    let mut names = 0;
    while entries.next().await.is_some() {
        names += 1;
    }
    match end.await {
        Ok(()) => names.to_string(),
        Err(error) => format!("{names} {}", code(&error)),
    }
}

/// How many files can be held at once, and why no more.
async fn hold(path: &str, number: u64) -> String {
    let mut held = Vec::new();
    for _ in 0..number {
        match open(path, OpenFlags::empty(), DescriptorFlags::READ).await {
            Ok(file) => held.push(file),
            Err(error) => return format!("{} {}", held.len(), code(&error)),
        }
    }
    held.len().to_string()
}

/// How many files can be made, and why no more.
async fn make_many(folder: &str, number: u64) -> String {
    for at in 0..number {
        let path = format!("{folder}/{at}");
        if let Err(error) = open(&path, OpenFlags::CREATE, DescriptorFlags::WRITE).await {
            return format!("{at} {}", code(&error));
        }
    }
    number.to_string()
}

async fn done(
    Act {
        what,
        path,
        to,
        number,
    }: Act,
) -> Result<String, ErrorCode> {
    let bytes = vec![b'x'; number as usize];
    let done = |()| "done".to_owned();
    let (read, written) = (DescriptorFlags::READ, DescriptorFlags::WRITE);
    match what.as_str() {
        "read" => text(&open(&path, OpenFlags::empty(), read).await?).await,
        "write" => {
            let how = OpenFlags::CREATE | OpenFlags::TRUNCATE;
            write(&open(&path, how, written).await?, bytes, false).await
        }
        "append" => {
            let file = open(&path, OpenFlags::CREATE, written).await?;
            write(&file, bytes, true).await
        }
        "set-size" => {
            let file = open(&path, OpenFlags::CREATE, written).await?;
            file.set_size(number).await.map(done)
        }
        "touch" => {
            let file = open(&path, OpenFlags::empty(), read).await?;
            let now = NewTimestamp::Now;
            file.set_times(now, now).await.map(done)
        }
        "list" => Ok(list(&open(&path, OpenFlags::DIRECTORY, read).await?).await),
        "make-folder" => {
            let (folder, path) = within(&path)?;
            folder.create_directory_at(path).await.map(done)
        }
        "remove" => {
            let (folder, path) = within(&path)?;
            folder.unlink_file_at(path).await.map(done)
        }
        "rename" | "hard-link" => {
            let ((folder, path), (new, to)) = (within(&path)?, within(&to)?);
            if what == "rename" {
                return folder.rename_at(path, &new, to).await.map(done);
            }
            let linked = folder.link_at(PathFlags::empty(), path, &new, to).await;
            linked.map(done)
        }
        "symlink" => {
            let (folder, to) = within(&to)?;
            folder.symlink_at(path, to).await.map(done)
        }
        "hold" => Ok(hold(&path, number).await),
        "make-many" => Ok(make_many(&path, number).await),
        _ => Ok(format!("nobody can {what}")),
    }
}
