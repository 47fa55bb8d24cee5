//! The `fs` namespace: files and folders. Paths are relative to the project's folder.

pub mod content;
pub mod facts;
pub mod names;
pub mod tree;

use rhai::{Dynamic, Module};
use serde::Deserialize;

use super::Host;
use crate::base::{Error, Result};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(content::api);
    rhai::combine_with_exported_module!(&mut module, "tree", tree::api);
    rhai::combine_with_exported_module!(&mut module, "facts", facts::api);
    rhai::combine_with_exported_module!(&mut module, "names", names::api);
    module
}

/// The options of what writes a file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WriteOptions {
    mode: Option<Mode>,
}

impl WriteOptions {
    /// The permissions that the file gets.
    pub(super) fn bits(&self) -> Option<u32> {
        self.mode.map(|Mode(bits)| bits)
    }
}

/// Permissions as a script writes them: octal digits such as `"0600"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Mode(pub(super) u32);

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match u32::from_str_radix(&text, 8) {
            Ok(bits) if bits <= 0o7777 && text.len() >= 3 => Ok(Self(bits)),
            _ => Err(format!(
                "`{text}` is no mode; write octal digits such as \"0600\""
            )),
        }
    }
}

/// What is to be written: text or bytes.
fn bytes_of(content: Dynamic) -> Result<Vec<u8>> {
    if content.is_string() {
        return Ok(content.to_string().into_bytes());
    }
    let kind = content.type_name().to_owned();
    content.try_cast::<rhai::Blob>().ok_or_else(|| {
        Error::invalid(format!("content is {kind}, neither a string nor a blob"))
            .hint("make it text first: `value.to_string()` or `value.to_json()`")
    })
}

/// Paths as a script knows them: relative to the project where they are below it.
fn shown(host: &Host, paths: Vec<std::path::PathBuf>) -> rhai::Array {
    paths
        .into_iter()
        .map(|path| host.project().display(&path).into())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_octal_digits() {
        assert_eq!(Mode::try_from("0600".to_owned()), Ok(Mode(0o600)));
        for text in ["", "9", "rw", "77777", "0x1ff", "-600"] {
            assert!(Mode::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
