//! The arguments of a generated function, collected while its body is built.

use std::collections::BTreeMap;

use super::{Expr, Formal, Name, WriteError};

/// The arguments of a `package.nix`.
#[derive(Debug, Default)]
pub struct Formals(BTreeMap<Name, Option<Expr>>);

impl Formals {
    /// Adds a variable that callers must pass.
    ///
    /// # Errors
    /// The name cannot name a variable.
    pub fn variable(&mut self, name: &str) -> Result<Expr, WriteError> {
        let name = Name::new(name)?;
        self.0.insert(name.clone(), None);
        Ok(Expr::Variable(name))
    }

    /// Adds the first part of a dotted attribute path as an argument, or selects the whole path
    /// from `pkgs` if that part cannot name a variable.
    ///
    /// # Errors
    /// A part is empty.
    pub fn dotted(&mut self, path: &str) -> Result<Expr, WriteError> {
        let first = path.split('.').next().unwrap_or_default();
        if Name::new(first).is_ok() {
            self.variable(first)?;
            return Expr::dotted(path);
        }
        self.variable("pkgs")?;
        Expr::dotted(&format!("pkgs.{path}"))
    }

    /// Adds a variable with a default.
    ///
    /// # Errors
    /// The name cannot name a variable.
    pub fn optional(&mut self, name: &str, default: Expr) -> Result<Expr, WriteError> {
        let name = Name::new(name)?;
        self.0.entry(name.clone()).or_insert(Some(default));
        Ok(Expr::Variable(name))
    }

    /// Calls a function, given as a dotted path, with arguments.
    ///
    /// # Errors
    /// As [`Formals::dotted`].
    pub fn call(
        &mut self,
        function: &str,
        arguments: impl IntoIterator<Item = Expr>,
    ) -> Result<Expr, WriteError> {
        Ok(self.dotted(function)?.apply(arguments))
    }

    /// Returns the whole function: `{ a, b ? null }: body`.
    pub fn function(self, body: Expr) -> Expr {
        let formals = self.0.into_iter();
        Expr::Lambda {
            formals: formals
                .map(|(name, default)| Formal { name, default })
                .collect(),
            ellipsis: false,
            body: Box::new(body),
        }
    }
}
