//! The machine for a link: a root of its own in namespaces of its own.
//!
//! This code runs as the first process of a PID namespace, with its own mount, network, UTS, IPC
//! and user namespaces. Everything that it mounts and starts is gone when it ends.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags, open, statvfs};
use rustix::mount::{
    MountFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_move, mount_remount,
    unmount,
};

use super::cgroup;
use super::command::{Identity, Runner, Running, below, on_this_machine};
use super::trace::Tracer;
use super::{Link, Rules, System, Task};
use store::place::follow;

/// Directories of this machine that hold programs.
const PROGRAMS: [&str; 5] = ["usr", "bin", "sbin", "lib", "lib64"];
/// The directory of statically linked programs.
const STATIC: &str = "run/check";
/// The mount point of control groups.
const CGROUPS: &str = "sys/fs/cgroup";
/// Devices that every machine has.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The machine.
pub struct Machine {
    /// The directory of its root.
    pub root: PathBuf,
    /// Runs programs in it.
    pub runner: Runner,
    /// Its users, groups and directories.
    pub system: System,
    /// Whether it has users other than root.
    pub has_users: bool,
    /// The log of its `/dev/log`, on this machine.
    log: PathBuf,
    /// The running services.
    daemons: Mutex<Vec<(String, Running)>>,
    /// Its root, once it has become the namespace's.
    held: Option<OwnedFd>,
}

impl Machine {
    /// Makes the machine below `task.scratch`.
    ///
    /// # Errors
    /// The part that could not be made, and the reason.
    pub fn make(task: &Task) -> Result<Self, String> {
        let scratch = &task.scratch;
        told("a tmpfs", scratch, {
            mount("tmpfs", scratch, "tmpfs", MountFlags::NOSUID, c"mode=0755")
        })?;
        let root = scratch.join("root");
        make_directory(&root)?;
        told("a tmpfs", &root, {
            mount("tmpfs", &root, "tmpfs", MountFlags::NOSUID, c"mode=0755")
        })?;
        let has_users = more_than_root();
        let chroot = on_this_machine(&["chroot"]).ok_or("there is no `chroot` on this machine")?;
        let mut machine = Self {
            runner: Runner {
                root: Some(root.clone()),
                chroot,
                search_path: search_path(&task.link).into(),
                timeout: task.timeout,
                trace: tracer(task)?.map(Arc::new),
            },
            system: task.system.clone(),
            has_users,
            log: scratch.join("log"),
            daemons: Mutex::new(Vec::new()),
            root,
            held: None,
        };
        machine.directories()?;
        machine.mount_link(&task.link, &task.rules)?;
        machine.kernel(&task.rules)?;
        if task.control_group {
            machine.control_groups()?;
        }
        machine.configuration(&task.rules)?;
        machine.own_directories(&task.system)?;
        machine.wrappers(&task.rules)?;
        machine.static_programs(&task.rules)?;
        machine.listen_to_log()?;
        network(&task.rules)?;
        machine.become_root()?;
        Ok(machine)
    }

