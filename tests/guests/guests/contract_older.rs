//! Built against a version of the tool package from before the first one that was published.

wit_bindgen::generate!({
    inline: r#"
        package portcullis:guest;

        world guest {
            export portcullis:tool/tools@0.0.9;
        }

        package portcullis:tool@0.0.9 {
            interface tools {
                list-tools: func() -> list<string>;
                call: func(name: string, arguments: string) -> result<string, string>;
            }
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::tool::tools::Guest;

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<String> {
        vec!["greet".into()]
    }

    fn call(name: String, _arguments: String) -> Result<String, String> {
        Ok(name)
    }
}

export!(Plugin);
