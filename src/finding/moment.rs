//! Points in time as exports write them, read leniently: a timestamp never fails an export.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How long a day is, as in `2026-09-26`.
const DAY: usize = 10;

/// A point in time in an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Moment {
    /// None is given.
    #[default]
    Absent,
    /// This one.
    At(Timestamp),
    /// One that cannot be read.
    Unreadable,
}

impl Moment {
    pub(super) fn timestamp(self) -> Option<Timestamp> {
        match self {
            Self::At(timestamp) => Some(timestamp),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// The day, in UTC.
    pub(super) fn date(self) -> Option<Date> {
        self.timestamp().map(|timestamp| Offset::UTC.to_datetime(timestamp).date())
    }

    pub(super) fn of_text(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Absent;
        }
        let utc = |at: DateTime| Offset::UTC.to_timestamp(at).ok();
        let zoned = || text.parse::<Timestamp>().ok();
        let local = || text.parse::<DateTime>().ok().and_then(utc);
        let day = || text.parse::<Date>().ok().and_then(|day| utc(day.to_datetime(Time::midnight())));
        // The most frequent by far is a day, and to find that it is nothing else costs more than to read it.
        let first = if text.len() == DAY { day() } else { None };
        first.or_else(zoned).or_else(local).or_else(day).map_or(Self::Unreadable, Self::At)
    }

    /// Seconds since 1970, as some tools write them; milliseconds where the number says so by its size.
    fn of_number(seconds: f64) -> Self {
        let seconds = if seconds.abs() > 1e11 { seconds / 1000.0 } else { seconds };
        // A cast of a float saturates, and what lies outside of jiff's range is refused by it.
        #[expect(clippy::cast_possible_truncation, reason = "saturates; fractions of a second do not matter")]
        let whole = seconds as i64;
        Timestamp::from_second(whole).map_or(Self::Unreadable, Self::At)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a point in time")
    }

    fn visit_str<E>(self, text: &str) -> Result<Moment, E> {
        Ok(Moment::of_text(text))
    }

    fn visit_unit<E>(self) -> Result<Moment, E> {
        Ok(Moment::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Moment, E> {
        Ok(Moment::Unreadable)
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of seconds that matters is exact")]
    fn visit_i64<E>(self, seconds: i64) -> Result<Moment, E> {
        Ok(Moment::of_number(seconds as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of seconds that matters is exact")]
    fn visit_u64<E>(self, seconds: u64) -> Result<Moment, E> {
        Ok(Moment::of_number(seconds as f64))
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<Moment, E> {
        Ok(Moment::of_number(seconds))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Moment, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Moment::Unreadable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Moment, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Moment::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_tools_write_them() {
        let cases = [
            ("\"2024-05-29T07:25:34+00:00\"", Some("2024-05-29T07:25:34Z")),
            ("\"2021-02-26T21:17:50.905000+00:00\"", Some("2021-02-26T21:17:50.905Z")),
            ("\"2023-09-29T17:29:18.758Z\"", Some("2023-09-29T17:29:18.758Z")),
            ("\"2024-05-29 07:25:34+00:00\"", Some("2024-05-29T07:25:34Z")),
            ("\"2024-05-29T09:25:34+02:00\"", Some("2024-05-29T07:25:34Z")),
            ("\"2024-05-29T07:25:34\"", Some("2024-05-29T07:25:34Z")),
            ("\"2024-05-29\"", Some("2024-05-29T00:00:00Z")),
            ("1716967534", Some("2024-05-29T07:25:34Z")),
            ("1716967534.5", Some("2024-05-29T07:25:34Z")),
            ("1716967534000", Some("2024-05-29T07:25:34Z")),
            ("\"2024-05-29T07:25:34.000Z\"", Some("2024-05-29T07:25:34Z")),
            ("null", None),
            ("\"\"", None),
            ("true", None),
            ("{\"$date\": 1716967534000}", None),
            ("[2024, 5, 29]", None),
            ("\"soon\"", None),
            ("1e300", None),
        ];
        for (json, expected) in cases {
            let moment: Moment = serde_json::from_str(json).unwrap();
            assert_eq!(moment.timestamp().map(|at| at.to_string()).as_deref(), expected, "{json}");
        }
    }
}
