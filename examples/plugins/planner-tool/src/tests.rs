use portcullis_guest_sdk::HostError;
use portcullis_guest_sdk::planner::PlanStep;
use portcullis_guest_sdk::retrieval::Chunk;
use portcullis_guest_sdk::serde_json::{self, Value};
use portcullis_guest_sdk::testing::{Host, json};

use crate::pddl;
use crate::task::{Package, Road, Task};

fn letter() -> Value {
    json!({ "van": "depot", "packages": [{ "name": "letter", "at": "Ada's house", "to": "market" }] })
}

fn step(action: &str, first: &str, second: &str) -> PlanStep {
    PlanStep::new(action, [first, second])
}

/// Of places in the order in which the task names them: depot, house, market.
fn plan() -> Vec<PlanStep> {
    vec![
        step("drive", "place-0", "place-1"),
        step("load", "package-0", "place-1"),
        step("DRIVE", "PLACE-1", "PLACE-2"),
        step("unload", "package-0", "place-2"),
    ]
}

const IN_WORDS: [&str; 4] = [
    "Drive from depot to Ada's house.",
    "Load letter at Ada's house.",
    "Drive from Ada's house to market.",
    "Unload letter at market.",
];

fn answer(host: &Host, tool: &str, arguments: Value) -> Value {
    let output = host.call(tool, arguments).unwrap();
    serde_json::from_str(&output.text()).unwrap()
}

#[test]
fn a_round_is_told_in_words() {
    let host = Host::new().plan(Ok(plan()));
    assert_eq!(
        answer(&host, "plan_round", letter())["steps"],
        json!(IN_WORDS)
    );
}

#[test]
fn names_never_come_to_the_planner() {
    let package = Package {
        name: ")) (:goal".into(),
        at: "über".into(),
        to: "Depot".into(),
    };
    let road = Road {
        from: "Über".into(),
        to: "depot".into(),
    };
    let task = Task::new("depot", &[package], &[road]).unwrap();
    let problem = "(define (problem today)
  (:domain round)
  (:objects place-0 place-1 - place package-0 - package)
  (:init (van place-0) (at package-0 place-1) (road place-0 place-1) (road place-1 place-0))
  (:goal (and (at package-0 place-0))))
";
    assert_eq!(pddl::problem(&task), problem);
}

#[test]
fn without_roads_the_van_can_drive_everywhere() {
    let packages = |at: &str| Package {
        name: "p".into(),
        at: at.into(),
        to: "c".into(),
    };
    let problem = pddl::problem(&Task::new("a", &[packages("b")], &[]).unwrap());
    assert_eq!(problem.matches("(road ").count(), 6);
}

#[test]
fn what_is_in_its_place_needs_no_plan() {
    let done = json!({ "van": "depot", "packages": [{ "name": "letter", "at": "Market", "to": "market" }] });
    assert_eq!(answer(&Host::new(), "plan_round", done)["steps"], json!([]));
}

#[test]
fn a_plan_that_does_not_work_is_not_told() {
    for (at, wrong, why) in [
        (0, step("drive", "place-1", "place-0"), "step 1"),
        (
            0,
            step("fly", "place-0", "place-1"),
            "step 1, (fly place-0 place-1)",
        ),
        (1, step("unload", "package-0", "place-1"), "step 2"),
        (1, step("load", "package-7", "place-1"), "step 2"),
        (2, step("drive", "place-1", "place-0"), "step 4"),
        (3, PlanStep::new("unload", ["package-0"]), "step 4"),
        (
            3,
            step("drive", "place-2", "place-0"),
            r#"does not bring "letter" to "market""#,
        ),
    ] {
        let mut plan = plan();
        plan[at] = wrong;
        let error = Host::new()
            .plan(Ok(plan))
            .call("plan_round", letter())
            .unwrap_err();
        assert!(error.message.contains(why), "{error}");
    }
}

