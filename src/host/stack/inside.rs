//! Which container of the stack a server runs in.

use super::choice::{self, Driver};
use crate::base::Result;
use crate::host::Host;
use crate::ops::docker::Engine;

/// The engine, the identity and the service of the container that publishes a port of this machine; none when the server is
/// elsewhere. An engine that cannot be asked has none either: the server itself can be reached without it.
pub(in crate::host) async fn container_of(
    host: &Host,
    address: &str,
    port: u16,
) -> Result<Option<(Engine, String, String)>> {
    if !is_local(address) {
        return Ok(None);
    }
    let driver = match choice::existing(host).await {
        Ok(Driver::Docker(driver)) => driver,
        Ok(Driver::Native(_)) => return Ok(None),
        Err(why) => {
            host.output().detail(&why.full_message());
            return Ok(None);
        }
    };
    let rows = driver.list().await?;
    let found = rows.into_iter().find(|row| {
        let publishes = row.ports.iter().any(|published| published.port == port);
        row.state == "running" && publishes
    });
    Ok(found.map(|row| (driver.engine.clone(), row.id, row.service)))
}

/// Whether an address is this machine.
pub(in crate::host) fn is_local(address: &str) -> bool {
    matches!(address, "localhost" | "127.0.0.1" | "::1")
}
