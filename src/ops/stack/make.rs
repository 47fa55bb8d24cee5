//! Making a service's container, and making it anew.

use bollard::models::{
    ContainerCreateBody, EndpointSettings, Mount, MountType, NetworkConnectRequest,
};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RenameContainerOptionsBuilder};

use super::apply::{Progress, Work};
use super::observe::Image;
use super::stopping::Stopping;
use super::wanted::Wanted;
use crate::base::{Error, Result};
use crate::ops::docker::container::{self, Anonymous};
use crate::ops::docker::failed;

impl Work<'_> {
    /// Makes a container with its files, folders and networks.
    pub(super) async fn create(
        &self,
        wanted: &Wanted,
        container: &str,
        body: ContainerCreateBody,
    ) -> Result<String> {
        let name = &wanted.service.name;
        wanted.files.write(&self.place.secrets, name)?;
        self.make_folders(&body)?;
        let options = CreateContainerOptionsBuilder::default()
            .name(container)
            .build();
        let made = self
            .engine
            .client()
            .create_container(Some(options), body)
            .await;
        let id = made
            .map_err(|e| failed(format!("cannot make a container for service `{name}`"), e))?
            .id;
        for (network, aliases) in wanted.networks.iter().skip(1) {
            let request = NetworkConnectRequest {
                container: id.clone(),
                endpoint_config: Some(EndpointSettings {
                    aliases: Some(aliases.clone()),
                    ..EndpointSettings::default()
                }),
            };
            let joined = self.engine.client().connect_network(network, request).await;
            joined.map_err(|e| {
                failed(
                    format!("cannot put service `{name}` into network `{network}`"),
                    e,
                )
            })?;
        }
        Ok(id)
    }

    /// Folders of the project that are mounted and not there are made, as compose does it.
    fn make_folders(&self, body: &ContainerCreateBody) -> Result<()> {
        let mounts = body
            .host_config
            .as_ref()
            .and_then(|host| host.mounts.as_ref());
        let binds = mounts
            .into_iter()
            .flatten()
            .filter(|mount| mount.typ == Some(MountType::BIND));
        for source in binds.filter_map(|mount| mount.source.as_ref()) {
            let path = std::path::Path::new(source);
            if path.starts_with(&self.place.root) && !path.exists() {
                std::fs::create_dir_all(path)
                    .map_err(|e| Error::io(format!("cannot make `{source}`"), e))?;
            }
        }
        Ok(())
    }

    /// Makes the new container before the old one ends: a fault in what is wanted leaves the old one running.
    pub(super) async fn recreate(
        &self,
        wanted: &Wanted,
        image: &Image,
        old: &str,
    ) -> Result<String> {
        let name = wanted.service.name.as_str();
        (self.report)(Progress::Doing(name, "recreating"));
        let mut body = wanted.body.clone();
        let inherited = self.anonymous(wanted, image, old).await?;
        if let Some(host) = &mut body.host_config {
            host.mounts.get_or_insert_default().extend(inherited);
        }
        let temporary = format!("{}_{}", &old[..old.len().min(12)], wanted.container);
        let id = self.create(wanted, &temporary, body).await?;
        Stopping::of(self.place).stop(self.engine, old).await?;
        container::remove(self.engine, old, Anonymous::Keep).await?;
        let options = RenameContainerOptionsBuilder::default()
            .name(&wanted.container)
            .build();
        let renamed = self.engine.client().rename_container(&id, options).await;
        renamed.map_err(|e| failed(format!("cannot name the container of service `{name}`"), e))?;
        Ok(id)
    }

    /// The volumes without a name that an image wants: the data in them goes from the old container to the new one.
    async fn anonymous(&self, wanted: &Wanted, image: &Image, old: &str) -> Result<Vec<Mount>> {
        let facts = container::inspect(self.engine, old).await?;
        let mounts = facts.mounts.unwrap_or_default().into_iter();
        let is_inherited = |target: &str| {
            let target = target.trim_end_matches('/');
            let is_declared = image
                .volumes
                .iter()
                .any(|path| path.trim_end_matches('/') == target);
            is_declared && !wanted.targets.iter().any(|path| path == target)
        };
        let inherited = mounts.filter_map(|mount| {
            let target = mount.destination.filter(|target| is_inherited(target))?;
            Some(Mount {
                target: Some(target),
                source: Some(mount.name?),
                typ: Some(MountType::VOLUME),
                ..Mount::default()
            })
        });
        Ok(inherited.collect())
    }
}
