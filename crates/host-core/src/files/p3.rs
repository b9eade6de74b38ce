//! `wasi:filesystem` 0.3. Its streams are those of 0.2, driven from here.

mod streams;

use std::sync::Arc;

use portcullis_host_policy::capability::Access::{ReadOnly, ReadWrite};
use tokio::sync::oneshot;
use wasmtime::component::{Access, Accessor, FutureReader, HasSelf, Resource, StreamReader};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::types::HostDescriptor as _;
use wasmtime_wasi::p2::{DynOutputStream, FsResult};
use wasmtime_wasi::p3::bindings::filesystem::preopens;
use wasmtime_wasi::p3::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    HostDescriptorWithStore, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p3::filesystem::{FilesystemError, FilesystemResult};

use self::streams::{Lister, Pending, Reader, Writer};
use super::listing::list;
use super::p2::{again, no_links, not_a_file};
use super::store::{Refusal, Use};
use crate::state::State;

impl From<Refusal> for FilesystemError {
    fn from(refusal: Refusal) -> Self {
        code(refusal).into()
    }
}

fn code(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::Denied => ErrorCode::NotPermitted,
        Refusal::OverLimit => ErrorCode::Quota,
        Refusal::TwoFolders => ErrorCode::CrossDevice,
    }
}

fn can_be_opened(found: &DescriptorType) -> bool {
    matches!(
        found,
        DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink
    )
}

impl preopens::Host for State {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.folders()
    }
}

