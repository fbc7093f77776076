//! From the lines of a ladder to a script: blocks, settings, and the frame of a packet line.

use std::net::{IpAddr, SocketAddr};

use super::action;
use super::expectation::Expectation;
use super::script::{EndpointSetting, Format, Item, Line, Rounds, Scope, Script, Settings, Side, Twin};
use super::words::{LadderError, Place, Word, Words, nanoseconds};
use crate::packets::Link;

/// Reads a ladder whose first line has this number in the page.
pub(super) fn script(first_line: usize, text: &str) -> Result<Script, LadderError> {
    let mut lines = Vec::new();
    for (number, line) in (first_line..).zip(text.lines()) {
        let words = Words::of(number, line)?;
        if !words.is_empty() {
            lines.push((number, words));
        }
    }
    let mut parser = Parser { lines: lines.into_iter(), script: Script::default(), now_ns: 0 };
    let block = parser.block(Within::Ladder)?;
    let Parser { mut script, .. } = parser;
    script.scope = block.scope;
    script.items = block.items;
    if script.expectations.is_empty() {
        let place = Place { line: first_line, column: 1, text: text.lines().next().unwrap_or("").to_owned() };
        return Err(place.error("a ladder with at least one `expect` line"));
    }
    Ok(script)
}

struct Parser {
    lines: std::vec::IntoIter<(usize, Words)>,
    script: Script,
    /// The time of the line before, for times such as `+0.001`.
    now_ns: i64,
}

/// What the lines being read stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Ladder,
    Rounds,
    Loop,
}

#[derive(Default)]
struct Block {
    scope: Scope,
    items: Vec<Item>,
}

