//! Approval: whether another human has approved exactly what a pull request proposes, and if not, why not.
//!
//! Pure: reviews, permissions and the state of the request come in; what they come to goes out. **Invariants**: a review
//! counts only for the commit that it was made of; who asked for it or opened it never approves; what is not known counts as no;
//! a branch that holds anything else than what was planned is approved by nobody.

use serde::{Deserialize, Serialize};

use super::names::{AccountId, CommitId};
use super::plan::Risk;
use super::request::Actor;

/// A review as the forge has it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its id.
    pub id: u64,
    /// Who wrote it; the account 0 where that is gone.
    pub reviewer: Actor,
    /// Whether the reviewer is a person, and no bot or App.
    pub human: bool,
    /// What it says.
    pub opinion: Opinion,
    /// The commit that it was made of; `None` where the forge does not say.
    pub commit: Option<CommitId>,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// For it.
    Approved,
    /// Against it.
    ChangesRequested,
    /// Taken back by somebody who may.
    Dismissed,
    /// Neither; the reviewer's last opinion remains.
    Commented,
}

/// What is known about a pull request.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The risk class of what it changes; `None` where writ did not plan it.
    pub risk: Option<Risk>,
    /// Whether a finding of the policies needs the approval of another human.
    pub needs_review: bool,
    /// Who asked for it, or opened it.
    pub requesters: &'a [AccountId],
    /// The commit that writ pushed; the head itself where writ did not plan it.
    pub planned: &'a CommitId,
    /// The commit that it proposes now.
    pub head: &'a CommitId,
    /// Why the request is void; `None` where it is not.
    pub void: Option<&'a str>,
    /// The reviews, oldest first.
    pub reviews: &'a [Review],
    /// Those of the reviewers that may write, as the forge says now. Who is not in it may not.
    pub writers: &'a [AccountId],
    /// Accounts of programs: logins, or numeric ids.
    pub agents: &'a [String],
}

/// Whether a pull request is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Approval {
    /// It makes things safer, or writ did not plan it; and no finding needs review.
    NotNeeded,
    /// Others have approved it.
    Given {
        /// Their reviews, oldest first.
        by: Vec<Approver>,
    },
    /// Nobody whose approval counts has approved it.
    Missing,
    /// Somebody who may write wants it changed.
    Objected {
        /// Who.
        by: Vec<Approver>,
    },
    /// The branch holds something else than what was planned.
    Diverged,
    /// The request is void: its comment was edited or deleted, or its author lost the right. Serialised as `fallen`.
    #[serde(rename = "fallen")]
    Void {
        /// Why.
        message: String,
    },
    /// It touches live trading, and that takes a token that this program does not give out.
    NotOffered,
}

/// A person whose review counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// The review.
    pub review: u64,
    /// The account.
    pub id: AccountId,
    /// Its login, for people.
    pub login: String,
}

/// A review that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCounted {
    /// The review.
    pub review: u64,
    /// Who wrote it.
    pub login: String,
    /// Why it does not count.
    pub why: NotCountedReason,
}

/// Why an approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCountedReason {
    /// The account is a bot's or an App's.
    NotHuman,
    /// The account is in the settings as a program's.
    Agent,
    /// It is the account that asked for it, or opened it.
    Requester,
    /// The account may not write here, or not any more.
    NotWriter,
    /// It was made of another commit.
    OtherCommit,
    /// It was dismissed.
    Dismissed,
}

impl Approval {
    /// Whether nothing of it keeps the pull request from being merged.
    #[must_use]
    pub fn is_satisfied(&self) -> bool {
        matches!(self, Self::NotNeeded | Self::Given { .. })
    }
}

impl NotCountedReason {
    /// The same for people, to be read after "does not count:".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotHuman => "the reviewer is a bot",
            Self::Agent => "the reviewer is an agent account",
            Self::Requester => "the requester cannot approve their own request",
            Self::NotWriter => "the reviewer does not have write access",
            Self::OtherCommit => "it is for a different commit",
            Self::Dismissed => "it was dismissed",
        }
    }
}

