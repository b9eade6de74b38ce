//! Does nothing: cargo wants a build script of every package that sets `links`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
