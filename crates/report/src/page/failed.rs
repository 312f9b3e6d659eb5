//! The table of variants that failed.

use maud::{Markup, html};

use crate::failed::Failed;

/// Each variant with the stage that failed and its error.
pub(super) fn table(failed: &[Failed]) -> Markup {
    html! {
        h2 { "Variants that failed" }
        p { "The findings and the figures below are of the other variants." }
        div .wide {
            table {
                thead { tr { th { "variant" } th { "stage" } th { "error" } } }
                tbody {
                    @for run in failed {
                        tr {
                            td { (run.label()) }
                            td { (run.stage) }
                            td .does-not-hold { (run.message) }
                        }
                    }
                }
            }
        }
    }
}
