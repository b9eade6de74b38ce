//! With planners that are scripts of a few lines.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command as Run;

use super::*;
use crate::service::testing::caller;

/// A planner that is a shell script: `$1` is the domain, `$2` the problem, `$3` the plan, `$4` a folder of the test's own.
struct Script {
    folder: TempDir,
    planner: CommandPlanner,
}

impl Script {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().to_str().unwrap();
        let arguments = ["-c", script, "planner", DOMAIN, PROBLEM, PLAN, own];
        let planner = CommandPlanner::new("/bin/sh", arguments).unwrap();
        Self { folder, planner }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn solve(&self) -> Result<Vec<PlanStep>, ServiceError> {
        let caller = caller(Duration::from_secs(60));
        self.planner.solve(&caller, "(domain)", "(problem)").await
    }
}

fn step(action: &str, arguments: &[&str]) -> PlanStep {
    PlanStep {
        action: action.to_owned(),
        arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
    }
}

#[tokio::test]
async fn a_plan_comes_from_the_file_that_was_named() {
    let script =
        Script::new(r#"echo "($(cat "$1") printed)"; echo "(go home) ; $(cat "$2")" > "$3""#);
    assert_eq!(script.solve().await.unwrap(), [step("go", &["home"])]);
}

#[tokio::test]
async fn a_plan_comes_from_the_file_beside_the_problem() {
    let script = Script::new(r#"echo "(go home)" > "$2.soln""#);
    assert_eq!(script.solve().await.unwrap(), [step("go", &["home"])]);
}

#[tokio::test]
async fn a_plan_in_no_file_comes_from_the_output() {
    let script = Script::new(r#"echo searching; echo "(go home)"; echo done"#);
    assert_eq!(script.solve().await.unwrap(), [step("go", &["home"])]);
}

#[tokio::test]
async fn a_planner_without_a_plan_is_not_found() {
    for script in ["echo 'no solution'", "exit 11", "exit 12"] {
        let error = Script::new(script).solve().await.unwrap_err();
        assert_eq!(error.code, "not-found", "{script}: {error}");
    }
}

#[tokio::test]
async fn what_a_failed_planner_wrote_is_no_plan() {
    let script =
        Script::new(r#"echo "(go home)" > "$3"; echo "$2:1: what is (problem)?" >&2; exit 1"#);
    let error = script.solve().await.unwrap_err();
    assert_eq!(error.code, "invalid");
    let said = "(exit code 1): problem.pddl:1: what is (problem)?";
    assert!(error.message.ends_with(said), "{error}");
}

#[tokio::test]
async fn a_planner_that_gave_up_is_unavailable() {
    for script in ["exit 22", "kill -9 $$"] {
        let error = Script::new(script).solve().await.unwrap_err();
        assert_eq!(error.code, "unavailable", "{script}: {error}");
    }
}

#[tokio::test]
async fn nonsense_is_no_plan() {
    let error = Script::new(r#"echo "go home, perhaps" > "$3""#)
        .solve()
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.code, "unavailable");
    assert!(error.message.contains("line 1"), "{error}");
}

#[tokio::test]
async fn a_planner_that_prints_without_end_is_stopped() {
    let error = Script::new("while :; do echo 'still searching'; done")
        .solve()
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.code, "unavailable");
    assert!(error.message.contains("printed more"), "{error}");
}

/// Waits until the script has written a line into the pipe `alive`, and gives what tells when all who hold it are gone.
async fn begun(script: &Script) -> tokio::task::JoinHandle<()> {
    let path = script.path("alive");
    let (begun, began) = tokio::sync::oneshot::channel();
    let gone = tokio::task::spawn_blocking(move || {
        let mut pipe = BufReader::new(File::open(path).unwrap());
        let mut line = String::new();
        pipe.read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n");
        begun.send(()).unwrap();
        pipe.read_to_string(&mut line).unwrap();
    });
    began.await.unwrap();
    gone
}

/// Holds the pipe `alive` open, and so does what it started.
fn hanging() -> Script {
    let script = Script::new(r#"exec 3> "$4/alive"; sleep 1000 & echo begun >&3; wait"#);
    let made = Run::new("mkfifo").arg(script.path("alive")).status();
    assert!(made.unwrap().success());
    script
}

#[tokio::test(start_paused = true)]
async fn a_planner_that_hangs_is_killed_at_the_deadline_with_all_that_it_started() {
    let script = hanging();
    let (solved, ()) = tokio::join!(script.solve(), async {
        let gone = begun(&script).await;
        tokio::time::advance(TIMEOUT).await;
        gone.await.unwrap();
    });
    let error = solved.unwrap_err();
    assert_eq!(error.code, "unavailable");
    assert!(error.retryable);
}

#[tokio::test(start_paused = true)]
async fn the_calls_deadline_counts_where_it_comes_first() {
    let script = hanging();
    let caller = caller(Duration::from_secs(1));
    let (solved, ()) = tokio::join!(script.planner.solve(&caller, "", ""), async {
        let gone = begun(&script).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        gone.await.unwrap();
    });
    assert_eq!(solved.unwrap_err().code, "unavailable");
}

#[tokio::test]
async fn a_planner_that_nobody_waits_for_is_killed() {
    let script = hanging();
    let gone = tokio::select! {
        _ = script.solve() => panic!("it hangs"),
        gone = begun(&script) => gone,
    };
    gone.await.unwrap();
}

#[tokio::test]
async fn what_a_planner_leaves_behind_is_killed_and_not_waited_for() {
    let script = Script::new(r#"sleep 1000 & echo "(go home)" > "$3""#);
    assert_eq!(script.solve().await.unwrap(), [step("go", &["home"])]);
}

#[tokio::test]
async fn a_planner_sees_nothing_of_the_host_but_path() {
    let script = Script::new(
        r#"env | cut -d= -f1 | sort > "$4/env"; ls -la . > "$4/ls"; cat; pwd > "$4/pwd""#,
    );
    script.solve().await.unwrap_err();
    let read = |name| fs::read_to_string(script.path(name)).unwrap();
    let names = read("env");
    let named: Vec<&str> = names
        .lines()
        .filter(|name| !["PWD", "_", "OLDPWD", "SHLVL"].contains(name))
        .collect();
    assert_eq!(named, ["PATH"], "the rest is the shell's own");
    assert!(read("ls").contains("drwx------"), "{}", read("ls"));
    assert!(
        !Path::new(read("pwd").trim()).exists(),
        "the folder is gone"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_planner_has_so_much_memory_and_no_more() {
    // The limit is set once the program runs: it waits for that.
    let mut script = Script::new(r#"until [ "$(ulimit -v)" = 524288 ]; do :; done; exit 11"#);
    script.planner = script.planner.memory(512 << 20);
    assert_eq!(script.solve().await.unwrap_err().code, "not-found");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_the_operators_affair() {
    let planner = CommandPlanner::new("/nowhere/planner", [DOMAIN, PROBLEM]).unwrap();
    let caller = caller(Duration::from_secs(10));
    let error = planner.solve(&caller, "", "").await.unwrap_err();
    assert_eq!(error.code, "unavailable");
    assert!(!error.message.contains("nowhere"), "{error}");
}

#[tokio::test]
async fn texts_are_only_so_long() {
    let script = Script::new("exit 0");
    let caller = caller(Duration::from_secs(10));
    let long = " ".repeat(PDDL_BYTES + 1);
    for (domain, problem, named) in [(&*long, "", "domain"), ("", &*long, "problem")] {
        let error = script
            .planner
            .solve(&caller, domain, problem)
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid");
        assert!(error.message.contains(named), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_every_planner_taken_waits_until_the_deadline() {
    let script = Script::new("exit 0");
    let _taken = script
        .planner
        .free
        .acquire_many(AT_ONCE as u32)
        .await
        .unwrap();
    assert_eq!(script.solve().await.unwrap_err().code, "unavailable");
}

#[test]
fn a_command_that_can_be_no_planner_is_refused() {
    let refused = |program: &str, arguments: &[&str]| {
        CommandPlanner::new(program, arguments.iter().copied())
            .err()
            .unwrap()
    };
    let path = PathBuf::from("bin/planner");
    assert_eq!(
        refused("bin/planner", &[DOMAIN, PROBLEM]),
        PlannerCommandError::Program(path)
    );
    assert_eq!(
        refused("planner", &[PROBLEM]),
        PlannerCommandError::Placeholder(DOMAIN)
    );
    assert_eq!(
        refused("planner", &["{domain}.txt"]),
        PlannerCommandError::Placeholder(PROBLEM)
    );
}
