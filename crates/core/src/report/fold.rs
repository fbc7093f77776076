//! Findings of one kind at several services that may have one cause: told once.
//!
//! In: what the detectors told, each with what it may have in common with others. Out: the same, where those that share it are
//! one finding that names all services. Nothing is lost: their numbers are added up.

use std::collections::BTreeMap;

use super::story::Story;
use super::{Fact, Facts, ServiceHit};
use crate::Limits;
use crate::detect::{Common, Severity};

/// Tells together what has something in common: first by what the detectors name first, then the rest, and what came of the
/// first, by what they name next.
pub(super) fn folded<'a>(mut stories: Vec<Story<'a>>, limits: &Limits) -> Vec<Story<'a>> {
    let levels = stories.iter().map(|story| story.common.len()).max().unwrap_or_default();
    for level in 0..levels {
        stories = folded_by(stories, level, limits);
    }
    stories
}

fn folded_by<'a>(stories: Vec<Story<'a>>, level: usize, limits: &Limits) -> Vec<Story<'a>> {
    let mut sets: BTreeMap<(&str, Severity, String), Vec<Story<'a>>> = BTreeMap::new();
    let mut folded = Vec::new();
    for story in stories {
        match story.common.get(level) {
            Some(common) => {
                let key = (story.finding.code, story.finding.severity, common.key.clone());
                sets.entry(key).or_default().push(story);
            }
            None => folded.push(story),
        }
    }
    folded.extend(sets.into_values().flat_map(|set| merged(set, level, limits)));
    folded
}

/// One story of several, if that many are enough.
fn merged<'a>(mut set: Vec<Story<'a>>, level: usize, limits: &Limits) -> Vec<Story<'a>> {
    let Some(common) = set.first().and_then(|first| first.common.get(level)).cloned() else { return set };
    let services: usize = set.iter().map(Story::services).sum();
    if set.len() < 2 || services < common.least {
        return set;
    }
    // The one that was hit most is told as the example.
    set.sort_by_key(|story| (std::cmp::Reverse(story.finding.affected), example_of(story)));
    let others = set.split_off(1);
    let Some(mut head) = set.pop() else { return others };
    for other in others {
        add(&mut head, other, limits);
    }
    head.tell_in_common(&common, services);
    vec![head]
}

fn example_of(story: &Story<'_>) -> u64 {
    story.evidence.first().map_or(u64::MAX, |example| example.connection)
}

fn add<'a>(head: &mut Story<'a>, other: Story<'a>, limits: &Limits) {
    let Story { rows, groups, evidence, finding: mut theirs, .. } = other;
    head.rows.extend(rows);
    head.groups.extend(groups);
    let mine = &mut head.finding;
    if mine.also_at.is_empty()
        && let Some(service) = mine.service.clone()
    {
        mine.also_at.push(ServiceHit { service, affected: mine.affected, of: mine.of });
    }
    match theirs.service.filter(|_| theirs.also_at.is_empty()) {
        Some(service) => mine.also_at.push(ServiceHit { service, affected: theirs.affected, of: theirs.of }),
        None => mine.also_at.append(&mut theirs.also_at),
    }
    mine.affected += theirs.affected;
    mine.of += theirs.of;
    mine.first = mine.first.into_iter().chain(theirs.first).min();
    mine.last = mine.last.max(theirs.last);
    mine.facts = shared(&mine.facts, &theirs.facts);
    let room = limits.max_examples.saturating_sub(head.evidence.len());
    head.evidence.extend(evidence.into_iter().take(room.min(1)));
}

/// What holds for both. Counts are of one service each: those of another would only be equal by chance.
fn shared(mine: &Facts, theirs: &Facts) -> Facts {
    let is_shared = |fact: &&(&'static str, Fact)| !matches!(fact.1, Fact::Count(_)) && theirs.0.contains(fact);
    Facts(mine.0.iter().filter(is_shared).cloned().collect())
}

impl Story<'_> {
    /// Services that it tells of.
    fn services(&self) -> usize {
        self.finding.also_at.len().max(1)
    }

    fn tell_in_common(&mut self, common: &Common, services: usize) {
        let finding = &mut self.finding;
        let first = finding.also_at.first().map(|hit| hit.service.endpoint().to_string()).unwrap_or_default();
        let own = self.own_summary.get_or_insert_with(|| finding.summary.clone());
        let sentence = common.sentence.replace("COUNT", &finding.affected.to_string());
        let sentence = sentence.replace("SERVICES", &services.to_string());
        // One sentence alone would say the same again.
        finding.summary = if own.trim_end_matches('.').contains(". ") {
            format!("{sentence} At {first}, for example: {own}")
        } else {
            sentence
        };
        finding.facts.0.retain(|(key, _)| *key != "services");
        finding.remedy.retain(|text| Some(text) != self.advice.as_ref());
        self.advice.clone_from(&common.advice);
        finding.remedy.splice(0..0, common.advice.clone());
        finding.facts.0.insert(0, ("services", Fact::Count(services as u64)));
        // The service that the example is from comes first, the others in order of harm.
        if let Some(rest) = finding.also_at.get_mut(1..) {
            rest.sort_by(|a, b| b.affected.cmp(&a.affected).then_with(|| a.service.cmp(&b.service)));
        }
    }
}
