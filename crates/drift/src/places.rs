//! Matches the places of the old release with those of the new one.
//!
//! A place is identified by its literal and kind and by its position in the program's structure:
//! file, sub, call, argument, variable. Places that agree in most of these are paired first. Lines
//! only distinguish places that agree in everything else.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use decide::Decided;
use scan::{Form, Kind};

use super::Aspect;
use super::lines::LineMap;

/// The paired places of the two releases, and the unpaired ones on both sides.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    /// Old and new.
    pub(super) paired: Vec<(&'a Decided, &'a Decided)>,
    /// Only in the old release.
    pub(super) gone: Vec<&'a Decided>,
    /// Only in the new release.
    pub(super) come: Vec<&'a Decided>,
}

/// The old and new contents of files whose places changed, by path.
pub(super) type Contents = HashMap<String, (Vec<u8>, Vec<u8>)>;

/// Pairs places that agree in everything but the line, if all such places can be paired. Reads no
/// file.
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
    /// Pairs the remaining places, in decreasing order of agreement. The functions say whether the
    /// new release and whether the old one has a path.
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

    /// Pairs places of equal text and context across the files of a source: first in files of the
    /// same name, then in any. Modules are paired only in files of the same name, because every
    /// file uses some.
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

    /// Pairs places in renamed files. Among files that only one release has, it matches those with
    /// the most places in common.
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

    /// Pairs places that agree in everything and whose lines correspond in a diff of the two files.
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

    /// Pairs places whose literal differs, at the same position in the structure of one file.
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

    /// Pairs old and new places at one position, most similar first; equally similar ones in file
    /// order.
    fn most_alike(&mut self, old: Vec<&'a Decided>, new: Vec<&'a Decided>) {
        let mut ranked: Vec<(usize, usize, usize)> = Vec::new();
        // A position with more places is a table, whose lines come and go.
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

    /// Pairs the remaining places by a key.
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

    /// Sorts by file and offset, whatever the order of pairing.
    fn sort(&mut self) {
        for list in [&mut self.gone, &mut self.come] {
            list.sort_by(|a, b| position(a).cmp(&position(b)));
        }
    }
}

/// The condition for pairing the places with equal keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// Both sides must have the same number of them; otherwise it is unknown which one was added or
    /// removed.
    All,
    /// No condition: pairs as many as possible, in order.
    Some,
}

type Groups<'a, K> = HashMap<K, Vec<&'a Decided>>;

/// Groups the places by key, and returns those without one.
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

/// Groups the places by file.
fn by_file<'a, 'b: 'a>(
    places: impl Iterator<Item = &'a &'b Decided>,
) -> BTreeMap<&'b str, Vec<&'b Decided>> {
    let mut files: BTreeMap<&str, Vec<&Decided>> = BTreeMap::new();
    for one in places {
        files.entry(&one.path).or_default().push(one);
    }
    files
}

/// Counts the places that two files have in common.
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

/// The identity of a place and its surroundings, without file, sub and line.
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

/// Returns the properties in which two paired places differ, apart from the line.
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

/// Returns the surroundings of a place, without its literal.
fn site(one: &Decided) -> Shape<'_> {
    Shape {
        literal: (one.occurrence.kind, ""),
        ..Shape::of(one)
    }
}

/// A place and its source.
pub(super) type InSource<'a> = (&'a str, &'a Decided);

/// Pairs places that one source lost and another gained: a source was split, or a file moved to
/// another. They must have the same literal, file name and sub.
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
