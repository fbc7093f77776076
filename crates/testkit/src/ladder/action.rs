//! What a packet line says after its side: the action, its own attributes, and those of any packet.

use super::script::{Action, Attributes, Reset, Speech, Which};
use super::words::{LadderError, Word, Words};
use crate::http::{Message, Request, Response};
use crate::packets::Unreachable;
use crate::tls::{Alert, Certificate, ClientHello, Group, ServerHello, Version};

const ACTIONS: &str = "SYN, SYN-ACK, ACK, FIN, RST, data, text, hex, again, keep-alive, ICMP, an HTTP method and a path, \
                       HTTP, ClientHello, ServerHello, HelloRetryRequest, Finished, empty-certificate, tickets, alert, encrypted-alert, \
                       close_notify or record";

/// Reads the action that `word` names, and the attributes after it.
pub(super) fn read(word: &Word, words: &mut Words) -> Result<(Action, Attributes), LadderError> {
    let mut action = named(word, words)?;
    let mut attributes = Attributes::default();
    while let Some(attribute) = words.take() {
        let known = own(&mut action, &attribute)? || common(&mut attributes, &attribute)?;
        if !known {
            return Err(attribute.place.error(format!("an attribute that `{}` can have", word.raw)));
        }
    }
    Ok((action, attributes))
}

/// The action and the words that must follow its name.
fn named(word: &Word, words: &mut Words) -> Result<Action, LadderError> {
    let speech = match word.raw.as_str() {
        "SYN" => return Ok(Action::Syn),
        "SYN-ACK" => return Ok(Action::SynAck),
        "ACK" => return Ok(Action::Ack),
        "FIN" => return Ok(Action::Fin),
        "RST" => return Ok(Action::Rst(None)),
        "keep-alive" => return Ok(Action::KeepAlive),
        "again" => {
            let count = words.peek().and_then(|count| count.raw.parse().ok());
            if count.is_some() {
                words.take();
            }
            if count == Some(0) {
                return Err(word.place.error("`again 1` or more"));
            }
            return Ok(Action::Again(count.unwrap_or(1)));
        }
        "ICMP" => {
            let expected =
                "port-unreachable, host-unreachable, net-unreachable, admin-prohibited or a type and code such as 11/0";
            let reason = words.must(expected)?;
            let reason = match reason.raw.as_str() {
                "port-unreachable" => Unreachable::Port,
                "host-unreachable" => Unreachable::Host,
                "net-unreachable" => Unreachable::Net,
                "admin-prohibited" => Unreachable::AdminProhibited,
                other => {
                    let numbers = other.split_once('/').map(|(kind, code)| (kind.parse(), code.parse()));
                    let Some((Ok(kind), Ok(code))) = numbers else { return Err(reason.place.error(expected)) };
                    Unreachable::Of(kind, code)
                }
            };
            return Ok(Action::Icmp(reason, None));
        }
        "data" => Speech::Data(words.parsed("a number of bytes")?),
        "text" => Speech::Bytes(words.must("a text in quotation marks")?.raw.chars().map(latin1).collect()),
        "hex" => Speech::Bytes(hex(&words.must("bytes in hexadecimal")?)?),
        "HTTP" => Speech::Response(Response { status: words.parsed("a status code")?, ..Response::default() }),
        method @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH" | "CONNECT") => {
            let target = words.must("a path")?.raw;
            Speech::Request(Request { method: method.to_owned(), target, ..Request::default() })
        }
        "ClientHello" => Speech::ClientHello(ClientHello::default()),
        "ServerHello" => Speech::ServerHello(ServerHello::default()),
        "HelloRetryRequest" => Speech::HelloRetryRequest,
        "Finished" => Speech::Finished,
        "empty-certificate" => Speech::EmptyCertificate,
        "tickets" => Speech::Tickets,
        "encrypted-alert" => Speech::EncryptedAlert,
        "close_notify" => Speech::CloseNotify,
        "record" => Speech::Record(words.parsed("a number of bytes")?),
        "alert" => {
            let level = words.must("fatal or warning")?;
            let fatal = match level.raw.as_str() {
                "fatal" => true,
                "warning" => false,
                _ => return Err(level.place.error("fatal or warning")),
            };
            let name = words.must("the name or number of an alert")?;
            let description = Alert::description_named(&name.raw)
                .ok_or_else(|| name.place.error("the name or number of an alert (RFC 8446 section 6)"))?;
            Speech::Alert(Alert { fatal, description })
        }
        _ => return Err(word.place.error(ACTIONS)),
    };
    Ok(Action::Say(speech))
}

