//! The published JSON Schemas of manifest and configuration: fresh, whole, and of the readers' mind.

use std::path::Path;

use portcullis_host_policy::config::Config;
use portcullis_host_policy::manifest::Manifest;
use serde_json::Value;

fn assert_published(name: &str, schema: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(name);
    if std::env::var_os("PORTCULLIS_UPDATE").is_some() {
        std::fs::write(&file, schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(file).unwrap() == schema,
        "schema/{name} is out of date: run with PORTCULLIS_UPDATE=1"
    );
}

#[test]
fn the_published_schemas_are_the_readers_own() {
    assert_published("manifest.json", &Manifest::schema());
    assert_published("config.json", &Config::schema());
}

/// Every key that a reader knows has words of its own.
#[test]
fn no_key_is_without_description() {
    fn described(schema: &Value, place: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, below) in properties.into_iter().flatten() {
            let place = format!("{place}.{name}");
            let words = below.get("description").and_then(Value::as_str);
            let of_json_schema = place.starts_with("config.");
            assert!(
                of_json_schema || words.is_some_and(|words| !words.is_empty()),
                "{place}"
            );
            described(below, place.trim_start_matches('.'));
        }
    }
    for schema in [Manifest::schema(), Config::schema()] {
        described(&serde_json::from_str(&schema).unwrap(), "");
    }
}

/// Whether the schema takes the document, and the reader.
fn taken(schema: &str, text: &str, read: bool) -> (bool, bool) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let document: Value = toml::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    (validator.is_valid(&document), read)
}

fn manifest(text: &str) -> (bool, bool) {
    let text = format!("[plugin]\nid = \"org.example.weather\"\nversion = \"1.2.0\"\n{text}");
    taken(&Manifest::schema(), &text, Manifest::parse(&text).is_ok())
}

fn config(text: &str) -> (bool, bool) {
    taken(&Config::schema(), text, Config::parse(text).is_ok())
}

#[test]
fn what_is_right_fits_the_manifests_schema() {
    for text in [
        "",
        "name = \"Weather\"\ndescription = \"By the hour.\"\nlicense = \"MIT\"\nauthors = [\"A\"]\n\
         homepage = \"https://example.org\"\nrepository = \"http://example.org/x.git\"\n",
        "[capabilities]\nrequest = [\"http:https://*.example.org\", \"state\", \"secret:KEY\", \"log\"]\n",
        "[limits]\nwall-clock = \"1min 30s\"\nmemory-bytes = \"1.5GiB\"\noutput-bytes = 10\nhandles = \"5\"\nfuel = 1\n",
        "[config]\nrequired = [\"units\"]\n[config.properties.units]\nenum = [\"a\"]\n[config.properties.token]\nx-secret = true\n",
        "[instances]\npolicy = \"session\"\n",
    ] {
        assert_eq!(manifest(text), (true, true), "{text}");
    }
}

#[test]
fn each_class_of_mistake_breaks_the_manifests_schema() {
    for text in [
        "nmae = \"x\"\n",
        "name = 3\n",
        "authors = \"A\"\n",
        "homepage = \"example.org\"\n",
        "[capability]\n",
        "[capabilities]\nrequest = [\"htp:https://a.example\"]\n",
        "[capabilities]\nrequest = [\"log\", \"log\"]\n",
        "[limits]\nwall-clok = \"2s\"\n",
        "[limits]\nwall-clock = 2\n",
        "[limits]\nmemory-bytes = -1\n",
        "[limits]\nhandles = \"many\"\n",
        "[config]\ntype = \"array\"\n",
        "[config.properties.token]\nx-secret = \"yes\"\n",
        "[instances]\npolicy = \"resue\"\n",
    ] {
        assert_eq!(manifest(text), (false, false), "{text}");
    }
    for text in [
        "",
        "[plugin]\nid = \"hello\"\n",
        "[plugin]\nid = \"Hello\"\nversion = \"1.0.0\"\n",
        "[plugin]\nid = \"hello-\"\nversion = \"1.0.0\"\n",
        "[plugin]\nid = \"hello\"\nversion = \"1.0\"\n",
    ] {
        let both = taken(&Manifest::schema(), text, Manifest::parse(text).is_ok());
        assert_eq!(both, (false, false), "{text}");
    }
}

#[test]
fn what_is_right_fits_the_configurations_schema() {
    for text in [
        "",
        "[plugins]\nenabled = true\ndirs = [\"/srv\"]\nhot-reload = false\nsignatures = \"warn\"\noffline = true\n\
         [plugins.limits]\nwall-clock = \"1s\"\n[plugins.ceiling]\nallow = []\n",
        "[plugin.\"org.example.weather\"]\nenabled = false\ngrants = [\"http:https://{host}\"]\ndeny = [\"clocks\"]\n\
         bind = { host = \"a.example\" }\ninstances = \"fresh\"\nupdates = \"auto\"\n\
         secrets = [{ secret = \"KEY\", to = \"https://a.example\", as = \"bearer\" }]\n\
         config = { units = \"metric\", token = { secret = \"TOKEN\" } }\nlimits = { files = 3 }\n",
    ] {
        assert_eq!(config(text), (true, true), "{text}");
    }
}

#[test]
fn each_class_of_mistake_breaks_the_configurations_schema() {
    for text in [
        "[plugns]\n",
        "[plugins]\nenable = true\n",
        "[plugins]\nenabled = \"yes\"\n",
        "[plugins]\nsignatures = \"none\"\n",
        "[plugins]\ndirs = \"/srv\"\n",
        "[plugins.ceiling]\n",
        "[plugins.limits]\nwall-clok = \"1s\"\n",
        "[plugin.hello]\ngrant = []\n",
        "[plugin.hello]\ngrants = [\"lgo\"]\n",
        "[plugin.hello]\nupdates = \"never\"\n",
        "[plugin.hello]\nsecrets = [{ secret = \"KEY\" }]\n",
        "[plugin.hello]\nbind = { host = 1 }\n",
    ] {
        assert_eq!(config(text), (false, false), "{text}");
    }
}
