//! A simulated machine for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pvenix::machine::Machine;

/// A machine that consists of files, links and programs' output.
#[derive(Default)]
pub struct Told {
    pub files: RefCell<BTreeMap<String, String>>,
    pub links: RefCell<BTreeMap<String, String>>,
    pub answers: RefCell<BTreeMap<String, Result<String, String>>>,
    pub done: RefCell<Vec<String>>,
    pub waited: RefCell<u64>,
    /// A command, after which a file has another text.
    pub then: RefCell<Option<(String, String, String)>>,
}

impl Told {
    pub fn file(&self, path: &str, text: &str) {
        self.files
            .borrow_mut()
            .insert(path.to_owned(), text.to_owned());
    }

    pub fn leads(&self, path: &str, to: &str) {
        self.links
            .borrow_mut()
            .insert(path.to_owned(), to.to_owned());
    }

    /// Adds a running unit, with the build that it holds.
    pub fn runs(&self, name: &str, pid: u32, build: &str) {
        let block = format!("Id={name}\nLoadState=loaded\nActiveState=active\nMainPID={pid}\n\n");
        self.files
            .borrow_mut()
            .entry("units".to_owned())
            .or_default()
            .push_str(&block);
        self.leads(
            &format!("/proc/{pid}/fd/3"),
            &format!("{build}/nix-support/pve-perl"),
        );
        self.leads(&format!("/proc/{pid}/fd/4"), "/dev/null");
    }

    pub fn done(&self) -> Vec<String> {
        self.done.borrow().clone()
    }
}

impl Machine for Told {
    fn read(&self, path: &str) -> io::Result<String> {
        let files = self.files.borrow();
        files
            .get(path)
            .cloned()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn read_bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        self.read(path).map(String::into_bytes)
    }

    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.file(path, &String::from_utf8_lossy(bytes));
        self.done
            .borrow_mut()
            .push(format!("write {path} {mode:o}"));
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let text = self.read(from)?;
        self.files.borrow_mut().remove(from);
        self.file(to, &text);
        self.done.borrow_mut().push(format!("mv {from}"));
        Ok(())
    }

    fn link(&self, path: &str) -> Option<PathBuf> {
        self.links.borrow().get(path).map(PathBuf::from)
    }

    fn real(&self, path: &str) -> Option<PathBuf> {
        Some(self.link(path).unwrap_or_else(|| PathBuf::from(path)))
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let (files, links) = (self.files.borrow(), self.links.borrow());
        let all = files.keys().chain(links.keys());
        let below = all.filter_map(|path| path.strip_prefix(directory)?.strip_prefix('/'));
        below
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    fn run(&self, words: &[&str]) -> io::Result<String> {
        let said = words.join(" ");
        if said.starts_with("systemctl show") {
            return self.read("units");
        }
        // A call that only reads leaves no trace.
        if !said.starts_with("df ") {
            self.done.borrow_mut().push(said.clone());
        }
        if let Some((command, path, text)) = &*self.then.borrow()
            && *command == said
        {
            self.file(path, text);
        }
        match self.answers.borrow().get(&said) {
            Some(Ok(text)) => Ok(text.clone()),
            Some(Err(text)) => Err(io::Error::other(text.clone())),
            None => Ok(String::new()),
        }
    }

    fn make_directory(&self, path: &str) -> io::Result<()> {
        if self.files.borrow().contains_key(path) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        self.file(path, "");
        self.done.borrow_mut().push(format!("mkdir {path}"));
        Ok(())
    }

    fn remove_directory(&self, path: &str) -> io::Result<()> {
        self.files.borrow_mut().remove(path);
        self.done.borrow_mut().push(format!("rmdir {path}"));
        Ok(())
    }

    fn touch(&self, path: &str, time: SystemTime) -> io::Result<()> {
        let expires = time == SystemTime::UNIX_EPOCH;
        self.done.borrow_mut().push(format!(
            "{} {path}",
            if expires { "expire" } else { "touch" }
        ));
        Ok(())
    }

    fn wait(&self, time: Duration) {
        *self.waited.borrow_mut() += time.as_secs();
    }
}
