//! The certificate that the project's own PostgreSQL shows: files that the settings name, or one that is made once and
//! signs itself.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::files;
use super::lock::{self, OnBusy};
use crate::base::{Error, Project, Result, Settings};

/// The setting with the server's certificate.
const CERTIFICATE: &str = "DB_SSL_SERVER_CERT_FILE";
/// The setting with its key.
const KEY: &str = "DB_SSL_SERVER_KEY_FILE";
/// The setting with the authorities whose certificates clients take.
const AUTHORITY: &str = "DB_SSL_CA";

/// How long a certificate holds that is made here.
const YEARS: i16 = 10;

/// How long another run that makes one is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// A certificate and the key to it, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, with those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Pair {
    /// Whether both files are there.
    pub fn exists(&self) -> bool {
        self.certificate.is_file() && self.key.is_file()
    }
}

/// The pair that the project makes for itself.
fn own(project: &Project) -> Pair {
    let folder = project.state().join("tls");
    Pair {
        certificate: folder.join("server.crt"),
        key: folder.join("server.key"),
    }
}

fn named(project: &Project, settings: &Settings, name: &str) -> Option<PathBuf> {
    let value = settings.get(name).filter(|value| !value.is_empty())?;
    Some(project.path(value))
}

/// The pair that the settings name, or else the project's own.
pub fn pair(project: &Project, settings: &Settings) -> Result<Pair> {
    let missing = |set: &str, unset: &str| {
        let message = format!("`{set}` is set and `{unset}` is not");
        Err(Error::usage(message).hint("a certificate needs its key: set both or none"))
    };
    match (
        named(project, settings, CERTIFICATE),
        named(project, settings, KEY),
    ) {
        (Some(certificate), Some(key)) => Ok(Pair { certificate, key }),
        (Some(_), None) => missing(CERTIFICATE, KEY),
        (None, Some(_)) => missing(KEY, CERTIFICATE),
        (None, None) => Ok(own(project)),
    }
}

/// The file with the authorities that clients trust: the one that is named, or the project's own certificate.
pub fn authority(project: &Project, settings: &Settings) -> Result<Option<PathBuf>> {
    if let Some(file) = named(project, settings, AUTHORITY) {
        if file.is_file() {
            return Ok(Some(file));
        }
        let (shown, place) = (project.display(&file), settings.place(AUTHORITY));
        let message = format!("there is no file `{shown}`, which `{AUTHORITY}` names ({place})");
        return Err(Error::usage(message)
            .hint("name the PEM file with the certificate that signs the server's"));
    }
    let certificate = own(project).certificate;
    let is_own = named(project, settings, CERTIFICATE).is_none();
    Ok(Some(certificate).filter(|file| is_own && file.is_file()))
}

/// Makes the project's own pair, for these names and addresses, unless it is there or the settings name another; says
/// whether it did.
pub async fn make(project: &Project, settings: &Settings, names: &[String]) -> Result<bool> {
    let pair = pair(project, settings)?;
    if pair != own(project) {
        return check(project, &pair).map(|()| false);
    }
    let _lock = lock::acquire(
        &project.state(),
        "tls",
        "making a certificate",
        OnBusy::Wait(LOCK_LIMIT),
    )
    .await?;
    if pair.exists() {
        return Ok(false);
    }
    let (certificate, key) = signed(names).map_err(|e| {
        Error::invalid(format!(
            "cannot make a certificate for {}",
            names.join(", ")
        ))
        .because(e)
    })?;
    files::make_dir(pair.key.parent().unwrap_or_else(|| Path::new(".")))?;
    // The certificate says that the pair is whole, so it comes last.
    files::write(&pair.key, key.as_bytes(), Some(0o600))?;
    files::write(&pair.certificate, certificate.as_bytes(), Some(0o644))?;
    Ok(true)
}

fn check(project: &Project, pair: &Pair) -> Result<()> {
    let files = [(CERTIFICATE, &pair.certificate), (KEY, &pair.key)];
    match files.into_iter().find(|(_, file)| !file.is_file()) {
        None => Ok(()),
        Some((name, file)) => {
            let shown = project.display(file);
            Err(Error::not_found(format!("there is no file `{shown}`, which `{name}` names"))
                .hint("correct the setting, or unset it and its partner: then `lexi run setup` makes a certificate"))
        }
    }
}

/// A certificate that signs itself, and its key, as PEM.
fn signed(names: &[String]) -> Result<(String, String), rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "lexi PostgreSQL");
    parameters.distinguished_name = subject;
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A day back: the clocks of two machines differ.
    let start = jiff::Zoned::now().date().yesterday().unwrap_or_default();
    let day = |date: jiff::civil::Date, year| {
        // The 29th of February is not in every year.
        let day = date.day().min(28).unsigned_abs();
        rcgen::date_time_ymd(i32::from(year), date.month().unsigned_abs(), day)
    };
    parameters.not_before = day(start, start.year());
    parameters.not_after = day(start, start.year() + YEARS);
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// The names by which the project's own server is reached: by programs of this machine, and by containers beside it.
pub fn names(settings: &Settings) -> Vec<String> {
    let mut names = ["localhost", "127.0.0.1", "::1", "postgres"]
        .map(str::to_owned)
        .to_vec();
    let host = settings.get("DB_HOST").unwrap_or_default();
    let is_name = host.parse::<IpAddr>().is_ok() || !host.starts_with('/');
    if !host.is_empty() && is_name && !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    names
}
