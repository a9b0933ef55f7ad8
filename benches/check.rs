//! placeholder while the skeleton settles
fn main() {}
