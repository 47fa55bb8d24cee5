//! The `env` namespace: settings, their origins, and values that never print.
//!
//! Over 300 lines because the documentation of its functions is the manual.

use rhai::{Dynamic, Map, Module};

use super::{Host, permit};
use crate::base::{Error, Result, Secret, Settings};

/// The name of the type of secrets in scripts.
const TYPE_NAME: &str = "secret";

/// The functions of this namespace, and the methods of secrets.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(api);
    rhai::combine_with_exported_module!(&mut module, "secret", secret);
    module.set_custom_type::<Secret>(TYPE_NAME);
    module
}

/// A value as scripts get it: a secret one never prints.
fn shown(host: &Host, name: &str, value: &str) -> Dynamic {
    if host.settings().is_secret(name) {
        host.output().redactor().add(value);
        Dynamic::from(Secret::new(value))
    } else {
        value.into()
    }
}

/// The settings, for one that the running script may see.
fn see<'a>(host: &'a Host, name: &str) -> Result<&'a Settings> {
    permit::setting(name, host.settings().is_secret(name))?;
    Ok(host.settings())
}

/// A setting that has a value; an empty one counts as none.
fn find(host: &Host, name: &str) -> Result<Option<Dynamic>> {
    if name.is_empty() {
        return Err(Error::invalid("a setting's name is empty"));
    }
    let value = see(host, name)?.get(name).filter(|value| !value.is_empty());
    Ok(value.map(|value| shown(host, name, value)))
}

/// Every setting with its value as people may see it, and where it came from.
fn all(host: &Host) -> Map {
    let settings = host.settings().iter();
    settings
        .map(|(name, setting)| {
            let facts = Map::from([
                ("value".into(), setting.shown().into()),
                ("origin".into(), setting.origin.to_string().into()),
                ("is_secret".into(), setting.is_secret.into()),
            ]);
            (name.into(), facts.into())
        })
        .collect()
}

