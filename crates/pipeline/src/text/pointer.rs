//! JSON Pointers (RFC 6901), by which parameters are named between stages, schema and file.

/// `pointer` with one more segment.
pub(crate) fn join(pointer: &str, segment: &str) -> String {
    format!("{pointer}/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// The pointer made of `segments`.
pub(crate) fn of(segments: &[&str]) -> String {
    segments.iter().fold(String::new(), |pointer, segment| join(&pointer, segment))
}

/// The pointer without its last segment; `None` for the root.
pub(crate) fn parent(pointer: &str) -> Option<&str> {
    pointer.rfind('/').map(|end| &pointer[..end])
}

/// The last segment, unescaped; `None` for the root.
pub(crate) fn last(pointer: &str) -> Option<String> {
    let start = pointer.rfind('/')? + 1;
    Some(pointer[start..].replace("~1", "/").replace("~0", "~"))
}

/// Whether `inner` is `outer` or lies below it.
pub(crate) fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_with_slashes_and_tildes_come_back() {
        let pointer = of(&["stages", "a/b~c"]);
        assert_eq!(pointer, "/stages/a~1b~0c");
        assert_eq!(last(&pointer).as_deref(), Some("a/b~c"));
        assert_eq!(parent(&pointer), Some("/stages"));
        assert_eq!(parent(""), None);
    }

    #[test]
    fn within_goes_by_whole_segments() {
        assert!(within("/a/b", "/a"));
        assert!(within("/a", "/a"));
        assert!(within("/a", ""));
        assert!(!within("/ab", "/a"));
    }
}
