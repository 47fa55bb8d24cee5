//! What `/proc` says about the processes of this machine; nothing where there is no `/proc`.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;

use rustix::process::{Pid, test_kill_process_group};

/// Whether a process group of our own session still has a member that is not a zombie.
///
/// The session is compared because the number of a group that has ended may be given to another one.
pub(super) fn has_members(group: Pid) -> bool {
    if test_kill_process_group(group).is_err() {
        return false;
    }
    let session = own_stat().map_or(0, |stat| stat.session);
    // A zombie that nobody reaps (a container without an init) still counts for the system call, so look closer.
    let mut pids = pids().peekable();
    pids.peek().is_none()
        || pids.any(|pid| {
            stat(pid).is_some_and(|stat| {
                stat.group == group.as_raw_pid() && stat.session == session && !stat.is_ended
            })
        })
}

/// The processes whose variable `name` is `value`, or begins with it and a slash.
pub(super) fn carrying(name: &str, value: &str) -> Vec<Pid> {
    let wanted = format!("{name}={value}").into_bytes();
    let carries = |pid: &i32| {
        std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
            environ.split(|byte| *byte == 0).any(|variable| {
                variable
                    .strip_prefix(wanted.as_slice())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
            })
        })
    };
    pids()
        .filter(carries)
        .filter(|pid| stat(*pid).is_some_and(|stat| !stat.is_ended))
        .filter_map(Pid::from_raw)
        .collect()
}

/// Our own process group.
///
/// Its number, and that of our session, is 0 where its leader is outside our process namespace, as in a container that
/// was entered from a shell; rustix' own calls take that for impossible and panic.
pub(super) fn own_group() -> Option<i32> {
    own_stat().map(|stat| stat.group)
}

fn own_stat() -> Option<Stat> {
    parse_stat(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        std::str::from_utf8(entry.file_name().as_bytes())
            .ok()?
            .parse()
            .ok()
    })
}

/// One process as the table lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) is_ended: bool,
}

/// All processes, those too that have ended and that nobody has taken away.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
    pids().filter_map(|pid| {
        let stat = stat(pid)?;
        Some(Entry {
            pid,
            parent: stat.parent,
            group: stat.group,
            is_ended: stat.is_ended,
        })
    })
}

/// All that have this process among their ancestors.
pub(super) fn below(ancestor: Pid) -> Vec<Entry> {
    descendants(ancestor.as_raw_pid(), &entries().collect::<Vec<_>>())
}

fn descendants(ancestor: i32, all: &[Entry]) -> Vec<Entry> {
    let mut known = HashSet::from([ancestor]);
    let mut found = Vec::new();
    // A child's number can be lower than its parent's, so look until nothing new is found.
    loop {
        let new = all
            .iter()
            .filter(|entry| known.contains(&entry.parent) && !known.contains(&entry.pid));
        let new: Vec<Entry> = new.copied().collect();
        if new.is_empty() {
            return found;
        }
        known.extend(new.iter().map(|entry| entry.pid));
        found.extend(new);
    }
}

struct Stat {
    parent: i32,
    group: i32,
    session: i32,
    is_ended: bool,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads a line of `proc_pid_stat(5)`; the name in parentheses may itself hold parentheses and blanks.
fn parse_stat(line: &str) -> Option<Stat> {
    let (_, rest) = line.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    Some(Stat {
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
        session: fields.next()?.parse().ok()?,
        is_ended: matches!(state, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let stat = parse_stat("42 (a) b (c) Z 1 40 39 0 -1").unwrap();

        assert_eq!((stat.group, stat.session, stat.is_ended), (40, 39, true));
    }

    #[test]
    fn what_is_below_is_found_whatever_its_number() {
        let entry = |pid, parent| Entry {
            pid,
            parent,
            group: pid,
            is_ended: false,
        };
        let all = [
            entry(1, 0),
            entry(5, 9),
            entry(7, 1),
            entry(9, 7),
            entry(8, 2),
        ];

        let found: Vec<i32> = descendants(7, &all).iter().map(|one| one.pid).collect();

        assert_eq!(found, [9, 5]);
    }
}
