//! These folders are embedded when the crate is built; a new file in one of them must build the crate again.

fn main() {
    for folder in [
        "stdlib",
        "src/cli/templates",
        "tasks",
        "migrations",
        "seeds",
        "sql",
    ] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
