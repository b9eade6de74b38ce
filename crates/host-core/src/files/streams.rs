//! Streams of files: those of `wasmtime-wasi`, read and written on the plugin's own threads, and writing counts.

use std::io;

use bytes::Bytes;
use rustix::io::Errno;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::store::Use;

/// A file that is read.
pub(super) struct Reading {
    pub(super) stream: DynInputStream,
    pub(super) by: Use,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Reading {
    async fn ready(&mut self) {
        self.by.blocking.within(self.stream.ready()).await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for Reading {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.by.blocking.enter(|| self.stream.read(size))
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        let reading = self.stream.blocking_read(size);
        self.by.blocking.within(reading).await
    }

    async fn cancel(&mut self) {
        self.by.blocking.within(self.stream.cancel()).await;
    }
}

/// A file that is written: every way to write a stream comes through here.
pub(super) struct Writing {
    pub(super) stream: DynOutputStream,
    pub(super) by: Use,
}

impl Writing {
    fn take(&self, bytes: usize) -> StreamResult<()> {
        self.by.take_bytes(bytes as u64).map_err(|_| {
            let error = io::Error::from(Errno::DQUOT);
            StreamError::LastOperationFailed(error.into())
        })
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writing {
    async fn ready(&mut self) {
        self.by.blocking.within(self.stream.ready()).await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Writing {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(bytes.len())?;
        self.by.blocking.enter(|| self.stream.write(bytes))
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(bytes.len())?;
        let writing = self.stream.blocking_write_and_flush(bytes);
        self.by.blocking.within(writing).await
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.by.blocking.enter(|| self.stream.flush())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.stream.check_write()
    }

    async fn cancel(&mut self) {
        self.by.blocking.within(self.stream.cancel()).await;
    }
}