/// What the reviews come to, and which approvals do not count.
#[must_use]
pub fn judge(question: &Question<'_>) -> (Approval, Vec<NotCounted>) {
    if question.head != question.planned {
        return (Approval::Diverged, Vec::new());
    }
    let needs_approval = question.risk.is_some_and(Risk::needs_approval);
    if !needs_approval && !question.needs_review {
        return (Approval::NotNeeded, Vec::new());
    }
    // A comment that is tidied up later holds no containment back: it was read again before it was carried out.
    if let Some(message) = question.void.filter(|_| needs_approval) {
        return (Approval::Void { message: message.to_owned() }, Vec::new());
    }
    if question.risk == Some(Risk::Live) {
        return (Approval::NotOffered, Vec::new());
    }
    let (mut given, mut objected, mut not_counted) = (Vec::new(), Vec::new(), Vec::new());
    for review in last_opinions(question.reviews) {
        let approver =
            || Approver { review: review.id, id: review.reviewer.id, login: review.reviewer.login.clone() };
        match (review.opinion, reason_against(review, question)) {
            (Opinion::Approved, None) => given.push(approver()),
            (Opinion::Approved | Opinion::Dismissed, Some(why)) => {
                not_counted.push(NotCounted { review: review.id, login: review.reviewer.login.clone(), why });
            }
            (Opinion::ChangesRequested, _) if objects(review, question) => objected.push(approver()),
            _ => {}
        }
    }
    let approval = match (objected.is_empty(), given.is_empty()) {
        (false, _) => Approval::Objected { by: objected },
        (true, false) => Approval::Given { by: given },
        (true, true) => Approval::Missing,
    };
    (approval, not_counted)
}

/// The last opinion of each reviewer, in the order in which these were given.
fn last_opinions(reviews: &[Review]) -> impl Iterator<Item = &Review> {
    let opinions = || reviews.iter().filter(|review| review.opinion != Opinion::Commented);
    opinions().enumerate().filter_map(move |(at, review)| {
        // Whose account is gone cannot be told from others whose account is gone; none of them may write.
        let later = opinions().skip(at + 1).any(|later| later.reviewer.id == review.reviewer.id);
        (!later).then_some(review)
    })
}

/// Why a review is no approval that counts.
fn reason_against(review: &Review, question: &Question<'_>) -> Option<NotCountedReason> {
    let reasons = [
        (review.opinion == Opinion::Dismissed, NotCountedReason::Dismissed),
        (!review.human, NotCountedReason::NotHuman),
        (is_agent(&review.reviewer, question.agents), NotCountedReason::Agent),
        (question.requesters.contains(&review.reviewer.id), NotCountedReason::Requester),
        (!question.writers.contains(&review.reviewer.id), NotCountedReason::NotWriter),
        (review.commit.as_ref() != Some(question.head), NotCountedReason::OtherCommit),
    ];
    reasons.into_iter().find_map(|(holds, why)| holds.then_some(why))
}

/// Whether a review holds the pull request back: anybody who may write can say stop, of whichever commit, but programs.
fn objects(review: &Review, question: &Question<'_>) -> bool {
    review.human
        && !is_agent(&review.reviewer, question.agents)
        && question.writers.contains(&review.reviewer.id)
}

