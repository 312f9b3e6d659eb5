//! The page in a browser: every plot is drawn, the slider moves what it should, nothing goes wrong.
//!
//! Needs Chromium; without one the tests say so and pass.

mod made_up;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use artifact::LayerOutline;
use made_up::Run;
use report::{Parameters, Report};
use serde_json::{Value, json};
use stage::{Context, Inputs, Limits, Stage};

/// Runs after the page's own scripts: brings every plot and picture into sight, as printing does,
/// moves the slider to its start, and leaves what it saw as JSON in `<pre id="seen">`.
const SCRIPT: &str = r#"
const labels = () =>
  [...document.querySelectorAll(".films canvas")]
    .filter((canvas) => !canvas.closest("[hidden]"))
    .map((canvas) => canvas.getAttribute("aria-label"));
const painted = (canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size > 1;
};
const errors = [];
addEventListener("error", (event) => errors.push(event.message));
addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
addEventListener("load", async () => {
  dispatchEvent(new Event("beforeprint"));
  const variant = document.getElementById("variant");
  if (variant) {
    // The last variant in detail, in place of the first.
    variant.value = variant.options.length - 1;
    variant.dispatchEvent(new Event("change"));
    dispatchEvent(new Event("beforeprint"));
  }
  const plots = [...document.querySelectorAll(".plot")].filter((plot) => !plot.closest("[hidden]"));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let i = 0; i < 400 && !plots.every((plot) => plot.dataset.drawn); i += 1) await pause(50);
  const before = labels();
  const input = document.getElementById("step");
  if (input) { input.value = 0; input.dispatchEvent(new Event("input")); }
  dispatchEvent(new Event("beforeprint"));
  await pause(200);
  const after = labels();
  const seen = document.createElement("pre");
  seen.id = "seen";
  seen.textContent = JSON.stringify({
    errors,
    plots: plots.length,
    undrawn: plots.filter((plot) => !plot.querySelector(".scatterlayer .trace path, .heatmaplayer image"))
      .map((plot) => plot.closest("figure").querySelector("h3").textContent),
    canvases: before.length,
    moved: before.filter((label, i) => label !== after[i]).length,
    blank: [...document.querySelectorAll(".films canvas")].filter((canvas) => !canvas.closest("[hidden]") && !painted(canvas)).length,
    still: document.querySelectorAll(".still").length,
    twice: [...document.querySelectorAll(".still")].filter((still) => still.checkVisibility()).length,
    at: document.getElementById("at")?.textContent ?? null,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  });
  document.body.append(seen);
});
"#;

/// A Chromium of this machine.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let mut found = names.iter().flat_map(|name| folders.iter().map(move |dir| dir.join(name)));
    let found = found.find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no Chromium here");
    }
    found
}

/// The report over `inputs` with the script above, written to `folder`.
fn page(inputs: &Inputs, folder: &Path) -> PathBuf {
    let limits = Limits { threads: 1, memory_bytes: 1 << 30 };
    let output = folder.join("report");
    fs::create_dir(&output).unwrap();
    Report::run(&Parameters::default(), inputs, &output, &Context::silent(0, limits)).unwrap();
    let path = output.join("report.html");
    let page = fs::read_to_string(&path).unwrap();
    fs::write(&path, page.replacen("<head>", &format!("<head><script>{SCRIPT}</script>"), 1))
        .unwrap();
    path
}

/// What the script saw of a page in a window of this width.
fn seen(chromium: &Path, page: &Path, width: u32) -> Value {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = log.lines().filter(|line| line.contains(":CONSOLE")).collect();
    assert!(said.is_empty(), "{said:#?}");
    let page = String::from_utf8_lossy(&output.stdout);
    let (_, seen) = page.rsplit_once("<pre id=\"seen\">").expect("the script came to its end");
    serde_json::from_str(seen.split("</pre>").next().unwrap()).unwrap()
}

#[test]
fn a_run_is_drawn_whole_and_follows_its_slider() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(&Run::default().write(folder.path()), folder.path());
    for width in [1200, 500] {
        let expected = json!({
            "errors": [], "plots": 15, "undrawn": [], "canvases": 13, "moved": 13, "blank": 0,
            "still": 2, "twice": 0, "at": "0", "wide": false,
        });
        assert_eq!(seen(&chromium, &page, width), expected, "{width} pixels wide");
    }
}

#[test]
fn a_sweep_is_drawn_whole_and_follows_its_slider() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    let variants =
        [0.5, 1.0].map(|decay| (json!({"decay": decay}), Run { decay, ..Run::default() }));
    let page = page(&made_up::sweep(folder.path(), &variants), folder.path());
    let seen = seen(&chromium, &page, 1200);
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(seen["undrawn"], json!([]));
    assert_eq!((&seen["blank"], &seen["at"]), (&json!(0), &json!("0")));
    assert_eq!(seen["canvases"], seen["moved"]);
    assert!(seen["still"].as_u64() > Some(2), "{seen}");
    assert_eq!(seen["twice"], json!(0));
}

#[test]
fn a_large_network_does_not_widen_the_page() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().unwrap();
    let layer = |branches: Vec<Vec<LayerOutline>>| LayerOutline {
        layer: "locally connected 11 × 11, stride 4".to_owned(),
        input: vec![224, 224, 3],
        output: vec![224, 224, 512],
        parameters: 123_456_789,
        flops: 987_654_321_000,
        branches,
    };
    let plain = || layer(Vec::new());
    let sum = || layer(vec![vec![plain(), plain()], vec![plain()]]);
    let nested = layer(vec![vec![sum(), sum()], vec![sum()]]);
    let layers = (0..40).map(|place| if place % 3 == 0 { sum() } else { plain() });
    let layers = Some(layers.chain([nested]).collect());
    let page = page(&Run { layers, ..Run::default() }.write(folder.path()), folder.path());
    for width in [1200, 500] {
        let seen = seen(&chromium, &page, width);
        assert_eq!((&seen["wide"], &seen["errors"]), (&json!(false), &json!([])), "{width}");
    }
}
