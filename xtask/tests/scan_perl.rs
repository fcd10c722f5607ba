//! The Perl scanner: every lexical form, commands through variables and, if `PVE_SOURCES` names a
//! directory of repositories, the real sources.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use scan::calls::Calls;
use scan::perl::scan;
use scan::{FileScan, Form, Kind, Occurrence, Site};

fn calls() -> Calls {
    Calls::parse(
        include_str!("../../rules/general/calls.toml"),
        "rules/general/calls.toml",
    )
    .expect("the shipped rules are good")
}

fn scanned(text: &str) -> FileScan {
    let found = scan(text.as_bytes(), &calls()).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    check(text.as_bytes(), &found);
    found
}

fn of(text: &str, kind: Kind) -> Vec<Occurrence> {
    scanned(text)
        .occurrences
        .into_iter()
        .filter(|found| found.kind == kind)
        .collect()
}

fn texts(text: &str, kind: Kind) -> Vec<String> {
    of(text, kind).into_iter().map(|found| found.text).collect()
}

fn paths(text: &str) -> Vec<(String, Form)> {
    of(text, Kind::AbsolutePath)
        .into_iter()
        .map(|found| (found.text, found.form))
        .collect()
}

fn commands(text: &str) -> Vec<String> {
    texts(text, Kind::BareCommand)
}

fn only(text: &str, kind: Kind) -> Occurrence {
    let mut found = of(text, kind);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found.remove(0)
}

/// Checks that spans are in the file and contain the text, and that there is order without
/// overlaps.
fn check(bytes: &[u8], found: &FileScan) {
    let mut ends: Vec<(Kind, usize)> = Vec::new();
    let mut order = (0, Kind::AbsolutePath);
    for occurrence in &found.occurrences {
        let end = occurrence.offset + occurrence.length;
        let text = bytes.get(occurrence.offset..end).expect("within the file");
        assert_eq!(String::from_utf8_lossy(text), occurrence.text);
        assert!(order <= (occurrence.offset, occurrence.kind), "sorted");
        order = (occurrence.offset, occurrence.kind);
        assert!(
            !ends
                .iter()
                .any(|(kind, end)| *kind == occurrence.kind && *end > occurrence.offset),
            "overlap: {occurrence:?}"
        );
        ends.retain(|(kind, _)| *kind != occurrence.kind);
        ends.push((occurrence.kind, end));
    }
    if let Some(last) = found.occurrences.last() {
        let line = bytes
            .iter()
            .take(last.offset)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        assert_eq!(last.line as usize, line);
    }
}

#[test]
fn paths_in_every_kind_of_literal() {
    let cases = [
        ("my $x = '/usr/bin/abc';", "/usr/bin/abc", Form::Literal),
        ("my $x = q{/usr/bin/abc};", "/usr/bin/abc", Form::Literal),
        (
            "my $x = \"/usr/bin/abc\";",
            "/usr/bin/abc",
            Form::Interpolated,
        ),
        (
            "my $x = qq(see /usr/bin/abc.);",
            "/usr/bin/abc",
            Form::Interpolated,
        ),
        (
            "my @x = qw(one /usr/bin/abc two);",
            "/usr/bin/abc",
            Form::Word,
        ),
        ("my $x = `/usr/bin/abc -l`;", "/usr/bin/abc", Form::Command),
        (
            "my $x = qx(/usr/bin/abc -l);",
            "/usr/bin/abc",
            Form::Command,
        ),
        (
            "print <<EOT;\nsay /usr/bin/abc\nEOT\n",
            "/usr/bin/abc",
            Form::Heredoc,
        ),
        (
            "print <<'EOT';\nsay /usr/bin/abc\nEOT\n",
            "/usr/bin/abc",
            Form::Heredoc,
        ),
        (
            "print <<~EOT;\n    say /usr/bin/abc\n    EOT\n",
            "/usr/bin/abc",
            Form::Heredoc,
        ),
        ("$x =~ m!^/usr/bin/abc$!;", "/usr/bin/abc", Form::Regex),
        (
            "$x =~ /^\\/usr\\/bin\\/abc$/;",
            "\\/usr\\/bin\\/abc",
            Form::Regex,
        ),
        ("my $r = qr{/usr/bin/abc};", "/usr/bin/abc", Form::Regex),
        ("$x =~ s|/usr/bin/abc|x|;", "/usr/bin/abc", Form::Regex),
        (
            "$x =~ s|x|/usr/bin/abc|;",
            "/usr/bin/abc",
            Form::Interpolated,
        ),
        (
            "my %h = ('/usr/bin/abc' => 1);",
            "/usr/bin/abc",
            Form::Literal,
        ),
        ("# runs /usr/bin/abc\n", "/usr/bin/abc", Form::Comment),
        (
            "=pod\n\nruns /usr/bin/abc\n\n=cut\n",
            "/usr/bin/abc",
            Form::Pod,
        ),
        ("1;\n__END__\n/usr/bin/abc\n", "/usr/bin/abc", Form::Heredoc),
        (
            "1;\n__DATA__\n/usr/bin/abc\n",
            "/usr/bin/abc",
            Form::Heredoc,
        ),
    ];
    for (text, path, form) in cases {
        assert_eq!(paths(text), [(path.to_owned(), form)], "{text}");
    }
}

