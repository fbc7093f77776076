//! The few parts that pages are made of. [`maud`] escapes every text that is put in.

use maud::{DOCTYPE, Markup, html};

/// A line that reads on white and on black; all else is the reader's own.
pub(super) const LINE: &str = "1px solid rgba(128,128,128,.35)";

/// A document that needs nothing else, and may load nothing.
pub(super) fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                title { (title) }
            }
            body style="font-family:system-ui,sans-serif;line-height:1.4;margin:1em 2em" { (body) }
        }
    }
}

/// What all fragments stand in: as wide as text is read well.
pub(super) fn boxed(body: &Markup) -> Markup {
    html! { div style="color:inherit;background:transparent;max-width:70em" { (body) } }
}

/// A part that opens at a click.
pub(super) fn details(title: &str, is_open: bool, body: &Markup) -> Markup {
    html! {
        details open[is_open] style="margin:2px 0" {
            summary style="cursor:pointer" { (title) }
            (body)
        }
    }
}

/// A list that opens at a click; nothing where it is empty.
pub(super) fn folded(title: &str, is_open: bool, lines: &[String]) -> Markup {
    if lines.is_empty() {
        return html! {};
    }
    details(title, is_open, &html! { ul style="margin:2px 0" { @for line in lines { li { (prose(line)) } } } })
}

/// Text in which backticks enclose what is typed: settings and commands.
pub(super) fn prose(text: &str) -> Markup {
    // Without a partner it is one that strangers sent.
    if text.matches('`').count() % 2 == 1 {
        return html! { (text) };
    }
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A table, with the names of its columns.
pub(super) fn rows<const N: usize>(heads: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Markup {
    let cell = "padding:2px 10px 2px 0;text-align:left;vertical-align:top";
    html! {
        table style="border-collapse:collapse;font-size:.9em" {
            tr { @for head in heads { th style=(cell) { (head) } } }
            @for row in rows { tr { @for value in row { td style=(cell) { (value) } } } }
        }
    }
}
