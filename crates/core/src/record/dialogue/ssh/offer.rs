//! What a packet with an offer of algorithms says, and whether two of them have something in common (RFC 4253 section 7.1).

/// The lists of an offer in their order, as far as a connection needs them; each direction has its own.
const LISTS: [&str; 8] = [
    "key exchange method",
    "host key type",
    "cipher (client to server)",
    "cipher (server to client)",
    "MAC (client to server)",
    "MAC (server to client)",
    "compression method (client to server)",
    "compression method (server to client)",
];
/// Padding length, type and cookie.
const BEFORE_LISTS: usize = 1 + 1 + 16;
/// Characters of a list that are told.
const SHOWN: usize = 110;

/// What is missing, and both lists, where the two offers do not fit. `None` where they do, and where they can not be read.
pub(super) fn nothing_in_common(client: &[u8], server: &[u8]) -> Option<(&'static str, String)> {
    let (client, server) = (lists(client)?, lists(server)?);
    let mut ciphers = [None; 2];
    for (place, ((what, of_client), of_server)) in LISTS.into_iter().zip(client).zip(server).enumerate() {
        let chosen = names(of_client).find(|name| names(of_server).any(|other| other == *name));
        // Ciphers that authenticate need no MAC.
        let is_needless =
            matches!(place, 4 | 5) && ciphers.get(place - 4).copied().flatten().is_some_and(authenticates);
        if let (2 | 3, Some(cipher)) = (place, ciphers.get_mut(place.wrapping_sub(2))) {
            *cipher = chosen;
        }
        if chosen.is_none() && !is_needless {
            let text = format!("the client offers {}; the server offers {}", shown(of_client), shown(of_server));
            return Some((what, text));
        }
    }
    None
}

/// Code and description of a disconnection (RFC 4253 section 11.1).
pub(super) fn disconnection(packet: &[u8]) -> Option<(u32, String)> {
    let (code, rest) = packet.get(2..)?.split_first_chunk()?;
    let (text, _) = text(rest)?;
    Some((u32::from_be_bytes(*code), String::from_utf8_lossy(text).into_owned()))
}

fn lists(packet: &[u8]) -> Option<[&[u8]; LISTS.len()]> {
    let mut rest = packet.get(BEFORE_LISTS..)?;
    let mut lists = [&[][..]; LISTS.len()];
    for list in &mut lists {
        (*list, rest) = text(rest)?;
    }
    Some(lists)
}

/// A length of four bytes, and as many.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').filter(|name| !name.is_empty())
}

fn authenticates(cipher: &[u8]) -> bool {
    cipher.starts_with(b"chacha20-poly1305")
        || cipher.starts_with(b"AEAD_")
        || cipher.windows(4).any(|part| part == b"-gcm")
}

fn shown(list: &[u8]) -> String {
    let list = String::from_utf8_lossy(list);
    match list.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            let cut = list.get(..end).unwrap_or_default();
            format!("{}, ...", cut.rsplit_once(',').map_or(cut, |(whole, _)| whole))
        }
        None if list.is_empty() => "nothing".to_owned(),
        None => list.into_owned(),
    }
}
