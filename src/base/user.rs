//! The folder of what a user takes along into every project: `$XDG_CONFIG_HOME/lexi`.

use std::path::{Path, PathBuf};

use super::settings::Environment;

/// The folder, which need not be there; none for a user without a home.
pub fn folder(environment: &Environment) -> Option<PathBuf> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    // A path that is not absolute is to be ignored, says the specification.
    let config = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || Some(Path::new(set("HOME")?).join(".config"));
    Some(config.or_else(home)?.join("lexi"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_where_the_specification_says() {
        let at = |pairs: &[(&str, &str)]| {
            let found = folder(&Environment::of(pairs));
            found.map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/ann");

        assert_eq!(at(&[home]).as_deref(), Some("/home/ann/.config/lexi"));
        let own = ("XDG_CONFIG_HOME", "/etc/ann");
        assert_eq!(at(&[home, own]).as_deref(), Some("/etc/ann/lexi"));
        let relative = ("XDG_CONFIG_HOME", "ann");
        let expected = Some("/home/ann/.config/lexi");
        assert_eq!(at(&[home, relative]).as_deref(), expected);
        assert_eq!(at(&[]), None);
    }
}
