//! Measures Portcullis against the floor.

fn main() {}
