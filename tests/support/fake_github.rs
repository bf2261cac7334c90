//! A GitHub with a memory, of one repository, that can lose, garble and delay what it answers.
//!
//! It keeps GitHub's rules as far as the bot meets them: one open pull request per branch, annotations that add up,
//! reactions and labels that are there once. **Effects are counted by what is there afterwards**, not by what was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::scripted::{Asked, Reply, Scripted};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Done, and the connection closes without an answer.
    Lost,
    /// Done, and nothing more is heard.
    Hangs,
    /// Done, and a gateway says 502.
    BadGateway,
    /// Done, and the answer is no JSON.
    Garbled,
    /// Done, and the answer ends early.
    Cut,
    /// Not done: a page of something in between says 200.
    Page,
    /// Not done: 404.
    NotFound,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Lost, Self::Hangs, Self::BadGateway, Self::Garbled, Self::Cut, Self::Page, Self::NotFound];
}

/// The server and what it holds.
pub struct FakeGithub {
    pub server: Scripted,
    state: Arc<Mutex<State>>,
}

/// What a repository holds.
#[derive(Default)]
pub struct State {
    /// Comments by id: `issue`, `body`, `user`, …
    pub comments: BTreeMap<u64, Value>,
    /// Comment and content.
    pub reactions: BTreeSet<(u64, String)>,
    /// Pull requests by number.
    pub pulls: BTreeMap<u64, Value>,
    /// Check runs by id.
    pub checks: BTreeMap<u64, Value>,
    /// How many reads do not see a thing yet, by its id.
    hidden: BTreeMap<u64, u32>,
    /// How many reads do not see what is made from now on.
    lag: u32,
    /// The request that goes wrong: the first whose line contains this.
    fault: Option<(String, Fault)>,
    last_id: u64,
    /// Where branches point.
    heads: Option<Arc<dyn Fn(&str) -> String + Send + Sync>>,
}

const AT: &str = "2026-11-21T09:30:00Z";

/// The bot's account there.
pub fn account() -> Value {
    json!({"id": 5, "login": "writ-machine", "type": "User"})
}

