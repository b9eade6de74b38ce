//! Classical planning by a program that the operator chose.

mod plan;
mod run;
mod said;
#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_core::{PlanStep, Planner, ServiceCaller, ServiceError};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use self::plan::Unreadable;
use self::run::{Ended, RunError};

/// The largest domain, and the largest problem, in bytes: the largest of the planning competitions are of this order.
const PDDL_BYTES: usize = 1 << 20;

/// Planners that run at once: each takes a core and much memory.
const AT_ONCE: usize = 2;

/// How long one may take, unless the operator or the call's own deadline says less.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The memory that one may take, in bytes, unless set.
const MEMORY: u64 = 2 << 30;

/// What the arguments call the files.
const DOMAIN: &str = "{domain}";
const PROBLEM: &str = "{problem}";
const PLAN: &str = "{plan}";

const DOMAIN_FILE: &str = "domain.pddl";
const PROBLEM_FILE: &str = "problem.pddl";

/// What `{plan}` stands for.
const PLAN_FILE: &str = "plan";

/// Where plans are looked for: what the arguments named, what Fast Downward writes unless told, and pyperplan always.
const PLAN_FILES: [&str; 3] = [PLAN_FILE, "sas_plan", "problem.pddl.soln"];

/// Why a command can't be a planner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlannerCommandError {
    /// Where it is would depend on the folder that it runs in.
    #[error(
        "the planner `{}` is neither an absolute path nor a name to look for in PATH: write the whole path",
        .0.display()
    )]
    Program(PathBuf),
    /// It would not know what to solve.
    #[error("the planner's arguments don't have `{0}`: put it where the planner takes that file")]
    Placeholder(&'static str),
}

/// Solves problems by running a program for each.
///
/// The program is run in an empty folder of its own, with no environment but `PATH`, in a process group that is killed at the
/// call's deadline. On Linux its memory is limited too. It has the host's rights otherwise, and reads what plugins write:
/// choose one that you would give a stranger's files.
pub struct CommandPlanner {
    program: PathBuf,
    arguments: Vec<String>,
    timeout: Duration,
    memory: u64,
    free: Arc<Semaphore>,
}

