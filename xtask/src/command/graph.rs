//! `graph` draws sources, objects and links.

use analyse::Knowledge;
use clap::{Args, ValueEnum};
use graph::draw::Drawing;
use graph::{Role, draw};
use problem::{Problem, USAGE, meant};
use release::Manifest;

use crate::arguments::{SourceArgs, release_name};
use crate::outcome::Outcome;
use crate::project::{analyse, root, tell_missing};
use crate::terminal;

/// The arguments of `graph`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask graph demo --format mermaid
  cargo xtask graph demo --link hive-cluster --format svg > hive-cluster.svg
  cargo xtask graph pve-9.1.4 --sources ~/upstream --format svg > pve.svg
  cargo xtask graph pve-9.1.4 --source pve-storage --format svg > pve-storage.svg
A picture has a band for each role, and shows the arrows of the name under the pointer.")]
pub struct GraphArgs {
    /// The release to show
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,

    /// Draw the contents of this link, named after its object [default: pve, everything]
    #[arg(long, value_name = "NAME")]
    pub link: Option<String>,

    /// Draw only the dependencies and dependents of this source (repeatable, also with commas)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub source: Vec<String>,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: GraphFormat,
}

/// The format of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz.
    #[default]
    Dot,
    /// For Markdown on code hosts.
    Mermaid,
    /// A picture.
    Svg,
}

/// Runs `cargo xtask graph`.
pub fn run(args: &GraphArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let manifest = Manifest::named(&root, &args.release).map_err(|problem| vec![problem])?;
    let analysis = analyse(&root, manifest, &args.from, &knowledge)?;
    tell_missing(&analysis);
    let link = args.link.as_deref().unwrap_or(draw::EVERYTHING);
    let Some(drawing) = Drawing::of(&analysis.graph, link) else {
        let cause = format!("{} has no link `{link}`", args.release);
        let objects = analysis
            .graph
            .nodes
            .iter()
            .filter(|(_, node)| node.role == Some(Role::Object));
        let names: Vec<&str> = objects.map(|(name, _)| name.as_str()).collect();
        let known = format!(
            "Its links are {} and {}.",
            draw::EVERYTHING,
            names.join(", ")
        );
        return Err(vec![Problem::new(&USAGE, cause).mend(known)]);
    };
    let drawn: Vec<&str> = drawing.sources().collect();
    for name in &args.source {
        if !drawn.contains(&name.as_str()) {
            let cause = format!("--source {name}: the link {link} contains no such source");
            let remedy = meant::remedy(name, drawn);
            return Err(vec![Problem::new(&USAGE, cause).mend(remedy)]);
        }
    }
    let drawing = drawing.only(&args.source);
    let text = match args.format {
        GraphFormat::Dot => drawing.dot(&args.release),
        GraphFormat::Mermaid => drawing.mermaid(),
        GraphFormat::Svg => drawing.svg(&args.release),
    };
    terminal::print_plain(|out| out.write_all(text.as_bytes()))?;
    Ok(Outcome::Clean)
}
