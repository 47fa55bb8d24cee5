//! Calls to the kernel that no script and no program of it may make: what Landlock does not know.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

use crate::base::{Error, Result};

/// Calls that change what belongs to a file by its name: its mode, owner, times and attributes. By a file that is open they
/// are let through, since it had to be granted to be opened.
const BY_NAME: [c_long; 10] = [
    libc::SYS_fchmodat,
    // fchmodat2, setxattrat, removexattrat, file_setattr: too new to be named, the same number everywhere.
    452,
    463,
    466,
    469,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
];
/// The same, where a system has kept the calls of old.
#[cfg(target_arch = "x86_64")]
const OF_OLD: [c_long; 6] = [
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const OF_OLD: [c_long; 0] = [];
/// Calls that reach around: memory and keys that others share, rings that make calls nobody filters, the machine itself.
const AROUND: [c_long; 24] = [
    libc::SYS_io_uring_setup,
    libc::SYS_shmget,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
];
/// The same calls under the numbers of x32, which some kernels offer beside the usual ones.
#[cfg(target_arch = "x86_64")]
const X32: Option<c_long> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const X32: Option<c_long> = None;

/// Lets the calling thread, and all that it starts from now on, make none of these calls.
pub(super) fn forbid() -> Result<()> {
    let wrong = |e: &dyn std::fmt::Display| {
        Error::internal("cannot confine the process").because(e.to_string())
    };
    let program = filter().map_err(|e| wrong(&e))?;
    apply_filter(&program).map_err(|e| wrong(&e))
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let argument = |index, operator, value| {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
            .and_then(|condition| SeccompRule::new(vec![condition]))
    };
    let always = BY_NAME.iter().chain(&OF_OLD).chain(&AROUND);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = always.map(|call| (*call, vec![])).collect();
    // Sockets of the machine lead to the engine of containers, to keys, to the desktop. Pairs of them lead nowhere.
    let of_machine = u64::from(libc::AF_UNIX.unsigned_abs());
    rules.insert(
        libc::SYS_socket,
        vec![argument(0, SeccompCmpOp::Eq, of_machine)?],
    );
    // Without a name it is about a file that is open.
    let named = SeccompCondition::new(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    rules.insert(libc::SYS_utimensat, vec![SeccompRule::new(vec![named])?]);
    if let Some(bit) = X32 {
        let twice = rules.clone();
        rules.extend(twice.into_iter().map(|(call, rule)| (call | bit, rule)));
    }
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        std::env::consts::ARCH.try_into()?,
    )?;
    filter.try_into()
}