#[test]
fn interpolations_join_and_open_paths() {
    let flags = |text: &str| -> Vec<(String, bool, bool)> {
        of(text, Kind::AbsolutePath)
            .into_iter()
            .map(|path| (path.text, path.site.joined, path.site.open))
            .collect()
    };
    assert_eq!(
        flags("my $x = \"$root/usr/bin/abc /usr/share/$name/x\";"),
        [
            ("/usr/bin/abc".into(), true, false),
            ("/usr/share/".into(), false, true)
        ]
    );
    assert_eq!(
        flags("print <<EOT;\n$dir/etc/abc\n/run/@{[ f('/etc/def') ]}\nEOT\n"),
        [
            ("/etc/abc".into(), true, false),
            ("/run/".into(), false, true),
            ("/etc/def".into(), false, false)
        ]
    );
}

#[test]
fn two_heredocs_on_a_line_keep_their_sites() {
    let found = of(
        "f(<<A, <<'B');\n/usr/bin/a\nA\n/usr/bin/b\nB\n",
        Kind::AbsolutePath,
    );
    let sites: Vec<_> = found
        .iter()
        .map(|path| {
            (
                path.text.as_str(),
                path.site.call.as_deref(),
                path.site.argument,
            )
        })
        .collect();
    assert_eq!(
        sites,
        [
            ("/usr/bin/a", Some("f"), Some(0)),
            ("/usr/bin/b", Some("f"), Some(1))
        ]
    );
}

#[test]
fn sites_name_sub_call_and_argument() {
    let site = only(
        "sub abc { my ($self) = @_; $self->ct_symlink($y, '/usr/share/zone'); }",
        Kind::AbsolutePath,
    )
    .site;
    assert_eq!(
        (site.sub.as_deref(), site.call.as_deref(), site.argument),
        (Some("abc"), Some("ct_symlink"), Some(1))
    );
    let site = only(
        "my $abc = sub { die \"no /usr/bin/x\\n\" if !$y; };",
        Kind::AbsolutePath,
    )
    .site;
    assert_eq!(
        (site.sub.as_deref(), site.call.as_deref()),
        (Some("abc"), Some("die"))
    );
    let method = "__PACKAGE__->register_method({ name => 'abc', description => \"d\", code => sub { f('/usr/bin/x') } });";
    assert_eq!(
        only(method, Kind::AbsolutePath).site.sub.as_deref(),
        Some("abc")
    );
    assert_eq!(
        only("if (-x '/usr/bin/x') { }", Kind::AbsolutePath)
            .site
            .call
            .as_deref(),
        Some("-x")
    );
    assert_eq!(
        only("$x =~ m!^/etc/x!;", Kind::AbsolutePath)
            .site
            .call
            .as_deref(),
        Some("m")
    );
    assert_eq!(
        only("A::B::run('/etc/x');", Kind::AbsolutePath)
            .site
            .call
            .as_deref(),
        Some("A::B::run")
    );
    assert_eq!(
        only("f('a', sub { my $y = '/etc/x'; });", Kind::AbsolutePath)
            .site
            .call,
        None
    );
    assert_eq!(
        only("use lib '/usr/share/abc';", Kind::AbsolutePath)
            .site
            .call
            .as_deref(),
        Some("use lib")
    );
}

