//! `wasi:filesystem` 0.2.

use portcullis_host_policy::capability::Access::{ReadOnly, ReadWrite};
use rustix::fs::FileType;
use rustix::io::Errno;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, HostDescriptor, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use wasmtime_wasi::{ResourceTable, ResourceTableError, WasiView};

use super::listing::{End, Listing, list};
use super::store::{Refusal, Use};
use super::streams::{Reading, Writing};
use crate::state::State;

impl From<Refusal> for FsError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied => ErrorCode::NotPermitted,
            Refusal::OverLimit => ErrorCode::Quota,
            Refusal::TwoFolders => ErrorCode::CrossDevice,
        }
        .into()
    }
}

/// The same descriptor once more.
pub(super) fn again(descriptor: &Resource<Descriptor>) -> Resource<Descriptor> {
    Resource::new_borrow(descriptor.rep())
}

/// Only these can be opened: a pipe would keep a thread for good, and a device is no file of the operator's.
fn can_be_opened(found: DescriptorType) -> bool {
    // A link that is not to be followed can't be opened anyway, and has an error of its own.
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
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let mut files = self.filesystem();
        let found = files.table.get(&error)?.downcast_ref::<std::io::Error>();
        let over_limit = found.and_then(Errno::from_io_error) == Some(Errno::DQUOT);
        if over_limit {
            return Ok(Some(ErrorCode::Quota));
        }
        types::Host::filesystem_error_code(&mut files, error)
    }
}

/// Functions that are done as they are, once the folder may be read, or written.
macro_rules! unchanged {
    ($($access:ident $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {$(
        async fn $name(
            &mut self,
            descriptor: Resource<Descriptor>,
            $($argument: $type),*
        ) -> FsResult<$output> {
            let by = self.may(&descriptor, $access)?;
            let mut files = self.filesystem();
            let done = HostDescriptor::$name(&mut files, descriptor, $($argument),*);
            by.blocking.within(done).await
        }
    )*};
}

impl HostDescriptor for State {
    unchanged! {
        ReadOnly advise(offset: u64, length: u64, advice: Advice) -> ();
        ReadOnly sync_data() -> ();
        ReadOnly sync() -> ();
        ReadOnly get_flags() -> DescriptorFlags;
        ReadOnly get_type() -> DescriptorType;
        ReadOnly read(length: u64, offset: u64) -> (Vec<u8>, bool);
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

    async fn set_size(&mut self, descriptor: Resource<Descriptor>, size: u64) -> FsResult<()> {
        let by = self.may(&descriptor, ReadWrite)?;
        let now = self.stat(again(&descriptor)).await?.size;
        by.take_bytes(size.saturating_sub(now))?;
        let mut files = self.filesystem();
        let done = HostDescriptor::set_size(&mut files, descriptor, size);
        by.blocking.within(done).await
    }

    async fn write(
        &mut self,
        descriptor: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: u64,
    ) -> FsResult<u64> {
        let by = self.may(&descriptor, ReadWrite)?;
        by.take_bytes(bytes.len() as u64)?;
        let mut files = self.filesystem();
        let done = HostDescriptor::write(&mut files, descriptor, bytes, offset);
        by.blocking.within(done).await
    }

    fn read_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: u64,
    ) -> FsResult<Resource<DynInputStream>> {
        let by = self.may(&descriptor, ReadOnly)?;
        let mut files = self.filesystem();
        let stream = files.read_via_stream(descriptor, offset)?;
        reading(files.table, &stream, by)?;
        Ok(stream)
    }

    fn write_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
        offset: u64,
    ) -> FsResult<Resource<DynOutputStream>> {
        let by = self.may(&descriptor, ReadWrite)?;
        let mut files = self.filesystem();
        let stream = files.write_via_stream(descriptor, offset)?;
        writing(files.table, &stream, by)?;
        Ok(stream)
    }

    fn append_via_stream(
        &mut self,
        descriptor: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let by = self.may(&descriptor, ReadWrite)?;
        let mut files = self.filesystem();
        let stream = files.append_via_stream(descriptor)?;
        writing(files.table, &stream, by)?;
        Ok(stream)
    }

    async fn read_directory(
        &mut self,
        descriptor: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let by = self.may(&descriptor, ReadOnly)?;
        let Descriptor::Dir(folder) = self.ctx().table.get(&descriptor)?.clone() else {
            return Err(ErrorCode::NotDirectory.into());
        };
        let left = std::sync::Arc::clone(&by.entries);
        let listing = by
            .blocking
            .run(move || Ok(list(&folder.dir, &left)))
            .await?;
        let entries = Entries::new(listing, by);
        let entries = self.ctx().table.push(entries)?;
        // The generated type is one of wasmtime-wasi's, which nobody else can make; behind the number is ours.
        Ok(Resource::new_own(entries.rep()))
    }

    async fn create_directory_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let by = self.may(&descriptor, ReadWrite)?;
        by.take_file()?;
        let mut files = self.filesystem();
        let made = HostDescriptor::create_directory_at(&mut files, descriptor, path);
        let made = by.blocking.within(made).await;
        made.inspect_err(|_| by.quota.give_file())
    }

    async fn open_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let writes = flags.contains(DescriptorFlags::WRITE)
            || how.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let by = self.may(&descriptor, if writes { ReadWrite } else { ReadOnly })?;
        self.may_open(&by)?;
        let found = self
            .stat_at(again(&descriptor), path_flags, path.clone())
            .await;
        let makes = match found {
            Ok(found) if !can_be_opened(found.type_) => return Err(not_a_file(&by).into()),
            Ok(_) => false,
            Err(error) => {
                how.contains(OpenFlags::CREATE)
                    && matches!(error.downcast_ref(), Some(ErrorCode::NoEntry))
            }
        };
        if makes {
            by.take_file()?;
        }
        let mut files = self.filesystem();
        let opened = files.open_at(descriptor, path_flags, path, how, flags);
        let opened = by.blocking.within(opened).await;
        let opened = opened.inspect_err(|_| {
            if makes {
                by.quota.give_file();
            }
        })?;
        self.opened(&opened, &by);
        // Somebody else may have put another thing there in the meantime.
        if !can_be_opened(self.get_type(again(&opened)).await?) {
            HostDescriptor::drop(self, opened).map_err(FsError::trap)?;
            return Err(not_a_file(&by).into());
        }
        Ok(opened)
    }

    async fn rename_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        path: String,
        new: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let by = self.may(&descriptor, ReadWrite)?;
        by.with(&self.may(&new, ReadWrite)?)?;
        let mut files = self.filesystem();
        let renamed = HostDescriptor::rename_at(&mut files, descriptor, path, new, new_path);
        by.blocking.within(renamed).await
    }

    async fn link_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> FsResult<()> {
        Err(no_links(&self.may(&descriptor, ReadWrite)?).into())
    }

    async fn symlink_at(
        &mut self,
        descriptor: Resource<Descriptor>,
        _: String,
        _: String,
    ) -> FsResult<()> {
        Err(no_links(&self.may(&descriptor, ReadWrite)?).into())
    }

    async fn is_same_object(
        &mut self,
        descriptor: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        let blocking = std::sync::Arc::clone(&self.owner.blocking);
        let mut files = self.filesystem();
        blocking
            .within(files.is_same_object(descriptor, other))
            .await
    }

    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.closed(&descriptor);
        HostDescriptor::drop(&mut self.filesystem(), descriptor)
    }
}

