//! Whether backups could be made here.

use crate::base::Result;
use crate::host::Host;
use crate::ops::backup::ready;

/// Where the `pg_dump` is that a backup of the profile's database would use, with its version.
pub fn tool(host: &Host) -> Result<String> {
    let target = host.database()?;
    host.runtime().wait(host.cancel(), async {
        let container = super::container_of(host, &target).await?;
        ready::tool(&target, container.as_ref(), host.processes()).await
    })
}
