//! The `tls` namespace: the certificate of the project's own PostgreSQL.

use rhai::{Module, NativeCallContext};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// The certificate that the project's own PostgreSQL shows when `DB_SSL` is true.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Map};

    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::ops::certificate;

    /// The PEM files of the server's certificate: `#{ certificate, key, exists }`. They are those that `DB_SSL_SERVER_CERT_FILE`
    /// and `DB_SSL_SERVER_KEY_FILE` name, or else `.lexi/tls/server.crt` and `.lexi/tls/server.key`, which `tls::make` writes.
    ///
    /// # Errors
    /// - `usage`: one of the two settings is set and the other is not
    ///
    /// # Example
    /// ```
    /// ensure(!tls::files().exists, "none was made yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn files(ctx: NativeCallContext) -> RhaiResultOf<Map> {
        bridge::call(&ctx, "tls::files", |host| {
            let pair = certificate::pair(host.project(), host.settings())?;
            let shown = |path| host.project().display(path);
            Ok(Map::from([
                ("certificate".into(), shown(&pair.certificate).into()),
                ("key".into(), shown(&pair.key).into()),
                ("exists".into(), pair.exists().into()),
            ]))
        })
    }

    /// Makes a certificate that signs itself, for ten years, and its key, which only this user can read, unless they are
    /// there or the settings name others; says whether it did. It is for `localhost`, `127.0.0.1`, `::1`, `postgres` (the service's name among
    /// containers), `DB_HOST` and the names given. Clients of this project trust it by itself.
    ///
    /// # Parameters
    /// - `names`: further host names and addresses by which the server is reached
    ///
    /// # Errors
    /// - `io`: the files cannot be written
    /// - `not_found`: a setting names a file that is not there
    /// - `locked`: another run has been at it for too long
    ///
    /// # Example
    /// ```
    /// ensure(tls::make([]), "it is made once");
    /// ensure(!tls::make([]), "and then kept");
    /// ensure(fs::stat(tls::files().key).mode == "0600", "its key is this user's");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn make(ctx: NativeCallContext, names: Array) -> RhaiResultOf<bool> {
        let host = Host::of(&ctx);
        let mut all = certificate::names(host.settings());
        all.extend(names.iter().map(ToString::to_string));
        bridge::wait(&ctx, "tls::make", async {
            certificate::make(host.project(), host.settings(), &all).await
        })
    }
}
