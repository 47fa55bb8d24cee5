//! The tutorial, followed from its first block to its last.

/// Tests that need servers.
mod services {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use crate::harness::{LEXI, Project, free_port};

    /// The fenced blocks in order, each with what stands behind its backquotes.
    fn blocks(text: &str) -> Vec<(String, String)> {
        let (mut found, mut lines) = (Vec::new(), text.lines());
        while let Some(line) = lines.next() {
            if let Some(tag) = line.strip_prefix("```") {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                found.push((tag.to_owned(), block.join("\n") + "\n"));
            }
        }
        found
    }

    /// Somebody who follows the tutorial: types what it says, in the folder that it led to.
    struct Reader {
        project: Project,
        path: String,
        here: PathBuf,
    }

    impl Reader {
        fn new() -> Self {
            let project = Project::new();
            std::fs::remove_file(project.path("lexi.toml")).unwrap();
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(project.root(), open).unwrap();
            let bin = Path::new(LEXI).parent().unwrap().display().to_string();
            let here = project.root().to_owned();
            Self {
                project: project.env("DB_PORT", &free_port().to_string()),
                path: format!("{bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                here,
            }
        }

        /// Runs a block in a shell and gives what both streams showed.
        fn types(&mut self, block: &str) -> String {
            let plain = self.project.command(&[]);
            let left = self.project.path("left");
            let script = format!("exec 2>&1\n{block}\npwd > {}\n", left.display());
            let mut shell = Command::new("bash");
            shell.args(["-ec", &script]).env_clear();
            for (name, value) in plain.get_envs() {
                shell.env(name, value.unwrap_or_default());
            }
            let shell = shell.env("PATH", &self.path).current_dir(&self.here);
            let done = shell.output().unwrap();
            let shown = String::from_utf8_lossy(&done.stdout).into_owned();
            assert!(done.status.success(), "{block}\n{shown}");
            self.here = PathBuf::from(std::fs::read_to_string(left).unwrap().trim());
            shown
        }

        /// Adds a block to the end of a file.
        fn saves(&self, file: &str, block: &str) {
            let path = self.here.join(file);
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            let between = if there.is_empty() { "" } else { "\n" };
            std::fs::write(path, format!("{there}{between}{block}")).unwrap();
        }
    }

    impl Drop for Reader {
        fn drop(&mut self) {
            // Nothing runs where the last block was reached.
            let _ended = self.types("lexi run services --stop || true");
        }
    }

    #[test]
    fn each_block_of_the_tutorial_does_what_it_says() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tutorial.md");
        let text = std::fs::read_to_string(page).unwrap();
        let text = text.replace("8123", &free_port().to_string());
        let mut reader = Reader::new();
        let (mut shown, mut shells) = (String::new(), 0);

        for (tag, block) in blocks(&text) {
            match tag.as_str() {
                "sh" => {
                    shown = reader.types(&block);
                    shells += 1;
                }
                "text" => {
                    for line in block.lines() {
                        assert!(shown.contains(line), "no {line:?} in\n{shown}");
                    }
                }
                tag => {
                    let file = tag.split_once(" file=").map(|(_, file)| file);
                    reader.saves(file.unwrap_or_else(|| panic!("```{tag}")), &block);
                }
            }
        }
        assert!(shells > 8);
    }
}
