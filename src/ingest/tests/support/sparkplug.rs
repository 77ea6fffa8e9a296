//! Sparkplug B payloads, byte by byte.

use citytwin_model::Timestamp;

/// A metric of type double.
pub struct Metric<'a> {
    pub name: Option<&'a str>,
    pub alias: Option<u64>,
    pub value: f64,
    pub historical: bool,
}

/// A payload of now. `session`: with the metric that numbers a node's session, 0.
pub fn payload(sequence: u64, metrics: &[Metric<'_>], session: bool) -> Vec<u8> {
    payload_at(Timestamp::now().as_millisecond().cast_unsigned(), sequence, metrics, session)
}

/// A payload of a time, ms since 1970.
pub fn payload_at(at_ms: u64, sequence: u64, metrics: &[Metric<'_>], session: bool) -> Vec<u8> {
    let mut payload = number(1, at_ms);
    for metric in metrics {
        let mut bytes = metric.name.map_or_else(Vec::new, |name| text(1, name.as_bytes()));
        bytes.extend(metric.alias.map_or_else(Vec::new, |alias| number(2, alias)));
        bytes.extend([number(3, at_ms), number(4, 10), number(5, u64::from(metric.historical))].concat());
        bytes.extend([(13 << 3) | 1]);
        bytes.extend(metric.value.to_le_bytes());
        payload.extend(text(2, &bytes));
    }
    if session {
        payload.extend(self::session());
    }
    payload.extend(number(3, sequence));
    payload
}

/// The metric that numbers a node's session.
pub fn session() -> Vec<u8> {
    text(2, &[text(1, b"bdSeq"), number(4, 8), number(11, 0)].concat())
}

/// A Protocol Buffers field of a number below 2⁶³.
pub fn number(field: u8, mut value: u64) -> Vec<u8> {
    let mut bytes = vec![field << 3];
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A Protocol Buffers field of bytes, fewer than 128.
fn text(field: u8, bytes: &[u8]) -> Vec<u8> {
    [&[(field << 3) | 2, bytes.len() as u8], bytes].concat()
}
