//! One run of a program: what it starts ends with it, and it ends when nobody waits for it any more.

use std::io;
use std::process::{ExitStatus, Stdio};

use futures::future::try_join3;
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

/// The most that a planner may print, in bytes, as output and as errors each: far beyond a plan and a log of the search.
pub(super) const OUTPUT_BYTES: u64 = 4 << 20;

/// The largest file that it may write, in bytes: what planners keep between their stages stays below.
#[cfg(target_os = "linux")]
const FILE_BYTES: u64 = 64 << 20;

/// How a program ended, and what it printed.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why that can't be said.
#[derive(Debug)]
pub(super) enum RunError {
    Start(io::Error),
    TooMuch,
    Lost(io::Error),
}

/// Runs a program to its end. Dropped before, it kills the program and all that it started.
pub(super) async fn run(mut command: Command, memory: u64) -> Result<Ended, RunError> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(RunError::Start)?;
    let mut group = Group::of(&child)?;
    group.limit(memory).map_err(RunError::Start)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, ()) =
        try_join3(capped(stdout), capped(stderr), group.leader_ended()).await?;
    let status = child.wait().await.map_err(RunError::Lost)?;
    Ok(Ended {
        status,
        stdout,
        stderr,
    })
}

async fn capped(pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let mut pipe = pipe.take(OUTPUT_BYTES + 1);
        pipe.read_to_end(&mut bytes).await.map_err(RunError::Lost)?;
    }
    if bytes.len() as u64 > OUTPUT_BYTES {
        return Err(RunError::TooMuch);
    }
    Ok(bytes)
}

/// The program and all that it started and that stayed with it. Killed when dropped.
struct Group {
    leader: Pid,
    ended: bool,
}

impl Group {
    fn of(child: &Child) -> Result<Self, RunError> {
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let leader = pid.ok_or_else(|| RunError::Lost(io::ErrorKind::NotFound.into()))?;
        Ok(Self {
            leader,
            ended: false,
        })
    }

    /// What a plugin's problem may make it take. The limits are set from outside and pass on to what it starts.
    #[cfg(target_os = "linux")]
    fn limit(&self, memory: u64) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        let most = |bytes| Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        prlimit(Some(self.leader), Resource::As, most(memory))?;
        prlimit(Some(self.leader), Resource::Fsize, most(FILE_BYTES))?;
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn limit(&self, _memory: u64) -> io::Result<()> {
        Ok(())
    }

    /// Waits until the program has ended, and kills what it left behind, which may hold its pipes open. It stays a zombie
    /// until then: its id names no other group.
    async fn leader_ended(&mut self) -> Result<(), RunError> {
        let leader = self.leader;
        let wait = move || {
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            retry_on_intr(|| waitid(WaitId::Pid(leader), how))
        };
        let waited = tokio::task::spawn_blocking(wait).await;
        waited
            .map_err(|error| RunError::Lost(error.into()))?
            .map_err(|error| RunError::Lost(error.into()))?;
        self.kill();
        Ok(())
    }

    fn kill(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            // The only failure is that there is nothing left to kill.
            let _ = kill_process_group(self.leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
