//! temporary
pub mod control;
pub mod changelog;
use crate::problem::Problem;
use crate::release::Tree;
/// t
pub struct Packaging { /// c
 pub control: control::Control }
/// t
pub fn read_all(_name: &str, tree: &dyn Tree) -> Result<Vec<Packaging>, Vec<Problem>> {
    let wanted: Vec<_> = tree.entries().iter().filter(|e| e.path == "debian/control" || e.path.ends_with("/debian/control")).collect();
    let got = tree.read(&wanted).map_err(|p| vec![p])?;
    let mut v = Vec::new();
    for (e, b) in wanted.iter().zip(got) { v.push(Packaging { control: control::parse(&e.path, &String::from_utf8_lossy(&b))? }); }
    Ok(v)
}