impl Parser {
    fn block(&mut self, within: Within) -> Result<Block, LadderError> {
        let mut block = Block::default();
        let mut last = Place::default();
        while let Some((number, mut words)) = self.lines.next() {
            let first = words.peek().expect("empty lines are gone").clone();
            last = first.place.clone();
            if words.take_if("}") {
                words.finish()?;
                if within == Within::Ladder {
                    return Err(first.place.error("a block that was opened"));
                }
                return Ok(block);
            }
            if let Some(times) = first.raw.strip_prefix('x').and_then(|times| times.parse().ok()) {
                words.take();
                if within != Within::Ladder {
                    return Err(first.place.error("no `x` block within another block"));
                }
                let (every_ns, jitter_ns) = pace(&mut words)?;
                let before_ns = self.now_ns;
                let Block { scope, items } = self.block(Within::Rounds)?;
                self.now_ns = before_ns;
                block.items.push(Item::Rounds(Rounds { times, every_ns, jitter_ns, scope, items }));
            } else if words.take_if("loop") {
                let times: u32 = words.parsed("how many times")?;
                let (every_ns, jitter_ns) = pace(&mut words)?;
                if jitter_ns != 0 {
                    return Err(first.place.error("no jitter in a loop"));
                }
                let Block { scope, items } = self.block(Within::Loop)?;
                if let Some(setting) = scope.endpoints.first() {
                    return Err(setting.place.error("no endpoints within a loop"));
                }
                self.now_ns += every_ns * i64::from(times.saturating_sub(1));
                block.items.push(Item::Loop(Rounds { times, every_ns, jitter_ns, scope, items }));
            } else if first.raw.starts_with(['+', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
                self.numbered(within, &mut words, &mut block)?;
            } else {
                words.take();
                self.named(within, number, &first, &mut words, &mut block)?;
            }
        }
        if within == Within::Ladder { Ok(block) } else { Err(last.error("`}` after this line")) }
    }

    /// A line that begins with a number: a packet, the end of the capture, or a setting of one connection.
    fn numbered(&mut self, within: Within, words: &mut Words, block: &mut Block) -> Result<(), LadderError> {
        match words.peek_second().map(|word| word.raw.as_str()) {
            Some("client" | "server") => {
                let connection = words.parsed("the number of a connection")?;
                let side = words.must("client or server")?;
                block.scope.endpoints.push(endpoint(Some(connection), &side, words)?);
                Ok(())
            }
            Some("drop") => {
                let connection = words.parsed("the number of a connection")?;
                words.take();
                self.script.settings.drop.push((Some(connection), side(words)?));
                words.finish()
            }
            _ => {
                let time = words.must("a time")?;
                let at_ns = match time.raw.strip_prefix('+') {
                    Some(later) => nanoseconds(later).map(|later| self.now_ns + later),
                    None => nanoseconds(&time.raw),
                }
                .ok_or_else(|| time.place.error("a time in seconds such as 0.5 or +0.001"))?;
                self.now_ns = at_ns;
                if words.take_if("end") {
                    if !(words.take_if("of") && words.take_if("capture")) || within != Within::Ladder {
                        return Err(time.place.error("`TIME end of capture`, outside blocks"));
                    }
                    self.script.settings.end = Some((at_ns, time.place));
                } else {
                    block.items.push(Item::Line(Box::new(packet(at_ns, words)?)));
                }
                words.finish()
            }
        }
    }

    /// A line that begins with a name: a setting or an expectation.
    fn named(
        &mut self,
        within: Within,
        number: usize,
        first: &Word,
        words: &mut Words,
        block: &mut Block,
    ) -> Result<(), LadderError> {
        if matches!(first.raw.as_str(), "client" | "server") {
            block.scope.endpoints.push(endpoint(None, first, words)?);
            return Ok(());
        }
        if within != Within::Ladder {
            return Err(first.place.error("a packet line, `client`, `server`, `loop` or `}`"));
        }
        if first.raw == "expect" {
            self.script.expectations.push(Expectation::read(number, words)?);
            return Ok(());
        }
        setting(&mut self.script.settings, first, words)?;
        words.finish()
    }
}

fn setting(settings: &mut Settings, first: &Word, words: &mut Words) -> Result<(), LadderError> {
    match first.raw.as_str() {
        "only" => {
            if !["syn", "fin", "rst"].iter().all(|flag| words.take_if(flag)) {
                return Err(first.place.error("`only syn fin rst`"));
            }
            settings.only_syn_fin_rst = true;
        }
        "drop" => settings.drop.push((None, side(words)?)),
        "from" => settings.from_ns = Some(words.seconds("a time in seconds")?),
        "snaplen" => settings.snaplen = words.parsed("a number of bytes")?,
        "link" => {
            let name = words.must("ethernet, sll, sll2, null or raw")?;
            settings.link = match name.raw.as_str() {
                "ethernet" => Link::Ethernet { vlan: None },
                "sll" => Link::Sll,
                "sll2" => Link::Sll2,
                "null" => Link::Null,
                "raw" => Link::Raw,
                _ => return Err(name.place.error("ethernet, sll, sll2, null or raw")),
            };
        }
        "vlan" => settings.link = Link::Ethernet { vlan: Some(words.parsed("a VLAN number")?) },
        "twin" => {
            settings.twin = Some(if words.take_if("identical") { Twin::Identical } else { Twin::Forwarded });
        }
        "interface" => settings.interfaces.push(words.must("a name")?.raw),
        "format" => {
            let name = words.must("pcap, pcap-ns, pcap-big or pcapng")?;
            settings.format = Some(match name.raw.as_str() {
                "pcap" => Format::Pcap,
                "pcap-ns" => Format::PcapNanoseconds,
                "pcap-big" => Format::PcapBig,
                "pcapng" => Format::Pcapng,
                _ => return Err(name.place.error("pcap, pcap-ns, pcap-big or pcapng")),
            });
        }
        _ => {
            return Err(first.place.error(
                "a time, client, server, x or loop block, only, drop, from, snaplen, link, vlan, twin, interface, \
                 format or expect",
            ));
        }
    }
    Ok(())
}

/// `every SECONDS [jitter SECONDS] {`
fn pace(words: &mut Words) -> Result<(i64, i64), LadderError> {
    let every = words.must("`every SECONDS`")?;
    if every.raw != "every" {
        return Err(every.place.error("`every SECONDS`"));
    }
    let every_ns = words.seconds("a number of seconds")?;
    let jitter_ns = if words.take_if("jitter") { words.seconds("a number of seconds")? } else { 0 };
    let brace = words.must("`{`")?;
    if brace.raw != "{" {
        return Err(brace.place.error("`{`"));
    }
    words.finish()?;
    Ok((every_ns, jitter_ns))
}

fn endpoint(connection: Option<u32>, first: &Word, words: &mut Words) -> Result<EndpointSetting, LadderError> {
    let mut setting = EndpointSetting {
        place: first.place.clone(),
        connection,
        side: if first.raw == "client" { Side::Client } else { Side::Server },
        address: None,
        port: None,
        ttl_hops: None,
        mss: None,
        ticks_per_second: None,
        no_timestamps: false,
        no_scaling: false,
        numbers_of: None,
    };
    while let Some(word) = words.take() {
        match word.key() {
            "ttl" => setting.ttl_hops = Some(word.parsed("a number of hops")?),
            "mss" => setting.mss = Some(word.parsed("a number of bytes")?),
            "clock" => setting.ticks_per_second = Some(word.parsed("a number of ticks per second")?),
            "no-timestamps" => setting.no_timestamps = word.switch()?,
            "numbers-of" => setting.numbers_of = Some(word.parsed("the number of a connection")?),
            "no-scaling" => setting.no_scaling = word.switch()?,
            address => {
                if let Ok(both) = address.parse::<SocketAddr>() {
                    setting.address = Some(both.ip());
                    setting.port = Some(both.port());
                } else if let Ok(address) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
                    setting.address = Some(address);
                } else {
                    let expected = "an address such as 10.0.0.5:443 or [2001:db8::5]:443, ttl=, mss=, clock=, \
                                    numbers-of=, no-timestamps or no-scaling";
                    return Err(word.place.error(expected));
                }
            }
        }
    }
    Ok(setting)
}

/// The rest of a packet line, after its time.
fn packet(at_ns: i64, words: &mut Words) -> Result<Line, LadderError> {
    let numbered = words.peek().is_some_and(|word| word.raw.parse::<u32>().is_ok());
    let connection = if numbered { words.parsed("the number of a connection")? } else { 1 };
    let side = side(words)?;
    let word = words.must("what the packet is: SYN, ACK, data, ClientHello ...")?;
    let (action, attributes) = action::read(&word, words)?;
    Ok(Line { place: word.place, at_ns, connection, side, action, attributes })
}

fn side(words: &mut Words) -> Result<Side, LadderError> {
    let word = words.must("a side: C or S")?;
    match word.raw.as_str() {
        "C" => Ok(Side::Client),
        "S" => Ok(Side::Server),
        _ => Err(word.place.error("a side: C or S")),
    }
}
