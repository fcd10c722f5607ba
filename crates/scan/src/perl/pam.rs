//! Finds the PAM services that Perl code uses: the first argument of `Authen::PAM->new`.

use std::ops::Range;

use tree_sitter::{Node, Tree};

/// The class that uses PAM.
const CLASS: &[u8] = b"Authen::PAM";

/// Returns the places of the services in file order. A service whose name is not a literal is left
/// out, because it is known only at run time.
pub fn find(tree: &Tree, bytes: &[u8]) -> Vec<Range<usize>> {
    if memchr::memmem::find(bytes, CLASS).is_none() {
        return Vec::new();
    }
    let calls = calls(tree, bytes).into_iter();
    calls.filter_map(|call| service(call, bytes)).collect()
}

/// Returns the calls `Authen::PAM->new(…)` in file order.
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

/// Returns the first argument if it is a string without interpolation.
fn service(call: Node, bytes: &[u8]) -> Option<Range<usize>> {
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
    let range = first.start_byte() + 1..first.end_byte().checked_sub(1)?;
    let name = bytes.get(range.clone())?;
    let plain = !name.is_empty() && !name.iter().any(|byte| b"$@\\/".contains(byte));
    plain.then_some(range)
}

#[cfg(test)]
mod tests {
    use super::super::tree::parsed;
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
        let services = |code: &[u8]| -> Vec<String> {
            let tree = parsed(code, None).expect("it parses");
            let found = find(&tree, code).into_iter();
            found
                .map(|range| String::from_utf8_lossy(&code[range]).into_owned())
                .collect()
        };
        assert_eq!(services(code), ["node-auth", "other"]);
        assert!(services(b"my $x = PAM->new('y');").is_empty());
    }
}