pub(super) fn not_a_file(by: &Use) -> Refusal {
    by.forbid("only regular files and folders can be opened")
}

pub(super) fn no_links(by: &Use) -> Refusal {
    by.forbid("plugins make no links")
}

/// Puts a stream that knows the plugin's threads in the place of the plain one.
pub(super) fn reading(
    table: &mut ResourceTable,
    stream: &Resource<DynInputStream>,
    by: Use,
) -> Result<(), ResourceTableError> {
    let slot = table.get_mut(stream)?;
    let stream = std::mem::replace(slot, Box::new(wasmtime_wasi::p2::pipe::ClosedInputStream));
    *slot = Box::new(Reading { stream, by });
    Ok(())
}

/// The same for one that is written, and counts.
pub(super) fn writing(
    table: &mut ResourceTable,
    stream: &Resource<DynOutputStream>,
    by: Use,
) -> Result<(), ResourceTableError> {
    let slot = table.get_mut(stream)?;
    let stream = std::mem::replace(slot, Box::new(wasmtime_wasi::p2::pipe::ClosedOutputStream));
    *slot = Box::new(Writing { stream, by });
    Ok(())
}

/// A folder's entries as they are handed out.
struct Entries(std::vec::IntoIter<Result<DirectoryEntry, ErrorCode>>);

impl Entries {
    fn new(Listing { entries, end }: Listing, by: Use) -> Self {
        let entry = |(name, kind)| {
            let type_ = kind_of(kind);
            Ok(DirectoryEntry { type_, name })
        };
        let end = match end {
            End::Whole => None,
            End::OverLimit => {
                by.over("directory-entries");
                Some(ErrorCode::Quota)
            }
            End::IllegalName => Some(ErrorCode::IllegalByteSequence),
            End::Failed(error) => Some(error.into()),
        };
        let entries: Vec<_> = entries.into_iter().map(entry).chain(end.map(Err)).collect();
        Self(entries.into_iter())
    }
}

fn kind_of(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Unknown => DescriptorType::Unknown,
    }
}

impl types::HostDirectoryEntryStream for State {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let entries = Resource::<Entries>::new_borrow(stream.rep());
        let Entries(entries) = self.ctx().table.get_mut(&entries)?;
        Ok(entries.next().transpose()?)
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        let entries = Resource::<Entries>::new_own(stream.rep());
        self.ctx().table.delete(entries)?;
        Ok(())
    }
}
