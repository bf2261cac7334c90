//! A server that answers by script: for what no real server does on demand.
//!
//! It speaks just enough HTTP/1.1: one request per connection, a body by `content-length`.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `GET /path?query`
    pub line: String,
    /// The bearer token.
    pub token: String,
    pub body: String,
}

/// What the script does with it.
pub enum Reply {
    /// Status, header lines (each with its line end), body.
    Answer(u16, String, Vec<u8>),
    /// Closes the connection without a word.
    Close,
    /// Sends these bytes as they are, then keeps the connection.
    Stalled(Vec<u8>),
    /// Says nothing, and keeps the connection.
    Silence,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Answer(status, String::new(), body.to_string().into_bytes())
    }
}

/// The running server; it ends with the test's runtime.
pub struct Scripted {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Starts on a free loopback port.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, seen) = (Arc::new(script), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (script.clone(), seen.clone());
                tokio::spawn(async move { serve(stream, script.as_ref(), &seen).await });
            }
        });
        Self { url, asked }
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, script: &(dyn Fn(&Asked) -> Reply + Sync), seen: &Mutex<Vec<Asked>>) {
    let Some(asked) = read(&mut stream).await else { return };
    seen.lock().unwrap().push(asked.clone());
    match script(&asked) {
        Reply::Answer(status, headers, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
            );
            // OK because a client that went away is a part of some scripts.
            let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
            let _ = stream.shutdown().await;
        }
        Reply::Close => {}
        Reply::Stalled(bytes) => {
            let _ = stream.write_all(&bytes).await;
            until_closed(stream).await;
        }
        Reply::Silence => until_closed(stream).await,
    }
}

async fn until_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    // OK because however it ends, it ended.
    let _ = stream.read_to_end(&mut rest).await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let token = header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
    let body = String::from_utf8_lossy(&bytes[head_end + 4..]).into_owned();
    Some(Asked { line, token, body })
}