#[test]
fn sites_name_what_the_value_goes_to() {
    let cases = [
        (
            "__PACKAGE__->register_method({ name => 'abc', description => \"in /etc/x\" });",
            Some("description"),
        ),
        ("use constant ABC => '/etc/x';", Some("ABC")),
        ("use constant { ABC => '/etc/x' };", Some("ABC")),
        ("$self->{abc} = '/etc/x';", Some("abc")),
        ("my $abc = $y // '/etc/x';", Some("abc")),
        ("my $abc = join(':', '/etc/x', $y);", Some("abc")),
        ("push @$abc, '/etc/x';", Some("abc")),
        ("my $abc = read_file('/etc/x');", None),
        ("my $abc = sub { '/etc/x' };", None),
    ];
    for (text, target) in cases {
        assert_eq!(
            only(text, Kind::AbsolutePath).site.target.as_deref(),
            target,
            "{text}"
        );
    }
}

#[test]
fn shebangs_keep_their_switches_apart() {
    assert_eq!(
        scanned("#!/usr/bin/perl -T -w\nuse strict;\n").switches,
        "-T -w"
    );
    let shebang = only("#! /usr/bin/perl -T\n", Kind::Shebang);
    assert_eq!(
        (shebang.text.as_str(), shebang.offset, shebang.form),
        ("/usr/bin/perl", 3, Form::Shebang)
    );
    let env = only("#!/usr/bin/env perl\n", Kind::Shebang);
    assert_eq!(
        (env.text.as_str(), env.site.target.as_deref()),
        ("/usr/bin/env", Some("perl"))
    );
    assert_eq!(paths("#!/usr/bin/perl\n"), []);
}

#[test]
fn modules_by_use_require_and_parent() {
    let text = "use Abc;\nuse parent qw(Def::One Def::Two);\nuse base 'Ghi';\nuse parent -norequire, 'Local';\nrequire Jkl::M;\n\
        require \"old.pl\";\neval { require Mno };\neval \"require Pqr; 1\";\neval \"use Stu::V;\";\nWx->import('f');\n\
        use if $y, 'Yza' => 1;\n";
    let found: Vec<_> = of(text, Kind::Module)
        .into_iter()
        .map(|module| (module.text, module.site.call.unwrap_or_default()))
        .collect();
    let expected = [
        ("Abc", "use"),
        ("parent", "use"),
        ("Def::One", "parent"),
        ("Def::Two", "parent"),
        ("base", "use"),
        ("Ghi", "parent"),
        ("parent", "use"),
        ("Jkl::M", "require"),
        ("old.pl", "require"),
        ("Mno", "require"),
        ("Pqr", "require"),
        ("Stu::V", "use"),
        ("Wx", "use"),
        ("if", "use"),
        ("Yza", "use"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, call)| (name.to_owned(), call.to_owned()))
    );
    assert_eq!(
        scanned("package Abc; package Def::G { sub x { } }").declares,
        ["Abc", "Def::G"]
    );
    assert_eq!(texts("eval \"require $class\";", Kind::Module), [""; 0]);
}

