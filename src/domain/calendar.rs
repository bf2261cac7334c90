//! Calendars: when what restores or promotes may be merged without anybody being asked: hours of the market, and freezes.
//!
//! Times are civil times of one time zone, so an hour is the same hour of the day before and after clocks change. A time
//! that a change of clocks skips is read as the time after it, one that comes twice as the first.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::policy::{FROZEN, OUTSIDE_HOURS, Window};

/// A repository's calendar, as the settings have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The IANA name of the time zone of all its times.
    pub time_zone: String,
    /// The hours outside which nobody is at the market; `None` for no such hours.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// Times in which nothing is to be restored or promoted.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
}

/// The hours of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The days of the week.
    pub days: Vec<Day>,
    /// When they begin.
    pub from: Time,
    /// When they end, the same day.
    pub to: Time,
    /// Dates without hours.
    #[serde(default)]
    pub except: Vec<Date>,
}

/// A time in which nothing is to be restored or promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// What it is called, such as `quarter end`.
    pub name: String,
    /// When it begins.
    pub from: DateTime,
    /// When it ends.
    pub to: DateTime,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// How many days ahead hours are looked for.
const FARTHEST_DAYS: i64 = 400;
/// The longest name of a freeze, in characters.
const LONGEST_NAME: usize = 100;

impl Calendar {
    /// Checks what a type cannot: the time zone is known, every time ends after it begins.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if TimeZone::get(&self.time_zone).is_err() {
            return Err("the time zone is not known; give an IANA name such as `America/New_York`".to_owned());
        }
        if let Some(hours) = &self.hours {
            if hours.days.is_empty() {
                return Err("`hours` has no days; name some of mon, tue, wed, thu, fri, sat, sun".to_owned());
            }
            if hours.from >= hours.to {
                return Err("`hours` ends before it begins; both times are on the same day".to_owned());
            }
        }
        for freeze in &self.freezes {
            let length = freeze.name.chars().count();
            if !(1..=LONGEST_NAME).contains(&length) || freeze.name.chars().any(char::is_control) {
                return Err(format!(
                    "the name of a freeze is not one line of 1 to {LONGEST_NAME} characters"
                ));
            }
            if freeze.from >= freeze.to {
                return Err(format!("the freeze `{}` ends before it begins", freeze.name));
            }
        }
        Ok(())
    }

    /// The window at a time: closed until when, or open until when. `None` where nothing ever closes it, or the time zone
    /// is not known here.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Option<Window> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let frozen = self.freezes.iter().filter_map(|freeze| Some((freeze, freeze.span(&zone)?)));
        let frozen: Vec<(&Freeze, (Timestamp, Timestamp))> = frozen.collect();
        let in_force = frozen.iter().filter(|(_, (from, to))| (*from..*to).contains(&now));
        if let Some((freeze, (_, until))) = in_force.max_by_key(|(_, (_, to))| *to) {
            return Some(Window::frozen(&freeze.name, *until, true));
        }
        let hours = self.hours.as_ref().map(|hours| hours.at(now, &zone));
        if let Some((false, until)) = hours {
            return Some(Window { code: OUTSIDE_HOURS.to_owned(), name: String::new(), closed: true, until });
        }
        let next_freeze =
            frozen.iter().filter(|(_, (from, _))| *from > now).min_by_key(|(_, (from, _))| *from);
        let closes = hours.and_then(|(_, until)| until);
        match (next_freeze, closes) {
            (Some((freeze, (from, _))), closes) if closes.is_none_or(|closes| *from <= closes) => {
                Some(Window::frozen(&freeze.name, *from, false))
            }
            (_, Some(until)) => Some(Window {
                code: OUTSIDE_HOURS.to_owned(),
                name: String::new(),
                closed: false,
                until: Some(until),
            }),
            (_, None) => None,
        }
    }
}

impl Window {
    fn frozen(name: &str, until: Timestamp, closed: bool) -> Self {
        Self { code: FROZEN.to_owned(), name: name.to_owned(), closed, until: Some(until) }
    }
}

impl Hours {
    /// Whether it is within them, and until when it stays so; `None` where that is beyond what is looked for.
    fn at(&self, now: Timestamp, zone: &TimeZone) -> (bool, Option<Timestamp>) {
        let here = now.to_zoned(zone.clone()).datetime();
        let instant = |date: Date, time: Time| zone.to_timestamp(date.to_datetime(time)).ok();
        let today =
            self.has(here.date()).then(|| (instant(here.date(), self.from), instant(here.date(), self.to)));
        if let Some((Some(from), Some(to))) = today
            && (from..to).contains(&now)
        {
            return (true, Some(to));
        }
        let mut date = here.date();
        for _ in 0..FARTHEST_DAYS {
            let begins = self.has(date).then(|| instant(date, self.from)).flatten();
            if let Some(begins) = begins.filter(|begins| *begins > now) {
                return (false, Some(begins));
            }
            let Ok(next) = date.checked_add(1.day()) else { break };
            date = next;
        }
        (false, None)
    }

    fn has(&self, date: Date) -> bool {
        self.days.iter().any(|day| day.number() == date.weekday().to_monday_zero_offset())
            && !self.except.contains(&date)
    }
}

impl Freeze {
    fn span(&self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        Some((zone.to_timestamp(self.from).ok()?, zone.to_timestamp(self.to).ok()?))
    }
}

