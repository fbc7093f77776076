//! One finding: what happened, one example, why we think so, what to change, where to look.

use handshark::report::{Finding, ServiceName};
use handshark::types::Endpoint;

use super::verdict::share;
use super::{facts, ladder, times};
use crate::paint::{CODE, STRONG};
use crate::sheet::Sheet;

/// Indent of what belongs to a finding.
const INDENT: usize = 2;

/// A finding's number in the report, from 1; where it is the only one it needs none.
pub(super) type Number = Option<usize>;

/// Writes all of it; what a finding `before` has said in the same words is not said again.
pub(super) fn write(sheet: &mut Sheet, number: Number, finding: &Finding, before: &[Finding]) {
    write_header(sheet, number, finding);
    sheet.paragraph(INDENT, "", &finding.summary);
    write_services(sheet, finding);
    if let Some(example) = finding.evidence.first() {
        sheet.gap();
        ladder::write(sheet, INDENT, example);
    }
    facts::write(sheet, INDENT, finding, before);
    if !finding.remedy.is_empty() {
        section(sheet, "What to change");
        for (mark, text) in remedies(finding, before) {
            sheet.paragraph(INDENT + 2, &mark, &text);
        }
    }
    write_filters(sheet, finding);
    if !finding.not_visible.is_empty() {
        section(sheet, "What the capture could not show");
        finding.not_visible.iter().for_each(|text| sheet.paragraph(INDENT + 2, "- ", text));
    }
}

/// Services that are named.
const MAX_SERVICES: usize = 8;

/// All that it is about, where they are several.
fn write_services(sheet: &mut Sheet, finding: &Finding) {
    if finding.also_at.is_empty() {
        return;
    }
    let mut named: Vec<String> = finding.also_at.iter().take(MAX_SERVICES).map(|hit| service(&hit.service)).collect();
    if let Some(more) = finding.also_at.len().checked_sub(MAX_SERVICES).filter(|more| *more > 0) {
        named.push(format!("and {more} more"));
    }
    sheet.gap();
    sheet.paragraph(INDENT, "Services: ", &named.join(", "));
}

/// What to change, each with its mark. Items that stand in an earlier finding are named by their numbers there, in their
/// place, so that the order says what to try first.
fn remedies(finding: &Finding, before: &[Finding]) -> Vec<(String, String)> {
    let place = |text: &String| {
        let each = before.iter().enumerate();
        each.flat_map(|(at, earlier)| earlier.remedy.iter().position(|known| known == text).map(|item| (at, item)))
            .next()
    };
    let places: Vec<Option<(usize, usize)>> = finding.remedy.iter().map(place).collect();
    let mut told = Vec::new();
    let mut item = 0;
    while let Some(text) = finding.remedy.get(item) {
        let run = match places[item] {
            None => 1,
            Some((at, first)) => {
                let follows = |(step, place): (usize, &Option<(usize, usize)>)| *place == Some((at, first + step));
                places[item..].iter().enumerate().take_while(|each| follows(*each)).count()
            }
        };
        let text = match places[item] {
            None => text.clone(),
            Some((at, first)) => match run {
                1 => format!("As in finding {}, item {}.", at + 1, first + 1),
                2 => format!("As in finding {}, items {} and {}.", at + 1, first + 1, first + 2),
                _ => format!("As in finding {}, items {} to {}.", at + 1, first + 1, first + run),
            },
        };
        let mark = if run == 1 { format!("{}. ", item + 1) } else { format!("{}-{}. ", item + 1, item + run) };
        told.push((mark, text));
        item += run;
    }
    told
}

/// Display filters for the examples, and for all of the service.
fn write_filters(sheet: &mut Sheet, finding: &Finding) {
    let examples = match finding.evidence.as_slice() {
        [] => return,
        [one] => one.filter.clone(),
        several => {
            let numbers: Vec<String> = several.iter().map(|example| example.connection.to_string()).collect();
            format!("tcp.stream in {{{}}}", numbers.join(", "))
        }
    };
    section(sheet, "Wireshark filter");
    let mut filters = vec![examples];
    if let Some(service) = finding
        .service
        .as_ref()
        .filter(|_| finding.affected > finding.evidence.len() as u64 && finding.also_at.is_empty())
    {
        let protocol = if service.address.is_ipv6() { "ipv6" } else { "ip" };
        filters.push(format!("{protocol}.addr == {} and tcp.port == {}", service.address, service.port));
    }
    for filter in filters.iter().filter(|filter| !filter.is_empty()) {
        let filter = sheet.paint.with(CODE, filter);
        sheet.line(INDENT + 2, &filter);
    }
}

