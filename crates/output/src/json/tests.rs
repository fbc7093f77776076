use serde_json::{Map, Value};

use super::*;
use crate::samples;

fn json(report: &Report) -> Value {
    let mut out = Vec::new();
    write_report(&mut out, report).expect("a Vec takes all");
    serde_json::from_slice(&out).expect("valid JSON")
}

#[test]
fn a_report_follows_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut wrong = Vec::new();
    check(&schema, &schema, &json(&samples::report()), "report", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The check above is worth something only if it can fail.
#[test]
fn what_does_not_follow_the_schema_is_noticed() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let wrongs = |change: &dyn Fn(&mut Value)| {
        let mut report = json(&samples::report());
        change(&mut report);
        let mut wrong = Vec::new();
        check(&schema, &schema, &report, "report", &mut wrong);
        wrong
    };
    assert_eq!(wrongs(&|report| report["findings"][0]["severity"] = "bad".into()).len(), 1);
    assert_eq!(wrongs(&|report| report["capture"]["first"] = 5.into()).len(), 1);
    assert_eq!(wrongs(&|report| report["totals"]["by_outcome"]["eaten"] = 1.into()).len(), 1);
    assert_eq!(wrongs(&|report| report["findings"][0]["new_key"] = 1.into()).len(), 1);
    assert_eq!(wrongs(&|report| drop(report.as_object_mut().and_then(|map| map.remove("services")))).len(), 1);
}

#[test]
fn durations_are_numbers_and_times_have_nanoseconds() {
    let report = json(&samples::report());
    assert_eq!(report["findings"][0]["facts"]["idle_before_close_max_s"], 6.01);
    assert_eq!(report["findings"][0]["first"], "2026-11-21T10:34:01.000000000Z");
    assert_eq!(report["capture"]["skipped"]["arp"], 4);
    assert_eq!(report["totals"]["by_outcome"]["reset"], 3);
}

/// As much of JSON Schema as ours uses. Unlike JSON Schema it refuses keys that the schema does not name, so that a new
/// field can not be forgotten there.
fn check(root: &Value, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).expect("every reference has a target");
        return check(root, target, value, place, wrong);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = |one: &Value| {
            let mut inner = Vec::new();
            check(root, one, value, place, &mut inner);
            inner.is_empty()
        };
        if !any.iter().any(fits) {
            wrong.push(format!("{place}: fits none of the alternatives: {value}"));
        }
        return;
    }
    if let Some(one) = schema.get("const")
        && one != value
    {
        wrong.push(format!("{place}: {value} is not {one}"));
    }
    if let Some(all) = schema["enum"].as_array()
        && !all.contains(value)
    {
        wrong.push(format!("{place}: {value} is none of {all:?}"));
    }
    match schema["type"].as_str() {
        Some("object") => match value.as_object() {
            Some(map) => check_object(root, schema, map, place, wrong),
            None => wrong.push(format!("{place}: no object")),
        },
        Some("array") => match value.as_array() {
            Some(list) => {
                for (i, item) in list.iter().enumerate() {
                    check(root, &schema["items"], item, &format!("{place}[{i}]"), wrong);
                }
            }
            None => wrong.push(format!("{place}: no array")),
        },
        Some("string") if !value.is_string() => wrong.push(format!("{place}: no string: {value}")),
        Some("number") if !value.is_number() => wrong.push(format!("{place}: no number: {value}")),
        Some("integer") if value.as_u64() < schema["minimum"].as_u64() => {
            wrong.push(format!("{place}: no count: {value}"));
        }
        Some("null") if !value.is_null() => wrong.push(format!("{place}: not null: {value}")),
        Some("string" | "number" | "integer" | "null") | None => {}
        Some(other) => panic!("{place}: the schema uses the type {other}, which this check does not know"),
    }
}

fn check_object(root: &Value, schema: &Value, map: &Map<String, Value>, place: &str, wrong: &mut Vec<String>) {
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(key) {
            wrong.push(format!("{place}: {key} is missing"));
        }
    }
    for (key, value) in map {
        let place = format!("{place}.{key}");
        if let Some(names) = schema.get("propertyNames") {
            check(root, names, &Value::from(key.as_str()), &place, wrong);
        }
        match schema["properties"].get(key).or_else(|| schema.get("additionalProperties")) {
            Some(inner) => check(root, inner, value, &place, wrong),
            None => wrong.push(format!("{place}: not in the schema")),
        }
    }
}
