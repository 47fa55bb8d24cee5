//! Logins for registries, as `docker login` leaves them: in `config.json`, or with a helper program that it names.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use serde_json::Value;

use super::connect::{config_folder, read_json};
use crate::base::settings::Environment;
use crate::base::{Error, Result};
use crate::ops::process::{Program, Registry, Stdin};

/// The name that Docker Hub has in the configuration.
pub(super) const HUB: &str = "https://index.docker.io/v1/";

/// What a helper may answer.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Where logins are looked up.
#[derive(Debug, Clone)]
pub struct Logins {
    config: Option<PathBuf>,
    programs: Arc<Registry>,
}

impl Logins {
    /// The logins of this user; helpers are started as programs of the run.
    pub fn new(environment: &Environment, programs: &Arc<Registry>) -> Self {
        Self {
            config: config_folder(environment).map(|folder| folder.join("config.json")),
            programs: Arc::clone(programs),
        }
    }

    /// The login for the registry of an image, if there is one.
    pub(super) async fn for_image(&self, image: &str) -> Result<Option<DockerCredentials>> {
        let Some(config) = self.config.as_deref().and_then(read_json) else {
            return Ok(None);
        };
        self.find(&config, registry_of(image)).await
    }

    /// Every login that the file itself holds, for the base images of a build.
    pub(super) fn all(&self) -> HashMap<String, DockerCredentials> {
        let config = self.config.as_deref().and_then(read_json);
        let auths = config
            .as_ref()
            .and_then(|config| config.get("auths")?.as_object());
        auths
            .into_iter()
            .flatten()
            .filter_map(|(server, entry)| Some((server.clone(), decode(server, entry)?)))
            .collect()
    }

    async fn find(&self, config: &Value, server: &str) -> Result<Option<DockerCredentials>> {
        let own = config
            .pointer("/credHelpers")
            .and_then(|all| all.get(server)?.as_str());
        let helper = own.or_else(|| config.get("credsStore")?.as_str());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
            return self.ask_helper(helper, server).await;
        }
        let entry = config.get("auths").and_then(|auths| {
            let with_scheme = format!("https://{server}");
            auths.get(server).or_else(|| auths.get(&with_scheme))
        });
        Ok(entry.and_then(|entry| decode(server, entry)))
    }

    async fn ask_helper(&self, helper: &str, server: &str) -> Result<Option<DockerCredentials>> {
        let program = format!("docker-credential-{helper}");
        let asked = Program::new(&program)
            .arg("get")
            .stdin(Stdin::Bytes(server.as_bytes().to_vec()))
            .capture(&self.programs, ANSWER_LIMIT)
            .await
            .map_err(|e| e.hint("correct `credsStore` in docker's config.json"))?;
        // A helper that has no login for a server says so with a failure.
        let Ok(answer) = serde_json::from_slice::<Value>(&asked.stdout) else {
            return Ok(None);
        };
        let text = |key: &str| Some(answer.get(key)?.as_str()?.to_owned());
        let (Some(user), Some(secret)) = (text("Username"), text("Secret")) else {
            return Err(Error::invalid(format!(
                "`{program}` gave no login for `{server}`"
            )));
        };
        let is_token = user == "<token>";
        Ok(Some(DockerCredentials {
            identitytoken: is_token.then(|| secret.clone()),
            username: (!is_token).then_some(user),
            password: (!is_token).then_some(secret),
            serveraddress: Some(server.to_owned()),
            ..DockerCredentials::default()
        }))
    }
}

/// `auth` is the user and the password in base64; a token stands by itself.
fn decode(server: &str, entry: &Value) -> Option<DockerCredentials> {
    let text = |key: &str| entry.get(key)?.as_str().filter(|text| !text.is_empty());
    let pair = text("auth").and_then(|auth| STANDARD.decode(auth).ok());
    let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.as_deref().and_then(|pair| pair.split_once(':'));
    let token = text("identitytoken").map(str::to_owned);
    if pair.is_none() && token.is_none() {
        return None;
    }
    Some(DockerCredentials {
        username: pair.map(|(user, _)| user.to_owned()),
        password: pair.map(|(_, password)| password.trim_end_matches('\0').to_owned()),
        identitytoken: token,
        serveraddress: Some(server.to_owned()),
        ..DockerCredentials::default()
    })
}

/// The registry in an image's name: its first part when that looks like a host.
pub(super) fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => HUB,
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]
mod tests {
    use super::*;

    fn logins(config: &str) -> (tempfile::TempDir, Logins) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let path = std::env::join_paths([folder.path(), "/usr/bin".as_ref(), "/bin".as_ref()]);
        let environment = Environment::of(&[
            ("DOCKER_CONFIG", folder.path().to_str().unwrap()),
            ("PATH", path.unwrap().to_str().unwrap()),
        ]);
        let logins = Logins::new(&environment, &Arc::new(Registry::new(&environment)));
        (folder, logins)
    }

    #[test]
    fn the_registry_is_the_first_part_when_it_is_a_host() {
        assert_eq!(registry_of("postgres:15"), HUB);
        assert_eq!(registry_of("dpage/pgadmin4"), HUB);
        assert_eq!(registry_of("ghcr.io/a/b:1"), "ghcr.io");
        assert_eq!(registry_of("localhost:5000/a"), "localhost:5000");
    }

    #[tokio::test]
    async fn a_login_is_read_from_the_file() {
        // `me:secret`
        let (_folder, logins) = logins(r#"{"auths":{"ghcr.io":{"auth":"bWU6c2VjcmV0"}}}"#);

        let login = logins.for_image("ghcr.io/a/b").await.unwrap().unwrap();

        assert_eq!(login.username.as_deref(), Some("me"));
        assert_eq!(login.password.as_deref(), Some("secret"));
        assert!(logins.for_image("postgres").await.unwrap().is_none());
        assert_eq!(logins.all().len(), 1);
    }

    #[tokio::test]
    async fn a_helper_program_is_asked() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, logins) = logins(r#"{"credHelpers":{"ghcr.io":"here"},"auths":{}}"#);
        let helper = folder.path().join("docker-credential-here");
        let script =
            "#!/bin/sh\nread server\nprintf '{\"Username\":\"u\",\"Secret\":\"for %s\"}' $server\n";
        std::fs::write(&helper, script).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();

        let login = logins.for_image("ghcr.io/a/b").await.unwrap().unwrap();

        assert_eq!(login.password.as_deref(), Some("for ghcr.io"));
    }
}
