//! TLS of PostgreSQL in a container: a service says so with the secrets `server.crt` and `server.key`.
//!
//! PostgreSQL wants a key that nobody but itself can read, and which user it is differs by image: the key is mounted for
//! the owner alone, and the container's first program, which is root there, hands a copy in memory to the server's user.

use super::file::File;
use super::secrets::INSIDE;
use super::service::Service;

/// The certificate, with those between it and its authority.
pub const CERTIFICATE: &str = "server.crt";
/// Its private key.
pub const KEY: &str = "server.key";
/// Who may log in how.
const RULES: &str = "pg_hba.conf";

/// Where the copy of the key is, in memory.
const FOLDER: &str = "/run/tls";

/// Hands the key over and goes on as the image does.
const SCRIPT: &str = "set -e; umask 077; cp /run/secrets/server.key /run/tls/server.key; \
    if [ \"$(id -u)\" = 0 ]; then chown postgres /run/tls/server.key; fi; exec \"$@\"";

/// Whoever comes by network must speak TLS.
const RULES_TEXT: &str = "local all all scram-sha-256\nhostssl all all all scram-sha-256\n";

/// The first program of the image.
const ENTRYPOINT: &str = "docker-entrypoint.sh";

/// Makes the server of a service with a certificate use it, for every connection by network.
pub(super) fn serve(service: &mut Service, files: &mut super::file::Files) {
    let Some(key) = files.get_mut(KEY) else {
        return;
    };
    key.mode = Some(0o600);
    files.insert(RULES.to_owned(), File::new(RULES_TEXT));
    let mut first: Vec<String> = ["/bin/sh", "-c", SCRIPT, "tls"].map(str::to_owned).to_vec();
    if service.entrypoint.is_empty() {
        first.push(ENTRYPOINT.to_owned());
    }
    first.append(&mut service.entrypoint);
    service.entrypoint = first;
    if service.command.is_empty() {
        service.command.push("postgres".to_owned());
    }
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={INSIDE}/{CERTIFICATE}"),
        format!("ssl_key_file={FOLDER}/{KEY}"),
        format!("hba_file={INSIDE}/{RULES}"),
    ];
    for setting in settings {
        service.command.extend(["-c".to_owned(), setting]);
    }
    service.tmpfs.push(FOLDER.to_owned());
}
