//! What the local forge does beyond the suite: it refuses as GitHub would, follows branches, survives being opened again.

use jiff::Timestamp;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use writ::domain::names::{BranchName, RepositoryName};
use writ::ports::forge::local::LocalForge;
use writ::ports::forge::{Forge as _, ForgeError, NewPull, Permission, Reaction};

use super::forge::Stage as _;
use super::forge_stages::LocalStage;

fn new_pull(head: &str, base: &str) -> NewPull {
    let branch = |name: &str| name.parse::<BranchName>().expect("a branch name");
    let (title, body) = ("title".to_owned(), "body".to_owned());
    NewPull { head: branch(head), base: branch(base), title, body, draft: false, labels: vec![] }
}

#[tokio::test]
async fn a_pull_request_needs_two_branches_and_a_difference() {
    let stage = LocalStage::start().await.expect("a stage");
    let repository = stage.repository();
    stage.git.git(&["branch", "same", "main"]);
    for (head, base, reason) in [
        ("absent", "main", "the branch `absent` does not exist"),
        ("main", "absent", "the branch `absent` does not exist"),
        ("same", "main", "no commits between `main` and `same`"),
    ] {
        let error = stage.forge.open_pull(&repository, &new_pull(head, base)).await.expect_err("refused");
        assert!(matches!(&error, ForgeError::Rejected(said) if said == reason), "{error:?}");
    }
    let mut long = new_pull("same", "main");
    long.body = "ü".repeat(65_537);
    let error = stage.forge.open_pull(&repository, &long).await.expect_err("refused");
    assert!(error.to_string().contains("65536"), "{error}");
    assert!(stage.pulls().await.is_empty());
}

#[tokio::test]
async fn the_head_follows_its_branch_while_the_pull_request_is_open() {
    let stage = LocalStage::start().await.expect("a stage");
    let repository = stage.repository();
    let pull = new_pull("topic", "main");
    stage.branch(&pull.head).await;
    let opened = stage.forge.open_pull(&repository, &pull).await.expect("a pull request");
    assert_eq!(Some(&opened.head), stage.git.tip("topic").as_ref());
    let moved = stage.git.commit("topic", &[("README.md", "again\n")]);
    let found =
        async || stage.forge.find_pull(&repository, &pull.head).await.expect("an answer").expect("found");
    assert_eq!(found().await.head, moved);
    stage.git.git(&["branch", "-D", "topic"]);
    assert_eq!(found().await.number, opened.number, "found without its branch");
    assert_eq!(stage.forge.open_pull(&repository, &pull).await.expect("the same").number, opened.number);
}

#[tokio::test]
async fn what_was_kept_is_there_when_it_is_opened_again() {
    let stage = LocalStage::start().await.expect("a stage");
    let repository = stage.repository();
    let issue = stage.open_issue("wes").await;
    let comment = stage.comment("wes", issue, "hello").await;
    stage.forge.react(&repository, comment, Reaction::Eyes).await.expect("a reaction");
    let database = stage.database();
    let again =
        LocalForge::open(&database, "http://127.0.0.1:2", Timestamp::now).await.expect("the same forge");
    let comments = again.comments(&repository, issue).await.expect("comments");
    assert_eq!(comments.len(), 1);
    assert_eq!((comments[0].login.as_str(), comments[0].bot), ("wes", false));
    assert_eq!(comments[0].reactions, [Reaction::Eyes]);
    assert_eq!(comments[0].comment.created_at, comments[0].comment.updated_at);
    assert_eq!(again.permission(&repository, "rita").await.expect("rita").1, Permission::Read);
    let upper = again.permission(&repository, "RITA").await.expect("logins have no case");
    assert_eq!(upper, again.permission(&repository, "rita").await.expect("rita"));
    again.grant(&repository, "rita", Permission::None).await.expect("revoked");
    assert_eq!(stage.forge.permission(&repository, "rita").await.expect("rita").1, Permission::None);
}

#[tokio::test]
async fn two_workers_make_one_status_comment_and_one_pull_request() {
    let stage = LocalStage::start().await.expect("a stage");
    let repository = stage.repository();
    let issue = stage.open_issue("wes").await;
    let pull = new_pull("topic", "main");
    stage.branch(&pull.head).await;
    let other = LocalForge::open(&stage.database(), "http://127.0.0.1:1/forge", Timestamp::now)
        .await
        .expect("a second");
    let (one, two) = tokio::join!(
        stage.forge.put_status(&repository, issue, "<!-- m -->", "<!-- m -->a"),
        other.put_status(&repository, issue, "<!-- m -->", "<!-- m -->b"),
    );
    assert_eq!(one.expect("a status"), two.expect("a status"));
    let (one, two) =
        tokio::join!(stage.forge.open_pull(&repository, &pull), other.open_pull(&repository, &pull));
    assert_eq!(one.expect("a pull request"), two.expect("a pull request"));
    assert_eq!((stage.comments(issue).await.len(), stage.pulls().await.len()), (1, 1));
}

/// When the disk is full, SQLite ends a transaction by itself; so does this trigger.
#[tokio::test]
async fn a_transaction_that_the_database_ended_is_over() {
    let stage = LocalStage::start().await.expect("a stage");
    let (repository, issue) = (stage.repository(), stage.open_issue("wes").await);
    let behind_its_back = async |sql: &'static str| {
        let mut connection =
            SqliteConnectOptions::new().filename(stage.database()).connect().await.expect("a file");
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("a statement");
    };
    behind_its_back(
        "CREATE TRIGGER full BEFORE INSERT ON forge_comments BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END",
    )
    .await;
    let put = async || stage.forge.put_status(&repository, issue, "<!-- m -->", "<!-- m -->a").await;
    for _ in 0..8 {
        let error = put().await.expect_err("it is full");
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }
    behind_its_back("DROP TRIGGER full").await;
    for _ in 0..8 {
        put().await.expect("there is space");
    }
}

#[tokio::test]
async fn only_bare_repositories_are_hosted() {
    let stage = LocalStage::start().await.expect("a stage");
    let name: RepositoryName = "acme/other".parse().expect("a name");
    for path in [stage.git.beside("nothing"), stage.git.path().join("objects")] {
        assert!(matches!(stage.forge.host(&name, &path).await, Err(ForgeError::Rejected(_))));
    }
    let unhosted = stage.forge.add_issue(&name, "title", "").await;
    assert!(matches!(unhosted, Err(ForgeError::NotFound(_))), "{unhosted:?}");
    assert!(stage.forge.git_credential(&stage.repository()).await.expect("an answer").is_none());
}
