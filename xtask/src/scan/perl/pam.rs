//! The PAM services that Perl code asks: the first argument of `Authen::PAM->new`.

use tree_sitter::{Node, Tree};

use super::tree::parsed;
use crate::scan::ParseError;

/// The class that speaks PAM.
const CLASS: &[u8] = b"Authen::PAM";

/// A service's name and the 1-based line it stands on.
pub type Service = (String, usize);

/// The services of a file, in its order. One whose name is no literal is left out: it is not known before it runs.
///
/// # Errors
/// A file that does not parse.
pub fn services(bytes: &[u8]) -> Result<Vec<Service>, ParseError> {
    if memchr::memmem::find(bytes, CLASS).is_none() {
        return Ok(Vec::new());
    }
    let tree = parsed(bytes, None)?;
    Ok(calls(&tree, bytes)
        .into_iter()
        .filter_map(|call| service(call, bytes))
        .collect())
}

/// `Authen::PAM->new(…)`, in the file's order.
fn calls<'a>(tree: &'a Tree, bytes: &[u8]) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        let text = |field: &str| {
            let child = node.child_by_field_name(field);
            child.and_then(|child| bytes.get(child.byte_range()))
        };
        if node.kind() == "method_call_expression"
            && text("invocant") == Some(CLASS)
            && text("method") == Some(b"new")
        {
            found.push(node);
        }
        let mut cursor = node.walk();
        let children: Vec<Node> = node.children(&mut cursor).collect();
        open.extend(children.into_iter().rev());
    }
    found
}

/// The first argument, where it is a string without interpolation.
fn service(call: Node, bytes: &[u8]) -> Option<Service> {
    let mut first = call.child_by_field_name("arguments")?;
    while matches!(
        first.kind(),
        "list_expression" | "parenthesized_expression" | "parenthesized_argument"
    ) {
        first = first.named_child(0)?;
    }
    if !matches!(
        first.kind(),
        "string_literal" | "interpolated_string_literal"
    ) {
        return None;
    }
    let text = std::str::from_utf8(bytes.get(first.byte_range())?).ok()?;
    let name = text.trim_matches(['\'', '"']);
    let plain = !name.is_empty() && !name.contains(['$', '@', '\\', '/']);
    plain.then(|| (name.to_owned(), first.start_position().row + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_services_and_nothing_else_is() {
        let code = b"use Authen::PAM;\n\
            my $a = Authen::PAM->new('node-auth', $user, sub { 1 });\n\
            my $b = Authen::PAM->new(\n    \"other\",\n    $user,\n);\n\
            my $c = Authen::PAM->new($service, $user);\n\
            my $d = Authen::PAM->new(\"x-$y\", $user);\n\
            my $e = Authen::PAM->pam_strerror('no');\n\
            # Authen::PAM->new('comment')\n\
            my $f = Other::PAM->new('not this');\n";
        assert_eq!(
            services(code).unwrap(),
            [("node-auth".to_owned(), 2), ("other".to_owned(), 4)]
        );
        assert_eq!(services(b"my $x = PAM->new('y');").unwrap(), []);
    }
}
