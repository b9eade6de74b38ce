//! Numbers of payment cards: as long as their issuer makes them, and with the right check digit.

use std::ops::Range;

use crate::scan::{Found, byte, end_of};

/// How many digits a number has.
const LENGTHS: Range<usize> = 13..20;

/// Finds numbers, in one piece or in groups with a blank or a hyphen between.
pub(crate) fn numbers(text: &str, found: &mut Vec<Found>) {
    let mut at = 0;
    while at < text.len() {
        if is_digit(text, at) {
            let groups = groups(text, at);
            at = groups.last().map_or(at, |group| group.end);
            in_groups(text, &groups, found);
        } else {
            at += 1;
        }
    }
}

fn is_digit(text: &str, at: usize) -> bool {
    byte(text, at).is_some_and(|byte| byte.is_ascii_digit())
}

/// Runs of digits from `at` on, with one separator between.
fn groups(text: &str, mut at: usize) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    loop {
        let end = end_of(text, at, |byte| byte.is_ascii_digit());
        groups.push(at..end);
        if !matches!(byte(text, end), Some(b' ' | b'-')) || !is_digit(text, end + 1) {
            return groups;
        }
        at = end + 1;
    }
}

/// A number may have others before and after it, such as a date. Of several that begin with one group the longest counts.
fn in_groups(text: &str, groups: &[Range<usize>], found: &mut Vec<Found>) {
    let mut first = 0;
    while first < groups.len() {
        if let Some((last, place)) = begins(text, &groups[first..]) {
            found.push(Found {
                place,
                what: "card",
            });
            first += last;
        }
        first += 1;
    }
}

/// The longest number that begins with the first group, and its last group.
fn begins(text: &str, groups: &[Range<usize>]) -> Option<(usize, Range<usize>)> {
    let start = groups.first()?.start;
    if follows_a_word(text, start) {
        return None;
    }
    let issuer = digits(&text[start..])
        .take(4)
        .fold(0, |number, digit| number * 10 + digit);
    let mut length = 0;
    let mut number = None;
    for (last, group) in groups.iter().enumerate() {
        length += group.len();
        if length >= LENGTHS.end {
            break;
        }
        let whole = LENGTHS.contains(&length) && !byte(text, group.end).is_some_and(in_word);
        if whole && is_issued(issuer, length) && checks_out(&text[start..group.end]) {
            number = Some((last, start..group.end));
        }
    }
    number
}

/// Whether what begins there is part of a word, or comes after a decimal point.
fn follows_a_word(text: &str, start: usize) -> bool {
    let before = |back: usize| start.checked_sub(back).and_then(|at| byte(text, at));
    let fraction = before(1) == Some(b'.') && before(2).is_some_and(|byte| byte.is_ascii_digit());
    fraction || before(1).is_some_and(in_word)
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The digits in a text, from its end too.
fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    digits.map(|digit| u32::from(digit - b'0'))
}

/// Whether some issuer's numbers start like that and have that many digits.
fn is_issued(start: u32, length: usize) -> bool {
    match start {
        // Visa
        4000..=4999 => matches!(length, 13 | 16 | 19),
        // Mastercard
        2221..=2720 | 5100..=5599 => length == 16,
        // American Express
        3400..=3499 | 3700..=3799 => length == 15,
        // Diners Club
        3000..=3059 | 3600..=3699 | 3800..=3999 => length == 14,
        // JCB, Discover, UnionPay
        3528..=3589 | 6000..=6999 => (16..=19).contains(&length),
        // Maestro
        5000..=5099 | 5600..=5899 => true,
        _ => false,
    }
}

/// By Luhn's formula, which all issuers use.
fn checks_out(number: &str) -> bool {
    let sum: u32 = digits(number)
        .rev()
        .enumerate()
        .map(|(place, digit)| match digit * (1 + place as u32 % 2) {
            doubled @ 10.. => doubled - 9,
            small => small,
        })
        .sum();
    sum.is_multiple_of(10)
}
