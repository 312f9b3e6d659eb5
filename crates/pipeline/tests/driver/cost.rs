//! What the driver itself costs, measured by hand: `cargo test --release -p pipeline -- --ignored cost`.

use std::process::Command;
use std::time::{Duration, Instant};

use pipeline::{Local, Progress};

use crate::world::{World, description, succeed};

const VARIANTS: u32 = 1000;
/// Driver's own time for one stage instance.
const MOST: Duration = Duration::from_millis(5);
/// Driver's own memory.
const MOST_BYTES: u64 = 200 << 20;

#[test]
#[ignore = "a measurement: half a minute, and only a quiet machine tells"]
fn a_thousand_variants_cost_little() {
    let world = World::new();
    let parameters = serde_json::json!({ "type": "object", "properties": {
        "n": { "type": "integer", "default": 0 } } });
    world.stage("tiny", &description("dataset", &[], &parameters), "", &succeed("dataset"));
    let text = format!(
        "name: many\nstages:\n  data: {{ uses: tiny }}\nsweep:\n  n: {{ set: data.with.n, to: {:?} }}\n",
        (0..VARIANTS).collect::<Vec<_>>()
    );
    // What the stage alone costs: the same program with the same work.
    let stage = world.root().join("bin/stage-tiny");
    let (request, out) = (world.root().join("request.json"), world.root().join("out"));
    std::fs::create_dir(&out).expect("ours");
    let json = format!("{{\"output\":\"{}\"}}", out.display());
    std::fs::write(&request, json).expect("ours");
    let started = Instant::now();
    for _ in 0..VARIANTS {
        let mut command = Command::new(&stage);
        command.arg("run").arg(&request).current_dir(world.root());
        assert!(command.output().expect("it starts").status.success());
    }
    let alone = started.elapsed() / VARIANTS;

    // Time on a processor, which other programs on the machine do not change.
    let mut before = processor_time();
    let mut span = |what: &str, started: Instant| {
        let own = processor_time().saturating_sub(before) / VARIANTS;
        before = processor_time();
        println!("{what:8} {own:?} of processor, {:?} in all", started.elapsed() / VARIANTS);
        own
    };
    println!("{:8} {alone:?} in all", "alone");
    let started = Instant::now();
    let plan = world.check(&text, &[]).expect("it is right");
    let check = span("check", started);
    let mut whole = Duration::ZERO;
    for what in ["run", "again"] {
        let started = Instant::now();
        let progress = Progress::new(true);
        let made = Local::default().make(&world.project, &plan, &progress).expect("runs");
        let run = span(what, started);
        let started = Instant::now();
        pipeline::gather(&world.project, &plan, &made).expect("gathers");
        whole = whole.max(check + run + span("gather", started));
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a field");
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    println!("driver   {whole:?} of processor a variant, {} MiB", kibibytes >> 10);
    assert!(whole < MOST && kibibytes << 10 < MOST_BYTES);
}

/// Time that this process has been on a processor, those that it has started not included.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().expect("a number")).sum();
    // 100 ticks a second, whatever the kernel's own clock.
    Duration::from_millis(10 * ticks)
}