impl FakeGithub {
    /// Starts one that is empty.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Scripted::start(move |asked| shared.lock().unwrap().answer(asked)).await;
        Self { server, state }
    }

    /// From now on, the first request whose line contains `line` goes wrong.
    pub fn fail(&self, line: &str, fault: Fault) {
        self.state.lock().unwrap().fault = Some((line.to_owned(), fault));
    }

    /// Whether the request that was to go wrong has not come yet.
    pub fn waits_to_fail(&self) -> bool {
        self.state.lock().unwrap().fault.is_some()
    }

    /// What is made from now on is not seen by so many reads.
    pub fn lag(&self, reads: u32) {
        self.state.lock().unwrap().lag = reads;
    }

    /// Where branches point; else everything is `aaaa…`.
    pub fn point(&self, heads: impl Fn(&str) -> String + Send + Sync + 'static) {
        self.state.lock().unwrap().heads = Some(Arc::new(heads));
    }

    /// A person's comment.
    pub fn comment(&self, issue: u64, user: &Value, body: &str) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.make_comment(issue, user, body)
    }

    /// What it holds.
    pub fn holds<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap())
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let fault = match &self.fault {
            Some((line, fault)) if asked.line.contains(line.as_str()) => Some(*fault),
            _ => None,
        };
        if fault.is_some() {
            self.fault = None;
        }
        match fault {
            Some(Fault::NotFound) => return not_found(),
            Some(Fault::Page) => return Reply::Answer(200, String::new(), b"<html>Sign in</html>".to_vec()),
            _ => {}
        }
        let reply = self.perform(asked);
        let Reply::Answer(status, headers, mut body) = reply else { return reply };
        match fault {
            None | Some(Fault::NotFound | Fault::Page) => Reply::Answer(status, headers, body),
            Some(Fault::Lost) => Reply::Close,
            Some(Fault::Hangs) => Reply::Silence,
            Some(Fault::BadGateway) => {
                Reply::Answer(502, String::new(), b"<html>Bad gateway</html>".to_vec())
            }
            Some(Fault::Garbled) => Reply::Answer(status, headers, b"\x00\xff{not json".to_vec()),
            Some(Fault::Cut) => {
                body.truncate(body.len() / 2);
                Reply::Answer(status, headers, body)
            }
        }
    }

    fn perform(&mut self, asked: &Asked) -> Reply {
        let (method, target) = asked.line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let body: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let id = |text: &str| text.parse::<u64>().unwrap_or(0);
        match (method, &parts[..]) {
            ("GET", ["user"]) => Reply::json(200, &account()),
            ("GET", ["repos", _, _]) => Reply::json(200, &json!({"id": 1})),
            ("GET", [.., "collaborators", login, "permission"]) => {
                let user = json!({"id": if *login == "ada" { 1 } else { 9 }, "login": login});
                Reply::json(200, &json!({"permission": "write", "role_name": "write", "user": user}))
            }
            ("GET", [.., "issues", issue, "comments"]) => {
                let issue = id(issue);
                let all = self.seen(|state| &state.comments);
                let of: Vec<Value> = all.into_iter().filter(|comment| comment["issue"] == issue).collect();
                Reply::json(200, &json!(of))
            }
            ("POST", [.., "issues", issue, "comments"]) => {
                let made = self.make_comment(id(issue), &account(), body["body"].as_str().unwrap());
                Reply::json(201, &self.comments[&made])
            }
            ("POST", [.., "comments", comment, "reactions"]) => {
                let content = body["content"].as_str().unwrap().to_owned();
                self.reactions.insert((id(comment), content.clone()));
                Reply::json(201, &json!({"id": 1, "content": content}))
            }
            ("GET", [.., "issues", "comments", comment]) => self.one(id(comment), |state| &state.comments),
            ("PATCH", [.., "issues", "comments", comment]) => {
                let comment = id(comment);
                if self.is_hidden(comment) || !self.comments.contains_key(&comment) {
                    return not_found();
                }
                self.comments.get_mut(&comment).unwrap()["body"] = body["body"].clone();
                Reply::json(200, &self.comments[&comment])
            }
            ("GET", [.., "pulls"]) => {
                let head = query.split('&').find_map(|pair| pair.strip_prefix("head=")).unwrap_or_default();
                let branch = head.split_once(':').map_or("", |(_, branch)| branch).to_owned();
                let all = self.seen(|state| &state.pulls);
                let of: Vec<Value> = all.into_iter().filter(|pull| pull["head"]["ref"] == *branch).collect();
                Reply::json(200, &json!(of))
            }
            ("POST", [_, owner, name, "pulls"]) => self.open(&format!("{owner}/{name}"), &body),
            ("GET", [.., "pulls", _, "reviews"]) => Reply::json(200, &json!([])),
            ("GET", [.., "pulls", number]) => self.one(id(number), |state| &state.pulls),
            ("PATCH", [.., "pulls", number]) => {
                let number = id(number);
                if self.is_hidden(number) || !self.pulls.contains_key(&number) {
                    return not_found();
                }
                self.pulls.get_mut(&number).unwrap()["state"] = body["state"].clone();
                Reply::json(200, &self.pulls[&number])
            }
            ("POST", [.., "issues", number, "labels"]) => {
                let Some(pull) = self.pulls.get_mut(&id(number)) else { return not_found() };
                let labels = pull["labels"].as_array_mut().unwrap();
                for name in body["labels"].as_array().unwrap() {
                    let label = json!({"name": name});
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
                Reply::json(200, &json!(labels))
            }
            (_, ["graphql"]) => {
                for pull in self.pulls.values_mut() {
                    pull["draft"] = json!(false);
                }
                Reply::json(200, &json!({"data": {}}))
            }
            _ => self.check_runs(method, &parts, query, &body),
        }
    }

    fn check_runs(&mut self, method: &str, parts: &[&str], query: &str, body: &Value) -> Reply {
        let id = |text: &str| text.parse::<u64>().unwrap_or(0);
        match (method, parts) {
            ("GET", [.., "commits", head, "check-runs"]) => {
                let name = query.split('&').find_map(|pair| pair.strip_prefix("check_name="));
                let name = name.unwrap_or_default().replace("%2F", "/");
                let all = self.seen(|state| &state.checks);
                let is = |check: &&Value| check["head_sha"] == **head && check["name"] == *name;
                let newest: Vec<Value> = all.iter().rev().find(is).map(shown).into_iter().collect();
                Reply::json(200, &json!({"total_count": newest.len(), "check_runs": newest}))
            }
            ("POST", [.., "check-runs"]) => {
                let made = self.next_id();
                let mut check = json!({"id": made, "head_sha": body["head_sha"], "annotations": []});
                write_check(&mut check, body);
                self.checks.insert(made, check);
                Reply::json(201, &shown(&self.checks[&made]))
            }
            ("GET", [.., "check-runs", check, "annotations"]) => {
                let page = usize::from(query.contains("&page=2"));
                let all = self.checks[&id(check)]["annotations"].as_array().unwrap().clone();
                Reply::json(200, &json!(all.chunks(100).nth(page).unwrap_or_default()))
            }
            ("GET", [.., "check-runs", check]) => match self.is_hidden(id(check)) {
                true => not_found(),
                false => self
                    .checks
                    .get(&id(check))
                    .map_or_else(not_found, |check| Reply::json(200, &shown(check))),
            },
            ("PATCH", [.., "check-runs", check]) => {
                let check = id(check);
                if self.is_hidden(check) || !self.checks.contains_key(&check) {
                    return not_found();
                }
                write_check(self.checks.get_mut(&check).unwrap(), body);
                Reply::json(200, &shown(&self.checks[&check]))
            }
            _ => not_found(),
        }
    }

    fn make_comment(&mut self, issue: u64, user: &Value, body: &str) -> u64 {
        let id = self.next_id();
        let comment = json!({
            "id": id, "issue": issue, "user": user, "body": body, "created_at": AT, "updated_at": AT
        });
        self.comments.insert(id, comment);
        id
    }

    fn open(&mut self, repository: &str, body: &Value) -> Reply {
        let taken = |pull: &Value| pull["state"] == "open" && pull["head"]["ref"] == body["head"];
        if self.pulls.values().any(taken) {
            let message = format!("A pull request already exists for acme:{}.", body["head"]);
            let errors = json!([{"message": message}]);
            return Reply::json(422, &json!({"message": "Validation Failed", "errors": errors}));
        }
        let number = self.next_id();
        let branch = body["head"].as_str().unwrap();
        let head = self.heads.as_ref().map_or_else(|| "a".repeat(40), |heads| heads(branch));
        let pull = json!({
            "number": number, "html_url": format!("https://forge.example/{repository}/pull/{number}"),
            "title": body["title"], "state": "open", "merged_at": null, "body": body["body"],
            "draft": body["draft"], "user": account(), "labels": [], "node_id": format!("PR_{number}"),
            "base": {"ref": body["base"]},
            "head": {"ref": branch, "sha": head, "repo": {"full_name": repository}},
        });
        self.pulls.insert(number, pull);
        Reply::json(201, &self.pulls[&number])
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        let id = 100 + self.last_id;
        if self.lag > 0 {
            self.hidden.insert(id, self.lag);
        }
        id
    }

    /// Whether a read does not see a thing yet; counts as one.
    fn is_hidden(&mut self, id: u64) -> bool {
        let Some(left) = self.hidden.get_mut(&id) else { return false };
        *left -= 1;
        if *left == 0 {
            self.hidden.remove(&id);
        }
        true
    }

    /// What a list shows.
    fn seen(&mut self, of: fn(&Self) -> &BTreeMap<u64, Value>) -> Vec<Value> {
        let all: Vec<(u64, Value)> = of(self).iter().map(|(id, thing)| (*id, thing.clone())).collect();
        all.into_iter().filter(|(id, _)| !self.is_hidden(*id)).map(|(_, thing)| thing).collect()
    }

    fn one(&mut self, id: u64, of: fn(&Self) -> &BTreeMap<u64, Value>) -> Reply {
        if self.is_hidden(id) {
            return not_found();
        }
        of(self).get(&id).map_or_else(not_found, |thing| Reply::json(200, thing))
    }
}

fn not_found() -> Reply {
    Reply::json(404, &json!({"message": "Not Found"}))
}

fn shown(check: &Value) -> Value {
    let annotations = check["annotations"].as_array().unwrap().len();
    json!({
        "id": check["id"], "status": check["status"], "conclusion": check["conclusion"],
        "external_id": check["external_id"], "output": {"annotations_count": annotations},
    })
}

fn write_check(check: &mut Value, body: &Value) {
    let given = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
    assert!(given.len() <= 50, "GitHub takes 50 annotations a request, not {}", given.len());
    check["annotations"].as_array_mut().unwrap().extend(given);
    for field in ["name", "status", "external_id", "conclusion"] {
        check[field] = body[field].clone();
    }
}
