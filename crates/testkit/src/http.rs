//! HTTP/1 heads and bodies (RFC 9112).

use std::fmt::Write;

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The `Host:` header; `None`: `example.org`.
    pub host: Option<String>,
    /// What both kinds of message have.
    pub message: Message,
}

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The `Server:` header.
    pub server: Option<String>,
    /// `timeout` of the `Keep-Alive:` header.
    pub timeout: Option<String>,
    /// `max` of the `Keep-Alive:` header.
    pub max: Option<String>,
    /// What both kinds of message have.
    pub message: Message,
}

/// What requests and responses have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `1.0` or `1.1`; `None`: 1.1.
    pub version: Option<String>,
    /// `Connection: close`
    pub close: bool,
    /// `Connection: keep-alive`
    pub keep_alive: bool,
    /// Length of the body; `None`: none in a request, 120 bytes in a response.
    pub body: Option<usize>,
    /// More header lines, each `Name: value`.
    pub headers: Vec<String>,
}

impl Request {
    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/{}\r\n", self.method, self.target, self.message.version());
        line(&mut head, "Host", self.host.as_deref().unwrap_or("example.org"));
        if let Some(length) = self.message.body {
            line(&mut head, "Content-Length", &length.to_string());
        }
        self.message.finish(head, self.message.body.unwrap_or(0))
    }
}

impl Response {
    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/{} {} {}\r\n", self.message.version(), self.status, reason(self.status));
        if let Some(server) = &self.server {
            line(&mut head, "Server", server);
        }
        let parameters: Vec<_> = [("timeout", &self.timeout), ("max", &self.max)]
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
            .collect();
        if !parameters.is_empty() {
            line(&mut head, "Keep-Alive", &parameters.join(", "));
        }
        // RFC 9110 section 8.6: no Content-Length in 1xx and 204.
        let bodiless = matches!(self.status, 100..200 | 204 | 304);
        let body = if bodiless { 0 } else { self.message.body.unwrap_or(120) };
        if !bodiless {
            line(&mut head, "Content-Length", &body.to_string());
        }
        self.message.finish(head, body)
    }
}

impl Message {
    fn version(&self) -> &str {
        self.version.as_deref().unwrap_or("1.1")
    }

    fn finish(&self, mut head: String, body: usize) -> Vec<u8> {
        if self.close {
            line(&mut head, "Connection", "close");
        }
        if self.keep_alive {
            line(&mut head, "Connection", "keep-alive");
        }
        for header in &self.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.resize(bytes.len() + body, b'x');
        bytes
    }
}

fn line(head: &mut String, name: &str, value: &str) {
    write!(head, "{name}: {value}\r\n").expect("a String takes all");
}

const fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