#[test]
fn assignments_to_path_are_one_occurrence() {
    let cases = [
        ("$ENV{PATH} = '/sbin:/bin';", "/sbin:/bin"),
        ("$ENV{'PATH'} = \"/sbin:/bin\";", "/sbin:/bin"),
        ("local $ENV{\"PATH\"} = '/sbin:/bin';", "/sbin:/bin"),
        ("$ENV{PATH} .= ':/sbin';", ":/sbin"),
        ("$ENV{PATH} = \"/sbin:$ENV{PATH}\";", "/sbin:$ENV{PATH}"),
        ("%ENV = (PATH => '/sbin:/bin', X => 1);", "/sbin:/bin"),
        ("f(env => { PATH => '/sbin:/bin' });", "/sbin:/bin"),
        ("print <<EOT;\nPATH=\"/sbin:/bin\"\nEOT\n", "/sbin:/bin"),
        ("$out .= \"PATH=\\\"/sbin:/bin\\\"\\n\";", "/sbin:/bin"),
        ("$out .= 'PATH=/sbin:/bin; x';", "/sbin:/bin"),
    ];
    for (text, value) in cases {
        assert_eq!(texts(text, Kind::PathAssignment), [value], "{text}");
        assert_eq!(paths(text), [], "{text}");
    }
    assert_eq!(
        texts(
            "next if $x =~ m/^PATH\\s*=/; $MY{PATH} = '/x';",
            Kind::PathAssignment
        ),
        [""; 0]
    );
}

/// Checks the commands that each snippet runs, in file order.
fn expect_commands(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(commands(text), *expected, "{text}");
    }
}

#[test]
fn commands_by_the_calls_that_run_them() {
    expect_commands(&[
        ("run_command(['abc', '-x']);", &["abc"]),
        (
            "PVE::Tools::run_command([qw(abc -x)], errmsg => 'def');",
            &["abc"],
        ),
        ("run_command ['abc'];", &["abc"]),
        (
            "run_command([['abc', 'x'], ['def', '-']]);",
            &["abc", "def"],
        ),
        ("run_command(undef, \"abc -p $$\");", &["abc"]),
        ("$self->cmd(\"abc $x\");", &["abc"]),
        ("cmd(\"abc $x\");", &[]),
        ("system('abc', 'x');", &["abc"]),
        ("system {'abc'} 'abc', '-x';", &["abc", "abc"]),
        ("exec('abc');", &["abc"]),
        ("open(my $fh, '-|', 'abc', 'x');", &["abc"]),
        ("open(my $fh, '-|', \"abc x\");", &["abc"]),
        ("open(my $fh, \"abc x |\");", &["abc"]),
        ("open(F, \"| abc\");", &["abc"]),
        ("open(my $fh, '<', 'abc');", &[]),
        ("my $pid = open3($in, $out, $err, 'abc', 'x');", &["abc"]),
        ("IPC::Open2::open2($out, $in, 'abc');", &["abc"]),
        (
            "run_command(['abc'], outfunc => sub { run_command(['def']) });",
            &["abc", "def"],
        ),
        ("print STDERR 'abc -x'; f(['abc', 'x']); die;", &[]),
    ]);
}

#[test]
fn commands_of_shell_lines() {
    expect_commands(&[
        (
            "run_command(\"abc x | def && ghi; LANG=C jkl\");",
            &["abc", "def", "ghi", "jkl"],
        ),
        ("system(\"abc x >/dev/null 2>&1\") == 0 or die;", &["abc"]),
        ("my $x = `abc | def`;", &["abc", "def"]),
        ("my $x = qx{abc \"\\$(def x)\"};", &["abc", "def"]),
        ("print qx{cd /tmp; echo x; abc};", &["abc"]),
        (
            "system(\"if [ -e x ]; then abc; else def; fi\");",
            &["abc", "def"],
        ),
        ("system(\"for i in a b; do abc \\$i; done\");", &["abc"]),
        ("system(\"case x in a) abc;; esac\");", &["abc"]),
        ("run_command(<<EOT);\nabc x\ndef\nEOT\n", &["abc", "def"]),
        ("system(\"abc '\\\"def ; x'; ghi\");", &["abc", "ghi"]),
        ("system('abc ' . $x . ' | def');", &["abc", "def"]),
    ]);
}

