//! Work of the host that blocks a thread – on files, on the system's resolver – on threads of the plugin's own: what one
//! plugin has stuck takes nothing from the others.

use std::future::poll_fn;
use std::io;
use std::pin::pin;

use tokio::runtime::{Builder, Runtime};

/// One plugin's threads, made when they are needed. Work that waits for one of them is dropped with who asked for it; work
/// that was begun goes on to its end and keeps its thread, so that there are never more than allowed.
pub(crate) struct Blocking(Option<Runtime>);

impl Blocking {
    /// At most `threads` at once, and at least one.
    ///
    /// # Errors
    /// Where the system gives what it takes to none.
    pub(crate) fn new(threads: u32) -> io::Result<Self> {
        // A runtime for its blocking threads alone: no task is ever spawned on it, and nothing drives it.
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(threads.max(1) as usize)
            .thread_name("portcullis-files")
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Does `work` on one of the threads.
    ///
    /// # Errors
    /// What the work fails with, and where it panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let task = self.enter(|| wasmtime_wasi::runtime::spawn_blocking(work));
        task.await
    }

    /// Whatever `future` has done by `tokio::task::spawn_blocking` is done on these threads.
    pub(crate) async fn within<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.enter(|| future.as_mut().poll(cx))).await
    }

    /// The same for one function.
    pub(crate) fn enter<T>(&self, function: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Runtime::enter);
        function()
    }
}

impl Drop for Blocking {
    // Threads that are stuck are not waited for.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn stuck_work_keeps_its_thread_and_others_have_theirs() {
        let (stuck, free) = (Blocking::new(1).unwrap(), Blocking::new(1).unwrap());
        let (release, wait) = mpsc::channel::<()>();
        let (begun, began) = tokio::sync::oneshot::channel();
        let first = stuck.run(move || {
            let _ = begun.send(());
            let _ = wait.recv();
            Ok(())
        });
        // Who asked gives up once the work has begun; the work goes on.
        tokio::select! {
            _ = first => panic!("it waits to be released"),
            begun = began => begun.unwrap(),
        }
        let second = timeout(Duration::from_millis(50), stuck.run(|| Ok(())));
        assert!(
            second.await.is_err(),
            "there is one thread, and it is taken"
        );
        free.run(|| Ok(())).await.unwrap();
        drop(release);
        stuck.run(|| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_future_spawns_counts_too() {
        let blocking = Blocking::new(1).unwrap();
        let spawned = blocking.within(async {
            let name = || std::thread::current().name().map(str::to_owned);
            tokio::task::spawn_blocking(name).await.unwrap()
        });
        assert_eq!(spawned.await.as_deref(), Some("portcullis-files"));
    }
}
