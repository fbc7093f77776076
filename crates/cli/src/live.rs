//! A live stream on standard input: read by a thread of its own, so that a signal can end the wait for an idle pipe.

use std::io::{self, IsTerminal as _, Read as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, SystemTime};

use handshark::{CaptureError, Inspector, Sink};

use crate::say;

/// Bytes of one read: what a Linux pipe holds.
const CHUNK: usize = 64 * 1024;

/// Chunks that may wait; then the reader waits, and with it whoever writes into the pipe.
const WAITING: usize = 16;

/// How long nothing may come before the inspector is told what time it is.
const TICK: Duration = Duration::from_secs(1);

/// What can happen to a stream.
#[derive(Debug)]
pub(crate) enum Message {
    /// Bytes arrived.
    Bytes(Vec<u8>),
    /// The writer closed it.
    End,
    /// The system refused to read on.
    Failed(io::Error),
    /// A signal asks to end.
    Stop,
}

/// A channel for the stream; both the reader and the signal handler send into it.
pub(crate) fn channel() -> (SyncSender<Message>, Receiver<Message>) {
    sync_channel(WAITING)
}

/// Reads standard input to its end or to [`Message::Stop`]. `idle` is called whenever there is nothing to read; it and
/// `is_broken` belong to the output.
pub(crate) fn read<S: Sink>(
    inspector: &mut Inspector<S>,
    (sender, receiver): (SyncSender<Message>, Receiver<Message>),
    mut idle: impl FnMut(),
    is_broken: impl Fn() -> bool,
) -> Result<(), CaptureError> {
    if io::stderr().is_terminal() {
        say("reading standard input; Ctrl-C ends it with the report");
    }
    // A stream that never gives a byte is an error too: without this the inspector would not know of the stream.
    inspector.push(&[])?;
    std::thread::spawn(move || forward(&sender));
    loop {
        let message = match receiver.try_recv() {
            Ok(message) => Some(message),
            Err(TryRecvError::Empty) => {
                idle();
                match receiver.recv_timeout(TICK) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(Message::End),
                }
            }
            Err(TryRecvError::Disconnected) => Some(Message::End),
        };
        match message {
            Some(Message::Bytes(bytes)) => inspector.push(&bytes)?,
            Some(Message::End | Message::Stop) => return Ok(()),
            Some(Message::Failed(source)) => return Err(CaptureError::Io { path: None, source }),
            None => {}
        }
        inspector.now(SystemTime::now().into());
        if is_broken() {
            return Ok(());
        }
    }
}

/// Ends when the stream ends or nobody listens any more.
fn forward(sender: &SyncSender<Message>) {
    let mut stdin = io::stdin().lock();
    loop {
        let mut bytes = vec![0; CHUNK];
        let message = match stdin.read(&mut bytes) {
            Ok(0) => Message::End,
            Ok(length) => {
                bytes.truncate(length);
                Message::Bytes(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Message::Failed(error),
        };
        let goes_on = matches!(message, Message::Bytes(_));
        if sender.send(message).is_err() || !goes_on {
            return;
        }
    }
}