#[test]
fn commands_that_flow_through_variables() {
    expect_commands(&[
        (
            "sub f { my $cmd = ['abc', '-x']; push @$cmd, 'y'; run_command($cmd); }",
            &["abc"],
        ),
        ("sub f { my @c = ('abc', 'x'); system(@c); }", &["abc"]),
        (
            "sub f { my $c = []; push @$c, 'abc'; push @$c, 'x'; run_command($c); }",
            &["abc"],
        ),
        (
            "sub f { my $c = []; if ($x) { push @$c, 'abc', 'y'; } else { push $c->@*, 'def'; } run_command($c); }",
            &["abc", "def"],
        ),
        (
            "sub f { my @c; unshift @c, 'abc'; run_command(\\@c); }",
            &["abc"],
        ),
        (
            "sub f { my $c = $x ? ['abc'] : ['def']; run_command($c); }",
            &["abc", "def"],
        ),
        (
            "sub f { my $c; $c = 'abc x'; $c .= ' | def'; run_command($c); }",
            &["abc", "def"],
        ),
        (
            "my $prog = 'abc'; sub f { run_command([$prog, '-x']); }",
            &["abc"],
        ),
        (
            "sub f { my $c = ['abc']; open(my $fh, '-|', join(' ', @$c)); }",
            &["abc"],
        ),
        (
            "sub f { run_command([$x ? 'abc' : 'def', 'y']); }",
            &["abc", "def"],
        ),
        (
            "sub f { run_command([$x ? ('abc', '--') : (), 'def']); }",
            &["abc", "def"],
        ),
        (
            "sub f { my $c = 'abc'; } sub g { my ($c) = @_; run_command([$c]); }",
            &[],
        ),
    ]);
}

#[test]
fn commands_that_no_call_is_seen_to_run() {
    expect_commands(&[
        (
            "sub f { my $x = { gz => ['abc'], zst => ['def', '-d'] }; return $x; }",
            &["abc", "def"],
        ),
        (
            "sub f { my $cmd = []; push @$cmd, 'abc', '-n', $x; return $cmd; }",
            &["abc"],
        ),
        ("sub f { return { cmd => ['abc', $x] }; }", &["abc"]),
        (
            "sub f { my $cmd = ['abc', 'x']; return g(['def', @$cmd]); }",
            &[],
        ),
        (
            "sub f { my $opts = ['sub', '-x']; run_command(['abc', @$opts]); }",
            &["abc"],
        ),
        (
            "my $report = { cmds => ['abc -x | def', 'ghi', sub { }] };",
            &["abc", "def", "ghi"],
        ),
        (
            "my $x = { enum => ['abc', 'def'], cmd => [__PACKAGE__, 'x', ['vmid']] };",
            &[],
        ),
        ("$class->btrfs_cmd(['subvolume', '-x']);", &[]),
    ]);
}

#[test]
fn programs_behind_programs() {
    expect_commands(&[
        (
            "run_command(['ssh', '-o', 'x', 'root@h', 'abc', '-y']);",
            &["ssh", "abc"],
        ),
        ("run_command([@$ssh_cmd, '--', 'abc', 'x']);", &["abc"]),
        ("run_command([@{$self->{rem_ssh}}, 'abc', 'x']);", &["abc"]),
        ("run_command([@remcmd, 'abc', '-f', '--', $x]);", &["abc"]),
        (
            "run_command(['lxc-attach', '-n', $id, '--', 'abc']);",
            &["lxc-attach", "abc"],
        ),
        (
            "run_command(['unshare', '-m', '--', 'sh', '-c', \"abc && def\"]);",
            &["unshare", "sh", "abc", "def"],
        ),
        (
            "system('timeout 10 nice -n 5 env A=b abc x');",
            &["timeout", "nice", "env", "abc"],
        ),
        ("system(\"bash -c 'abc | def'\");", &["bash", "abc", "def"]),
        (
            "system(\"abc | xargs -n 1 def\");",
            &["abc", "xargs", "def"],
        ),
        (
            "sub f { my $ssh = ['/usr/bin/ssh', '-x']; run_command([@$ssh, $host, 'abc']); }",
            &["abc"],
        ),
    ]);
}

