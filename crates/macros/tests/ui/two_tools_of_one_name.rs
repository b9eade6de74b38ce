#![allow(unused)]

mod first {
    use portcullis_guest_sdk::prelude::*;

    #[plugin_tool]
    fn greet() {}
}

mod second {
    use portcullis_guest_sdk::prelude::*;

    #[plugin_tool(name = "greet")]
    fn say_hello() {}
}

fn main() {}
