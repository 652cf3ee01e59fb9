//! The judgement of a connection as a JSON object.

use pree::field;
use pree::quality::{Assessment, Basis, Evidence, Finding, Unknown, Value};

use super::writer::Json;

/// Writes the value of `quality`.
pub(super) fn quality(json: &mut Json, assessment: &Assessment) {
    json.open(b'{');
    json.key(field::SCORE.key);
    match assessment.score {
        Some(score) => json.fraction(score.get()),
        None => json.null(),
    }
    loss(json, assessment);
    json.key(field::BLOAT.key);
    match assessment.bloat.name() {
        Some(name) => json.string(name),
        None => json.null(),
    }
    fraction(json, field::EFFICIENCY.key, assessment.efficiency);
    fraction(json, field::UTILISATION.key, assessment.utilisation);
    json.key("limited_by");
    json.open(b'{');
    if let Ok(shares) = assessment.limited_by {
        for (key, share) in
            [("network", shares.network), ("receiver", shares.receiver), ("send_buffer", shares.send_buffer)]
        {
            json.key(key);
            json.fraction(share);
        }
        if let Some(app) = shares.app {
            json.key("app");
            json.fraction(app);
        }
    }
    json.close(b'}');
    basis(json, assessment.basis);
    json.key("findings");
    json.open(b'[');
    assessment.findings.iter().for_each(|found| finding(json, found));
    json.close(b']');
    json.close(b'}');
}

/// The member that says what of its life is judged.
pub(super) fn basis(json: &mut Json, basis: Basis) {
    json.key("basis");
    match basis {
        Basis::Lifetime => json.string("lifetime"),
        Basis::Interval(length) => {
            json.open(b'{');
            json.key("seconds");
            json.fraction(length.as_secs_f64());
            json.close(b'}');
        }
        _ => json.null(),
    }
}

fn loss(json: &mut Json, assessment: &Assessment) {
    json.key(field::LOSS.key);
    let Ok(loss) = assessment.loss else { return json.null() };
    json.open(b'{');
    for (key, share) in [("value", loss.value), ("low", loss.low), ("high", loss.high)] {
        json.key(key);
        json.fraction(share);
    }
    json.key("samples");
    json.number(loss.samples);
    json.close(b'}');
}

fn fraction(json: &mut Json, key: &str, value: Result<f64, Unknown>) {
    json.key(key);
    match value {
        Ok(value) => json.fraction(value),
        Err(_) => json.null(),
    }
}

fn finding(json: &mut Json, finding: &Finding) {
    json.open(b'{');
    json.key("name");
    json.string(finding.name);
    json.key("severity");
    json.string(finding.severity.name());
    evidence(json, &finding.evidence);
    told(json, finding.advice, finding.more);
    json.close(b'}');
}

/// What to do, and where to read more.
pub(super) fn told(json: &mut Json, advice: &str, more: &str) {
    json.key("advice");
    json.string(advice);
    json.key("more");
    json.string(more);
}

/// The numbers that a finding rests on.
pub(super) fn evidence(json: &mut Json, all: &[Evidence]) {
    json.key("evidence");
    json.open(b'{');
    for evidence in all {
        // The unit is last in the key, as everywhere.
        let unit = evidence.value.unit();
        if unit.is_empty() || evidence.name.ends_with(unit) {
            json.key(evidence.name);
        } else {
            json.key(&format!("{}_{unit}", evidence.name));
        }
        match evidence.value {
            Value::Count(number) | Value::Bytes(number) | Value::BytesPerS(number) => json.number(number),
            Value::Share(share) | Value::PerS(share) => json.fraction(share),
            Value::Time(time) => json.number(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            Value::Word(word) => json.string(word),
            _ => json.null(),
        }
    }
    json.close(b'}');
}