#[test]
fn a_command_says_where_it_stands() {
    let site = |text: &str, program: &str| -> Site {
        of(text, Kind::BareCommand)
            .into_iter()
            .find(|found| found.text == program)
            .map(|found| found.site)
            .expect("the program")
    };
    let remote = site(
        "sub f { run_command([@$ssh_cmd, '--', 'abc', 'x']); }",
        "abc",
    );
    assert_eq!(
        (remote.word, remote.before.as_deref()),
        (Some(2), Some("@$ssh_cmd --"))
    );
    assert_eq!(
        (remote.call.as_deref(), remote.argument),
        (Some("run_command"), Some(0))
    );
    let pushed = site(
        "sub f { my $cmd = ['ssh', $host]; push @$cmd, 'abc'; run_command($cmd); }",
        "abc",
    );
    assert_eq!(
        (
            pushed.word,
            pushed.before.as_deref(),
            pushed.call.as_deref()
        ),
        (Some(2), Some("ssh $host"), Some("run_command"))
    );
    let both = site(
        "my $p = 'abc'; run_command([@$ssh, '--', $p]); run_command([$p]);",
        "abc",
    );
    assert_eq!((both.word, both.before), (Some(0), None));
}

#[test]
fn a_command_spliced_in_behind_ssh_stands_behind_it() {
    let before = |text: &str| only(text, Kind::AbsolutePath).site.before;
    let of_both = Some("term -- @$remcmd".to_owned());
    for command in [
        "my $what = ['/usr/bin/abc', 'x']; run_command(['term', '--', @$remcmd, @$what]);",
        "my $what = ['/usr/bin/abc', 'x']; my $cmd = ['term', '--']; push @$cmd, @$remcmd, @$what; run_command($cmd);",
        "my $what = ['/usr/bin/abc', 'x']; my $f = sub { run_command(['term', '--', @$remcmd, @$what]); }; run_command($what);",
        "my $what = ['abc']; push @$what, '-f', '/usr/bin/x'; run_command(['term', '--', @$remcmd, @$what]);",
        "my @what = ('/usr/bin/abc', 'x'); run_command(['term', '--', @$remcmd, @what]);",
    ] {
        let text = format!("sub f {{ my $remcmd = []; {command} }}");
        let found = before(&text);
        assert!(
            found == of_both || found.as_deref() == Some("term -- @$remcmd abc -f"),
            "{text}: {found:?}"
        );
    }
    assert_eq!(
        before("sub f { my $cmd = ['/bin/abc']; return $far ? [$ssh->@*, $cmd->@*] : $cmd; }")
            .as_deref(),
        Some("$ssh->@*")
    );
    // Options of ssh itself, and arguments after a program, keep their places.
    assert_eq!(
        before("sub f { my @opts = ('-i', '/etc/keys/x'); run_command(['ssh', @opts, 'abc']); }"),
        None
    );
    assert_eq!(
        before("sub f { my $what = ['/usr/bin/abc']; run_command(['nice', @$what]); }"),
        None
    );
}

#[test]
fn paths_in_commands_say_where_they_stand() {
    let places = |text: &str| -> Vec<(Option<u32>, Option<String>)> {
        of(text, Kind::AbsolutePath)
            .into_iter()
            .map(|path| (path.site.word, path.site.before))
            .collect()
    };
    assert_eq!(
        places("run_command(['/usr/bin/abc', '-f', \"/etc/x/$y\"]);"),
        [
            (Some(0), None),
            (Some(2), Some("/usr/bin/abc -f".to_owned()))
        ]
    );
    assert_eq!(
        places("system(\"abc /usr/share/x | /usr/bin/def\");"),
        [(Some(1), Some("abc".to_owned())), (Some(0), None)]
    );
    let constant = only(
        "my $tool = '/usr/bin/abc'; sub f { run_command([$tool, 'x']); }",
        Kind::AbsolutePath,
    )
    .site;
    assert_eq!(
        (
            constant.word,
            constant.call.as_deref(),
            constant.target.as_deref()
        ),
        (Some(0), Some("run_command"), Some("tool"))
    );
}

