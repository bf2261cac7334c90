//! Settings: what is read, what overrides what, and what a mistake is answered with.

use std::collections::BTreeMap;
use std::process::Command;

use tempfile::NamedTempFile;
use writ::cli::settings::{Explained, ForgeSettings, Settings, SettingsError, Source, Sources, TABLE, load};

const REPOSITORIES: &str = "repositories:\n  - name: example/lab\n    remote: /srv/lab.git\n";

/// Loads a file's text with variables and flags.
fn loaded(
    text: &str,
    variables: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<(Settings, Vec<Explained>), SettingsError> {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    let flags: Vec<_> = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    load(&Sources {
        file: Some(file.path()),
        flags: &flags,
        variable: &|name| variables.get(name).map(|value| (*value).to_owned()),
    })
}

/// What a file with a good environment is refused with, causes included.
fn refused(text: &str) -> String {
    let secret = [("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only"), ("WRIT_FORGE_TOKEN", "token")];
    let error = loaded(text, &secret, &[]).expect_err("refused");
    format!("{error}")
}

#[test]
fn flags_override_variables_the_file_and_defaults() {
    let file = format!("workers: 3\nlease_seconds: 40\nforge: {{kind: local}}\n{REPOSITORIES}");
    let variables =
        [("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only"), ("WRIT_WORKERS", "4"), ("WRIT_DATA", "/d")];
    let (settings, explained) = loaded(&file, &variables, &[("workers", "5")]).unwrap();
    let server = settings.server;
    assert_eq!((server.workers, server.lease_seconds, server.shutdown_seconds), (5, 40, 20));
    assert_eq!(server.database, std::path::Path::new("/d/writ.db"));
    assert!(matches!(settings.forge, ForgeSettings::Local));
    let source = |key: &str| explained.iter().find(|found| found.row.key == key).unwrap().source.clone();
    assert_eq!(source("workers"), Source::Flag);
    assert_eq!(source("data"), Source::Variable("WRIT_DATA"));
    assert_eq!(source("lease_seconds"), Source::File);
    assert_eq!(source("listen"), Source::Default);
    assert_eq!(explained.len(), TABLE.len());
}

#[test]
fn mistakes_in_the_file_have_line_and_key() {
    let unknown = refused("listen: 127.0.0.1:80\nworkres: 2\n");
    assert!(unknown.contains("line 2") && unknown.contains("`workres`"), "{unknown}");
    let nested = refused("forge:\n  kind: github\n  tokn: x\n");
    assert!(nested.contains("line 3") && nested.contains("tokn"), "{nested}");
    let wrong = refused("workers: many\n");
    assert!(wrong.contains("line 1") && wrong.contains("workers"), "{wrong}");
    let name = refused("repositories:\n  - name: lab\n    remote: x\n");
    assert!(name.contains("repositories[0].name") && name.contains("owner/name"), "{name}");
    assert!(refused("listen: [\n").contains("line"), "{}", refused("listen: [\n"));
}

#[test]
fn values_out_of_range_name_their_source() {
    assert!(refused(&format!("workers: 99\n{REPOSITORIES}")).contains("`workers` (from file): `99`"));
    let error = loaded(REPOSITORIES, &[("WRIT_LISTEN", "here")], &[]).unwrap_err().to_string();
    assert!(error.contains("$WRIT_LISTEN") && error.contains("127.0.0.1:8080"), "{error}");
    let error = loaded(REPOSITORIES, &[], &[("worker", "1")]).unwrap_err().to_string();
    assert!(error.contains("did you mean `workers`?"), "{error}");
    assert!(refused("repositories: []\n").contains("`repositories` is missing"));
    let twice = format!("{REPOSITORIES}  - name: Example/Lab\n    remote: x\n");
    assert!(refused(&twice).contains("listed twice"));
    let outside = refused(&format!("{REPOSITORIES}    gitops_path: ../x\n"));
    assert!(outside.contains("repositories[0].gitops_path"), "{outside}");
}

#[test]
fn how_a_repository_is_run_in_is_read_and_checked() {
    let entry = "observe: [{rule: closed-world, until: 2027-01-15T00:00:00Z}]\n    notify_issue: 7\n    calendar:\n      \
        time_zone: America/New_York\n      hours: {days: [mon, fri], from: \"09:30\", to: \"16:00\"}\n      \
        freezes: [{name: quarter end, from: 2026-12-30T18:00, to: 2027-01-04T09:00}]\n";
    let text = format!("{REPOSITORIES}    {entry}");
    let secret = [("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only"), ("WRIT_FORGE_TOKEN", "token")];
    let (settings, _) = loaded(&text, &secret, &[]).unwrap();
    let repository = &settings.repositories[0];
    assert_eq!(repository.observe[0].rule, "closed-world");
    assert_eq!(repository.notify_issue.unwrap().0, 7);
    assert_eq!(repository.calendar.as_ref().unwrap().freezes[0].name, "quarter end");
    for (from, to, place, says) in [
        ("closed-world", "no-secrets", "repositories[0].observe", "always decides"),
        ("2027-01-15T00:00:00Z", "soon", "observe[0].until", "a time with its offset"),
        ("America/New_York", "Mars/Olympus", "repositories[0].calendar", "time zone is not known"),
        ("\"16:00\"", "\"09:00\"", "repositories[0].calendar", "ends before it begins"),
        ("\"16:00\"", "late", "calendar.hours.to", "a time such as"),
        ("2027-01-04T09:00", "2026-01-04T09:00", "repositories[0].calendar", "ends before it begins"),
        ("notify_issue: 7", "notify_issue: seven", "repositories[0].notify_issue", "number of an issue"),
    ] {
        let error = refused(&text.replace(from, to));
        assert!(error.contains(place) && error.contains(says), "{to}: {error}");
    }
}

#[test]
fn two_listeners_never_share_an_address() {
    let file = format!("operations: 127.0.0.1:8080\n{REPOSITORIES}");
    assert!(refused(&file).contains("`operations` (from file): this is the address of `listen`"));
    let file = format!("listen: 127.0.0.1:8081\n{REPOSITORIES}");
    assert!(refused(&file).contains("`pages` (from default): this is the address of `listen`"));
    // Port 0 is any free one, never the same.
    let file = format!("listen: 127.0.0.1:0\npages: 127.0.0.1:0\nforge: {{kind: local}}\n{REPOSITORIES}");
    loaded(&file, &[("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only")], &[]).unwrap();
}

#[test]
fn a_trusted_proxy_is_an_address_or_a_network() {
    let with = |proxies: &str| {
        let file = format!("trusted_proxies: {proxies}\nforge: {{kind: local}}\n{REPOSITORIES}");
        loaded(&file, &[("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only")], &[])
    };
    let (settings, _) = with("10.0.0.0/8 2001:db8::/32").unwrap();
    assert!(settings.server.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    assert!(with("''").unwrap().0.server.trusted_proxies.is_empty());
    let error = with("proxy.supersecret").unwrap_err().to_string();
    assert!(error.contains("`trusted_proxies` (from file): this is not an IP address"), "{error}");
}

#[test]
fn no_secret_or_a_short_one_is_refused_with_what_to_do() {
    let file = format!("forge: {{kind: local}}\n{REPOSITORIES}");
    let error = loaded(&file, &[], &[]).unwrap_err().to_string();
    assert!(error.contains("WRIT_WEBHOOK_SECRET") && error.contains("openssl rand -hex 32"), "{error}");
    let error = loaded(&file, &[("WRIT_WEBHOOK_SECRET", "short")], &[]).unwrap_err().to_string();
    assert!(error.contains("shorter than 16"), "{error}");
    let in_file = refused("webhook: {secret: a-secret-in-the-file}\n");
    assert!(in_file.contains("`secret`"), "a secret cannot be in the file: {in_file}");
}

#[test]
fn the_account_on_github_is_an_app_or_a_token() {
    let secret = ("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only");
    let with = |more: &[(&'static str, &'static str)]| {
        let variables: Vec<_> = more.iter().copied().chain([secret]).collect();
        loaded(REPOSITORIES, &variables, &[]).map(|(settings, _)| settings).map_err(|error| error.to_string())
    };
    assert!(with(&[]).unwrap_err().contains("`forge` is missing"));
    assert!(with(&[("WRIT_FORGE_APP_ID", "7")]).unwrap_err().contains("app_key_file"));
    assert!(with(&[("WRIT_FORGE_APP_KEY", "pem")]).unwrap_err().contains("`forge.app_id`"));
    let both = [("WRIT_FORGE_APP_KEY", "pem"), ("WRIT_FORGE_APP_ID", "7"), ("WRIT_FORGE_TOKEN", "t")];
    assert!(with(&both).unwrap_err().contains("use one of them"));
    let shown = format!("{:?}", with(&both[..2]).unwrap());
    assert!(shown.contains("App 7") && !shown.contains("pem") && !shown.contains("a-secret"), "{shown}");
}

#[test]
fn serve_without_a_secret_does_not_start() {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("forge: {{kind: local}}\n{REPOSITORIES}")).unwrap();
    let writ = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
        command
            .args(arguments)
            .arg("--file")
            .arg(file.path())
            .env_remove("WRIT_WEBHOOK_SECRET")
            .output()
            .unwrap()
    };
    for arguments in [&["serve"][..], &["config", "check"]] {
        let output = writ(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains("WRIT_WEBHOOK_SECRET"), "{complaint}");
    }
}

