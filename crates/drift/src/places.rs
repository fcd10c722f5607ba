//! Which place of the old release is which of the new one.
//!
//! A place is known by what it is (its literal and kind) and by where it stands in the program's structure: file, sub, call,
//! argument, variable. What agrees in most of that is paired first. Lines only help to tell places apart that agree in all of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use decide::Decided;
use scan::{Form, Kind};

use super::Aspect;
use super::lines::LineMap;

/// Places of the two releases, paired, and what is left on both sides.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    /// Old and new.
    pub(super) paired: Vec<(&'a Decided, &'a Decided)>,
    /// Of the old release only.
    pub(super) gone: Vec<&'a Decided>,
    /// Of the new release only.
    pub(super) come: Vec<&'a Decided>,
}

/// The contents of files whose places changed, by path: the old one and the new one.
pub(super) type Contents = HashMap<String, (Vec<u8>, Vec<u8>)>;

/// Pairs what agrees in everything but the line, where all that agrees can be paired: no file is read for it.
pub(super) fn exact<'a>(old: Vec<&'a Decided>, new: Vec<&'a Decided>) -> Pairs<'a> {
    let mut pairs = Pairs {
        paired: Vec::with_capacity(new.len()),
        gone: old,
        come: new,
    };
    pairs.pass(Amount::All, |one| {
        (
            one.path.as_str(),
            Shape::of(one),
            one.occurrence.site.sub.as_deref(),
        )
    });
    pairs
}

impl<'a> Pairs<'a> {
    /// Pairs what is left, from what agrees most to what agrees least. Of a path it is told whether the new release and whether
    /// the old one has it.
    pub(super) fn rest(
        &mut self,
        contents: &Contents,
        is_new: &dyn Fn(&str) -> bool,
        is_old: &dyn Fn(&str) -> bool,
    ) {
        self.by_line(contents);
        self.pass(Amount::Some, |one| {
            (one.path.as_str(), Shape::of(one), sub(one))
        });
        self.pass(Amount::Some, |one| (one.path.as_str(), Shape::of(one)));
        self.pass(Amount::Some, |one| {
            (one.path.as_str(), literal(one), sub(one))
        });
        self.renamed(is_new, is_old);
        self.across();
        self.literals();
    }

    /// Pairs across the files of a source what is the same and acts in the same context: first in files of one name, then in
    /// any. Of modules, which every file uses some of, only what stands in files of one name.
    fn across(&mut self) {
        self.pass(Amount::Some, |one| {
            (file_name(&one.path), Shape::of(one), sub(one), one.context)
        });
        let is_module = |one: &&Decided| one.occurrence.kind == Kind::Module;
        let (modules_gone, gone) = std::mem::take(&mut self.gone)
            .into_iter()
            .partition(is_module);
        let (modules_come, come) = std::mem::take(&mut self.come)
            .into_iter()
            .partition(is_module);
        (self.gone, self.come) = (gone, come);
        self.pass(Amount::Some, |one| (Shape::of(one), sub(one), one.context));
        self.pass(Amount::Some, |one| (Shape::of(one), one.context));
        self.pass(Amount::Some, |one| {
            (one.path.as_str(), literal(one), one.context)
        });
        self.pass(Amount::Some, |one| (literal(one), one.context));
        self.gone.extend::<Vec<_>>(modules_gone);
        self.come.extend::<Vec<_>>(modules_come);
        self.sort();
    }