#[test]
fn architecture_triplets_outside_paths() {
    assert_eq!(
        texts("my $x = 'x86_64-linux-gnu';", Kind::ArchitectureTriplet),
        ["x86_64-linux-gnu"]
    );
    assert_eq!(
        texts(
            "my $x = '/usr/lib/x86_64-linux-gnu/x';",
            Kind::ArchitectureTriplet
        ),
        [""; 0]
    );
}

#[test]
fn what_does_not_parse_is_an_error_with_a_line() {
    let error = scan(b"use strict;\nmy $x = ;\n}}}\n", &calls()).expect_err("broken");
    assert!(error.line >= 2, "{error:?}");
    assert!(!error.what.is_empty());
}

#[test]
fn bytes_that_are_not_utf8_are_bytes() {
    let found = scan(
        b"# \xff\xfe caf\xe9\nmy $x = '\xe9 /usr/bin/abc';\n",
        &calls(),
    )
    .expect("parses");
    let path = found
        .occurrences
        .iter()
        .find(|found| found.kind == Kind::AbsolutePath)
        .expect("the path");
    assert_eq!(
        (path.line, path.column, path.text.as_str()),
        (2, 12, "/usr/bin/abc")
    );
}

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "my $cmd = ", "[", "]", "'abc'", "\"/usr/bin/$x\"", "'/sbin/a'", "push @$cmd, ", "run_command(", ")", ";", "\n", "{", "}", "sub f ",
    "$x", "@$cmd", "@cmd", "=> ", ", ", "qw(a /bin/b)", "`ls $x | /bin/x`", "<<EOT;\n/etc/x $y\nEOT\n", "<<'E';\nPATH=/x\nE\n", "if ($x) ",
    "? ", ": ", "system ", "exec ", "open(my $f, '-|', ", "$ENV{PATH} = ", "'/a:/b'", "s!/usr/bin!$1!", "m/\\/etc\\/x/", "# /etc/x\n",
    "use A::B", "require ", "eval ", "\"require X\"", ".", " .= ", "join(' ', ", "\\@cmd", "->method(", "$h->{a}", "return ", "__END__\n",
    "\n=pod\n\n/usr/x\n\n=cut\n", "unless ", "package X;", "\"$(a `b\"", "'sh', '-c', ", "\"a 'b\"", "\u{e9}", "&$cmd(", "map { 'x' } ",
    "local ", "sub { ", "1", "$cmd = $cmd;", "my $a = ", "$a", "run_command($cmd);", "run_command([$a, 'x']);", "push @$cmd, @$cmd;",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(found) = scan(&bytes, &calls()) {
            check(&bytes, &found);
        }
    }

    #[test]
    fn arbitrary_tokens_never_panic(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..40)) {
        let text = tokens.concat();
        if let Ok(found) = scan(text.as_bytes(), &calls()) {
            check(text.as_bytes(), &found);
        }
    }

    #[test]
    fn arbitrary_statements_never_panic(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..8)) {
        let text = format!("my $cmd = []; sub f {{ run_command([{}]); }}\n", tokens.concat());
        if let Ok(found) = scan(text.as_bytes(), &calls()) {
            check(text.as_bytes(), &found);
        }
    }

    #[test]
    fn arbitrary_shell_lines_never_panic(line in "[a-z/ '\"`$()|;&<>\\\\#{}=!-]{0,60}") {
        let text = format!("system(<<'EOT');\n{line}\nEOT\n");
        if let Ok(found) = scan(text.as_bytes(), &calls()) {
            check(text.as_bytes(), &found);
        }
    }
}

