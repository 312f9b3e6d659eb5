//! Examples below the help of each command.

pub(super) const PIPELINE: &str = "\
Examples:
  ntk-lab pipeline lr-decay.yaml
  ntk-lab pipeline lr-decay.yaml --dry-run
      what would run, and which part of whose key changed
  ntk-lab pipeline lr-decay.yaml --set train.with.steps=2000 --set name=short
  ntk-lab pipeline lr-decay.yaml --set ntk.uses=./stages/rbf_kernel.py
      another program in the place of a stage
  ntk-lab pipeline lr-decay.yaml --until train
  ntk-lab pipeline lr-decay.yaml --force spectrum
      make it again, and leave what follows as it is
  ntk-lab pipeline lr-decay.yaml --accept-program train
      keep what an earlier build of `train` has made, and what was made from it
  ntk-lab pipeline depth.yaml --jobs 2 --keep-going
      two stages side by side; a variant that fails does not take the others down
  ntk-lab pipeline depth.yaml --executor slurm
      every stage as a job of the cluster, which goes on by itself; the same call says how far it is
  ntk-lab pipeline depth.yaml --executor slurm --follow
      the same, shown until its end; Ctrl-C leaves the jobs
  ntk-lab pipeline data/runs/lr-decay/run.lock.yaml
      exactly what made these results";

pub(super) const CHECK: &str = "\
Examples:
  ntk-lab check depth.yaml
  ntk-lab check depth.yaml --set train.with.steps=0
      where the value is wrong, and what would be right";

pub(super) const EXPLAIN: &str = "\
Examples:
  ntk-lab explain lr-decay.yaml spectrum
  ntk-lab explain lr-decay.yaml ntk --set dataset.with.train=2048
      which parts of the key that would change";

pub(super) const GRAPH: &str = "\
Examples:
  ntk-lab graph depth.yaml
  ntk-lab graph depth.yaml --format mermaid
  ntk-lab graph depth.yaml --format svg > depth.svg";

pub(super) const DIFF: &str = "\
Examples:
  ntk-lab diff lr-decay short
  ntk-lab diff lr-decay /elsewhere/data/runs/lr-decay";

pub(super) const RUNS: &str = "\
Examples:
  ntk-lab runs
  ntk-lab runs --sort test-loss
      the best first
  ntk-lab runs --data /elsewhere/data";

pub(super) const CANCEL: &str = "\
Examples:
  ntk-lab cancel depth
      what its jobs have saved is kept: calling the pipeline again goes on from there";

pub(super) const RUN_TASK: &str = "\
Examples:
  ntk-lab run-task data/jobs/depth/depth.train.1f00aa22bb33.tasks 3
      what the fourth training of that array does; batch scripts call it";

pub(super) const GATHER: &str = "\
Examples:
  ntk-lab gather data/jobs/depth/depth.results.all.1f00aa22bb33.plan
      batch scripts call it; calling the pipeline again gathers its results, too";

pub(super) const GC: &str = "\
Examples:
  ntk-lab gc
      what would be removed
  ntk-lab gc --yes";

pub(super) const VERIFY: &str = "\
Examples:
  ntk-lab verify
      ends with code 1 where a table is damaged; the pipelines that want it make it again";

pub(super) const STAGES: &str = "\
Examples:
  ntk-lab stages
  ntk-lab stages train
  ntk-lab stages ./stages/rbf_kernel.py";

pub(super) const STAGE_CHECK: &str = "\
Examples:
  ntk-lab stage-check ./stages/rbf_kernel.py
  ntk-lab stage-check my-kernel --set bandwidth=0.2
      the program stage-my-kernel on PATH, with a parameter of its own

Exit codes: 0 the program keeps the contract; 1 it does not, and what is wrong was said; 2 there is
no such program, or an argument is wrong.";

pub(super) const SCHEMA: &str = "\
Examples:
  ntk-lab schema > pipelines/schema.json
      with `# yaml-language-server: $schema=schema.json` as the first line of a pipeline, editors
      complete the names of stages, ports and parameters, and show what they mean";

pub(super) const COMPLETIONS: &str = "\
Examples:
  ntk-lab completions bash > ~/.local/share/bash-completion/completions/ntk-lab
  ntk-lab completions zsh > ~/.zfunc/_ntk-lab
  ntk-lab completions fish > ~/.config/fish/completions/ntk-lab.fish";

pub(super) const PLOT: &str = "\
Examples:
  ntk-lab plot lr-decay energy --x step --y relative_energy --where signal=target --where split=train --where k=10,50 --series k
  ntk-lab plot depth dynamics --x step --y largest_eigenvalue --series depth --log y --out depth.svg
      a sweep: its axes are columns of the tables
  ntk-lab plot lr-decay --figure my-figure.yaml
      a figure as `report.with.figures` takes it";