    /// Pairs what stands in files that have another name in the new release: of the files that only one release has, those
    /// in which most places are the same.
    fn renamed(&mut self, is_new: &dyn Fn(&str) -> bool, is_old: &dyn Fn(&str) -> bool) {
        let gone = by_file(self.gone.iter().filter(|one| !is_new(&one.path)));
        let come = by_file(self.come.iter().filter(|one| !is_old(&one.path)));
        let mut ranked = Vec::new();
        for (old, before) in &gone {
            for (new, after) in &come {
                let common = in_common(before, after);
                if common > 0 && common * 3 >= before.len() + after.len() {
                    ranked.push((std::cmp::Reverse(common), *old, *new));
                }
            }
        }
        ranked.sort_unstable();
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut taken = HashSet::new();
        for (_, old, new) in ranked {
            if !names.contains_key(old) && taken.insert(new) {
                names.insert(old, new);
            }
        }
        if names.is_empty() {
            return;
        }
        let (gone, come) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.come),
        );
        let old =
            |one: &'a Decided| Some((*names.get(one.path.as_str())?, Shape::of(one), sub(one)));
        let new = |one: &'a Decided| Some((one.path.as_str(), Shape::of(one), sub(one)));
        self.pair(gone, come, Amount::Some, old, new);
    }

    /// Pairs places that agree in everything and stand on lines that a comparison of the two files takes for the same.
    fn by_line(&mut self, contents: &Contents) {
        let paths: HashSet<&str> = self.come.iter().map(|one| one.path.as_str()).collect();
        let gone: HashSet<&str> = self.gone.iter().map(|one| one.path.as_str()).collect();
        let maps: HashMap<&str, LineMap> = paths
            .into_iter()
            .filter(|path| gone.contains(path))
            .filter_map(|path| {
                let (old, new) = contents.get(path)?;
                Some((path, LineMap::of(old, new)))
            })
            .collect();
        let line = |one: &Decided, old: bool| {
            let at = one.occurrence.line;
            let map = maps.get(one.path.as_str())?;
            if old { map.new_line(at) } else { Some(at) }
        };
        let (gone, come) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.come),
        );
        let key = |one: &'a Decided, old: bool| {
            Some((one.path.as_str(), line(one, old)?, Shape::of(one), sub(one)))
        };
        self.pair(
            gone,
            come,
            Amount::Some,
            |one| key(one, true),
            |one| key(one, false),
        );
    }

    /// Pairs places whose literal is another, in the same place of the structure of one file.
    fn literals(&mut self) {
        let anchored = |one: &'a Decided| {
            let site = &one.occurrence.site;
            let code = !matches!(one.occurrence.form, Form::Comment | Form::Pod);
            let anchor = site.call.is_some() || site.target.is_some() || site.word.is_some();
            (one.occurrence.kind != Kind::Module && code && anchor).then(|| {
                (
                    one.path.as_str(),
                    sub(one),
                    one.occurrence.kind,
                    site.call.as_deref(),
                    site.argument,
                    site.word,
                    site.target.as_deref(),
                )
            })
        };
        let (gone, come) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.come),
        );
        let (old, left) = grouped(gone, anchored);
        let (new, come) = grouped(come, anchored);
        self.gone = left;
        self.come = come;
        let mut new: BTreeMap<_, Vec<&Decided>> = new.into_iter().collect();
        for (key, olds) in old {
            let news = new.remove(&key).unwrap_or_default();
            self.most_alike(olds, news);
        }
        self.come.extend(new.into_values().flatten());
        self.sort();
    }

    /// Pairs old with new places of one spot, the most alike first; in the order of the file among equals.
    fn most_alike(&mut self, old: Vec<&'a Decided>, new: Vec<&'a Decided>) {
        let mut ranked: Vec<(usize, usize, usize)> = Vec::new();
        // A spot with more places than that is a table, whose lines come and go.
        if old.len() * new.len() <= 4096 {
            for (i, a) in old.iter().enumerate() {
                for (j, b) in new.iter().enumerate() {
                    let unlike = strsim::levenshtein(&a.occurrence.text, &b.occurrence.text);
                    ranked.push((unlike, i, j));
                }
            }
        }
        ranked.sort_unstable();
        let (mut olds, mut news): (Vec<_>, Vec<_>) = (
            old.into_iter().map(Some).collect(),
            new.into_iter().map(Some).collect(),
        );
        for (_, i, j) in ranked {
            if let (Some(a), Some(b)) = (olds[i], news[j]) {
                self.paired.push((a, b));
                (olds[i], news[j]) = (None, None);
            }
        }
        self.gone.extend(olds.into_iter().flatten());
        self.come.extend(news.into_iter().flatten());
    }

    /// Pairs what is left by a key that both sides are asked for.
    fn pass<K: Hash + Eq + Ord>(&mut self, amount: Amount, key: impl Fn(&'a Decided) -> K + Copy) {
        if self.gone.is_empty() || self.come.is_empty() {
            return;
        }
        let (gone, come) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.come),
        );
        self.pair(
            gone,
            come,
            amount,
            |one| Some(key(one)),
            |one| Some(key(one)),
        );
    }

    fn pair<K: Hash + Eq + Ord>(
        &mut self,
        gone: Vec<&'a Decided>,
        come: Vec<&'a Decided>,
        amount: Amount,
        old_key: impl Fn(&'a Decided) -> Option<K>,
        new_key: impl Fn(&'a Decided) -> Option<K>,
    ) {
        let (old, left) = grouped(gone, old_key);
        let (mut new, come) = grouped(come, new_key);
        self.gone.extend(left);
        self.come.extend(come);
        for (key, olds) in old {
            let news = new.remove(&key).unwrap_or_default();
            if amount == Amount::All && olds.len() != news.len() {
                self.gone.extend(olds);
                self.come.extend(news);
                continue;
            }
            let both = olds.len().min(news.len());
            self.paired.extend(
                olds[..both]
                    .iter()
                    .copied()
                    .zip(news[..both].iter().copied()),
            );
            self.gone.extend(&olds[both..]);
            self.come.extend(&news[both..]);
        }
        self.come.extend(new.into_values().flatten());
        self.sort();
    }

    /// By file and offset, whatever the order in which they were left over.
    fn sort(&mut self) {
        for list in [&mut self.gone, &mut self.come] {
            list.sort_by(|a, b| position(a).cmp(&position(b)));
        }
    }
}

/// What has to agree for a group of places that one key has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// As many on either side: otherwise it is open which of them is the one that came or went.
    All,
    /// Any: the first ones are paired.
    Some,
}

