//! Policies on the corpus and on cases.

use writ::domain::policy::Policies;
use writ::ports::library::Library;

#[test]
fn the_policies_compile() {
    let policies = Policies::compile(&Library::embedded().policies).unwrap();
    assert!(policies.policies().len() >= 8);
}