    /// Moves the machine's root over the namespace's own. A program may not make a user namespace
    /// if its root differs from the mount namespace's, so containers would not start. This process
    /// keeps its old root and reaches the machine's through a descriptor.
    fn become_root(&mut self) -> Result<(), String> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = told("a root", &self.root, open(&self.root, flags, Mode::empty()))?;
        told("a root", &self.root, mount_move(&self.root, "/"))?;
        // This process' number in the PID namespace of the visible `/proc`.
        let own = Path::new("/proc").join(told(
            "our number",
            Path::new("/proc/self"),
            fs::read_link("/proc/self"),
        )?);
        self.root = own.join("fd").join(held.as_raw_fd().to_string());
        self.runner.root = Some(self.root.clone());
        self.held = Some(held);
        Ok(())
    }

    /// Returns the place on this machine of a path in it. Follows no links.
    pub fn lies(&self, path: &str) -> PathBuf {
        below(&self.root, path)
    }

    /// Returns the place on this machine of a path in it, after following links as its programs
    /// would; `None` if it does not exist.
    pub fn find(&self, path: &str) -> Option<PathBuf> {
        let lies = |path: &Path| Some(below(&self.root, path.to_str()?));
        let found = follow(Path::new(path), lies)?;
        lies(&found)
    }

    /// Keeps a service's program until the machine ends.
    pub fn keep(&self, name: &str, running: Running) {
        self.daemons().push((name.to_owned(), running));
    }

    /// Reports the kept programs that have ended since, with their output. Each is reported once.
    pub fn ended(&self) -> String {
        let mut told = String::new();
        self.daemons().retain_mut(|(name, running)| {
            let Ok(Some(status)) = running.ended() else {
                return true;
            };
            let output = running.output().unwrap_or_default();
            let _ = writeln!(told, "{name}: {status}\n{output}");
            false
        });
        told
    }

    fn daemons(&self) -> MutexGuard<'_, Vec<(String, Running)>> {
        let daemons = self.daemons.lock();
        daemons.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the text of its log.
    pub fn log(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Looks up `user`, `group` and `groups`. Returns `None` for root.
    ///
    /// # Errors
    /// The unknown name.
    pub fn identity(
        &self,
        user: Option<&str>,
        group: Option<&str>,
        groups: &[String],
    ) -> Result<Option<Identity>, String> {
        let name = user.unwrap_or("root");
        if name == "root" && group.is_none() && groups.is_empty() {
            return Ok(None);
        }
        let user = self.system.users.get(name);
        let user = user.ok_or_else(|| format!("nobody made the user {name}"))?;
        let number = |group: &str| {
            let found = self.system.groups.get(group).map(|(gid, _)| *gid);
            found.ok_or_else(|| format!("nobody made the group {group}"))
        };
        let gid = group.map_or(Ok(user.gid), number)?;
        let mut all: BTreeSet<u32> = self.system.extra_groups(name).collect();
        for group in groups {
            all.insert(number(group)?);
        }
        all.insert(gid);
        Ok(Some(Identity {
            uid: user.uid,
            gid,
            groups: all.into_iter().collect(),
            name: name.to_owned(),
            home: user.home.clone(),
        }))
    }

    fn directories(&self) -> Result<(), String> {
        let plain = [
            "",
            "dev",
            "dev/pts",
            "dev/shm",
            "etc",
            "home",
            "mnt",
            "nix",
            "proc",
            "root",
            "run",
            "run/lock",
            "srv",
            "sys",
            "tmp",
            "var",
            "var/cache",
            "var/empty",
            "var/lib",
            "var/log",
            "var/spool",
            "var/tmp",
        ];
        for path in plain {
            make_directory(&self.lies(path))?;
        }
        // On NixOS, /run/lock belongs to root.
        for path in ["tmp", "var/tmp", "dev/shm"] {
            set_mode(&self.lies(path), 0o1777)?;
        }
        set_mode(&self.lies("root"), 0o700)?;
        link("/run", &self.lies("var/run"))?;
        link("/run/lock", &self.lies("var/lock"))
    }

    /// Mounts the store, and the parts of this machine that it relies on.
    fn mount_link(&self, link_: &Link, rules: &Rules) -> Result<(), String> {
        let store = &link_.store;
        let place = self.lies(&store.logical.to_string_lossy());
        read_only(&store.physical, &place)?;
        if link_.leans_on.is_some() {
            return self.mount_programs(&store.root, rules);
        }
        // Every NixOS has these two, whatever else it lacks.
        let path = search_path(link_);
        for (name, names) in [
            ("bin/sh", &["sh", "bash"][..]),
            ("usr/bin/env", &["env"][..]),
        ] {
            let found = names.iter().find_map(|name| {
                let candidates = path.split(':').map(|dir| format!("{dir}/{name}"));
                candidates.into_iter().find(|file| {
                    store
                        .resolve_lies(Path::new(file))
                        .is_some_and(|f| f.is_file())
                })
            });
            if let Some(target) = found {
                let place = self.lies(name);
                make_directory(place.parent().unwrap_or(&self.root))?;
                link(&target, &place)?;
            }
        }
        Ok(())
    }

    /// Mounts the programs and libraries below `from`, and the files of its `/etc` that they read.
    fn mount_programs(&self, from: &Path, rules: &Rules) -> Result<(), String> {
        for name in PROGRAMS {
            let here = from.join(name);
            let place = self.lies(name);
            if let Ok(target) = fs::read_link(&here) {
                link(&target.to_string_lossy(), &place)?;
            } else if here.is_dir() {
                read_only(&here, &place)?;
            }
        }
        for path in &rules.machine.hide {
            let place = self.lies(path);
            if place.is_dir() {
                told("an empty directory", &place, {
                    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
                    mount("tmpfs", &place, "tmpfs", flags, c"mode=0755")
                })?;
            } else if place.is_file() {
                told("an empty file", &place, mount_bind("/dev/null", &place))?;
            }
        }
        for name in &rules.machine.etc {
            let here = from.join("etc").join(name);
            let place = self.lies("etc").join(name);
            if here.is_dir() {
                read_only(&here, &place)?;
            } else if here.is_file() {
                make_directory(place.parent().unwrap_or(&self.root))?;
                told("a copy", &place, fs::copy(&here, &place))?;
            }
        }
        Ok(())
    }

    /// Mounts `/proc`, `/sys` and `/dev`.
    fn kernel(&self, rules: &Rules) -> Result<(), String> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        let proc = self.lies("proc");
        told("proc", &proc, mount("proc", &proc, "proc", flags, None))?;
        for name in ["sys", "sysrq-trigger", "irq", "bus"] {
            let place = proc.join(name);
            if place.exists() {
                read_only(&place, &place)?;
            }
        }
        self.network_settings(&proc, flags)?;
        // Without `/sys`, programs find no devices and no network, and report that themselves.
        let sys = self.lies("sys");
        let _ = mount("sysfs", &sys, "sysfs", flags | MountFlags::RDONLY, None);
        let pts = self.lies("dev/pts");
        told("devpts", &pts, {
            let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
            mount(
                "devpts",
                &pts,
                "devpts",
                flags,
                c"newinstance,ptmxmode=0666,mode=0620",
            )
        })?;
        let devices = DEVICES.iter().copied();
        for name in devices.chain(rules.machine.devices.iter().map(String::as_str)) {
            let here = Path::new("/dev").join(name);
            if here.exists() {
                let place = self.lies("dev").join(name);
                make_directory(place.parent().unwrap_or(&self.root))?;
                told("a device", &place, fs::write(&place, ""))?;
                told("a device", &place, mount_bind(&here, &place))?;
            }
        }
        let links = [
            ("pts/ptmx", "ptmx"),
            ("/proc/self/fd", "fd"),
            ("/proc/self/fd/0", "stdin"),
            ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"),
        ];
        links
            .iter()
            .try_for_each(|(target, name)| link(target, &self.lies("dev").join(name)))
    }

    /// Makes `/proc/sys/net` writable, which belongs to the network namespace. Programs configure
    /// guests' interfaces there.
    fn network_settings(&self, proc: &Path, flags: MountFlags) -> Result<(), String> {
        let writable = self.lies("mnt");
        told(
            "proc",
            &writable,
            mount("proc", &writable, "proc", flags, None),
        )?;
        let place = proc.join("sys/net");
        told(
            "a mount",
            &place,
            mount_bind(writable.join("sys/net"), &place),
        )?;
        told(
            "a mount",
            &writable,
            unmount(&writable, UnmountFlags::DETACH),
        )
    }

    /// Mounts `/sys/fs/cgroup`, whose root is the control group that the outer half made.
    fn control_groups(&self) -> Result<(), String> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        let place = self.lies(CGROUPS);
        told(
            "control groups",
            &place,
            mount("cgroup2", &place, "cgroup2", flags, None),
        )?;
        told("a control group", &place, cgroup::prepare(&place))
    }

    /// Writes the files below `/etc` that identify the machine and its users.
    fn configuration(&self, rules: &Rules) -> Result<(), String> {
        let name = &rules.machine.host_name;
        let short = name.split('.').next().unwrap_or(name);
        let hosts = format!(
            "127.0.0.1 localhost\n::1 localhost\n{} {name} {short}\n",
            rules.machine.address
        );
        let written = [
            ("etc/passwd", self.system.passwd()),
            ("etc/group", self.system.group()),
            ("etc/hostname", format!("{short}\n")),
            ("etc/hosts", hosts),
            (
                "etc/nsswitch.conf",
                "passwd: files\ngroup: files\nshadow: files\nhosts: files\n".to_owned(),
            ),
        ];
        let given = rules.machine.files.iter();
        let given = given.map(|(path, text)| (path.as_str(), text.clone()));
        for (path, text) in written.into_iter().chain(given) {
            self.write(path, &text)?;
        }
        Ok(())
    }

    /// Writes a file of its root.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &str, text: &str) -> Result<(), String> {
        let place = self.lies(path);
        make_directory(place.parent().unwrap_or(&self.root))?;
        told("a file", &place, fs::write(&place, text))
    }

    /// Creates the directories that the installation of the link's sources would create.
    fn own_directories(&self, system: &System) -> Result<(), String> {
        for directory in &system.directories {
            let place = self.lies(&directory.path);
            make_directory(&place)?;
            let mode = u32::from_str_radix(&directory.mode, 8).unwrap_or(0o755);
            self.give(&place, &directory.owner, &directory.group)?;
            set_mode(&place, mode)?;
        }
        Ok(())
    }

    /// Changes the owner of a file or directory, if there are users other than root.
    ///
    /// # Errors
    /// The system refuses.
    pub fn give(&self, place: &Path, owner: &str, group: &str) -> Result<(), String> {
        if !self.has_users {
            return Ok(());
        }
        let uid = self.system.users.get(owner).map(|user| user.uid);
        let gid = self.system.groups.get(group).map(|(gid, _)| *gid);
        told("a directory", place, chown(place, uid, gid))
    }

    /// Links NixOS' setuid wrappers. Root needs no setuid bit.
    fn wrappers(&self, rules: &Rules) -> Result<(), String> {
        let dirs = self.runner.search_path.to_string_lossy().into_owned();
        make_directory(&self.lies("run/wrappers/bin"))?;
        for name in &rules.machine.wrappers {
            let candidates = dirs.split(':').map(|dir| format!("{dir}/{name}"));
            let is_there = |file: &String| self.find(file).is_some_and(|file| file.is_file());
            if let Some(target) = candidates.into_iter().find(is_there) {
                link(&target, &self.lies("run/wrappers/bin").join(name))?;
            }
        }
        Ok(())
    }

    /// Copies statically linked programs of this machine, for the guests that points make.
    fn static_programs(&self, rules: &Rules) -> Result<(), String> {
        for name in &rules.machine.static_programs {
            let Some(program) = on_this_machine(&[name]) else {
                continue;
            };
            let read = fs::File::open(&program).map_err(|error| error.to_string());
            let is_static = read.and_then(elf::read);
            if is_static.is_ok_and(|elf| elf.interpreter.is_none()) {
                let place = self.lies(STATIC).join(name);
                make_directory(&self.lies(STATIC))?;
                told("a copy", &place, fs::copy(&program, &place))?;
            }
        }
        Ok(())
    }

    /// Serves `/dev/log`, without which programs fail.
    fn listen_to_log(&self) -> Result<(), String> {
        let place = self.lies("dev/log");
        let socket = told("a socket", &place, UnixDatagram::bind(&place))?;
        set_mode(&place, 0o666)?;
        let mut log = told("a log", &self.log, fs::File::create(&self.log))?;
        std::thread::spawn(move || {
            let mut line = [0; 8192];
            while let Ok(length) = socket.recv(&mut line) {
                use std::io::Write as _;
                let text = String::from_utf8_lossy(&line[..length]);
                // Drop the priority, which means nothing to a reader.
                let text = text.split_once('>').map_or(&*text, |(_, text)| text);
                let _ = writeln!(log, "{}", text.trim_end_matches(['\0', '\n']));
            }
        });
        Ok(())
    }
}

