//! The standard library is embedded when the crate is built; a new file in it must build the crate again.

fn main() {
    println!("cargo::rerun-if-changed=stdlib");
}
