//! Partitions of a cluster, and whether a job fits into one.

use std::time::Duration;

use crate::text::quantity::{bytes, duration};
use crate::text::suggestion;

/// Nodes of one size in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    pub name: String,
    /// Whether jobs go there that name none.
    pub is_default: bool,
    /// Processors of a node.
    pub cpus: u64,
    /// Memory of a node.
    pub memory_bytes: u64,
    /// Longest time of a job; `None` where there is no limit.
    pub longest: Option<Duration>,
    /// Whether it takes jobs.
    pub is_up: bool,
}

/// What a job asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask<'a> {
    pub partition: Option<&'a str>,
    pub cpus: u64,
    pub memory_bytes: u64,
    pub time: Option<Duration>,
}

impl Partition {
    /// A line of sinfo, `NAME*|CPUS|MEGABYTES|TIME|up`.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.trim().split('|').collect();
        let [name, cpus, memory, longest, state] = fields[..] else { return None };
        let number = |text: &str| text.trim_end_matches('+').parse::<u64>().ok();
        Some(Self {
            name: name.trim_end_matches('*').to_owned(),
            is_default: name.ends_with('*'),
            cpus: number(cpus)?,
            memory_bytes: number(memory)? << 20,
            longest: parse_time(longest),
            is_up: state == "up",
        })
    }
}

/// What is wrong with asking for this in a cluster of these `partitions`, and what to do about it.
pub(super) fn refusal(ask: &Ask, partitions: &[Partition]) -> Option<(String, Option<String>)> {
    if let Some((first, rest)) = ask.partition.and_then(|names| names.split_once(',')) {
        // Of several the cluster takes whichever is free first.
        let of = |name| refusal(&Ask { partition: Some(name), ..ask.clone() }, partitions);
        return of(first).filter(|_| of(rest).is_some());
    }
    let is_meant = |one: &&Partition| match ask.partition {
        Some(name) => one.name == name,
        None => one.is_default,
    };
    let meant: Vec<&Partition> = partitions.iter().filter(is_meant).collect();
    let Some(first) = meant.first() else {
        let names = partitions.iter().map(|one| one.name.as_str());
        return match ask.partition {
            Some(name) => Some((
                format!("the cluster has no partition `{name}`"),
                suggestion(name, unique(names)),
            )),
            None if partitions.is_empty() => Some(("the cluster has no partitions".into(), None)),
            None => Some((
                "the cluster has no default partition".to_owned(),
                Some("name one, as `cluster: { partition: NAME }`".to_owned()),
            )),
        };
    };
    let name = &first.name;
    if !meant.iter().any(|one| one.is_up) {
        return Some((format!("the partition `{name}` is down"), None));
    }
    if let Some((time, longest)) = ask.time.zip(first.longest).filter(|(time, most)| time > most) {
        let message = format!(
            "it asks for {} where the partition `{name}` allows {}",
            duration(time),
            duration(longest)
        );
        return Some((message, Some("ask for less `time`, or for another partition".to_owned())));
    }
    let fits = |one: &&&Partition| one.cpus >= ask.cpus && one.memory_bytes >= ask.memory_bytes;
    if meant.iter().any(|one| fits(&one)) {
        return None;
    }
    let most = |of: fn(&Partition) -> u64| meant.iter().map(|one| of(one)).max().unwrap_or(0);
    let message = format!(
        "it asks for {} cpus with {} where the nodes of the partition `{name}` have up to {} cpus and {}",
        ask.cpus,
        bytes(ask.memory_bytes),
        most(|one| one.cpus),
        bytes(most(|one| one.memory_bytes))
    );
    Some((message, Some("ask for less under `resources:`, or for another partition".to_owned())))
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = names.collect();
    found.dedup();
    found
}

/// A time as SLURM writes it, `DAYS-HOURS:MINUTES:SECONDS`; `None` where there is no limit.
fn parse_time(text: &str) -> Option<Duration> {
    let (days, rest) = text.split_once('-').unwrap_or(("0", text));
    let mut seconds = 0;
    for part in rest.split(':') {
        seconds = seconds * 60 + part.parse::<u64>().ok()?;
    }
    Some(Duration::from_secs(days.parse::<u64>().ok()? * 86_400 + seconds))
}

/// A time as SLURM reads it.
pub(super) fn time(span: Duration) -> String {
    // Rounded up: SLURM counts whole seconds.
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("{days}-{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> Vec<Partition> {
        let lines = "short*|4|8000|1:00:00|up\nlong|4|8000|7-00:00:00|up\nlong|64|512000|7-00:00:00|up\nold|4|8000|infinite|down";
        lines.lines().map(|line| Partition::parse(line).unwrap()).collect()
    }

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(parse_time("1:00:00"), Some(Duration::from_hours(1)));
        assert_eq!(parse_time("7-00:00:30"), Some(Duration::from_secs(7 * 86_400 + 30)));
        assert_eq!(parse_time("30:00"), Some(Duration::from_mins(30)));
        assert_eq!(parse_time("infinite"), None);
        assert_eq!(time(Duration::from_secs(93_784)), "1-02:03:04");
        assert_eq!(time(Duration::from_millis(1500)), "0-00:00:02");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_advice() {
        let ask = |partition, cpus, gib: u64, hours| {
            let time = Some(Duration::from_hours(hours));
            refusal(&Ask { partition, cpus, memory_bytes: gib << 30, time }, &cluster())
        };
        assert_eq!(ask(None, 4, 7, 1), None);
        assert_eq!(ask(Some("long"), 64, 200, 100), None);
        assert_eq!(ask(Some("short,long"), 64, 200, 100), None);
        assert_eq!(ask(Some("short,short"), 4, 7, 2), ask(Some("short"), 4, 7, 2));
        let refused = [
            ask(Some("lnog"), 1, 1, 1),
            ask(None, 1, 1, 2),
            ask(None, 8, 1, 1),
            ask(Some("long"), 4, 600, 1),
            ask(Some("old"), 1, 1, 1),
        ];
        let said = refused.map(|found| {
            let (message, help) = found.unwrap();
            format!("{message}\n  = {}", help.unwrap_or_default())
        });
        insta::assert_snapshot!(said.join("\n"));
    }
}