impl types::Host for State {
    fn convert_error_code(&mut self, error: FilesystemError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl types::HostDescriptor for State {
    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.closed(&descriptor);
        types::HostDescriptor::drop(&mut self.filesystem(), descriptor)
    }
}

/// What a descriptor may be used for, decided now.
fn may(
    store: &Accessor<State, HasSelf<State>>,
    descriptor: &Resource<Descriptor>,
    access: portcullis_host_policy::capability::Access,
) -> Result<Use, Refusal> {
    store.with(|mut store| store.get().may(descriptor, access))
}

/// The store as `wasmtime-wasi` sees it.
fn plain(store: &Accessor<State, HasSelf<State>>) -> Accessor<State, WasiFilesystem> {
    store.with_getter(|state| state.filesystem())
}

/// Functions that are done as they are, once the folder may be read, or written.
macro_rules! unchanged {
    ($($access:ident $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {$(
        async fn $name(
            store: &Accessor<State, Self>,
            descriptor: Resource<Descriptor>,
            $($argument: $type),*
        ) -> FilesystemResult<$output> {
            let by = may(store, &descriptor, $access)?;
            let store = plain(store);
            let done = WasiFilesystem::$name(&store, descriptor, $($argument),*);
            by.blocking.within(done).await
        }
    )*};
}

impl HostDescriptorWithStore<State> for HasSelf<State> {
    unchanged! {
        ReadOnly advise(offset: u64, length: u64, advice: Advice) -> ();
        ReadOnly sync_data() -> ();
        ReadOnly sync() -> ();
        ReadOnly get_flags() -> DescriptorFlags;
        ReadOnly get_type() -> DescriptorType;
        ReadOnly stat() -> DescriptorStat;
        ReadOnly stat_at(flags: PathFlags, path: String) -> DescriptorStat;
        ReadOnly readlink_at(path: String) -> String;
        ReadOnly metadata_hash() -> MetadataHashValue;
        ReadOnly metadata_hash_at(flags: PathFlags, path: String) -> MetadataHashValue;
        ReadWrite set_times(accessed: NewTimestamp, modified: NewTimestamp) -> ();
        ReadWrite set_times_at(
            flags: PathFlags, path: String, accessed: NewTimestamp, modified: NewTimestamp
        ) -> ();
        ReadWrite remove_directory_at(path: String) -> ();
        ReadWrite unlink_file_at(path: String) -> ();
    }

    async fn set_size(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        size: u64,
    ) -> FilesystemResult<()> {
        let by = may(store, &descriptor, ReadWrite)?;
        let now = Self::stat(store, again(&descriptor)).await?.size;
        by.take_bytes(size.saturating_sub(now))?;
        let done = plain(store);
        let done = WasiFilesystem::set_size(&done, descriptor, size);
        by.blocking.within(done).await
    }

    fn read_via_stream(
        mut store: Access<'_, State, Self>,
        descriptor: Resource<Descriptor>,
        offset: u64,
    ) -> wasmtime::Result<(StreamReader<u8>, FutureReader<Result<(), ErrorCode>>)> {
        let (ended, end) = oneshot::channel();
        let state = store.get();
        let stream = state.read_via_stream(descriptor, offset);
        let stream = match taken(state, stream)? {
            Ok(stream) => Pending::Idle(stream),
            Err(code) => {
                let _ = ended.send(Err(code));
                return Ok((
                    StreamReader::new(&mut store, std::iter::empty())?,
                    FutureReader::new(&mut store, end)?,
                ));
            }
        };
        let reader = Reader {
            stream,
            ended: Some(ended),
        };
        Ok((
            StreamReader::new(&mut store, reader)?,
            FutureReader::new(&mut store, end)?,
        ))
    }

    fn write_via_stream(
        mut store: Access<'_, State, Self>,
        descriptor: Resource<Descriptor>,
        bytes: StreamReader<u8>,
        offset: u64,
    ) -> wasmtime::Result<FutureReader<Result<(), ErrorCode>>> {
        let stream = store.get().write_via_stream(descriptor, offset);
        write(store, bytes, stream)
    }

    fn append_via_stream(
        mut store: Access<'_, State, Self>,
        descriptor: Resource<Descriptor>,
        bytes: StreamReader<u8>,
    ) -> wasmtime::Result<FutureReader<Result<(), ErrorCode>>> {
        let stream = store.get().append_via_stream(descriptor);
        write(store, bytes, stream)
    }

    fn read_directory(
        mut store: Access<'_, State, Self>,
        descriptor: Resource<Descriptor>,
    ) -> wasmtime::Result<(
        StreamReader<DirectoryEntry>,
        FutureReader<Result<(), ErrorCode>>,
    )> {
        let (ended, end) = oneshot::channel();
        let state = store.get();
        let by = state.may(&descriptor, ReadOnly);
        let entries = match (by, state.ctx().table.get(&descriptor)?) {
            (Err(refusal), _) => Err(code(refusal)),
            (_, Descriptor::File(_)) => Err(ErrorCode::NotDirectory),
            (Ok(by), Descriptor::Dir(folder)) => Ok((by, Arc::clone(&folder.dir))),
        };
        let lister = match entries {
            Ok((by, folder)) => Lister {
                listing: Some(Box::pin(async move {
                    let left = Arc::clone(&by.entries);
                    let listing = by.blocking.run(move || Ok(list(&folder, &left))).await;
                    (listing, by)
                })),
                ended: Some(ended),
            },
            Err(code) => {
                let _ = ended.send(Err(code));
                Lister {
                    listing: None,
                    ended: None,
                }
            }
        };
        Ok((
            StreamReader::new(&mut store, lister)?,
            FutureReader::new(&mut store, end)?,
        ))
    }

    async fn create_directory_at(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        let by = may(store, &descriptor, ReadWrite)?;
        by.take_file()?;
        let store = plain(store);
        let made = WasiFilesystem::create_directory_at(&store, descriptor, path);
        let made = by.blocking.within(made).await;
        made.inspect_err(|_| by.quota.give_file())
    }

    async fn open_at(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> FilesystemResult<Resource<Descriptor>> {
        let writes = flags.contains(DescriptorFlags::WRITE)
            || how.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let by = may(
            store,
            &descriptor,
            if writes { ReadWrite } else { ReadOnly },
        )?;
        store.with(|mut store| store.get().may_open(&by))?;
        let found = Self::stat_at(store, again(&descriptor), path_flags, path.clone()).await;
        let makes = match found {
            Ok(found) if !can_be_opened(&found.type_) => return Err(not_a_file(&by).into()),
            Ok(_) => false,
            Err(error) => {
                how.contains(OpenFlags::CREATE)
                    && matches!(error.downcast_ref(), Some(ErrorCode::NoEntry))
            }
        };
        if makes {
            by.take_file()?;
        }
        let files = plain(store);
        let opened = WasiFilesystem::open_at(&files, descriptor, path_flags, path, how, flags);
        let opened = by.blocking.within(opened).await;
        let opened = opened.inspect_err(|_| {
            if makes {
                by.quota.give_file();
            }
        })?;
        store.with(|mut store| store.get().opened(&opened, &by));
        // Somebody else may have put another thing there in the meantime.
        if !can_be_opened(&Self::get_type(store, again(&opened)).await?) {
            store
                .with(|mut store| types::HostDescriptor::drop(store.get(), opened))
                .map_err(FilesystemError::trap)?;
            return Err(not_a_file(&by).into());
        }
        Ok(opened)
    }

    async fn rename_at(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        path: String,
        new: Resource<Descriptor>,
        new_path: String,
    ) -> FilesystemResult<()> {
        let by = may(store, &descriptor, ReadWrite)?;
        by.with(&may(store, &new, ReadWrite)?)?;
        let store = plain(store);
        let renamed = WasiFilesystem::rename_at(&store, descriptor, path, new, new_path);
        by.blocking.within(renamed).await
    }

    async fn link_at(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> FilesystemResult<()> {
        Err(no_links(&may(store, &descriptor, ReadWrite)?).into())
    }

    async fn symlink_at(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        _: String,
        _: String,
    ) -> FilesystemResult<()> {
        Err(no_links(&may(store, &descriptor, ReadWrite)?).into())
    }

    async fn is_same_object(
        store: &Accessor<State, Self>,
        descriptor: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        let blocking = store.with(|mut store| Arc::clone(&store.get().owner.blocking));
        let store = plain(store);
        blocking
            .within(WasiFilesystem::is_same_object(&store, descriptor, other))
            .await
    }
}

/// A stream of 0.2 taken out of the table, or why there is none.
fn taken<T: Send + 'static>(
    state: &mut State,
    stream: FsResult<Resource<T>>,
) -> wasmtime::Result<Result<T, ErrorCode>> {
    match stream {
        Ok(stream) => Ok(Ok(state.ctx().table.delete(stream)?)),
        Err(error) => Ok(Err(code_of_p2(&error.downcast()?))),
    }
}

/// The codes that opening a stream gives.
fn code_of_p2(code: &wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode) -> ErrorCode {
    use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as Code;
    match code {
        Code::NotPermitted => ErrorCode::NotPermitted,
        Code::Quota => ErrorCode::Quota,
        Code::IsDirectory => ErrorCode::IsDirectory,
        Code::BadDescriptor => ErrorCode::BadDescriptor,
        _ => ErrorCode::Io,
    }
}

fn write(
    mut store: Access<'_, State, HasSelf<State>>,
    mut bytes: StreamReader<u8>,
    stream: FsResult<Resource<DynOutputStream>>,
) -> wasmtime::Result<FutureReader<Result<(), ErrorCode>>> {
    let (ended, end) = oneshot::channel();
    match taken(store.get(), stream)? {
        Ok(stream) => {
            let writer = Writer {
                stream: Pending::Idle(stream),
                bytes: 0,
                ended: Some(ended),
            };
            bytes.pipe(&mut store, writer)?;
        }
        Err(code) => {
            bytes.close(&mut store)?;
            let _ = ended.send(Err(code));
        }
    }
    FutureReader::new(&mut store, end)
}
