//! One server, and the connections to it.

use super::Route;
use super::blocking::Blocking;
use super::fault::{Fault, Reason};
use super::message::Message;
#[cfg(feature = "tokio")]
use super::shared::Shared;
use crate::script::Call;
use call_gate_core::Way;
#[cfg(feature = "cluster")]
use redis::ConnectionAddr;
use redis::Value;
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use std::fmt;
use std::time::{Duration, Instant};

/// After so long without a word, a connection is probed.
const SILENT: Duration = Duration::from_secs(15);
/// What was sent and not acknowledged for so long is a connection that is dead.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// One server: connections of their own for threads, a common one for tasks.
pub(crate) struct Client {
    /// Address and database, for `Debug`; no credentials.
    name: String,
    #[cfg(feature = "cluster")]
    host: String,
    blocking: Option<Blocking>,
    #[cfg(feature = "tokio")]
    shared: Shared,
}

impl Client {
    /// The server that `client` leads to; connects when it is first called.
    pub(crate) fn new(client: redis::Client) -> Self {
        let info = client.get_connection_info();
        // a call is one small packet, which must not wait for the answer to the one before
        let tcp = guarded(info.tcp_settings().clone().set_nodelay(true));
        let info = info.clone().set_tcp_settings(tcp);
        Self {
            name: format!("{}/{}", info.addr(), info.redis_settings().db()),
            #[cfg(feature = "cluster")]
            host: match info.addr() {
                ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
                _ => String::new(),
            },
            #[cfg(feature = "tokio")]
            shared: Shared::new(info.clone()),
            blocking: Some(Blocking::new(redis::Client::open(info).unwrap_or(client))),
        }
    }

    /// The server that `pool` makes connections to, for async calls only.
    #[cfg(feature = "tokio")]
    pub(crate) fn of_pool(pool: deadpool_redis::Pool) -> Self {
        Self {
            name: "of a pool".to_owned(),
            #[cfg(feature = "cluster")]
            host: String::new(),
            blocking: None,
            shared: Shared::pooled(pool),
        }
    }

    /// The name that it is reached by.
    #[cfg(feature = "cluster")]
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Sends a command and takes its answer.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_async, reason = "only tasks await")
    )]
    pub(super) async fn exchange(
        &self,
        way: Way,
        message: &Message,
        until: Instant,
    ) -> Result<Value, Fault> {
        match way {
            Way::Blocking => match &self.blocking {
                Some(blocking) => blocking.exchange(message, until),
                None => Err(Fault::unsupported(Reason::OnlyAsync)),
            },
            #[cfg(feature = "tokio")]
            Way::Awaited => self.shared.exchange(message, until).await,
            #[cfg(not(feature = "tokio"))]
            Way::Awaited => Err(Fault::unsupported(Reason::BuiltWithoutTokio)),
        }
    }

    /// Runs the script, and tells the server its text where it does not know it.
    pub(super) async fn call(
        &self,
        way: Way,
        call: &Call,
        asking: bool,
        until: Instant,
    ) -> Result<Vec<u8>, Fault> {
        let by_sha = Message::new(call.by_sha()).asking(asking);
        let answer = match self.exchange(way, &by_sha, until).await {
            Err(fault) if fault.is_unknown_script() => {
                let by_source = Message::new(call.by_source()).asking(asking);
                self.exchange(way, &by_source, until).await?
            }
            other => other?,
        };
        match answer {
            Value::BulkString(bytes) => Ok(bytes),
            _ => Err(Fault::answered(Reason::NotAString)),
        }
    }
}

/// With what finds out that the other end is gone without a word, where the user has not chosen.
fn guarded(tcp: TcpSettings) -> TcpSettings {
    let tcp = match tcp.keepalive() {
        None => tcp.set_keepalive(TcpKeepalive::new().with_time(SILENT)),
        Some(_) => tcp,
    };
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let tcp = match tcp.user_timeout() {
        None => tcp.set_user_timeout(UNACKNOWLEDGED),
        Some(_) => tcp,
    };
    tcp
}

impl Route for Client {
    async fn route(&self, way: Way, call: &Call, until: Instant) -> Result<Vec<u8>, Fault> {
        self.call(way, call, false, until).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.name).finish()
    }
}
