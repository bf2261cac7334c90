//! A real git server over HTTP on a loopback port: nginx, fcgiwrap and `git http-backend`, all with files of their own.
//!
//! The port belongs to the test: a line of plain TCP between client and nginx, which can be made to lose an answer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::left_out;
use super::repository::git;

/// The server; it ends when it is dropped, or when the test's process dies.
pub struct GitServer {
    folder: TempDir,
    port: u16,
    processes: Child,
    losing: Arc<AtomicBool>,
}

/// Who has access.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Whoever [`GitServer::allow`] names, by HTTP basic authentication.
    Locked,
}

impl GitServer {
    /// Starts a server without repositories; `None`, and a line that says so, where its programs are not installed.
    pub fn start(access: Access) -> Option<Self> {
        let (Some(nginx), Some(fcgiwrap)) = (installed("nginx"), installed("fcgiwrap")) else {
            left_out("git over HTTP", "nginx or fcgiwrap is not installed");
            return None;
        };
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path();
        std::fs::create_dir(path.join("repositories")).expect("a folder");
        std::fs::write(path.join("users"), "").expect("a file of users");
        std::fs::write(path.join("nginx.conf"), configuration(path, access)).expect("a configuration");
        let mut processes = Command::new("sh")
            // When the test ends, or dies, its end of the pipe closes, and the whole group goes.
            .args(["-c", "\"$2\" -f -c 4 -s unix:\"$0/cgi\" & \"$1\" -p \"$0\" -c nginx.conf -e errors & read _; kill -9 0"])
            .args([path.as_os_str(), nginx.as_os_str(), fcgiwrap.as_os_str()])
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stderr(std::fs::File::create(path.join("stderr")).expect("a file"))
            .process_group(0)
            .spawn()
            .expect("sh runs");
        wait_for(path, &mut processes);
        let losing = Arc::new(AtomicBool::new(false));
        let port = listen(path.join("http"), Arc::clone(&losing));
        Some(Self { folder, port, processes, losing })
    }

    /// Serves a bare copy of a repository under `owner/name.git`, and gives the folder of the copy.
    pub fn host(&self, name: &str, from: &Path) -> PathBuf {
        let to = self.folder.path().join("repositories").join(format!("{name}.git"));
        std::fs::create_dir_all(&to).expect("a folder");
        git(&to, &["clone", "--quiet", "--bare", &from.to_string_lossy(), "."]);
        git(&to, &["config", "http.receivepack", "true"]);
        to
    }

    /// Lets a user in from now on.
    pub fn allow(&self, user: &str, secret: &str) {
        let mut users = std::fs::OpenOptions::new().append(true).open(self.folder.path().join("users"));
        writeln!(users.as_mut().expect("the file of users"), "{user}:{{PLAIN}}{secret}").expect("a line");
    }

    /// Lets nobody in any more, until `allow` is called again.
    pub fn forget_users(&self) {
        std::fs::write(self.folder.path().join("users"), "").expect("a file of users");
    }

    /// `http://127.0.0.1:<port>`, without a slash at its end.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}.git", self.address())
    }

    /// From now on pushes are carried out, and their answers are lost on the way back.
    pub fn lose_push_answers(&self) {
        self.losing.store(true, Ordering::SeqCst);
    }

    /// From now on pushes are answered again.
    pub fn answer_pushes_again(&self) {
        self.losing.store(false, Ordering::SeqCst);
    }

    /// One line for each request that nginx saw: method, path with query, status, user.
    pub fn requests(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join("requests")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        drop(self.processes.stdin.take());
        let _ = self.processes.wait();
    }
}

fn installed(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

fn configuration(folder: &Path, access: Access) -> String {
    let backend = PathBuf::from(git(folder, &["--exec-path"])).join("git-http-backend");
    let (folder, backend) = (folder.display(), backend.display());
    let lock = if access == Access::Locked { "auth_basic git; auth_basic_user_file users;" } else { "" };
    format!(
        r#"daemon off; master_process off; pid pid;
events {{}}
http {{
  log_format short '$request_method $request_uri $status $remote_user';
  access_log requests short;
  client_max_body_size 0; client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen unix:{folder}/http;
    location / {{
      {lock}
      fastcgi_pass unix:{folder}/cgi;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_PROJECT_ROOT {folder}/repositories;
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR 127.0.0.1;
    }}
  }}
}}
"#
    )
}

/// Waits until both programs listen.
fn wait_for(folder: &Path, processes: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(20);
    for socket in ["http", "cgi"] {
        while UnixStream::connect(folder.join(socket)).is_err() {
            let ended = processes.try_wait().expect("the state of sh").is_some();
            if ended || Instant::now() > deadline {
                let log = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
                panic!("the git server does not start: {}{}", log("stderr"), log("errors"));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Listens on a free loopback port and passes every connection on to nginx's socket.
fn listen(socket: PathBuf, lose: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // Once the server is gone, so is the socket: the client is hung up on.
            let Ok(server) = UnixStream::connect(&socket) else { continue };
            let lose = Arc::clone(&lose);
            thread::spawn(move || pass_on(client, server, lose));
        }
    });
    port
}

fn pass_on(mut client: TcpStream, mut server: UnixStream, lose: Arc<AtomicBool>) {
    let swallow = Arc::new(AtomicBool::new(false));
    let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else { return };
    let ordered = Arc::clone(&swallow);
    let upstream = thread::spawn(move || {
        let mut chunk = [0; 65536];
        while let Ok(length @ 1..) = from_client.read(&mut chunk) {
            let is_push = chunk.starts_with(b"POST ") && contains(&chunk[..length], b"git-receive-pack HTTP");
            if is_push {
                ordered.store(lose.load(Ordering::SeqCst), Ordering::SeqCst);
            }
            if to_server.write_all(&chunk[..length]).is_err() {
                break;
            }
        }
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let mut chunk = [0; 65536];
    let mut swallowed = Vec::new();
    while let Ok(length @ 1..) = server.read(&mut chunk) {
        if swallow.load(Ordering::SeqCst) {
            swallowed.extend_from_slice(&chunk[..length]);
            // The end of a chunked answer: the push is done, and the client does not learn of it.
            if swallowed.ends_with(b"0\r\n\r\n") {
                break;
            }
        } else if client.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    let _ = upstream.join();
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
