//! What the system is given so that it keeps a daemon running: lines of a crontab, or a unit of systemd.
//!
//! Only texts; who writes them is the command's business.

use std::path::Path;

/// The daemon of a project and profile.
#[derive(Debug, Clone)]
pub struct Service<'s> {
    /// The program.
    pub program: &'s Path,
    /// The project's folder.
    pub root: &'s Path,
    /// The project's name.
    pub name: &'s str,
    /// The profile.
    pub profile: &'s str,
    /// Further options, such as `--coordinator pg`.
    pub options: &'s [String],
}

impl Service<'_> {
    /// What tells our lines from those of others, and from those of other projects.
    pub fn mark(&self) -> String {
        format!("lexi cron: {} ({})", self.root.display(), self.profile)
    }

    /// The unit's name.
    pub fn unit_name(&self) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "-_".contains(c) {
                c
            } else {
                '-'
            }
        };
        let name: String = self.name.chars().map(plain).collect();
        format!("lexi-{name}-{}.service", self.profile)
    }

    fn words(&self) -> Vec<String> {
        let own = [
            self.program.display().to_string(),
            "--project".to_owned(),
            self.root.display().to_string(),
            "--profile".to_owned(),
            self.profile.to_owned(),
            "cron".to_owned(),
        ];
        own.into_iter()
            .chain(self.options.iter().cloned())
            .collect()
    }

    /// The crontab with our lines, whatever stood there of ours before; the lines of others stay as they are.
    pub fn into_crontab(&self, text: &str) -> String {
        let mut lines = self.others(text);
        lines.extend(self.lines());
        lines.join("\n") + "\n"
    }

    /// Whether a crontab has our lines as they would be written now.
    pub fn is_in_crontab(&self, text: &str) -> bool {
        let all: Vec<&str> = text.lines().collect();
        let own = self.lines();
        all.windows(own.len()).any(|lines| lines == own)
    }

    fn lines(&self) -> [String; 3] {
        let words: Vec<String> = self.words().iter().map(|word| shell_quoted(word)).collect();
        // In a crontab `%` is the end of a line, quoted or not.
        let command = words.join(" ").replace('%', "\\%");
        [
            format!("# begin {}", self.mark()),
            format!("* * * * * {command} --unless-running --quiet"),
            format!("# end {}", self.mark()),
        ]
    }

    /// The crontab without our lines; nothing when there are none.
    pub fn out_of_crontab(&self, text: &str) -> Option<String> {
        let lines = self.others(text);
        let is_there = lines.len() != text.lines().count();
        is_there.then(|| {
            lines
                .iter()
                .fold(String::new(), |all, line| all + line.as_str() + "\n")
        })
    }

    fn others(&self, text: &str) -> Vec<String> {
        let (begin, end) = (
            format!("# begin {}", self.mark()),
            format!("# end {}", self.mark()),
        );
        let has_end = text.lines().any(|line| line == end);
        let mut is_ours = false;
        let mut others = Vec::new();
        for line in text.lines() {
            // Without its end nobody knows how far ours reaches: the line is left alone.
            if line == begin && has_end {
                is_ours = true;
            }
            if !is_ours {
                others.push(line.to_owned());
            }
            if line == end {
                is_ours = false;
            }
        }
        others
    }

    /// A unit of systemd; `user` is who it runs as, where that is not who it belongs to anyway.
    pub fn unit(&self, user: Option<&str>) -> String {
        let words: Vec<String> = self.words().iter().map(|word| unit_quoted(word)).collect();
        let target = if user.is_some() {
            "multi-user.target"
        } else {
            "default.target"
        };
        let user = user.map_or_else(String::new, |user| format!("User={user}\n"));
        format!(
            "# {mark}\n\
             # Written by `lexi cron install --systemd`; `lexi cron uninstall --systemd` removes it.\n\
             [Unit]\n\
             Description=Schedules of {name} ({profile})\n\
             Wants=network-online.target\n\
             After=network-online.target\n\n\
             [Service]\n\
             {user}WorkingDirectory={root}\n\
             ExecStart={command}\n\
             ExecReload=/bin/kill -HUP $MAINPID\n\
             Restart=always\n\
             RestartSec=2\n\
             # Runs outlive a daemon that dies; a stop waits for them.\n\
             KillMode=process\n\
             TimeoutStopSec=30min\n\n\
             [Install]\n\
             WantedBy={target}\n",
            mark = self.mark(),
            name = self.name.replace('%', "%%"),
            profile = self.profile,
            root = self.root.display().to_string().replace('%', "%%"),
            command = words.join(" "),
        )
    }

    /// Whether a unit is ours.
    pub fn owns_unit(&self, text: &str) -> bool {
        text.lines().next() == Some(&format!("# {}", self.mark()))
    }
}

fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/-_.=:,+@".contains(c))
}

fn shell_quoted(word: &str) -> String {
    if is_plain(word) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// systemd.service(5): double quotes, with `\`, `"`, `%` and `$` doubled or escaped.
fn unit_quoted(word: &str) -> String {
    if is_plain(word) {
        return word.to_owned();
    }
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('%', "%%").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service<'static> {
        Service {
            program: Path::new("/usr/bin/lexi"),
            root: Path::new("/srv/o'brien 100%"),
            name: "o brien",
            profile: "prod",
            options: &[],
        }
    }

    #[test]
    fn lines_of_others_are_left_alone_and_ours_are_there_once() {
        let others = "MAILTO=root\n# begin of something else\n0 1 * * * true\n";
        let service = service();

        let once = service.into_crontab(others);

        assert_eq!(service.into_crontab(&once), once);
        assert!(once.starts_with(others));
        let line = once
            .lines()
            .find(|line| line.contains("lexi --project"))
            .unwrap();
        assert_eq!(
            line,
            r"* * * * * /usr/bin/lexi --project '/srv/o'\''brien 100\%' --profile prod cron --unless-running --quiet"
        );
        assert_eq!(service.out_of_crontab(&once).unwrap(), others);
        assert_eq!(service.out_of_crontab(others), None);
        let dev = Service {
            profile: "dev",
            ..service.clone()
        };
        let both = dev.into_crontab(&once);
        assert_eq!(dev.out_of_crontab(&both).unwrap(), once);
    }

    #[test]
    fn a_block_without_its_end_is_not_taken_for_ours() {
        let service = service();
        let cut = format!("# begin {}\n0 1 * * * mine\n", service.mark());

        assert!(service.into_crontab(&cut).starts_with(&cut));
        assert_eq!(service.out_of_crontab(&cut), None);
    }

    #[test]
    fn a_unit_is_marked_and_quoted() {
        let service = service();
        let unit = service.unit(Some("lexi"));

        assert!(service.owns_unit(&unit));
        assert!(!service.owns_unit("[Unit]\n"));
        assert_eq!(service.unit_name(), "lexi-o-brien-prod.service");
        assert!(
            unit.contains("User=lexi\nWorkingDirectory=/srv/o'brien 100%%\n"),
            "{unit}"
        );
        assert!(
            unit.contains(
                "ExecStart=/usr/bin/lexi --project \"/srv/o'brien 100%%\" --profile prod cron\n"
            ),
            "{unit}"
        );
    }
}