#[test]
fn why_there_is_no_round_is_said() {
    let failed = |plan| {
        Host::new()
            .plan(Err(plan))
            .call("plan_round", letter())
            .unwrap_err()
    };
    let none = failed(HostError::NotFound {
        message: "the planner found no plan".into(),
    });
    assert!(
        none.code == "not-found" && none.message.contains("roads"),
        "{none}"
    );
    let down = failed(HostError::Unavailable {
        message: "there is no planner".into(),
    });
    assert!(down.code == "unavailable" && down.retryable, "{down}");
    assert_eq!(
        Host::new().call("plan_round", letter()).unwrap_err().code,
        "denied"
    );
}

#[test]
fn a_task_that_makes_no_sense_is_refused() {
    let package = |name: &str, at: &str| json!({ "name": name, "at": at, "to": "market" });
    let many: Vec<Value> = (0..51)
        .map(|number| package(&number.to_string(), "x"))
        .collect();
    let far: Vec<Value> = (0..50)
        .map(|number| package(&number.to_string(), &format!("place {number}")))
        .collect();
    for (van, packages, why) in [
        (" ", json!([]), "the van's place has no name"),
        ("depot", json!([package("", "x")]), "a package has no name"),
        (
            "depot",
            json!([package("a", "")]),
            "where a package is has no name",
        ),
        (
            "depot",
            json!([package("a", "x"), package("A", "y")]),
            r#"two packages are called "A""#,
        ),
        ("depot", json!(many), "51 packages"),
        ("depot", json!(far), "52 places"),
    ] {
        let task = json!({ "van": van, "packages": packages });
        let error = Host::new().call("plan_round", task).unwrap_err();
        assert_eq!(error.code, "invalid-arguments");
        assert!(error.message.contains(why), "{error}");
    }
}

const QUERY: &str = "package van road is at goes to leads from";

fn chunk(source: &str, text: &str) -> Chunk {
    Chunk {
        source: Some(source.into()),
        ..Chunk::new("1", text)
    }
}

#[test]
fn a_round_is_planned_from_notes() {
    let monday = "# Monday\n\n- The van is at the depot.\nPackage letter is at Ada's house, and goes to the market.\nThe weather is fine.";
    let roads = "* A road leads from the Depot to Ada's house.\n* Road from ada's house to market\nroad works until May";
    let host = Host::new()
        .found(
            &format!("Monday {QUERY}"),
            [
                chunk("monday.md", monday),
                chunk("roads.md", roads),
                chunk("monday.md", monday),
            ],
        )
        .plan(Ok(plan()));
    let answer = answer(
        &host,
        "plan_from_notes",
        json!({ "about": "Monday", "corpus": "notes" }),
    );
    assert_eq!(answer["steps"], json!(IN_WORDS));
    let facts = answer["facts"].as_array().unwrap();
    assert_eq!(facts.len(), 4);
    assert_eq!(
        facts[0],
        json!({ "line": "- The van is at the depot.", "source": "monday.md" })
    );
}

#[test]
fn notes_that_contradict_each_other_are_no_task() {
    for (one, other) in [
        ("The van is at the depot", "The van is at the market"),
        (
            "Package a is at x, goes to y.",
            "Package A is at x, goes to z.",
        ),
    ] {
        let host = Host::new().found(QUERY, [chunk("a.md", one), chunk("b.md", other)]);
        let error = host.call("plan_from_notes", json!({})).unwrap_err();
        assert_eq!(error.code, "conflict");
        assert!(
            error.message.contains(one) && error.message.contains("(b.md)"),
            "{error}"
        );
    }
    // The same said twice is no contradiction.
    let twice = [
        chunk("a.md", "The van is at x"),
        chunk("b.md", "van is at the X."),
    ];
    let host = Host::new().found(QUERY, twice);
    assert_eq!(
        answer(&host, "plan_from_notes", json!({}))["steps"],
        json!([])
    );
}

#[test]
fn notes_without_a_van_say_what_to_write() {
    let host = Host::new().found(QUERY, [Chunk::new("1", "Package a is at x, goes to y.")]);
    let error = host.call("plan_from_notes", json!({})).unwrap_err();
    assert!(
        error.code == "not-found" && error.message.contains("`The van is at the depot.`"),
        "{error}"
    );
    assert_eq!(
        Host::new()
            .call("plan_from_notes", json!({}))
            .unwrap_err()
            .code,
        "denied"
    );
}
