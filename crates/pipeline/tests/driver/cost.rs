//! What the driver itself costs, measured by hand: `cargo test --release -p pipeline -- --ignored cost`.

use std::process::Command;
use std::time::{Duration, Instant};

use pipeline::{Options, Progress};

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

    let span = |what: &str, started: Instant| {
        let span = started.elapsed() / VARIANTS;
        println!("{what:8} {span:?} a variant");
        span
    };
    println!("{:8} {alone:?} a variant", "alone");
    let started = Instant::now();
    let plan = world.check(&text, &[]).expect("it is right");
    let check = span("check", started);
    let mut whole = Duration::ZERO;
    for what in ["run", "again"] {
        let started = Instant::now();
        let options = Options::default();
        let made =
            pipeline::run(&world.project, &plan, &options, &Progress::new(true)).expect("runs");
        let run = span(what, started);
        let started = Instant::now();
        pipeline::gather(&world.project, &plan, &made).expect("gathers");
        whole = whole.max(check + run + span("gather", started));
    }
    let own = whole.saturating_sub(alone);
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a field");
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    println!("driver   {own:?} a variant, {} MiB in all", kibibytes >> 10);
    assert!(own < MOST && kibibytes << 10 < MOST_BYTES);
}
