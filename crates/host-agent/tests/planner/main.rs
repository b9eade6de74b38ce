//! Planning with a planner that people use.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_host_agent::core::{
    Chain, Link, PlanStep, Planner, ServiceCaller, ServiceError, Services,
};
use portcullis_host_agent::service::CommandPlanner;
use portcullis_host_policy::{Digest, Identity};
use portcullis_test_tools::pyperplan;
use tokio::time::Instant;

const DOMAIN: &str = include_str!("gripper.pddl");
const PROBLEM: &str = include_str!("one-ball.pddl");

async fn solve(domain: &str, problem: &str) -> Result<Vec<PlanStep>, ServiceError> {
    let python = pyperplan::python(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let planner = CommandPlanner::new(python, pyperplan::ARGUMENTS).unwrap();
    let link = Link {
        plugin: "org.example.mover".parse().unwrap(),
        what: "move".to_owned(),
    };
    let caller = ServiceCaller {
        plugin: link.plugin.clone(),
        identity: Identity::from(Digest::of(b"mover")),
        call: Arc::from("call-1"),
        principal: None,
        chain: Chain::of(link, Instant::now() + Duration::from_secs(60)),
        services: Services::default(),
        log: None,
    };
    planner.solve(&caller, domain, problem).await
}

#[tokio::test]
async fn a_problem_is_solved() {
    let plan = solve(DOMAIN, PROBLEM).await.unwrap();
    let shown = plan
        .iter()
        .map(|step| format!("{} {}", step.action, step.arguments.join(" ")));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        ["pick red left", "move left right", "drop red right"]
    );
}

#[tokio::test]
async fn a_goal_that_is_met_needs_no_steps() {
    let met = PROBLEM.replace("(at red right)))", "(at red left)))");
    assert_eq!(solve(DOMAIN, &met).await.unwrap(), []);
}

#[tokio::test]
async fn a_problem_without_a_solution_has_no_plan() {
    let stuck = PROBLEM.replace("(free)", "");
    let error = solve(DOMAIN, &stuck).await.unwrap_err();
    assert_eq!(error.code, "not-found");
}

#[tokio::test]
async fn what_is_no_pddl_is_refused_with_the_planners_words_and_no_path_of_the_host() {
    let cut = PROBLEM.trim_end().strip_suffix(')').unwrap();
    for (domain, problem) in [(DOMAIN, cut), ("(define (domain", PROBLEM)] {
        let error = solve(domain, problem).await.unwrap_err();
        assert_eq!(error.code, "invalid");
        assert!(
            error.message.contains("missing closing parenthesis"),
            "{error}"
        );
        assert!(!error.message.contains('/'), "{error}");
    }
}
