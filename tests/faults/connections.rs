//! Slow clients and many of them: whoever sends in time is answered, whatever others do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use writ::domain::names::{AccountId, CommentId};

use crate::support::bot::{Bot, Home, signed};
use crate::support::http::Request;

/// Long enough for a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const HALF_A_HEAD: &[u8] = b"POST /webhooks/github HTTP/1.1\r\nhost: writ\r\nx-";
const HALF_A_BODY: &[u8] =
    b"POST /webhooks/github HTTP/1.1\r\nhost: writ\r\ncontent-length: 40000\r\n\r\n{\"action\": ";

/// Opens a connection and sends these bytes.
async fn opened(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // OK because the server may close the connection before.
    let _ = stream.write_all(bytes).await;
    stream
}

/// Whether the server has neither answered nor closed.
fn waits(stream: &TcpStream) -> bool {
    let mut byte = [0];
    stream.try_read(&mut byte).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

/// What the server sends until it closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // OK because a reset is an end as well.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is closed");
    String::from_utf8(answer).unwrap()
}

/// A new command, signed; gives the status of the answer.
async fn command(bot: &Bot, number: u64) -> u16 {
    let payload = bot.payload("ada", AccountId(2), CommentId(number), "/help").to_string().into_bytes();
    signed(payload).send(bot.running.address).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_through_two_thousand_connections_that_wait() {
    let bot = Bot::on(Home::seeded(), |settings| settings.server.connections.total = 256).await;
    let mut held = Vec::new();
    for number in 0..2_000 {
        let bytes = [&b""[..], HALF_A_HEAD, HALF_A_BODY][number % 3];
        held.push(opened(bot.running.address, bytes).await);
        if number % 100 == 99 {
            assert_eq!(command(&bot, 1_000 + number as u64).await, 202, "with {number} connections");
            let newest = held.len().saturating_sub(100)..;
            assert!(held[newest].iter().all(waits), "the command waited for none of them to be late");
        }
    }
    // Half-sent bodies are no better than half-sent heads: they do not outlive those.
    let waiting = held.iter().filter(|stream| waits(stream)).count();
    assert!(waiting <= 256, "the oldest made room: {waiting}");
}

/// Bodies share nothing but the memory that they fill.
#[tokio::test(flavor = "multi_thread")]
async fn half_sent_bodies_delay_nobody() {
    let bot = Bot::start().await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(opened(bot.running.address, HALF_A_BODY).await);
    }
    assert_eq!(command(&bot, 1).await, 202);
    assert!(held.iter().all(waits), "the command waited for none of them to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_and_a_body_have_ten_seconds() {
    let bot = Bot::start().await;
    let head = opened(bot.running.address, HALF_A_HEAD).await;
    let body = opened(bot.running.address, HALF_A_BODY).await;
    assert_eq!(rest(head).await, "");
    let answer = rest(body).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_too_slow"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_makes_room_for_its_own_connections() {
    let bot = Bot::on(Home::seeded(), |settings| {
        settings.server.connections.by_client = 4;
        settings.server.trusted_proxies = Vec::new();
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(opened(bot.running.address, HALF_A_HEAD).await);
    }
    for stream in held.drain(..6) {
        assert_eq!(rest(stream).await, "");
    }
    assert!(held.iter().all(waits));
    assert_eq!(command(&bot, 1).await, 202);
    let counted = async {
        // Six for those that came after them, and one for the command.
        while !metrics(&bot).await.contains("{listener=\"webhooks\",reason=\"crowded\"} 7\n") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("they are counted");
}

async fn metrics(bot: &Bot) -> String {
    Request::get("/metrics").send(bot.running.operations).await.text
}

/// Behind a proxy the client is whom the proxy names: not what the client itself wrote before that.
#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_trusted_proxy_are_told_apart() {
    let bot = Bot::on(Home::seeded(), |settings| settings.server.connections.by_client = 4).await;
    let half_of = |chain: &str| {
        let body = String::from_utf8(HALF_A_BODY.to_vec()).unwrap();
        body.replace("host: writ", &format!("host: writ\r\nx-forwarded-for: {chain}"))
    };
    let mut held = Vec::new();
    let other = opened(bot.running.address, half_of("192.0.2.2").as_bytes()).await;
    for number in 0..6 {
        let chain = format!("198.51.100.{number}, 192.0.2.1");
        held.push(opened(bot.running.address, half_of(&chain).as_bytes()).await);
    }
    for stream in held.drain(..2) {
        assert_eq!(rest(stream).await, "");
    }
    assert!(held.iter().all(waits) && waits(&other));
    assert_eq!(command(&bot, 1).await, 202);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_those_that_wait() {
    // Far longer than the test waits.
    let bot = Bot::on(Home::seeded(), |settings| settings.server.shutdown_seconds = 600).await;
    let streams = [opened(bot.running.address, b"").await, opened(bot.running.address, HALF_A_HEAD).await];
    assert_eq!(command(&bot, 1).await, 202);
    bot.settle().await;
    let Bot { running, .. } = bot;
    tokio::time::timeout(PATIENCE, running.stop()).await.expect("it waits for none of them");
    for stream in streams {
        assert_eq!(rest(stream).await, "");
    }
}