/// Whether an account is in the list of programs, by login or by id.
#[must_use]
pub fn is_agent(account: &Actor, agents: &[String]) -> bool {
    let id = account.id.to_string();
    agents.iter().any(|agent| agent.eq_ignore_ascii_case(&account.login) || *agent == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(letter: char) -> CommitId {
        letter.to_string().repeat(40).parse().unwrap()
    }

    /// A review of commit `a` by an account, named after its number.
    fn review(id: u64, account: u64, opinion: Opinion) -> Review {
        let reviewer = Actor { id: AccountId(account), login: format!("user-{account}") };
        Review { id, reviewer, human: true, opinion, commit: Some(commit('a')) }
    }

    /// Judges reviews of a restoring change that 1 asked for, where 1 to 4 may write, and 4 is a program.
    fn judged(reviews: &[Review]) -> (Approval, Vec<NotCounted>) {
        judged_of(Risk::Restoring, reviews)
    }

    fn judged_of(risk: Risk, reviews: &[Review]) -> (Approval, Vec<NotCounted>) {
        judged_about(Some(risk), false, reviews)
    }

    fn judged_about(
        risk: Option<Risk>,
        needs_review: bool,
        reviews: &[Review],
    ) -> (Approval, Vec<NotCounted>) {
        let head = commit('a');
        judge(&Question {
            risk,
            needs_review,
            requesters: &[AccountId(1)],
            planned: &head,
            head: &head,
            void: None,
            reviews,
            writers: &[AccountId(1), AccountId(2), AccountId(3), AccountId(4)],
            agents: &["User-4".to_owned()],
        })
    }

    /// The reviews that count, or the one reason why the only approval does not.
    fn given(reviews: &[Review]) -> Result<Vec<u64>, NotCountedReason> {
        match judged(reviews) {
            (Approval::Given { by }, _) => Ok(by.into_iter().map(|approver| approver.review).collect()),
            (Approval::Missing, not_counted) if not_counted.len() == 1 => Err(not_counted[0].why),
            other => panic!("{other:?}"),
        }
    }

    use Opinion::{Approved, ChangesRequested, Commented, Dismissed};

    #[test]
    fn another_human_who_may_write_approves() {
        assert_eq!(judged(&[]).0, Approval::Missing);
        assert_eq!(given(&[review(10, 2, Approved)]), Ok(vec![10]));
        assert_eq!(given(&[review(10, 2, Approved), review(11, 3, Approved)]), Ok(vec![10, 11]));
    }

    #[test]
    fn what_does_not_count_says_why() {
        assert_eq!(given(&[review(10, 1, Approved)]), Err(NotCountedReason::Requester));
        assert_eq!(given(&[review(10, 4, Approved)]), Err(NotCountedReason::Agent));
        assert_eq!(given(&[review(10, 5, Approved)]), Err(NotCountedReason::NotWriter));
        assert_eq!(
            given(&[Review { human: false, ..review(10, 2, Approved) }]),
            Err(NotCountedReason::NotHuman)
        );
        assert_eq!(
            given(&[Review { commit: Some(commit('b')), ..review(10, 2, Approved) }]),
            Err(NotCountedReason::OtherCommit)
        );
        assert_eq!(
            given(&[Review { commit: None, ..review(10, 2, Approved) }]),
            Err(NotCountedReason::OtherCommit)
        );
        assert_eq!(given(&[review(10, 2, Dismissed)]), Err(NotCountedReason::Dismissed));
    }

    #[test]
    fn a_reviewers_last_opinion_decides() {
        let (approval, _) = judged(&[review(10, 2, Approved), review(11, 2, ChangesRequested)]);
        assert!(matches!(approval, Approval::Objected { by } if by[0].review == 11));
        assert_eq!(given(&[review(10, 2, ChangesRequested), review(11, 2, Approved)]), Ok(vec![11]));
        assert_eq!(given(&[review(10, 2, Approved), review(11, 2, Commented)]), Ok(vec![10]));
        // An objection that was dismissed does not bring the approval before it back.
        assert_eq!(
            given(&[review(10, 2, Approved), review(11, 2, Dismissed)]),
            Err(NotCountedReason::Dismissed)
        );
        assert_eq!(given(&[review(10, 2, Dismissed), review(11, 2, Approved)]), Ok(vec![11]));
    }

    #[test]
    fn who_may_write_can_hold_it_back_and_nobody_else() {
        let approved = review(10, 2, Approved);
        let objecting = |account| judged(&[approved.clone(), review(11, account, ChangesRequested)]).0;
        for account in [1, 3] {
            assert!(matches!(objecting(account), Approval::Objected { .. }), "{account}");
        }
        for account in [4, 5] {
            assert!(matches!(objecting(account), Approval::Given { .. }), "{account}");
        }
    }

    #[test]
    fn the_class_decides_what_is_asked() {
        assert_eq!(judged_of(Risk::Containment, &[]).0, Approval::NotNeeded);
        assert_eq!(judged_of(Risk::Promotion, &[]).0, Approval::Missing);
        assert_eq!(judged_of(Risk::Live, &[review(10, 2, Approved)]).0, Approval::NotOffered);
    }

    /// Whoever opened the pull request, and whatever class it has.
    #[test]
    fn what_needs_review_is_approved_by_another_human() {
        for risk in [None, Some(Risk::Containment), Some(Risk::Restoring)] {
            assert_eq!(judged_about(risk, true, &[]).0, Approval::Missing, "{risk:?}");
            let (approval, _) = judged_about(risk, true, &[review(10, 2, Approved)]);
            assert!(matches!(approval, Approval::Given { .. }), "{risk:?}");
            for account in [1, 4, 5] {
                let (approval, _) = judged_about(risk, true, &[review(10, account, Approved)]);
                assert_eq!(approval, Approval::Missing, "{risk:?}, {account}");
            }
        }
        assert_eq!(judged_about(None, false, &[]).0, Approval::NotNeeded);
        assert_eq!(judged_about(Some(Risk::Live), true, &[review(10, 2, Approved)]).0, Approval::NotOffered);
    }

    #[test]
    fn what_was_not_planned_or_does_not_stand_is_approved_by_nobody() {
        let (planned, head, reviews) = (commit('b'), commit('a'), [review(10, 2, Approved)]);
        for risk in [Risk::Containment, Risk::Restoring] {
            let question = Question {
                risk: Some(risk),
                needs_review: false,
                requesters: &[AccountId(1)],
                planned: &planned,
                head: &head,
                void: None,
                reviews: &reviews,
                writers: &[AccountId(2)],
                agents: &[],
            };
            assert_eq!(judge(&question).0, Approval::Diverged, "{risk}");
            let voided = Question { void: Some("it was edited"), planned: &head, ..question };
            let wanted = match risk {
                Risk::Containment => Approval::NotNeeded,
                _ => Approval::Void { message: "it was edited".to_owned() },
            };
            assert_eq!(judge(&voided).0, wanted);
        }
    }
}
