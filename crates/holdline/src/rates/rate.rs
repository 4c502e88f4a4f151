//! How fast one publisher may publish, as it is written: `10/s`, `600/min:20`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many messages in a second, a minute or an hour, and so many at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rate {
    messages: u32,
    unit: Unit,
    burst: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Rate {
    /// The time in which a bucket gets one message back.
    pub(super) fn interval(&self) -> Duration {
        self.unit.time() / self.messages
    }

    /// How many messages a bucket holds.
    pub(super) fn burst(&self) -> u32 {
        self.burst
    }
}

impl Unit {
    const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
        }
    }

    fn time(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
        })
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rate, burst) = match text.split_once(':') {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (text, None),
        };
        let Some((messages, unit)) = rate.split_once('/') else {
            return Err(FORM.to_owned());
        };
        let unit = Unit::ALL.into_iter().find(|known| known.name() == unit);
        let unit = unit.ok_or(FORM)?;
        let messages = number(messages)?;
        Ok(Self {
            messages,
            unit,
            burst: burst.map_or(Ok(messages), number)?,
        })
    }
}

fn number(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("with 0 nobody could publish; without this option there is no limit".into()),
        Ok(number) if number <= MOST => Ok(number),
        Ok(_) => Err(format!("{text} is more than {MOST}")),
        Err(_) => Err(FORM.to_owned()),
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.messages, self.unit.name())
    }
}

const FORM: &str = "it is a number of messages and `s`, `min` or `h`, as in 10/s or 600/min, and maybe how many \
    may come at once: 600/min:20";
/// More than one publisher can send.
const MOST: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_messages_in_a_time_and_maybe_a_burst() {
        for (text, interval, burst, shown) in [
            ("10/s", Duration::from_millis(100), 10, "10/s"),
            ("600/min", Duration::from_millis(100), 600, "600/min"),
            ("600/min:20", Duration::from_millis(100), 20, "600/min"),
            ("1/h:1", Duration::from_secs(3600), 1, "1/h"),
            ("1/s:1000000", Duration::from_secs(1), MOST, "1/s"),
            ("1000000/s", Duration::from_micros(1), MOST, "1000000/s"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.interval(), rate.burst()), (interval, burst), "{text}");
            assert_eq!(rate.to_string(), shown);
        }
    }

    #[test]
    fn a_rate_that_cannot_work_is_refused_with_what_would() {
        for (text, says) in [
            ("0/s", "nobody could publish"),
            ("10/s:0", "nobody could publish"),
            ("1000001/s", "more than 1000000"),
            ("1/s:1000001", "more than 1000000"),
            ("", "as in 10/s"),
            ("10", "as in 10/s"),
            ("/s", "as in 10/s"),
            ("10/", "as in 10/s"),
            ("10/day", "as in 10/s"),
            ("10/S", "as in 10/s"),
            ("-1/s", "as in 10/s"),
            ("1.5/s", "as in 10/s"),
            ("10 / s", "as in 10/s"),
            ("10/s:", "as in 10/s"),
            ("10/s:x", "as in 10/s"),
            ("10/s:5:5", "as in 10/s"),
            ("99999999999/s", "as in 10/s"),
        ] {
            let error = text.parse::<Rate>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
