//! The arguments of a generated function, gathered while its body is made.

use std::collections::BTreeMap;

use super::{Expr, Formal, Name, WriteError};

/// What a `package.nix` takes.
#[derive(Debug, Default)]
pub struct Formals(BTreeMap<Name, Option<Expr>>);

impl Formals {
    /// A variable, which must be given.
    ///
    /// # Errors
    /// A name that no variable can have.
    pub fn variable(&mut self, name: &str) -> Result<Expr, WriteError> {
        let name = Name::new(name)?;
        self.0.insert(name.clone(), None);
        Ok(Expr::Variable(name))
    }

    /// A dotted attribute path. Where its first part is no name of a variable, it is selected from `pkgs`.
    ///
    /// # Errors
    /// An empty part.
    pub fn dotted(&mut self, path: &str) -> Result<Expr, WriteError> {
        let first = path.split('.').next().unwrap_or_default();
        if Name::new(first).is_ok() {
            self.variable(first)?;
            return Expr::dotted(path);
        }
        self.variable("pkgs")?;
        Expr::dotted(&format!("pkgs.{path}"))
    }

    /// A variable that is `default` when not given.
    ///
    /// # Errors
    /// A name that no variable can have.
    pub fn optional(&mut self, name: &str, default: Expr) -> Result<Expr, WriteError> {
        let name = Name::new(name)?;
        self.0.entry(name.clone()).or_insert(Some(default));
        Ok(Expr::Variable(name))
    }

    /// `function argument…` where the function is a dotted path.
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

    /// `{ a, b ? null }: body`.
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
