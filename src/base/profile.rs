//! The three profiles: complete choices of services and values.

use std::fmt;
use std::str::FromStr;

use super::text::did_you_mean;
use super::{Error, Result};

/// Which complete choice of services and values a command works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// A developer's machine.
    Dev,
    /// Production: guards are strict, nothing has a default password.
    Prod,
    /// Tests: own ports, nothing is kept.
    Test,
}

impl Profile {
    /// All profiles in the order they are listed.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Prod, Self::Test];

    /// The name as typed on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
            Self::Test => "test",
        }
    }

    /// Whether destructive work needs the strictest confirmation.
    pub const fn is_protected(self) -> bool {
        matches!(self, Self::Prod)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL
            .into_iter()
            .find(|profile| profile.as_str() == name);
        found.ok_or_else(|| {
            let near = did_you_mean(name, Self::ALL.iter().map(|profile| profile.as_str()));
            let hint = near.map_or_else(
                || "profiles are dev, prod and test".to_owned(),
                |near| format!("did you mean `{near}`? profiles are dev, prod and test"),
            );
            Error::usage(format!("unknown profile `{name}`")).hint(hint)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_profile_names_the_nearest() {
        let error = "prdo".parse::<Profile>().unwrap_err();

        assert_eq!(error.message(), "unknown profile `prdo`");
        assert!(
            error
                .hint_text()
                .unwrap()
                .starts_with("did you mean `prod`?")
        );
        assert_eq!(error.exit_code(), 2);
    }
}