/// `1. ERROR stale-reuse  10.0.0.5:3000 (api.example)  3 of 40 connections  10:34:01 - 10:36:20 UTC  confidence high`.
pub(super) fn write_header(sheet: &mut Sheet, number: Number, finding: &Finding) {
    let share = match finding.of {
        0 => String::new(),
        of => share(finding.affected, of),
    };
    let number = number.map_or_else(String::new, |number| format!("{number}. "));
    let plain = format!("{number}{} {}", finding.severity.name(), finding.code);
    let painted =
        format!("{number}{} {}", sheet.paint.severity(finding.severity), sheet.paint.with(STRONG, finding.code));
    let mut cells = vec![(plain, painted)];
    let rest = [
        place(finding),
        share,
        times::range(finding.first, finding.last),
        format!("confidence {}", finding.confidence.name()),
    ];
    cells.extend(rest.map(|text| (text.clone(), text)));
    sheet.cells(&cells);
}

/// Its service, and how many more.
pub(crate) fn place(finding: &Finding) -> String {
    let first = finding.service.as_ref().map(service).unwrap_or_default();
    match finding.also_at.len() {
        0 | 1 => first,
        several => format!("{first} and {} more", several - 1),
    }
}

/// `10.0.0.5:3000 (api.example)`.
pub(crate) fn service(service: &ServiceName) -> String {
    let endpoint = Endpoint::new(service.address, service.port);
    match &service.server_name {
        Some(name) => format!("{endpoint} ({name})"),
        None => endpoint.to_string(),
    }
}

fn section(sheet: &mut Sheet, heading: &str) {
    sheet.gap();
    sheet.heading(INDENT, heading);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Paint;
    use crate::samples;

    fn told(finding: &Finding, before: &[Finding]) -> String {
        let mut sheet = Sheet::new(100, Paint { color: false });
        write(&mut sheet, Some(before.len() + 1), finding, before);
        sheet.into_text()
    }

    #[test]
    fn what_an_earlier_finding_says_is_named_by_its_place_there() {
        let first = samples::report().findings[0].clone();
        let mut second = first.clone();
        second.remedy.insert(1, "Something else.".to_owned());
        let text = told(&second, std::slice::from_ref(&first));
        assert!(text.starts_with("2. ERROR stale-reuse"), "{text}");
        let list = "    1. As in finding 1, item 1.\n    2. Something else.\n    3. As in finding 1, item 2.\n";
        assert!(text.contains(list), "{text}");
        assert!(text.contains("Known limits that fit\n    as in finding 1\n"), "{text}");
        let text = told(&first, &[second]);
        assert!(text.contains("    1. As in finding 1, item 1.\n    2. As in finding 1, item 3.\n"), "{text}");
        let text = told(&first, std::slice::from_ref(&first));
        assert!(text.contains("    1-2. As in finding 1, items 1 and 2.\n"), "{text}");
    }

    #[test]
    fn filters_show_all_examples_and_the_service() {
        let mut finding = samples::report().findings[0].clone();
        let mut other = finding.evidence[0].clone();
        other.connection = 18;
        finding.evidence.push(other);
        let text = told(&finding, &[]);
        let filters = "    tcp.stream in {17, 18}\n    ip.addr == 10.0.0.5 and tcp.port == 3000\n";
        assert!(text.contains(filters), "{text}");
        finding.affected = 2;
        assert!(!told(&finding, &[]).contains("ip.addr"), "the examples are all");
        finding.affected = 3;
        if let Some(service) = &mut finding.service {
            service.address = "2001:db8::5".parse().expect("an address");
        }
        assert!(told(&finding, &[]).contains("    ipv6.addr == 2001:db8::5 and tcp.port == 3000\n"));
    }
}
