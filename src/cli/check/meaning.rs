//! What the reason codes of findings mean, for formats that explain each.

use crate::domain::lane;
use crate::domain::policy::Policy;

/// What a code means, by the policy that has it; else by the lanes; empty for codes that neither explains.
pub(crate) fn explained<'p>(policies: &'p [Policy], policy: &str, code: &str) -> &'p str {
    let policy = policies.iter().find(|known| known.name == policy);
    let by_lanes = || lane::meaning(code).map_or("", |(_, meaning)| meaning);
    policy.and_then(|policy| policy.codes.get(code)).map_or_else(by_lanes, String::as_str)
}
