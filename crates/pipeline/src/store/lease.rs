//! A lease on a folder: of all drivers on a store, one at a time makes an artifact.
//!
//! A file and not `flock` alone, since a store may lie on a network file system that keeps such locks
//! within one machine, or has none. Of a driver on this machine the system tells whether it lives; of
//! one elsewhere a heartbeat does. Nothing but time rests on a lease: should two drivers ever hold
//! one at once, each writes into an output of its own, and what is made appears by one rename.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::system::{exists, host};

/// Name of the file within its folder.
const FILE: &str = "lease";
/// Time between two heartbeats.
const BEAT: Duration = Duration::from_secs(20);
/// Time without a heartbeat after which a driver on another machine is taken to be dead: longer
/// than network file systems keep what they know of a file.
const SILENCE: Duration = Duration::from_secs(90);

/// A lease that this process holds; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    folder: PathBuf,
    holder: Holder,
    /// Ends the heartbeat when it is dropped.
    beat: Option<Sender<()>>,
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    /// Of this lease and no other.
    token: String,
    /// Machine, its last start, and where processes are numbered within it.
    place: String,
    /// Number of the process there.
    process: u32,
    /// When the process started, as the system counts: its number may be another's by now.
    started: Option<u64>,
}

/// What is known of a lease that another driver holds.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: Option<(Vec<u8>, Option<SystemTime>, Instant)>,
}

impl Lease {
    /// The lease on `folder`, which is made where it is missing, or `None` where a living driver has
    /// it. `watch` remembers what is known of that one from call to call.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn acquire(folder: &Path, watch: &mut Watch) -> io::Result<Option<Self>> {
        let holder = Holder::of_this_process();
        let (file, own) = (folder.join(FILE), folder.join(format!("{FILE}.{}", holder.token)));
        // As often as another driver can come between; then this one waits.
        for _ in 0..4 {
            fs::create_dir_all(folder)?;
            let linked = write(&own, &serde_json::to_vec(&holder)?).and_then(|()| {
                fs::hard_link(&own, &file).or_else(|error| copied(error, &own, &file))
            });
            // Whoever gets the lease removes what others leave.
            let _ = fs::remove_file(&own);
            // A network file system may ask its server twice, and tell of the second answer.
            let is_ours =
                fs::read(&file).is_ok_and(|bytes| parse(&bytes).as_ref() == Some(&holder));
            match linked.or_else(|error| if is_ours { Ok(()) } else { Err(error) }) {
                Ok(()) => {
                    let beat = Some(beating(file));
                    return Ok(Some(Self { folder: folder.to_owned(), holder, beat }));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // The folder went with the lease that was on it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            if !watch.is_dead(&file) {
                return Ok(None);
            }
            watch.take_away(&file, &own)?;
        }
        Ok(None)
    }

    /// Whether a living driver has a lease on `folder`, as far as one look tells.
    pub(crate) fn is_held(folder: &Path) -> bool {
        let file = folder.join(FILE);
        file.exists() && !Watch::default().is_dead(&file)
    }

    /// Whether no other driver has taken this one for dead.
    pub(crate) fn is_mine(&self) -> bool {
        fs::read(self.folder.join(FILE))
            .is_ok_and(|bytes| parse(&bytes).as_ref() == Some(&self.holder))
    }

    /// Whether `name` is that of a lease in its folder.
    pub(crate) fn is_file(name: &str) -> bool {
        name == FILE
    }

    /// A name that no other lease has.
    pub(crate) fn token(&self) -> &str {
        &self.holder.token
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.beat.take();
        if self.is_mine() {
            // What cannot be removed is a dead driver's lease, which stops nobody.
            let _ = fs::remove_file(self.folder.join(FILE));
            // Stays where it holds something.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

impl Holder {
    fn of_this_process() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (process, count) = (process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (place, started) = (place(), started(process));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let unique = format!("{place} {process} {started:?} {count} {}", now.as_nanos());
        let token = blake3::hash(unique.as_bytes()).to_hex()[..16].to_owned();
        Self { token, place, process, started }
    }
}

impl Watch {
    /// Whether the holder of the lease in `file` is dead.
    fn is_dead(&mut self, file: &Path) -> bool {
        let Ok(bytes) = fs::read(file) else { return false };
        let modified = fs::metadata(file).and_then(|found| found.modified()).ok();
        let holder = parse(&bytes).filter(|holder| holder.place == place());
        // Our own clock alone decides: that of the other machine may go wrong.
        let since = match &self.seen {
            Some((seen, at, since)) if *seen == bytes && *at == modified => *since,
            _ => Instant::now(),
        };
        self.seen = Some((bytes, modified, since));
        match holder {
            Some(holder) => !lives(&holder),
            None => since.elapsed() >= SILENCE,
        }
    }

    /// Removes the lease in `file` that was found dead, by way of `aside`.
    fn take_away(&mut self, file: &Path, aside: &Path) -> io::Result<()> {
        match fs::rename(file, aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            moved => moved?,
        }
        let found = fs::read(aside)?;
        if self.seen.as_ref().is_none_or(|(seen, ..)| *seen != found) {
            // Another driver was faster, and this is its lease. Where a third one has come since,
            // the second computes in vain.
            let _ = fs::hard_link(aside, file);
        }
        fs::remove_file(aside)
    }
}

fn parse(bytes: &[u8]) -> Option<Holder> {
    serde_json::from_slice(bytes).ok()
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create_new(path).and_then(|mut file| file.write_all(bytes))
}

/// Makes `file` a copy of `own`, where it is not there and the file system makes no hard links.
fn copied(error: io::Error, own: &Path, file: &Path) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied => {
            write(file, &fs::read(own)?)
        }
        _ => Err(error),
    }
}

/// Touches the lease in `file` again and again, until what this returns is dropped.
fn beating(file: PathBuf) -> Sender<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        while receiver.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
            // Where this fails for long, others take this driver for dead, and it notices.
            let _ = File::options()
                .write(true)
                .open(&file)
                .and_then(|file| file.set_modified(SystemTime::now()));
        }
    });
    sender
}