/// Files of a wrong shape, and what of them must not be repeated.
#[test]
fn a_mistake_never_quotes_the_file() {
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEsupersecret\n-----END RSA PRIVATE KEY-----\n";
    let rows: &[(&str, &str)] = &[
        (pem, "line 1"),
        ("supersecret", "expected settings"),
        ("- supersecret\n", "expected settings"),
        ("supersecret: 1\n", "unknown field, expected one of `listen`"),
        ("webhook: supersecret\n", "`webhook`"),
        ("webhook: {supersecret: x}\n", "expected `secret_file`"),
        ("webhook: {secret: supersecret}\n", "unknown field `secret`"),
        ("webhook: {secret_file: [supersecret]}\n", "`webhook.secret_file`: expected a text"),
        ("webhook: {secret_file: supersecret}\n", "cannot be read"),
        ("workers: supersecret\n", "expected a whole number from 0 to 32"),
        ("listen: supersecret\n", "such as `127.0.0.1:8080`"),
        ("forge: {kind: supersecret}\n", "neither `github` nor `local`"),
        ("forge: {base_url: 'x://u:supersecret@h'}\n", "is not a URL"),
        ("forge: {app_id: supersecret}\n", "`forge.app_id`: expected a numeric id"),
        ("repositories: supersecret\n", "expected a list of repositories"),
        ("repositories: [supersecret]\n", "expected a repository"),
        ("repositories: [{supersecret: x}]\n", "unknown field, expected one of `name`"),
        ("repositories: [{name: supersecret}]\n", "`owner/name`"),
        ("repositories: [{name: a/b, remote: r, base: 'supersecret..'}]\n", "branch"),
        ("repositories: [{name: a/b, remote: r, gitops_path: /supersecret}]\n", "the path is absolute"),
        ("workers: *supersecret\n", ""),
        ("workers: !supersecret 1\n", ""),
        ("workers: 'expected, supersecret, expected u32'\n", "whole number"),
    ];
    for (text, expected) in rows {
        let variables = match text.contains("secret_file") {
            true => &[("WRIT_FORGE_TOKEN", "token")][..],
            false => &[("WRIT_FORGE_TOKEN", "token"), ("WRIT_WEBHOOK_SECRET", "a-secret-for-tests-only")],
        };
        let Err(error) = loaded(text, variables, &[]) else {
            panic!("taken: {text}");
        };
        let error = writ::domain::refusal::Refusal::from(error);
        let said = format!("{error:?}");
        assert!(!said.contains("supersecret"), "{text} -> {said}");
        assert!(said.contains(expected), "{text} -> {said}");
    }
}