impl CommandPlanner {
    /// Runs `program`, an absolute path or a name in `PATH`. In `arguments`, `{domain}` and `{problem}` become the paths of the
    /// two files and `{plan}` that of the file where the plan is to be written. A plan that is in no file is taken from what
    /// the program prints.
    ///
    /// ```
    /// # use portcullis_host_agent::service::CommandPlanner;
    /// let planner = CommandPlanner::new("pyperplan", ["{domain}", "{problem}"])?;
    /// let other = CommandPlanner::new(
    ///     "/opt/downward/fast-downward.py",
    ///     ["--plan-file", "{plan}", "--alias", "lama-first", "{domain}", "{problem}"],
    /// )?;
    /// # Ok::<(), portcullis_host_agent::service::PlannerCommandError>(())
    /// ```
    ///
    /// # Errors
    /// Where the program is a relative path, or the arguments leave a file out.
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, PlannerCommandError> {
        let program = program.into();
        let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
        if program.is_relative() && program.components().count() != 1 {
            return Err(PlannerCommandError::Program(program));
        }
        for placeholder in [DOMAIN, PROBLEM] {
            if !arguments.iter().any(|text| text.contains(placeholder)) {
                return Err(PlannerCommandError::Placeholder(placeholder));
            }
        }
        Ok(Self {
            program,
            arguments,
            timeout: TIMEOUT,
            memory: MEMORY,
            free: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// How long it may take for one problem, 30 seconds unless set. A call's own deadline may come before.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The bytes of memory that it may take, 2 GiB unless set. Linux only.
    #[must_use]
    pub fn memory(self, memory: u64) -> Self {
        Self { memory, ..self }
    }

    async fn plan(&self, domain: &str, problem: &str) -> Result<Vec<PlanStep>, ServiceError> {
        let _turn = self.free.acquire().await.map_err(|_| start_failed())?;
        let (domain, problem) = (domain.to_owned(), problem.to_owned());
        let written = tokio::task::spawn_blocking(move || folder_of(&domain, &problem)).await;
        let folder = match written {
            Ok(Ok(folder)) => folder,
            Ok(Err(error)) => return Err(self.not_started(&error)),
            Err(error) => return Err(self.not_started(&error)),
        };
        let ended = run::run(self.command(folder.path()), self.memory).await;
        let ended = ended.map_err(|error| match error {
            RunError::Start(error) => self.not_started(&error),
            RunError::TooMuch => ServiceError::unavailable(
                format!("the planner printed more than {} bytes", run::OUTPUT_BYTES),
                false,
            ),
            RunError::Lost(error) => {
                tracing::error!(program = %self.program.display(), %error, "lost track of the planner");
                ServiceError::unavailable("the planner of this host failed", true)
            }
        })?;
        tokio::task::spawn_blocking(move || judge(&ended, folder.path()))
            .await
            .map_err(|error| self.not_started(&error))?
    }

    fn command(&self, folder: &Path) -> Command {
        let path = |file: &str| folder.join(file).display().to_string();
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments.iter().map(|argument| {
                argument
                    .replace(DOMAIN, &path(DOMAIN_FILE))
                    .replace(PROBLEM, &path(PROBLEM_FILE))
                    .replace(PLAN, &path(PLAN_FILE))
            }))
            .current_dir(folder)
            .env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// The operator reads why; the plugin, that it is not its fault.
    fn not_started(&self, error: &dyn std::error::Error) -> ServiceError {
        tracing::error!(program = %self.program.display(), %error, "the planner can't be started");
        start_failed()
    }
}

#[async_trait]
impl Planner for CommandPlanner {
    async fn solve(
        &self,
        caller: &ServiceCaller,
        domain: &str,
        problem: &str,
    ) -> Result<Vec<PlanStep>, ServiceError> {
        for (what, text) in [("domain", domain), ("problem", problem)] {
            if text.len() > PDDL_BYTES {
                return Err(ServiceError::invalid(format!(
                    "the {what} has {} bytes, and {PDDL_BYTES} is the most",
                    text.len()
                )));
            }
        }
        let deadline = caller.chain.deadline().min(Instant::now() + self.timeout);
        match timeout_at(deadline, self.plan(domain, problem)).await {
            Ok(plan) => plan,
            Err(_) => Err(ServiceError::unavailable(
                "the planner did not come to an end in the time that it has: make the problem smaller",
                true,
            )),
        }
    }
}

fn start_failed() -> ServiceError {
    let message = "the planner of this host can't be started; its operator finds the reason in the host's log";
    ServiceError::unavailable(message, false)
}

/// A folder that only the host's user can look into, with both texts in it.
fn folder_of(domain: &str, problem: &str) -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("portcullis-planner-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()?;
    fs::write(folder.path().join(DOMAIN_FILE), domain)?;
    fs::write(folder.path().join(PROBLEM_FILE), problem)?;
    Ok(folder)
}

/// Fast Downward's exit codes for "there is no plan", which other planners don't use.
const NO_PLAN: std::ops::RangeInclusive<i32> = 10..=12;

/// Fast Downward's exit codes for running out of memory or of its own time.
const GAVE_UP: std::ops::RangeInclusive<i32> = 20..=24;

/// What a planner that ended has to say. A plan counts only from one that ended well: from others it may be half of one.
fn judge(ended: &Ended, folder: &Path) -> Result<Vec<PlanStep>, ServiceError> {
    match ended.status.code() {
        Some(0) => found(ended, folder),
        Some(code) if NO_PLAN.contains(&code) => Err(no_plan()),
        Some(code) if GAVE_UP.contains(&code) => Err(ServiceError::unavailable(
            "the planner ran out of memory or time: make the problem smaller",
            false,
        )),
        Some(code) => {
            let said = said::last_words(&ended.stderr, &ended.stdout);
            Err(ServiceError::invalid(format!(
                "the planner refused the domain or the problem (exit code {code}): {said}"
            )))
        }
        None => Err(ServiceError::unavailable(
            "the planner was stopped by a signal, perhaps for want of memory: make the problem smaller",
            true,
        )),
    }
}

fn found(ended: &Ended, folder: &Path) -> Result<Vec<PlanStep>, ServiceError> {
    for name in PLAN_FILES {
        if let Some(steps) = plan::of_file(&folder.join(name)).map_err(unreadable)? {
            return Ok(steps);
        }
    }
    plan::of_output(&ended.stdout).ok_or_else(no_plan)
}

fn no_plan() -> ServiceError {
    ServiceError::not_found("the planner found no plan")
}

fn unreadable(error: Unreadable) -> ServiceError {
    tracing::warn!(%error, "the planner's plan can't be read");
    ServiceError::unavailable(format!("the planner's plan can't be read: {error}"), false)
}