/// Whether the process of `holder`, which is of this place, is there and no corpse.
fn lives(holder: &Holder) -> bool {
    match holder.started {
        Some(_) => started(holder.process) == holder.started,
        None => exists(holder.process),
    }
}

/// When the process started, in the system's ticks; `None` where it has ended or nobody tells.
fn started(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in brackets that may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let has_ended = matches!(fields.first(), Some(&("Z" | "X")));
    if has_ended { None } else { fields.get(19)?.parse().ok() }
}

/// Names the machine, its last start, and where processes are numbered within it.
fn place() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let numbers = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{} {} {}", host(), boot.trim(), numbers.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire(folder: &Path) -> Option<Lease> {
        Lease::acquire(folder, &mut Watch::default()).unwrap()
    }

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        (folder, path)
    }

    /// Leaves the lease of `holder` in `folder`.
    fn leave(folder: &Path, holder: &Holder) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(FILE), serde_json::to_vec(holder).unwrap()).unwrap();
    }

    #[test]
    fn one_of_many_gets_it_and_the_next_when_it_is_given_back() {
        let (_keep, folder) = folder();
        let leases: Vec<Option<Lease>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| acquire(&folder))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(leases.iter().flatten().count(), 1);
        assert!(leases.iter().flatten().all(Lease::is_mine));
        assert!(acquire(&folder).is_none());
        drop(leases);
        assert!(!folder.exists(), "nothing is left");
        assert!(acquire(&folder).is_some());
    }

    #[test]
    fn one_of_many_gets_that_of_a_dead_driver_at_once() {
        let (_keep, folder) = folder();
        let mut child = process::Command::new("true").spawn().unwrap();
        let (process, started) = (child.id(), started(child.id()).or(Some(0)));
        child.wait().unwrap();
        leave(&folder, &Holder { process, started, ..Holder::of_this_process() });
        let leases: Vec<Option<Lease>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| acquire(&folder))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mine = leases.iter().flatten().filter(|lease| lease.is_mine()).count();
        assert_eq!(mine, 1);
    }

    #[test]
    fn a_number_that_another_process_has_now_is_a_dead_driver() {
        let (_keep, folder) = folder();
        let holder = Holder::of_this_process();
        leave(&folder, &Holder { started: holder.started.map(|at| at - 1), ..holder });
        assert!(acquire(&folder).is_some());
    }

    #[test]
    fn a_driver_elsewhere_is_dead_after_a_long_silence() {
        let (_keep, folder) = folder();
        leave(&folder, &Holder { place: "elsewhere".to_owned(), ..Holder::of_this_process() });
        let mut watch = Watch::default();
        assert!(Lease::acquire(&folder, &mut watch).unwrap().is_none());
        let wait = |watch: &mut Watch, span| watch.seen.as_mut().unwrap().2 -= span;
        wait(&mut watch, SILENCE / 2);
        assert!(Lease::acquire(&folder, &mut watch).unwrap().is_none());
        // A heartbeat makes all silence undone.
        let file = File::options().write(true).open(folder.join(FILE)).unwrap();
        file.set_modified(SystemTime::now() + BEAT).unwrap();
        wait(&mut watch, SILENCE);
        assert!(Lease::acquire(&folder, &mut watch).unwrap().is_none());
        wait(&mut watch, SILENCE);
        assert!(Lease::acquire(&folder, &mut watch).unwrap().is_some());
    }

    #[test]
    fn a_driver_that_was_taken_for_dead_notices_and_leaves_the_other_alone() {
        let (_keep, folder) = folder();
        let first = acquire(&folder).unwrap();
        fs::remove_file(folder.join(FILE)).unwrap();
        let second = acquire(&folder).unwrap();
        assert!(!first.is_mine() && second.is_mine());
        drop(first);
        assert!(second.is_mine());
    }
}