/// Settings of the profile: flag, environment, `.env.<profile>`, `.env`, `lexi.toml`, default. Values whose names say that
/// they are secret (`DB_PASSWORD`, `API_TOKEN`), URLs with a password, and what `[secrets]` and `[[tell]]` of lexi.toml name
/// come as a type that never prints.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, Map, NativeCallContext};

    use crate::base::Error;
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};

    /// The value of a setting or variable, or `()` when it has none or an empty one.
    ///
    /// # Parameters
    /// - `name`: the setting's name, such as `DB_PORT`
    ///
    /// # Errors
    /// - `invalid`: the name is empty
    ///
    /// # Example
    /// ```
    /// ensure(env::get("DB_PORT") == "5432", "the default");
    /// ensure(env::get("NO_SUCH_SETTING") == (), "it has no value");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn get(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Dynamic> {
        bridge::call(&ctx, "env::get", |host| {
            Ok(super::find(host, name)?.unwrap_or(Dynamic::UNIT))
        })
    }

    /// The value of a setting or variable, or another value when it has none or an empty one.
    ///
    /// # Parameters
    /// - `name`: the setting's name, such as `BACKUP_DIR`
    /// - `fallback`: what to give when it has no value
    ///
    /// # Errors
    /// - `invalid`: the name is empty
    ///
    /// # Example
    /// ```
    /// ensure(env::get("NO_SUCH_SETTING", "none") == "none", "the fallback");
    /// ```
    #[rhai_fn(name = "get", return_raw)]
    pub fn get_or(ctx: NativeCallContext, name: &str, fallback: Dynamic) -> RhaiResultOf<Dynamic> {
        bridge::call(&ctx, "env::get", |host| {
            Ok(super::find(host, name)?.unwrap_or(fallback))
        })
    }

    /// The value of a setting that must have one.
    ///
    /// # Parameters
    /// - `name`: the setting's name, such as `DB_DATABASE`
    ///
    /// # Errors
    /// - `usage`: it has no value; the hint says where to set it
    ///
    /// # Example
    /// ```
    /// ensure(env::require("DB_HOST") == "127.0.0.1", "the default");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn require(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Dynamic> {
        bridge::call(&ctx, "env::require", |host| {
            let value = super::see(host, name)?.require(name)?;
            Ok(super::shown(host, name, value))
        })
    }

    /// The value of a setting that is a whole number.
    ///
    /// # Parameters
    /// - `name`: the setting's name, such as `DB_PORT`
    ///
    /// # Errors
    /// - `usage`: it has no value, or one that is no whole number
    ///
    /// # Example
    /// ```
    /// ensure(env::int("BACKUP_RETENTION_DAYS") == 30, "the default");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn int(ctx: NativeCallContext, name: &str) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "env::int", |host| super::see(host, name)?.int(name))
    }

    /// The value of a setting that is a whole number, or another number when it has no value.
    ///
    /// # Parameters
    /// - `name`: the setting's name
    /// - `fallback`: what to give when it has no value
    ///
    /// # Errors
    /// - `usage`: its value is no whole number
    ///
    /// # Example
    /// ```
    /// ensure(env::int("NO_SUCH_SETTING", 3) == 3, "the fallback");
    /// ```
    #[rhai_fn(name = "int", return_raw)]
    pub fn int_or(ctx: NativeCallContext, name: &str, fallback: i64) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "env::int", |host| {
            let settings = super::see(host, name)?;
            match settings.get(name) {
                None | Some("") => Ok(fallback),
                Some(_) => settings.int(name),
            }
        })
    }

    /// The value of a setting that is `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`; without one it is false.
    ///
    /// # Parameters
    /// - `name`: the setting's name, such as `DB_SSL`
    ///
    /// # Errors
    /// - `usage`: its value is neither
    ///
    /// # Example
    /// ```
    /// ensure(!env::bool("NO_SUCH_SETTING"), "without a value it is false");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn bool(ctx: NativeCallContext, name: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "env::bool", |host| super::see(host, name)?.bool(name))
    }

    /// Whether a setting or variable has a value that is not empty.
    ///
    /// # Parameters
    /// - `name`: the setting's name
    ///
    /// # Example
    /// ```
    /// ensure(env::has("DB_PORT") && !env::has("NO_SUCH_SETTING"), "one of them");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn has(ctx: NativeCallContext, name: &str) -> RhaiResultOf<bool> {
        bridge::call(&ctx, "env::has", |host| {
            let value = super::see(host, name)?.get(name);
            Ok(value.is_some_and(|value| !value.is_empty()))
        })
    }

    /// Where a setting's value came from, such as `.env:3`, `environment` or `default`; `()` when it has none.
    ///
    /// # Parameters
    /// - `name`: the setting's name
    ///
    /// # Example
    /// ```
    /// ensure(env::origin("DB_PORT") == "default", "nobody has set it");
    /// ensure(env::origin("NO_SUCH_SETTING") == (), "it has no value");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn origin(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Dynamic> {
        bridge::call(&ctx, "env::origin", |host| {
            let settings = super::see(host, name)?;
            let place = settings.get(name).map(|_| settings.place(name));
            Ok(place.map_or(Dynamic::UNIT, Into::into))
        })
    }

    /// Every setting by name: `#{ value, origin, is_secret }`; the values of secrets are not shown.
    ///
    /// # Example
    /// ```
    /// let setting = env::all()["REDIS_PORT"];
    /// ensure(setting.value == "6379" && setting.origin == "default", "as everybody may see it");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn all(ctx: NativeCallContext) -> RhaiResultOf<Map> {
        bridge::call(&ctx, "env::all", |host| Ok(super::all(host)))
    }

    /// The profile of this run: `"dev"`, `"prod"` or `"test"`.
    ///
    /// # Example
    /// ```
    /// ensure(["dev", "prod", "test"].contains(env::profile()), "one of the three");
    /// ```
    pub fn profile(ctx: NativeCallContext) -> String {
        Host::of(&ctx).profile().to_string()
    }

    /// The application's folder: `dir` of `[app]` in lexi.toml, or `"."`.
    ///
    /// # Example
    /// ```
    /// ensure(env::app_dir() == ".", "lexi.toml of this example does not name one");
    /// ```
    pub fn app_dir(ctx: NativeCallContext) -> String {
        let host = Host::of(&ctx);
        let dir = host.project().config().app.dir.as_deref();
        dir.unwrap_or(".").to_owned()
    }

    /// A value that never prints, for one that came from elsewhere than the settings.
    ///
    /// # Parameters
    /// - `value`: the text
    ///
    /// # Errors
    /// - `invalid`: the value is empty
    ///
    /// # Example
    /// ```
    /// let token = env::secret("abc123");
    /// ensure(`${token}` == "[secret]" && token.reveal() == "abc123", "it never prints");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn secret(ctx: NativeCallContext, value: &str) -> RhaiResultOf<crate::base::Secret> {
        bridge::call(&ctx, "env::secret", |host| {
            if value.is_empty() {
                return Err(Error::invalid("a secret is empty"));
            }
            host.output().redactor().add(value);
            Ok(crate::base::Secret::new(value))
        })
    }
}