/// An attribute of this action alone; `false` if it has no such attribute.
fn own(action: &mut Action, word: &Word) -> Result<bool, LadderError> {
    match action {
        Action::Rst(kind) if word.key() == "kind" => {
            *kind = Some(match word.text()? {
                "bare" => Reset::Bare,
                "refuse" => Reset::Refuse,
                "abort" => Reset::Abort,
                _ => return Err(word.place.error("kind=bare, kind=refuse or kind=abort")),
            });
            Ok(true)
        }
        Action::Icmp(_, by) if word.key() == "by" => {
            *by = Some(word.parsed("an address")?);
            Ok(true)
        }
        Action::Say(Speech::Request(request)) => match word.key() {
            "host" => {
                request.host = Some(word.text()?.to_owned());
                Ok(true)
            }
            _ => message(&mut request.message, word),
        },
        Action::Say(Speech::Response(response)) => {
            let text = || word.text().map(|text| Some(text.to_owned()));
            match word.key() {
                "server" => response.server = text()?,
                "timeout" => response.timeout = text()?,
                "max" => response.max = text()?,
                _ => return message(&mut response.message, word),
            }
            Ok(true)
        }
        Action::Say(Speech::ClientHello(hello)) => client_hello(hello, word),
        Action::Say(Speech::ServerHello(hello)) => {
            match word.key() {
                "version" => hello.version = version(word)?,
                "cipher" => hello.cipher = cipher_list(word)?.first().copied(),
                "alpn" => hello.alpn = Some(word.text()?.to_owned()),
                "downgrade" => hello.downgrade = word.switch()?,
                "alone" => hello.alone = word.switch()?,
                "request" => hello.request = word.switch()?,
                "certificate" => {
                    hello.certificate = Certificate::named(word.text()?)
                        .ok_or_else(|| word.place.error("certificate=good, expired, not-yet or weak"))?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn message(message: &mut Message, word: &Word) -> Result<bool, LadderError> {
    match word.key() {
        "close" => message.close = word.switch()?,
        "keep-alive" => message.keep_alive = word.switch()?,
        "body" => message.body = Some(word.parsed("a number of bytes")?),
        "version" => message.version = Some(word.text()?.to_owned()),
        "header" => message.headers.push(word.text()?.to_owned()),
        _ => return Ok(false),
    }
    Ok(true)
}

fn client_hello(hello: &mut ClientHello, word: &Word) -> Result<bool, LadderError> {
    match word.key() {
        "sni" => hello.server_name = Some(word.text()?.to_owned()),
        "alpn" => hello.alpn = word.list("protocols such as h2,http/1.1", |name| Some(name.to_owned()))?,
        "versions" => hello.versions = word.list("versions such as 1.3,1.2", Version::named)?,
        "groups" => {
            hello.groups = word.list("groups: x25519mlkem768, x25519, secp256r1, secp384r1", Group::named)?;
        }
        "ciphers" => hello.ciphers = cipher_list(word)?,
        "ech" => hello.ech = word.switch()?,
        "psk" => hello.psk = word.switch()?,
        "size" => hello.size = Some(word.parsed("a number of bytes")?),
        "records" => hello.records = word.parsed("a number of records")?,
        "no-extensions" => hello.extensions = !word.switch()?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// An attribute that any packet can have.
fn common(attributes: &mut Attributes, word: &Word) -> Result<bool, LadderError> {
    match word.key() {
        "crossed" => {
            attributes.crossed = if word.value().is_some() { word.parsed("a number of lines")? } else { 1 };
        }
        "unaware" => attributes.unaware = word.switch()?,
        "lost" => attributes.lost = which(word)?,
        "unseen" => attributes.unseen = which(word)?,
        "twin" => attributes.twin = word.switch()?,
        "fin" => attributes.fin = word.switch()?,
        "rst" => attributes.rst = word.switch()?,
        "ttl" => attributes.ttl_hops = Some(word.parsed("a number of hops")?),
        "sack" => attributes.sack = Some(word.parsed("a number of bytes")?),
        "win" => attributes.window = Some(word.parsed("a window field, 0 to 65535")?),
        "seq" => attributes.seq = Some(word.parsed("a relative sequence number")?),
        "ack" => attributes.ack = Some(word.parsed("a relative acknowledgement number")?),
        "id" => attributes.id = Some(word.parsed("an IP identification")?),
        "mss" => attributes.mss = Some(word.parsed("a number of bytes")?),
        "isn" => {
            if word.text()? != "new" {
                return Err(word.place.error("isn=new"));
            }
            attributes.new_isn = true;
        }
        "no-timestamps" => attributes.no_timestamps = word.switch()?,
        "tso" => attributes.tso = word.switch()?,
        "bad-checksum" => attributes.bad_checksum = word.switch()?,
        "on" => attributes.on = Some((word.text()?.to_owned(), word.place.clone())),
        _ => return Ok(false),
    }
    Ok(true)
}

fn which(word: &Word) -> Result<Which, LadderError> {
    if word.value().is_none() {
        return Ok(Which::All);
    }
    let number = |part: &str| part.parse().ok().filter(|number| *number > 0);
    word.list("numbers of its segments such as 2 or 1,3", number).map(Which::These)
}

fn version(word: &Word) -> Result<Version, LadderError> {
    Version::named(word.text()?).ok_or_else(|| word.place.error("version=1.0, 1.1, 1.2 or 1.3"))
}

fn cipher_list(word: &Word) -> Result<Vec<u16>, LadderError> {
    let number = |part: &str| part.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok());
    word.list("cipher suites such as 0x1301,0xc02f", number)
}

fn hex(word: &Word) -> Result<Vec<u8>, LadderError> {
    let wrong = || word.place.error("bytes in hexadecimal");
    let digits: Option<Vec<u32>> = word.raw.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2)).ok_or_else(wrong)?;
    Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}

/// `\xNN` makes one byte; other characters are ASCII or become `?`.
fn latin1(character: char) -> u8 {
    u8::try_from(u32::from(character)).unwrap_or(b'?')
}
