//! Every function a script can call, read from the one place where it is declared: the engine's own metadata.

use std::collections::BTreeMap;

use rhai::{Engine, FnAccess};

use super::withheld;

/// One form of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Parameter names with their script types.
    pub params: Vec<(String, String)>,
    /// The script type of the result; empty for nothing.
    pub returns: String,
    /// The documentation as written, without the comment marks.
    pub docs: String,
}

impl Signature {
    /// `(path: string, options: map)`.
    pub fn shown(&self) -> String {
        let param = |(name, ty): &(String, String)| {
            let ty = if ty.is_empty() { "nothing" } else { ty };
            format!("{}: {ty}", name.trim_start_matches("mut "))
        };
        let params: Vec<String> = self.params.iter().map(param).collect();
        format!("({})", params.join(", "))
    }

    /// Whether scripts have values of all its types; the language also has forms for Rust's other numbers.
    pub fn is_for_scripts(&self) -> bool {
        let rust_only = [
            "i8", "i16", "i32", "i128", "u8", "u16", "u32", "u64", "u128", "f32",
        ];
        self.params
            .iter()
            .all(|(_, ty)| !rust_only.contains(&ty.as_str()))
    }

    /// The names listed under `# Options`.
    pub fn options(&self) -> Vec<&str> {
        section(&self.docs, "Options")
            .filter_map(item_name)
            .collect()
    }
}

/// The lines of one `# Section` of a documentation text.
pub fn section<'a>(docs: &'a str, title: &str) -> impl Iterator<Item = &'a str> {
    let heading = format!("# {title}");
    docs.lines()
        .skip_while(move |line| line.trim() != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("# "))
}

/// The name of a line such as ``- `name`: meaning``.
fn item_name(line: &str) -> Option<&str> {
    line.trim().strip_prefix("- `")?.split('`').next()
}

/// All functions by full name (`fs::read`, or `len` for those without a namespace) and number of arguments.
#[derive(Debug, Default)]
pub struct Api {
    functions: BTreeMap<String, Vec<Signature>>,
}

impl Api {
    /// Reads the metadata of an engine.
    pub fn of(engine: &Engine) -> Self {
        let mut api = Self::default();
        let found = engine.collect_fn_metadata(
            None,
            |info| {
                let namespace = info.namespace.to_string();
                let name = info.metadata.name.to_string();
                let full = if namespace.is_empty() {
                    name
                } else {
                    format!("{namespace}::{name}")
                };
                let public = info.metadata.access == FnAccess::Public;
                public.then(|| (full, signature(engine, info.metadata)))
            },
            true,
        );
        let given = |(name, _): &(String, _)| withheld::hint(name).is_none();
        for (name, signature) in found.into_iter().filter(given) {
            api.functions.entry(name).or_default().push(signature);
        }
        for forms in api.functions.values_mut() {
            forms.sort_by_key(|form| (form.params.len(), form.shown()));
        }
        api
    }

    /// The forms of a function.
    pub fn get(&self, name: &str) -> Option<&[Signature]> {
        self.functions.get(name).map(Vec::as_slice)
    }

    /// All full names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// All functions with their forms, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Signature])> {
        self.functions
            .iter()
            .map(|(name, forms)| (name.as_str(), forms.as_slice()))
    }

    /// Whether there is a namespace of this name.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces().any(|known| known == namespace)
    }

    /// All namespaces, sorted, each once.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        let mut last = "";
        self.names()
            .filter_map(|name| Some(name.split_once("::")?.0))
            .filter(move |namespace| {
                let new = *namespace != last;
                last = namespace;
                new
            })
    }
}

fn signature(engine: &Engine, metadata: &rhai::FuncMetadata) -> Signature {
    let known = metadata.params_info.iter().map(|info| param(engine, info));
    let mut params: Vec<(String, String)> = known.collect();
    params.truncate(metadata.num_params);
    while params.len() < metadata.num_params {
        params.push((format!("_{}", params.len()), "any".to_owned()));
    }
    let lines = metadata.comments.iter().flat_map(|comment| comment.lines());
    let docs: Vec<&str> = lines
        .map(|line| line.trim_start().trim_start_matches("///"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let returns = type_name(engine, &metadata.return_type);
    Signature {
        params,
        returns,
        docs: docs.join("\n").trim().to_owned(),
    }
}

fn param(engine: &Engine, info: &str) -> (String, String) {
    let (name, ty) = info.split_once(':').unwrap_or((info, "any"));
    (name.trim().to_owned(), type_name(engine, ty.trim()))
}

/// The name a script's author knows a Rust type by.
pub fn type_name(engine: &Engine, rust: &str) -> String {
    let bare = rust
        .trim()
        .trim_start_matches('&')
        .trim_start_matches("mut ")
        .trim();
    let inner = ["RhaiResultOf<", "RhaiResult<", "Result<"]
        .iter()
        .find_map(|wrapper| bare.strip_prefix(wrapper)?.strip_suffix('>'))
        .map_or(bare, |inner| inner.split(", Box<").next().unwrap_or(inner));
    match inner.rsplit("::").next().unwrap_or(inner).trim() {
        "str" | "ImmutableString" | "String" => "string".to_owned(),
        "INT" | "i64" => "int".to_owned(),
        "FLOAT" | "f64" => "float".to_owned(),
        "Dynamic" | "RhaiResult" | "?" | "_" => "any".to_owned(),
        "Map" => "map".to_owned(),
        "Array" => "array".to_owned(),
        "Blob" => "blob".to_owned(),
        "FnPtr" | "Fn" => "closure".to_owned(),
        "Bar" => "progress".to_owned(),
        "Pipe" => "pipeline".to_owned(),
        "Stopwatch" => "stopwatch".to_owned(),
        "Secret" => "secret".to_owned(),
        "()" | "" => String::new(),
        other => engine.map_type_name(other).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_with_their_documentation() {
        let api = Api::of(&crate::script::engine::bare());

        let [info] = api.get("log::info").unwrap() else {
            panic!("one form")
        };
        assert_eq!(info.shown(), "(message: string)");
        assert!(
            info.docs.starts_with("Says what is going on"),
            "{}",
            info.docs
        );
        assert!(api.has_namespace("log") && !api.has_namespace("lgo"));
    }

    #[test]
    fn options_are_read_from_the_documentation() {
        let docs = "Walks.\n\n# Options\n- `depth`: how deep\n- `hidden`: also hidden\n\n# Errors\n- `io`: no";
        let signature = Signature {
            params: vec![],
            returns: String::new(),
            docs: docs.into(),
        };

        assert_eq!(signature.options(), ["depth", "hidden"]);
    }
}