/// Makes the tracer, if requested.
fn tracer(task: &Task) -> Result<Option<Tracer>, String> {
    if !task.trace {
        return Ok(None);
    }
    let strace = on_this_machine(&["strace"]).ok_or("there is no `strace` on this machine")?;
    let directory = task.scratch.join("trace");
    told(
        "a directory",
        &directory,
        Tracer::new(strace, directory.clone()),
    )
    .map(Some)
}

/// Returns the link's `PATH`, followed by this machine's programs if the link relies on them.
fn search_path(link: &Link) -> String {
    let own = link.search_path();
    if link.leans_on.is_some() {
        format!("{own}:/usr/sbin:/usr/bin:/sbin:/bin")
    } else {
        own
    }
}

/// Sets the machine's name and addresses.
fn network(rules: &Rules) -> Result<(), String> {
    let machine = &rules.machine;
    let short = machine.host_name.split('.').next().unwrap_or_default();
    rustix::system::sethostname(short.as_bytes())
        .map_err(|error| format!("the host name cannot be set: {error}"))?;
    let ip = on_this_machine(&["ip"]).ok_or("there is no `ip` on this machine (iproute2)")?;
    let address = format!("{}/24", machine.address);
    for words in [
        &["link", "set", "lo", "up"][..],
        &["address", "add", &address, "dev", "lo"][..],
    ] {
        let output = Command::new(&ip).args(words).output();
        let output = output.map_err(|error| format!("{}: {error}", ip.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("ip {}: {}", words.join(" "), said.trim()));
        }
    }
    Ok(())
}

