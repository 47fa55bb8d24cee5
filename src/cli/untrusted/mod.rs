//! `lexi run --untrusted FILE`: a stranger's script in a process of its own, with limits, and only what flags grant.

mod grants;
mod inside;
mod kept;
mod order;
mod outside;

pub(super) use inside::run as run_inside;
pub(super) use outside::run;
