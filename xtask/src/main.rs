//! The project's own tasks. `cargo xtask` lists them.

mod bench;
mod build_examples;
mod cargo_component;
mod ci;
mod clients;
mod conformance;
mod demo;
mod languages;
mod packages;
mod registries;
mod served;
mod shell;
mod steps;
mod test;
mod tidy;
mod toolchain;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask TASK

  demo             builds what is needed and calls example plugins on real input
  test             runs every test: the workspace's, the doc tests, the example plugins'
  build-examples   builds every example plugin into target/plugins
                     --all-languages    those in Python, JavaScript and C too, with tools that it installs
                     --cargo-component  hello-sync with cargo-component too, which it compiles into target first
  conformance      runs the official conformance suite of the Model Context Protocol against `portcullis serve`
  clients          runs the official MCP clients for Python and TypeScript against it
  bench            measures against the floor and prints the table
  registries       makes host-policy's table of special addresses from IANA's registries
  tidy             checks the rules that the compiler can't
  ci               format, clippy, tidy, tests, documentation
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["demo"] => demo::run(),
        ["test"] => test::run(),
        ["build-examples"] => build_examples::run(),
        ["build-examples", "--all-languages"] => build_examples::all_languages(),
        ["build-examples", "--cargo-component"] => build_examples::with_cargo_component(),
        ["conformance"] => conformance::run(),
        ["clients"] => clients::run(),
        ["bench", rest @ ..] => bench::run(rest),
        ["registries"] => registries::run(),
        ["tidy"] => tidy::run(),
        ["ci"] => ci::run(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("no such task: {}\n\n{USAGE}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
