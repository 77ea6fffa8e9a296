//! SenML packs of one record as CBOR (RFC 8428, section 6; RFC 8949).

use super::{
    Device, Sample,
    senml::{base_name, unit, unix_s},
};

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
/// Head of a number of 64 bits (RFC 8949, 3.3).
const DOUBLE: u8 = 0xfb;

/// Labels of RFC 8428, table 4: base name -2, name 0, unit 1, value 2, time 6.
pub(super) fn payload(city: &str, device: &Device, sample: &Sample) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    let unit = unit(device.quantity);
    head(&mut out, ARRAY, 1);
    head(&mut out, MAP, if unit.is_some() { 5 } else { 4 });
    // -2 is written as the 1 before it (RFC 8949, 3.1).
    head(&mut out, NEGATIVE, 1);
    text(&mut out, &base_name(city, device));
    head(&mut out, UNSIGNED, 0);
    text(&mut out, device.quantity.name());
    if let Some(unit) = unit {
        head(&mut out, UNSIGNED, 1);
        text(&mut out, unit);
    }
    head(&mut out, UNSIGNED, 2);
    double(&mut out, sample.value);
    head(&mut out, UNSIGNED, 6);
    double(&mut out, unix_s(sample));
    out
}

/// In the shortest form (RFC 8949, 4.2.1).
fn head(out: &mut Vec<u8>, major: u8, argument: u32) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend([major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        _ => {
            out.push(major | 26);
            out.extend(argument.to_be_bytes());
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u32);
    out.extend(text.as_bytes());
}

fn double(out: &mut Vec<u8>, number: f64) {
    out.push(DOUBLE);
    out.extend(number.to_be_bytes());
}
