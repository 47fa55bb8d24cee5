//! Who runs this, and where: for locks, history and the audit log.

use std::sync::LazyLock;

/// It does not change while the program runs, and a watch would read the list of users twice for every save.
static USER: LazyLock<String> = LazyLock::new(find_user);

/// The name of this process' user, or its number where it has no name.
pub fn user() -> String {
    USER.clone()
}

fn find_user() -> String {
    let uid = rustix::process::geteuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| uid.to_string())
}

/// The machine's name.
pub fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