type Groups<'a, K> = HashMap<K, Vec<&'a Decided>>;

/// The places by key, and those without one.
fn grouped<'a, K: Hash + Eq>(
    places: Vec<&'a Decided>,
    key: impl Fn(&'a Decided) -> Option<K>,
) -> (Groups<'a, K>, Vec<&'a Decided>) {
    let mut groups: Groups<K> = HashMap::new();
    let mut left = Vec::new();
    for one in places {
        match key(one) {
            Some(key) => groups.entry(key).or_default().push(one),
            None => left.push(one),
        }
    }
    (groups, left)
}

/// The places by file.
fn by_file<'a, 'b: 'a>(
    places: impl Iterator<Item = &'a &'b Decided>,
) -> BTreeMap<&'b str, Vec<&'b Decided>> {
    let mut files: BTreeMap<&str, Vec<&Decided>> = BTreeMap::new();
    for one in places {
        files.entry(&one.path).or_default().push(one);
    }
    files
}

/// How many places of two files are the same.
fn in_common(old: &[&Decided], new: &[&Decided]) -> usize {
    let mut left: HashMap<_, usize> = HashMap::new();
    for one in old {
        *left.entry((Shape::of(one), sub(one))).or_default() += 1;
    }
    let taken = new
        .iter()
        .filter(|one| match left.get_mut(&(Shape::of(one), sub(one))) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        });
    taken.count()
}

/// What a place is and what it stands in, without file, sub and line.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Shape<'a> {
    literal: (Kind, &'a str),
    form: u8,
    call: Option<&'a str>,
    argument: Option<u32>,
    word: Option<u32>,
    before: Option<&'a str>,
    target: Option<&'a str>,
    joined: bool,
    open: bool,
    cfg: Option<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(one: &'a Decided) -> Self {
        let site = &one.occurrence.site;
        Self {
            literal: literal(one),
            form: one.occurrence.form as u8,
            call: site.call.as_deref(),
            argument: site.argument,
            word: site.word,
            before: site.before.as_deref(),
            target: site.target.as_deref(),
            joined: site.joined,
            open: site.open,
            cfg: site.cfg.as_deref(),
        }
    }
}

fn literal(one: &Decided) -> (Kind, &str) {
    (one.occurrence.kind, one.occurrence.text.as_str())
}

fn sub(one: &Decided) -> Option<&str> {
    one.occurrence.site.sub.as_deref()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn position(one: &Decided) -> (&str, usize, Kind) {
    (
        one.path.as_str(),
        one.occurrence.offset,
        one.occurrence.kind,
    )
}

/// In what two paired places differ, the line aside.
pub(super) fn differences(old: &Decided, new: &Decided) -> Vec<Aspect> {
    let aspects = [
        (Aspect::File, old.path != new.path),
        (Aspect::Sub, sub(old) != sub(new)),
        (Aspect::Literal, literal(old) != literal(new)),
        (Aspect::Site, site(old) != site(new)),
        (Aspect::Context, old.context != new.context),
        (Aspect::Decision, old.decision != new.decision),
        (
            Aspect::Rule,
            old.rule != new.rule || old.context_rule != new.context_rule,
        ),
    ];
    aspects
        .into_iter()
        .filter_map(|(aspect, differs)| differs.then_some(aspect))
        .collect()
}

/// What a place stands in, whatever its literal.
fn site(one: &Decided) -> Shape<'_> {
    Shape {
        literal: (one.occurrence.kind, ""),
        ..Shape::of(one)
    }
}

/// A place and the source that it is in.
pub(super) type InSource<'a> = (&'a str, &'a Decided);

/// Pairs, over all sources, places that one source lost and another gained: a source was split, or a file went to another.
/// Only the same literal in a file of the same name and the same sub is one.
pub(super) fn between<'a>(
    gone: Vec<InSource<'a>>,
    come: &[InSource<'a>],
) -> Vec<(InSource<'a>, InSource<'a>)> {
    let key = |one: &'a Decided| (file_name(&one.path), Shape::of(one), sub(one));
    let mut left: HashMap<_, Vec<(&str, &Decided)>> = HashMap::new();
    for (source, one) in gone.into_iter().rev() {
        left.entry(key(one)).or_default().push((source, one));
    }
    let mut found = Vec::new();
    for (source, one) in come {
        let Some(olds) = left.get_mut(&key(one)) else {
            continue;
        };
        if let Some(at) = olds.iter().rposition(|(old, _)| old != source) {
            found.push((olds.remove(at), (*source, *one)));
        }
    }
    found
}
