//! HTTP dates, as far as `Retry-After` needs them (RFC 9110 §5.6.7).

/// The seconds from the beginning of 1970 to this date, in any of the three forms that a
/// recipient must accept. `None`: it is no date, or one before 1970. The name of the day is not
/// compared with the date.
pub(super) fn parse(value: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(value).ok()?.trim_ascii();
    let (day_name, rest) = text.split_once(' ')?;
    match day_name.strip_suffix(',') {
        // Sun, 06 Nov 1994 08:49:37 GMT
        Some(_) if day_name.len() == 4 => {
            let [day, month, year, time] = words(rest.strip_suffix(" GMT")?, ' ')?;
            seconds(digits(year, 4)?, month, digits(day, 2)?, time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        Some(_) => {
            let [date, time] = words(rest.strip_suffix(" GMT")?, ' ')?;
            let [day, month, year] = words(date, '-')?;
            let year = digits(year, 2)?;
            // Without a clock we do not know which century is meant; but HTTP began after 1970.
            let century = if year < 70 { 2000 } else { 1900 };
            seconds(century + year, month, digits(day, 2)?, time)
        }
        // Sun Nov  6 08:49:37 1994
        None => {
            let (month, rest) = rest.split_at_checked(3)?;
            let (day, rest) = rest.strip_prefix(' ')?.split_at_checked(2)?;
            let [time, year] = words(rest.strip_prefix(' ')?, ' ')?;
            let day = match day.strip_prefix(' ') {
                Some(day) => digits(day, 1)?,
                None => digits(day, 2)?,
            };
            seconds(digits(year, 4)?, month, day, time)
        }
    }
}

fn seconds(year: u64, month: &str, day: u64, time: &str) -> Option<u64> {
    let month = MONTHS.iter().position(|(name, _)| *name == month)?;
    let (_, length) = MONTHS.get(month)?;
    let length = length + u64::from(month == 1 && is_leap(year));
    let [hour, minute, second] = words(time, ':')?;
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    // Second 60 is a leap second.
    let is_valid = (1..=length).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if year < 1970 || !is_valid {
        return None;
    }
    let leap_days = leaps_before(year) - leaps_before(1970);
    let months = MONTHS.iter().take(month);
    let days_before: u64 = months.map(|(_, length)| length).sum();
    let leap_day = u64::from(month > 1 && is_leap(year));
    let days = 365 * (year - 1970) + leap_days + days_before + leap_day + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The leap days of the years from 1 to the one before `year`.
const fn leaps_before(year: u64) -> u64 {
    let years = year - 1;
    years / 4 - years / 100 + years / 400
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Exactly `N` words.
fn words<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut words = text.split(separator);
    let mut found = [""; N];
    for place in &mut found {
        *place = words.next()?;
    }
    words.next().is_none().then_some(found)
}

/// A number of exactly `length` digits.
fn digits(text: &str, length: usize) -> Option<u64> {
    let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The months and their days, outside of leap years.
const MONTHS: [(&str, u64); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];

#[cfg(test)]
mod tests {
    use super::*;

    extern crate std;

    use alloc::string::ToString;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_three_forms_of_a_date_are_the_same_moment() {
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(date.as_bytes()), Some(784_111_777), "{date}");
        }
        let leap = "Thu Dec 31 23:59:60 1998";
        assert_eq!(parse(leap.as_bytes()), Some(915_148_800));
    }

    #[test]
    fn another_implementation_reads_the_same_dates() {
        // Steps of a day and a bit less than an hour, over the leap years of four centuries.
        for seconds in (0..13_000_000_000_u64).step_by(90_000 * 7 - 3_517) {
            let date = httpdate::HttpDate::from(UNIX_EPOCH + Duration::from_secs(seconds));
            let text = date.to_string();
            assert_eq!(parse(text.as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "120",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 1995 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun Nov 06 08:49:37 94",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
