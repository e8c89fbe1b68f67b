//! Where servers are: urls, and the same way to another address.

use super::fault::Fault;
use redis::{ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError};

/// All addresses, of which there is at least one, and the first.
pub(super) fn listed(urls: &[String]) -> Result<(Vec<ConnectionInfo>, ConnectionInfo), RedisError> {
    let all = urls
        .iter()
        .map(|url| url.as_str().into_connection_info())
        .collect::<Result<Vec<_>, _>>()?;
    match all.first().cloned() {
        Some(first) => Ok((all, first)),
        None => Err((ErrorKind::InvalidClientConfig, "no address to start from").into()),
    }
}

/// A client that connects as `like` says, but to another address.
pub(super) fn at(like: &ConnectionInfo, host: &str, port: u16) -> Result<redis::Client, Fault> {
    let address = match like.addr() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host.to_owned(), port),
    };
    redis::Client::open(like.clone().set_addr(address)).map_err(Fault::unsent)
}
