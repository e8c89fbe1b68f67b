//! The protocol of Redis, as far as a test needs it to command a server.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take to answer a command, one that sleeps included.
const ANSWER: Duration = Duration::from_secs(20);

/// The most that a test's server has to say in one string.
const LONGEST: usize = 512 << 20;

/// A connection to a server.
#[derive(Debug)]
pub struct Wire {
    stream: BufReader<TcpStream>,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A number.
    Number(i64),
    /// A string, of any bytes.
    Bytes(Vec<u8>),
    /// Several answers.
    List(Vec<Self>),
    /// A refusal, with the word that says which kind it is at its start.
    Error(String),
}

impl Wire {
    /// A connection to the server on a loopback port.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connect(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sets how long an answer may take; 20 s at first.
    ///
    /// # Errors
    ///
    /// `patience` is zero.
    pub fn patience(&self, patience: Duration) -> io::Result<()> {
        self.stream.get_ref().set_read_timeout(Some(patience))
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    ///
    /// The connection broke, or the answer did not come within 20 s, or is none.
    pub fn ask<Word: AsRef<[u8]>>(&mut self, words: &[Word]) -> io::Result<Reply> {
        self.send(words)?;
        self.reply()
    }

    /// Sends a command; its answer stays on the way.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn send<Word: AsRef<[u8]>>(&mut self, words: &[Word]) -> io::Result<()> {
        let mut message = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            let word = word.as_ref();
            message.extend(format!("${}\r\n", word.len()).into_bytes());
            message.extend(word);
            message.extend(b"\r\n");
        }
        self.stream.get_mut().write_all(&message)
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let Some(line) = line.strip_suffix("\r\n") else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let wrong = || io::Error::other(format!("`{line}` is no reply"));
        let (kind, rest) = line.split_at_checked(1).ok_or_else(wrong)?;
        let number = || rest.parse::<i64>().map_err(|_| wrong());
        match kind {
            "+" => Ok(Reply::Bytes(rest.into())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => Ok(Reply::Number(number()?)),
            "$" => match usize::try_from(number()?) {
                Err(_) => Ok(Reply::Nil),
                Ok(length) if length > LONGEST => Err(wrong()),
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    self.stream.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    Ok(Reply::Bytes(bytes))
                }
            },
            "*" => match usize::try_from(number()?) {
                Err(_) => Ok(Reply::Nil),
                Ok(count) => (0..count)
                    .map(|_| self.reply())
                    .collect::<Result<_, _>>()
                    .map(Reply::List),
            },
            _ => Err(wrong()),
        }
    }
}

impl Reply {
    /// As text: a number's digits, one line for each answer of a list, nothing for nothing.
    ///
    /// # Errors
    ///
    /// The server's words, if it refused.
    pub fn text(self) -> Result<String, String> {
        match self {
            Self::Nil => Ok(String::new()),
            Self::Number(number) => Ok(number.to_string()),
            Self::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Self::List(list) => {
                let lines: Result<Vec<_>, _> = list.into_iter().map(Self::text).collect();
                Ok(lines?.join("\n"))
            }
            Self::Error(error) => Err(error),
        }
    }
}