#[test]
fn deep_nesting_neither_overflows_nor_hangs() {
    let deep = 3_000;
    let arrays = format!(
        "my $cmd = {}'abc'{}; run_command($cmd);",
        "[".repeat(deep),
        "]".repeat(deep)
    );
    let sums = format!("run_command({});", vec!["'abc '"; deep].join(" . "));
    let shell = format!("system('{}abc');", "$(".repeat(deep));
    let ternaries = format!("run_command([{}'abc']);", "$x ? 'a' : ".repeat(deep));
    let parentheses = format!(
        "run_command({}'abc'{});",
        "(".repeat(deep),
        ")".repeat(deep)
    );
    for text in [arrays, sums, shell, ternaries, parentheses] {
        if let Ok(found) = scan(text.as_bytes(), &calls()) {
            check(text.as_bytes(), &found);
        }
    }
}

/// Returns the Perl files of every repository, at the pin of pve-9.1.4 if its manifest has one,
/// otherwise at the newest commit.
fn real_perl(sources: &Path) -> Vec<(String, Vec<u8>)> {
    let manifest = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../releases/pve-9.1.4.toml"),
    )
    .unwrap_or_default();
    let pins: toml::Table = manifest.parse().unwrap_or_default();
    let mut repositories: Vec<PathBuf> = std::fs::read_dir(sources)
        .expect("PVE_SOURCES is a directory")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    repositories.sort();
    let mut files = Vec::new();
    for repository in repositories {
        let name = repository
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let pin = pins
            .get("source")
            .and_then(|all| all.get(&name))
            .and_then(|pin| pin.get("rev"));
        let rev = pin.and_then(toml::Value::as_str).unwrap_or("HEAD");
        for path in
            git(&repository, &["ls-tree", "-r", "-z", "--name-only", rev]).split(|b| *b == 0)
        {
            let path = String::from_utf8_lossy(path).into_owned();
            let extension = Path::new(&path)
                .extension()
                .and_then(|extension| extension.to_str());
            let may_be_program =
                extension.is_none() && (path.contains("bin/") || path.contains("src/"));
            if !matches!(extension, Some("pm" | "pl" | "t")) && !may_be_program {
                continue;
            }
            let bytes = git(&repository, &["cat-file", "blob", &format!("{rev}:{path}")]);
            let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
            if extension.is_some()
                || (first.starts_with(b"#!") && first.windows(4).any(|part| part == b"perl"))
            {
                files.push((format!("{name}/{path}"), bytes));
            }
        }
    }
    files
}

fn git(repository: &Path, arguments: &[&str]) -> Vec<u8> {
    Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default()
}

#[test]
fn real_sources_parse_and_every_suspicious_line_is_covered() {
    let Some(sources) = std::env::var_os("PVE_SOURCES") else {
        eprintln!("skipped: PVE_SOURCES names no directory of repositories");
        return;
    };
    let pattern = regex::bytes::Regex::new("(/usr)?/s?bin/|/usr/(share|lib|libexec)/|/lib/systemd")
        .expect("a good pattern");
    let calls = calls();
    let files = real_perl(Path::new(&sources));
    assert!(files.len() > 500, "{} Perl files", files.len());
    let mut commands = 0;
    for (name, bytes) in &files {
        let found = scan(bytes, &calls)
            .unwrap_or_else(|error| panic!("{name}:{}: {}", error.line, error.what));
        check(bytes, &found);
        commands += found
            .occurrences
            .iter()
            .filter(|found| found.kind == Kind::BareCommand)
            .count();
        let mut covered = HashSet::new();
        for occurrence in &found.occurrences {
            let more = u32::try_from(occurrence.text.matches('\n').count()).unwrap_or(0);
            covered.extend(occurrence.line..=occurrence.line + more);
        }
        for (line, text) in (1_u32..).zip(bytes.split(|b| *b == b'\n')) {
            assert!(
                !pattern.is_match(text) || covered.contains(&line),
                "{name}:{line}: {}",
                String::from_utf8_lossy(text)
            );
        }
    }
    assert!(commands > 400, "{commands} commands");
}
