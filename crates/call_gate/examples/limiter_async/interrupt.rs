//! Ctrl-C, and what it ends.

use std::error::Error;
use std::fmt;
use std::future;

use call_gate::UpdateError;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Tasks that ask a limiter.
pub(crate) type Tasks = JoinSet<Result<(), UpdateError>>;

/// Whether somebody has pressed Ctrl-C.
pub(crate) struct Interrupt(watch::Receiver<bool>);

/// Somebody has.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl Interrupt {
    /// Listens from now on; it takes a runtime.
    pub(crate) fn listen() -> Self {
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            // where it cannot be listened to, it ends the process as ever
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = tell.send(true);
            }
        });
        Self(told)
    }

    /// Waits for all tasks. On Ctrl-C `end` makes them end, and they are waited for all the same.
    pub(crate) async fn or_all(
        &self,
        mut tasks: Tasks,
        end: impl Fn(&mut Tasks),
    ) -> Result<(), Box<dyn Error>> {
        let mut interrupted = false;
        loop {
            tokio::select! {
                () = self.come(), if !interrupted => {
                    interrupted = true;
                    end(&mut tasks);
                }
                ended = tasks.join_next() => match ended {
                    None => break,
                    Some(Ok(Err(UpdateError::Closed))) if interrupted => {}
                    Some(Err(error)) if interrupted && error.is_cancelled() => {}
                    Some(ended) => ended??,
                },
            }
        }
        if interrupted {
            return Err(Interrupted.into());
        }
        Ok(())
    }

    async fn come(&self) {
        if self.0.clone().wait_for(|come| *come).await.is_err() {
            // nobody listens
            future::pending::<()>().await;
        }
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted; every task has returned")
    }
}

impl Error for Interrupted {}
