//! The names that a script binds, while a walk goes through it: which are visible, which of them something reads.

use rhai::Position;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A `let`, or what `catch` and a counter bind.
    Variable,
    /// A `const`.
    Constant,
    /// What a loop binds for each item: rhai has no loop without one, so it may go unread.
    Item,
    /// A parameter of a function.
    Parameter,
    /// A parameter of a task.
    TaskParameter,
    /// A parameter of a closure: who calls it decides how many there are, so it may go unread.
    ClosureParameter,
    /// An `import .. as`.
    Import,
}

impl Kind {
    /// What people call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Variable | Self::Item => "variable",
            Self::Constant => "constant",
            Self::Parameter | Self::TaskParameter | Self::ClosureParameter => "parameter",
            Self::Import => "import",
        }
    }

    /// Whether it is a mistake that nothing reads it.
    pub(super) const fn must_be_read(self) -> bool {
        !matches!(self, Self::Item | Self::ClosureParameter)
    }
}

/// One name that was bound.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) at: Position,
    pub(super) is_read: bool,
    pub(super) is_written: bool,
}

/// All names of a script, and those that are visible where the walk is.
#[derive(Debug, Default)]
pub(super) struct Scope {
    all: Vec<Binding>,
    visible: Vec<usize>,
}

impl Scope {
    /// Binds a name, and gives the one that it hides.
    pub(super) fn bind(&mut self, name: &str, kind: Kind, at: Position) -> Option<Binding> {
        let hidden = self.find(name, kind == Kind::Import);
        let hidden = hidden.map(|index| {
            // Of an import that another hides, one finding is enough.
            self.all[index].is_read |= kind == Kind::Import;
            self.all[index].clone()
        });
        self.visible.push(self.all.len());
        self.all.push(Binding {
            name: name.to_owned(),
            kind,
            at,
            is_read: false,
            is_written: false,
        });
        hidden
    }

    /// Variables and imports have the same names without getting in each other's way.
    fn find(&self, name: &str, is_import: bool) -> Option<usize> {
        let mut visible = self.visible.iter().rev().copied();
        visible.find(|index| {
            let binding = &self.all[*index];
            binding.name == name && (binding.kind == Kind::Import) == is_import
        })
    }

    /// Notes that a variable is read, and says whether there is one.
    pub(super) fn read(&mut self, name: &str) -> bool {
        let found = self.find(name, false);
        if let Some(index) = found {
            self.all[index].is_read = true;
        }
        found.is_some()
    }

    /// Notes that a variable is assigned to, and says whether there is one.
    pub(super) fn write(&mut self, name: &str) -> bool {
        let found = self.find(name, false);
        if let Some(index) = found {
            self.all[index].is_written = true;
        }
        found.is_some()
    }

    /// Notes that an import is used.
    pub(super) fn use_import(&mut self, name: &str) {
        if let Some(index) = self.find(name, true) {
            self.all[index].is_read = true;
        }
    }

    /// Notes that a constant is read wherever it is visible, as `global::NAME` is.
    pub(super) fn read_global(&mut self, name: &str) {
        let constants = self.all.iter_mut().filter(|one| one.kind == Kind::Constant);
        for binding in constants.filter(|one| one.name == name) {
            binding.is_read = true;
        }
    }

    /// The place to come back to with [`Self::leave`].
    pub(super) fn enter(&self) -> usize {
        self.visible.len()
    }

    /// Forgets what was bound since.
    pub(super) fn leave(&mut self, mark: usize) {
        self.visible.truncate(mark);
    }

    /// Hides everything but imports, as the start of a function does, and gives what was visible.
    pub(super) fn only_imports(&mut self) -> Vec<usize> {
        let all = std::mem::take(&mut self.visible);
        let imports = all.iter().copied();
        self.visible = imports
            .filter(|index| self.all[*index].kind == Kind::Import)
            .collect();
        all
    }

    /// Makes visible again what [`Self::only_imports`] hid.
    pub(super) fn show(&mut self, visible: Vec<usize>) {
        self.visible = visible;
    }

    /// The names of the visible variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let visible = self.visible.iter().map(|index| &self.all[*index]);
        visible
            .filter(|binding| binding.kind != Kind::Import)
            .map(|binding| binding.name.as_str())
    }

    /// Every name that nothing reads and something should; those that start with `_` are meant to be like that.
    pub(super) fn unread(&self) -> impl Iterator<Item = &Binding> {
        let unread = self.all.iter().filter(|binding| !binding.is_read);
        unread.filter(|binding| binding.kind.must_be_read() && !binding.name.starts_with('_'))
    }
}
