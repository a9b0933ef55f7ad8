//! Tells cargo that the compiled law in `rules/` is part of the binary. Deliberately absent: generated code.

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
