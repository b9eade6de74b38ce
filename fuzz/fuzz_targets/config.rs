//! Any text is a configuration, which means the same when it is written and read again, or a list of errors, each with a
//! place in that text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::assert_places;
use portcullis_host_policy::config::Config;

fuzz_target!(|text: &str| {
    match Config::parse(text) {
        Ok(config) => {
            let written = toml::to_string(&config).expect("it has the shape of the file");
            let again = Config::parse(&written).expect("what was written can be read");
            assert_eq!(again.plugins, config.plugins);
            assert_eq!(again.plugin, config.plugin);
        }
        Err(errors) => assert_places(text, &errors),
    }
});
