//! A program's output.

use std::io;
use std::process::Stdio;

use futures::future::try_join;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{BootError, MAX_BYTES, Program};

/// How much of its standard error is told on: a message, and not a log.
const STDERR_BYTES: u64 = 2 * 1024;

impl Program {
    /// What it writes to its standard output.
    pub(super) async fn output(&self) -> Result<Vec<u8>, BootError> {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        // A group of its own, to be killed with what it started.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|error| self.not_run(&error))?;
        let mut running = Running(child);
        match timeout(self.timeout, self.watch(&mut running.0)).await {
            Ok(output) => output,
            Err(_) => Err(BootError::TookTooLong {
                program: self.program.clone(),
                timeout: self.timeout,
            }),
        }
    }

    async fn watch(&self, child: &mut Child) -> Result<Vec<u8>, BootError> {
        let stdout = self.stdout(child.stdout.take());
        let stderr = self.stderr(child.stderr.take());
        let (stdout, stderr) = try_join(stdout, stderr).await?;
        // Waited for last: until then its id is its own, and can be killed by.
        let status = child.wait().await.map_err(|error| self.not_run(&error))?;
        if status.success() {
            return Ok(stdout);
        }
        Err(BootError::Failed {
            program: self.program.clone(),
            status: status.to_string(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// All of it, unless it is too much.
    async fn stdout(&self, pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, BootError> {
        let mut read = Vec::new();
        if let Some(pipe) = pipe {
            let mut pipe = pipe.take(MAX_BYTES as u64 + 1);
            let reading = pipe.read_to_end(&mut read).await;
            reading.map_err(|error| self.not_run(&error))?;
        }
        if read.len() > MAX_BYTES {
            return Err(BootError::TooLong { what: self.what() });
        }
        Ok(read)
    }

    /// The start of it. The rest is read too, or else the program would wait for that.
    async fn stderr(&self, pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, BootError> {
        let mut read = Vec::new();
        if let Some(mut pipe) = pipe {
            let mut start = (&mut pipe).take(STDERR_BYTES);
            let reading = start.read_to_end(&mut read).await;
            reading.map_err(|error| self.not_run(&error))?;
            let rest = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
            rest.map_err(|error| self.not_run(&error))?;
        }
        Ok(read)
    }

    /// What is written by it.
    pub(super) fn what(&self) -> String {
        format!("the output of {}", self.program.display())
    }

    fn not_run(&self, error: &io::Error) -> BootError {
        BootError::NotRun {
            program: self.program.clone(),
            reason: error.to_string(),
        }
    }
}

/// A program that is killed with its group when this is dropped before it has ended.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.id().and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(group)
        {
            use rustix::process::{Signal, kill_process_group};
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
