//! Who runs this, and where: for locks, history and the audit log.

use std::sync::LazyLock;

/// It does not change while the program runs, and a watch would read the list of users twice for every save.
static USER: LazyLock<String> = LazyLock::new(|| name_of(rustix::process::geteuid().as_raw()));

/// The name of this process' user, or its number where it has no name.
pub fn user() -> String {
    USER.clone()
}

/// The name of a user, or the number where there is no name.
pub fn name_of(uid: u32) -> String {
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
