//! Rebuilds when a file is added to a folder that is embedded: the embedding itself sees only changed files.

fn main() {
    for folder in ["patches", "policies", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
