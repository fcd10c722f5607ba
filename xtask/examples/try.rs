//! scratch
use std::path::Path;
use xtask::analyse::*;
use xtask::release::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let root = Path::new(".");
    let t = std::time::Instant::now();
    let k = match Knowledge::read(root) {
        Ok(k) => k,
        Err(e) => {
            for p in e {
                eprintln!("{p}");
            }
            std::process::exit(2)
        }
    };
    eprintln!("rules {:?}", t.elapsed());
    let mut uses = xtask::decide::engine::Uses::default();
    for rel in &args[2..] {
        let t = std::time::Instant::now();
        let m = Manifest::named(root, rel).unwrap();
        let o = open(
            &m,
            &OpenOptions {
                root: root.into(),
                sources: Some(args[1].clone().into()),
                allow_missing: false,
                ..Default::default()
            },
        )
        .unwrap_or_else(|e| {
            for p in e {
                eprintln!("{p}");
            }
            std::process::exit(2)
        });
        eprintln!("{rel} open {:?}", t.elapsed());
        let a = match Analysis::new(m, o.sources, o.missing, &k, None) {
            Ok(a) => a,
            Err(e) => {
                for p in e {
                    eprintln!("{p}");
                }
                std::process::exit(2)
            }
        };
        eprintln!("{rel} analysed {:?}", t.elapsed());
        for p in &a.findings {
            println!("{rel}\t{}", p.to_string().replace('\n', " "));
        }
        for s in &a.sources {
            for d in &s.decided {
                println!(
                    "D\t{rel}\t{}\t{}:{}\t{:?}\t{:?}\t{}\t{}\t{}\t{}\tctx={}\t{:?}",
                    s.source.name,
                    d.path,
                    d.occurrence.line,
                    d.language,
                    d.occurrence.kind,
                    d.occurrence.text.replace('\n', "\\n"),
                    d.context.name(),
                    serde_json::to_string(&d.decision).unwrap(),
                    d.rule.clone().unwrap_or_default(),
                    d.context_rule.clone().unwrap_or_default(),
                    d.occurrence.site
                );
            }
        }
        for kn in &a.graph.knots {
            println!("KNOT {} {:?}", kn.len(), kn);
        }
        for (n, node) in &a.graph.nodes {
            println!("NODE {n} {:?}", node);
        }
        for (r, c) in &a.uses.0 {
            *uses.0.entry(r.clone()).or_default() += c;
        }
    }
    for p in stale(&uses, &k) {
        println!("STALE {}", p.cause);
    }
}
