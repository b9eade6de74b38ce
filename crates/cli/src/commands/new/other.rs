//! Projects in languages that know nothing of the SDK: they read the contract itself.

use super::{Files, Project, filled, manifest};

const ABOUT: &str = "Greets people.";
const CALL: &str = "greet --arg name=World";

/// The world of a language that can export `async` functions and import them.
const ASYNC: &str = "  include portcullis:plugin/tool-plugin@0.1.0;";

/// QuickJS exports `async` functions, and can't import the one of `cancellation`.
const ASYNC_EXPORTS: &str = "  \
import portcullis:host/log@0.1.0;
  import portcullis:host/config@0.1.0;
  import portcullis:tool/progress@0.1.0;
  export portcullis:tool/tools@0.1.0;";

const SYNC: &str = "  include portcullis:plugin/sync-tool-plugin@0.1.0;";

/// What one language has and others have not.
pub(super) struct Own {
    world: &'static str,
    /// The command that runs the project's own test, where it has one.
    test: Option<&'static str>,
    readme: &'static str,
    ignored: &'static str,
    files: &'static [(&'static str, &'static str)],
}

pub(super) const PYTHON: Own = Own {
    world: ASYNC,
    test: Some("python3 -m unittest discover --start-directory src"),
    readme: include_str!("../../../templates/python/README.md.in"),
    ignored: "/target\n/.venv\n__pycache__\n",
    files: &[
        (
            "src/app.py",
            include_str!("../../../templates/python/app.py"),
        ),
        (
            "src/greeting.py",
            include_str!("../../../templates/python/greeting.py"),
        ),
        (
            "src/test_greeting.py",
            include_str!("../../../templates/python/test_greeting.py"),
        ),
        (
            "pyproject.toml",
            include_str!("../../../templates/python/pyproject.toml.in"),
        ),
        (
            "requirements.txt",
            include_str!("../../../templates/python/requirements.txt"),
        ),
    ],
};

const LOCK: &str = include_str!("../../../templates/javascript/package-lock.json.in");

pub(super) const JAVASCRIPT: Own = Own {
    world: ASYNC_EXPORTS,
    test: Some("node --test test"),
    readme: include_str!("../../../templates/javascript/README.md.in"),
    ignored: "/target\n/node_modules\n",
    files: &[
        (
            "src/plugin.js",
            include_str!("../../../templates/javascript/plugin.js"),
        ),
        (
            "src/greeting.js",
            include_str!("../../../templates/javascript/greeting.js"),
        ),
        (
            "test/greeting.test.js",
            include_str!("../../../templates/javascript/greeting.test.js"),
        ),
        (
            "package.json",
            include_str!("../../../templates/javascript/package.json.in"),
        ),
        ("package-lock.json", LOCK),
    ],
};

pub(super) const TYPESCRIPT: Own = Own {
    test: None,
    readme: include_str!("../../../templates/typescript/README.md.in"),
    files: &[
        (
            "src/plugin.ts",
            include_str!("../../../templates/typescript/plugin.ts"),
        ),
        (
            "src/greeting.ts",
            include_str!("../../../templates/typescript/greeting.ts"),
        ),
        (
            "package.json",
            include_str!("../../../templates/typescript/package.json.in"),
        ),
        ("package-lock.json", LOCK),
        (
            "tsconfig.json",
            include_str!("../../../templates/typescript/tsconfig.json"),
        ),
    ],
    ..JAVASCRIPT
};

pub(super) const C: Own = Own {
    world: SYNC,
    test: None,
    readme: include_str!("../../../templates/c/README.md.in"),
    ignored: "/target\n/.venv\n",
    files: &[
        (
            "src/plugin.c",
            include_str!("../../../templates/c/plugin.c"),
        ),
        (
            "requirements.txt",
            include_str!("../../../templates/c/requirements.txt"),
        ),
    ],
};

pub(super) fn project(name: &str, own: &Own) -> Project {
    Project {
        files: files(name, own),
        test: own.test,
        call: CALL,
    }
}

fn files(name: &str, own: &Own) -> Files {
    let fill = |text: &str| filled(text, name, ABOUT, CALL).replace("{{world}}", own.world);
    let mut files = vec![
        ("plugin.toml", fill(&manifest("fresh", ""))),
        (
            "wit/world.wit",
            fill(include_str!("../../../templates/shared/world.wit.in")),
        ),
        ("README.md", fill(own.readme)),
        (".gitignore", own.ignored.to_string()),
    ];
    files.extend(own.files.iter().map(|(path, text)| (*path, fill(text))));
    files
}
