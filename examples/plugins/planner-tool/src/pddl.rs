//! The task as planners read it. Places and packages are numbered there: names can be anything, and are never written.

use std::fmt::Write as _;

use crate::task::Task;

/// What a van can do; within reach of every planner that knows types.
pub(crate) const DOMAIN: &str = "(define (domain round)
  (:requirements :strips :typing)
  (:types place package)
  (:predicates
    (road ?from - place ?to - place)
    (van ?at - place)
    (at ?what - package ?where - place)
    (aboard ?what - package))
  (:action drive
    :parameters (?from - place ?to - place)
    :precondition (and (van ?from) (road ?from ?to))
    :effect (and (van ?to) (not (van ?from))))
  (:action load
    :parameters (?what - package ?where - place)
    :precondition (and (van ?where) (at ?what ?where))
    :effect (and (aboard ?what) (not (at ?what ?where))))
  (:action unload
    :parameters (?what - package ?where - place)
    :precondition (and (van ?where) (aboard ?what))
    :effect (and (at ?what ?where) (not (aboard ?what)))))
";

/// Before a place's number.
pub(crate) const PLACE: &str = "place-";

/// Before a package's number.
pub(crate) const PACKAGE: &str = "package-";

/// What is where, and where it is to be.
pub(crate) fn problem(task: &Task) -> String {
    let places = 0..task.places.len();
    let mut objects = String::new();
    for place in places.clone() {
        let _ = write!(objects, " {PLACE}{place}");
    }
    objects.push_str(" - place");
    let mut start = format!("(van {PLACE}{})", task.van);
    let mut goal = String::new();
    for (number, errand) in task.errands.iter().enumerate() {
        let _ = write!(objects, " {PACKAGE}{number}");
        let _ = write!(start, " (at {PACKAGE}{number} {PLACE}{})", errand.at);
        let _ = write!(goal, " (at {PACKAGE}{number} {PLACE}{})", errand.to);
    }
    objects.push_str(" - package");
    for from in places.clone() {
        for to in places.clone().filter(|to| task.leads(from, *to)) {
            let _ = write!(start, " (road {PLACE}{from} {PLACE}{to})");
        }
    }
    format!(
        "(define (problem today)\n  (:domain round)\n  (:objects{objects})\n  (:init {start})\n  (:goal (and{goal})))\n"
    )
}