impl Day {
    /// Days since Monday.
    fn number(self) -> i8 {
        match self {
            Self::Mon => 0,
            Self::Tue => 1,
            Self::Wed => 2,
            Self::Thu => 3,
            Self::Fri => 4,
            Self::Sat => 5,
            Self::Sun => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(text: &str) -> Calendar {
        let calendar: Calendar = serde_yaml::from_str(text).unwrap();
        calendar.check().unwrap();
        calendar
    }

    const MARKET: &str = "time_zone: America/New_York\nhours:\n  days: [mon, tue, wed, thu, fri]\n  from: \"09:30\"\n  \
        to: \"16:00\"\n  except: [2026-12-25]\n";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Whether it is closed, by which code, and until when.
    fn window(calendar: &Calendar, now: &str) -> (bool, String, String) {
        let window = calendar.window(at(now)).unwrap();
        (window.closed, window.code, window.until.unwrap().to_string())
    }

    fn is(closed: bool, code: &str, until: &str) -> (bool, String, String) {
        (closed, code.to_owned(), until.to_owned())
    }

    #[test]
    fn hours_are_those_of_the_market_whatever_the_clocks_do() {
        let market = calendar(MARKET);
        // Winter: five hours behind. Summer: four.
        assert_eq!(
            window(&market, "2026-01-12T14:29:59Z"),
            is(true, "outside_hours", "2026-01-12T14:30:00Z")
        );
        assert_eq!(
            window(&market, "2026-01-12T14:30:00Z"),
            is(false, "outside_hours", "2026-01-12T21:00:00Z")
        );
        assert_eq!(
            window(&market, "2026-07-13T13:30:00Z"),
            is(false, "outside_hours", "2026-07-13T20:00:00Z")
        );
        assert_eq!(
            window(&market, "2026-07-13T20:00:00Z"),
            is(true, "outside_hours", "2026-07-14T13:30:00Z")
        );
        // Clocks change on Sunday the 8th of March and on Sunday the 1st of November.
        assert_eq!(
            window(&market, "2026-03-06T21:30:00Z"),
            is(true, "outside_hours", "2026-03-09T13:30:00Z")
        );
        assert_eq!(
            window(&market, "2026-10-30T20:30:00Z"),
            is(true, "outside_hours", "2026-11-02T14:30:00Z")
        );
        // A weekend and a holiday.
        assert_eq!(
            window(&market, "2026-12-24T21:30:00Z"),
            is(true, "outside_hours", "2026-12-28T14:30:00Z")
        );
        assert_eq!(
            window(&market, "2026-12-25T15:00:00Z"),
            is(true, "outside_hours", "2026-12-28T14:30:00Z")
        );
    }

    #[test]
    fn a_time_that_clocks_skip_or_repeat_is_one_instant() {
        // 02:30 does not exist on the 8th of March; 01:30 comes twice on the 1st of November.
        let night =
            calendar("time_zone: America/New_York\nhours: {days: [sun], from: \"01:30\", to: \"02:30\"}\n");
        assert_eq!(
            window(&night, "2026-03-08T06:30:00Z"),
            is(false, "outside_hours", "2026-03-08T07:30:00Z")
        );
        assert_eq!(window(&night, "2026-11-01T05:29:59Z"), is(true, "outside_hours", "2026-11-01T05:30:00Z"));
        assert_eq!(
            window(&night, "2026-11-01T05:30:00Z"),
            is(false, "outside_hours", "2026-11-01T07:30:00Z")
        );
    }

    #[test]
    fn a_freeze_is_named_and_goes_before_hours() {
        let frozen = calendar(&format!(
            "{MARKET}freezes:\n- {{name: quarter end, from: 2026-01-12T12:00:00, to: 2026-01-13T12:00:00}}\n"
        ));
        let now = frozen.window(at("2026-01-12T18:00:00Z")).unwrap();
        assert_eq!((now.closed, now.code.as_str(), now.name.as_str()), (true, "frozen", "quarter end"));
        assert_eq!(now.until, Some(at("2026-01-13T17:00:00Z")));
        assert_eq!(window(&frozen, "2026-01-12T15:00:00Z"), is(false, "frozen", "2026-01-12T17:00:00Z"));
        assert_eq!(
            window(&frozen, "2026-01-13T17:00:00Z"),
            is(false, "outside_hours", "2026-01-13T21:00:00Z")
        );
        let only = calendar(
            "time_zone: Europe/Berlin\nfreezes: [{name: move, from: 2026-03-29T02:30, to: 2026-03-29T03:30}]\n",
        );
        // 02:30 does not exist there on that day.
        assert_eq!(window(&only, "2026-03-29T01:00:00Z"), is(false, "frozen", "2026-03-29T01:30:00Z"));
        assert_eq!(only.window(at("2026-04-01T00:00:00Z")), None, "nothing closes it any more");
    }

    #[test]
    fn what_cannot_hold_is_refused() {
        for (from, to, says) in [
            ("America/New_York", "Mars/Olympus", "time zone"),
            ("[mon, tue, wed, thu, fri]", "[]", "no days"),
            ("\"16:00\"", "\"09:00\"", "ends before"),
        ] {
            let calendar: Calendar = serde_yaml::from_str(&MARKET.replace(from, to)).unwrap();
            let error = calendar.check().unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        for wrong in ["mon", "[monday]"] {
            let text = MARKET.replace("[mon, tue, wed, thu, fri]", wrong);
            assert!(serde_yaml::from_str::<Calendar>(&text).is_err(), "{wrong}");
        }
    }
}