/// What can be done with a secret.
#[rhai::export_module]
pub mod secret {
    use rhai::{ImmutableString, NativeCallContext};

    use crate::base::Secret;
    use crate::host::Host;

    /// The text of a secret, for where only text will do. Output masks it still, and it is no argument of a program.
    ///
    /// # Parameters
    /// - `secret`: a value of `env::get`, `env::require` or `env::secret`
    ///
    /// # Example
    /// ```
    /// ensure(env::secret("abc123").reveal() == "abc123", "its text");
    /// ```
    #[rhai_fn(global)]
    pub fn reveal(ctx: NativeCallContext, secret: Secret) -> String {
        Host::of(&ctx).output().redactor().reveal(secret.reveal());
        secret.reveal().to_owned()
    }

    /// Whether a secret has no text.
    ///
    /// # Parameters
    /// - `secret`: a value of `env::get`, `env::require` or `env::secret`
    ///
    /// # Example
    /// ```
    /// ensure(!env::secret("abc123").is_empty(), "it has some");
    /// ```
    #[rhai_fn(global)]
    pub fn is_empty(secret: Secret) -> bool {
        secret.is_empty()
    }

    /// What stands for a secret in text: `[secret]`.
    ///
    /// # Parameters
    /// - `secret`: a value of `env::get`, `env::require` or `env::secret`
    ///
    /// # Example
    /// ```
    /// ensure(env::secret("abc123").to_string() == "[secret]", "not its text");
    /// ```
    #[rhai_fn(
        global,
        name = "to_string",
        name = "to_debug",
        name = "print",
        name = "debug"
    )]
    pub fn to_string(secret: Secret) -> String {
        secret.to_string()
    }

    /// Whether two secrets have the same text.
    ///
    /// # Parameters
    /// - `one`: a secret
    /// - `other`: another secret
    ///
    /// # Example
    /// ```
    /// ensure(env::secret("abc123") == env::secret("abc123"), "the same text");
    /// ```
    #[rhai_fn(global, name = "==")]
    pub fn equals(one: Secret, other: Secret) -> bool {
        one == other
    }

    /// Whether two secrets have different texts.
    ///
    /// # Parameters
    /// - `one`: a secret
    /// - `other`: another secret
    ///
    /// # Example
    /// ```
    /// ensure(env::secret("abc123") != env::secret("abc124"), "different texts");
    /// ```
    #[rhai_fn(global, name = "!=")]
    pub fn differs(one: Secret, other: Secret) -> bool {
        one != other
    }

    /// Text followed by what stands for a secret.
    ///
    /// # Parameters
    /// - `text`: the text
    /// - `secret`: a secret
    ///
    /// # Example
    /// ```
    /// ensure("token " + env::secret("abc123") == "token [secret]", "not its text");
    /// ```
    #[rhai_fn(global, name = "+")]
    pub fn after_text(text: ImmutableString, secret: Secret) -> String {
        format!("{text}{secret}")
    }

    /// What stands for a secret followed by text.
    ///
    /// # Parameters
    /// - `secret`: a secret
    /// - `text`: the text
    ///
    /// # Example
    /// ```
    /// ensure(env::secret("abc123") + "!" == "[secret]!", "not its text");
    /// ```
    #[rhai_fn(global, name = "+")]
    pub fn before_text(secret: Secret, text: ImmutableString) -> String {
        format!("{secret}{text}")
    }
}