/// Whether this user namespace has users other than root.
fn more_than_root() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let count = |line: &str| line.split_whitespace().nth(2)?.parse::<u64>().ok();
    map.lines().filter_map(count).sum::<u64>() > 1000
}

/// Mounts `from` read-only at `place`.
fn read_only(from: &Path, place: &Path) -> Result<(), String> {
    if from.is_dir() {
        make_directory(place)?;
    }
    told("a mount", place, mount_bind_recursive(from, place))?;
    // A mount keeps the flags that it has outside of the namespace.
    let given = told("a mount", place, statvfs(place))?.f_flag;
    let mut flags = MountFlags::BIND | MountFlags::RDONLY;
    for (had, keep) in [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ] {
        if given.contains(had) {
            flags |= keep;
        }
    }
    told("a read-only mount", place, mount_remount(place, flags, c""))
}

fn make_directory(place: &Path) -> Result<(), String> {
    told("a directory", place, fs::create_dir_all(place))
}

fn set_mode(place: &Path, mode: u32) -> Result<(), String> {
    let permissions = fs::Permissions::from_mode(mode);
    told("a mode", place, fs::set_permissions(place, permissions))
}

fn link(target: &str, place: &Path) -> Result<(), String> {
    told("a link", place, symlink(target, place))
}

/// Adds the thing to be made and its place to an error.
fn told<T, E: std::fmt::Display>(
    what: &str,
    place: &Path,
    done: Result<T, E>,
) -> Result<T, String> {
    done.map_err(|error| format!("{what} at {}: {error}", place.display()))
}
