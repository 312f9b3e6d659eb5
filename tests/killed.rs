//! Runs that are killed at random moments, and two drivers on one store: the bytes are the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tests::{data, program, root, skip, tables, text};

/// Variable with the number of kills, for a long test by hand.
const COUNT: &str = "KILLS";
/// Kills in the suite.
const FEW: usize = 8;
/// Variable with the number of sizes of a disk that is too small, for a long test by hand.
const SIZES: &str = "SIZES";

/// The pipeline in `tests/pipelines/killed.yaml`, with its programs as files: cargo is not asked.
fn command(data: &Path) -> Command {
    let mut command = Command::new(program("xtask"));
    command.args(["pipeline", "tests/pipelines/killed.yaml", "--threads", "2", "--data"]).arg(data);
    for stage in ["dataset", "train", "ntk", "spectrum"] {
        let uses = program(&format!("stage-{stage}"));
        command.arg("--set").arg(format!("{stage}.uses={}", uses.display()));
    }
    command.current_dir(root());
    command
}

fn start(data: &Path) -> Child {
    command(data).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// Everything that a run leaves in its store.
fn store(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    tables(&data.join("store"))
}

/// The store of a run that nobody disturbed, and how long it took.
fn undisturbed() -> (BTreeMap<PathBuf, Vec<u8>>, Duration) {
    let (data, started) = (data(), Instant::now());
    let output = command(data.path()).output().expect("it starts");
    assert!(output.status.success(), "{}", text(&output));
    (store(data.path()), started.elapsed())
}

/// Numbers of the processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |number: &u32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    numbers.filter(is_child).collect()
}

fn signal(name: &str, process: u32) {
    // A process that has just ended is as well.
    let _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status();
}

/// Every file in the folder of work, which is empty when nothing is left over.
fn leftovers(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join("store/.work")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[test]
fn whatever_is_killed_whenever_the_next_call_goes_on_to_the_same_bytes() {
    let count = std::env::var(COUNT).map_or(FEW, |count| count.parse().expect("a number"));
    let (expected, span) = undisturbed();
    // A fixed sequence of moments and victims, as far as the machine's pace lets it be one.
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let (mut kills, mut runs) = (0, 0);
    let mut folder = data();
    loop {
        let mut driver = start(folder.path());
        let last = kills == count;
        if !last {
            sleep(Duration::from_micros(next(span.as_micros() as u64)));
            let stages = children(driver.id());
            let victim = next(3);
            if victim != 1 {
                signal("-KILL", driver.id());
            }
            if victim != 0 {
                for stage in stages {
                    signal("-KILL", stage);
                }
            }
        }
        let ended = driver.wait().expect("it ends");
        if ended.success() {
            assert!(store(folder.path()) == expected, "after {kills} kills the tables differ");
            assert_eq!(leftovers(folder.path()), [] as [PathBuf; 0]);
            runs += 1;
            if last {
                break;
            }
            folder = data();
        } else {
            assert!(!last, "after {kills} kills a run fails that nobody disturbs");
            kills += 1;
        }
    }
    println!("{kills} kills in {runs} runs");
}

#[test]
fn two_drivers_on_one_store_share_the_work() {
    let (expected, _) = undisturbed();
    let data = data();
    let both = [start(data.path()), start(data.path())];
    for mut driver in both {
        assert!(driver.wait().expect("it ends").success());
    }
    assert!(store(data.path()) == expected);
    assert_eq!(leftovers(data.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_driver_takes_over_from_one_that_dies() {
    let (expected, span) = undisturbed();
    let data = data();
    let mut first = start(data.path());
    sleep(span / 3);
    let mut second = start(data.path());
    sleep(span / 3);
    signal("-KILL", first.id());
    first.wait().expect("it ends");
    assert!(second.wait().expect("it ends").success());
    assert!(store(data.path()) == expected);
}

/// In a file system of its own, of which this process may change the size.
const ON_A_SMALL_DISK: &str = r#"
disk=$1; size=$2; copy=$3; shift 3
mount -t tmpfs -o size="$size" none "$disk" || exit 77
"$@" > "$disk/../said" 2>&1; echo $? > "$disk/../code"
find "$disk" -name '*.partial' > "$disk/../partial"
mount -o remount,size=1g "$disk" || exit 77
"$@" > /dev/null || exit 1
cp -r "$disk/store" "$copy"
"#;

#[test]
fn a_full_disk_is_said_and_the_next_call_goes_on() {
    let (expected, _) = undisturbed();
    let bytes: usize = expected.values().map(Vec::len).sum();
    let sizes: Vec<usize> = match std::env::var(SIZES) {
        Ok(count) => {
            let count: usize = count.parse().expect("a number");
            (1..=count).map(|i| bytes * i / (count + 1)).collect()
        }
        Err(_) => [5, 70, 99].map(|percent| bytes * percent / 100).to_vec(),
    };
    for size in sizes {
        let folder = data();
        let [disk, copy] = ["disk", "copy"].map(|name| folder.path().join(name));
        for path in [&disk, &copy] {
            fs::create_dir(path).expect("ours");
        }
        let pipeline = command(&disk);
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh"]);
        shell.arg(&disk).arg(size.to_string()).arg(&copy);
        shell.arg(pipeline.get_program()).args(pipeline.get_args()).current_dir(root());
        let Ok(output) = shell.output() else { return skip("there is no unshare") };
        if output.status.code() == Some(77) || text(&output).contains("unshare: ") {
            return skip("no file system can be mounted here");
        }
        assert!(output.status.success(), "{}", text(&output));
        let read = |name| fs::read_to_string(folder.path().join(name)).expect("written");
        let said = read("said");
        assert_eq!(read("code"), "1\n", "{size} of {bytes} bytes: {said}");
        assert!(said.contains("No space left on device"), "{size} of {bytes} bytes: {said}");
        assert!(said.contains("free space, or write elsewhere"), "{size} of {bytes} bytes: {said}");
        assert_eq!(read("partial"), "", "{size} of {bytes} bytes");
        assert!(store(&copy) == expected, "{size} of {bytes} bytes");
    }
}

#[test]
fn an_interrupt_ends_the_stage_and_keeps_its_work() {
    let (expected, span) = undisturbed();
    let data = data();
    let mut driver = command(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    sleep(span / 2);
    let stages = children(driver.id());
    signal("-INT", driver.id());
    let output = driver.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(text(&output).contains("call again to go on"), "{}", text(&output));
    for stage in stages {
        assert!(!Path::new(&format!("/proc/{stage}")).exists(), "a stage outlives its driver");
    }
    driver = start(data.path());
    assert!(driver.wait().expect("it ends").success());
    assert!(store(data.path()) == expected);
}
