//! What is sent to a server in one go.

use redis::Cmd;

/// One command, in front of which a cluster's node may have to be told that the asker was sent to it.
#[derive(Debug)]
pub(super) struct Message {
    command: Cmd,
    asking: bool,
}

impl Message {
    pub(super) fn new(command: Cmd) -> Self {
        Self {
            command,
            asking: false,
        }
    }

    /// With `ASKING` in front, so that a node serves a slot that it is only just taking over.
    pub(super) fn asking(self, asking: bool) -> Self {
        Self { asking, ..self }
    }

    /// All bytes of it.
    pub(super) fn packed(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.asking {
            bytes = redis::cmd("ASKING").get_packed_command();
        }
        self.command.write_packed_command(&mut bytes);
        bytes
    }

    /// How many answers come back; the last is the command's.
    pub(super) fn answers(&self) -> usize {
        1 + usize::from(self.asking)
    }

    /// The only command, or all of them to be sent without another connection user's in between.
    #[cfg(feature = "tokio")]
    pub(super) fn pipeline(&self) -> Result<&Cmd, redis::Pipeline> {
        if !self.asking {
            return Ok(&self.command);
        }
        let mut pipeline = redis::Pipeline::with_capacity(2);
        pipeline.cmd("ASKING").add_command(self.command.clone());
        Err(pipeline)
    }
}
