//! Whether a backup could be made, found out without making one.

use std::path::Path;
use std::sync::Arc;

use super::container::Container;
use super::list::{Entry, list, newest_good};
use super::tool::Place;
use super::{schema, space, tool};
use crate::base::Result;
use crate::ops::database::Target;
use crate::ops::process::Registry;

/// Where the `pg_dump` is that a backup of this database would use, with its version.
pub async fn tool(
    target: &Target,
    container: Option<&Container>,
    registry: &Arc<Registry>,
) -> Result<String> {
    let server = schema::server(target).await?;
    let (tool, _why) = tool::find(&server, target, container, registry).await?;
    let place = match &tool.place {
        Place::Container(container) => format!("in service `{}`", container.service),
        Place::Here(path) => path.clone(),
    };
    Ok(format!("{place} ({})", tool.version))
}

/// Free bytes for backups on the disk of a folder, where there is room for one more like the last.
pub fn room(folder: &Path, database: &str) -> Result<u64> {
    let last = if folder.is_dir() {
        let entries = list(folder)?;
        newest_good(&entries, database)
            .and_then(Entry::manifest)
            .map(|last| last.bytes)
    } else {
        None
    };
    let disk = folder.ancestors().find(|folder| folder.is_dir());
    let disk = disk.unwrap_or(Path::new("/"));
    space::check(disk, last, 0)?;
    space::free(disk)
}
