//! What was measured, for people and for scripts.

use std::fmt;

use serde::Serialize;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    /// The figure itself.
    AtMost(f64),
    /// The figure itself.
    AtLeast(f64),
    /// In proportion to the bare operation.
    RatioAtLeast(f64),
    /// In proportion to what it stands beside.
    RatioAtMost(f64),
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "MB")]
    Megabytes,
    #[serde(rename = "1/s")]
    PerSecond,
    #[serde(rename = "")]
    Count,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    /// For scripts: words joined by dots.
    pub id: String,
    pub what: String,
    pub value: f64,
    pub unit: Unit,
    /// The bare NATS operation in the same run.
    pub bare: Option<f64>,
    pub ratio: Option<f64>,
    pub goal: Option<Goal>,
    pub met: Option<bool>,
    /// Of how many measurements it is made.
    pub samples: usize,
}

impl Row {
    pub fn new(id: impl Into<String>, what: impl Into<String>, value: f64, unit: Unit, samples: usize) -> Self {
        let (id, what) = (id.into(), what.into());
        Self {
            id,
            what,
            value,
            unit,
            bare: None,
            ratio: None,
            goal: None,
            met: None,
            samples,
        }
    }

    pub fn against(mut self, bare: f64) -> Self {
        self.bare = Some(bare);
        self.ratio = Some(self.value / bare);
        self
    }

    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self.met = Some(match goal {
            Goal::AtMost(most) => self.value <= most,
            Goal::AtLeast(least) => self.value >= least,
            Goal::RatioAtMost(most) => self.ratio.is_some_and(|ratio| ratio <= most),
            Goal::RatioAtLeast(least) => self.ratio.is_some_and(|ratio| ratio >= least),
        });
        self
    }

    fn cells(&self) -> [String; 6] {
        let goal = match self.goal {
            Some(Goal::AtMost(most)) => format!("≤ {most} {}", self.unit).trim_end().to_owned(),
            Some(Goal::AtLeast(least)) => format!("≥ {least} {}", self.unit).trim_end().to_owned(),
            Some(Goal::RatioAtLeast(least)) => format!("≥ {:.0} % of bare", least * 100.0),
            Some(Goal::RatioAtMost(most)) => format!("≤ {most} ×"),
            None => String::new(),
        };
        let ratio = self.ratio.map(|ratio| match self.unit {
            Unit::PerSecond => format!("{:.0} %", ratio * 100.0),
            _ => format!("{ratio:.1} ×"),
        });
        let verdict = self.met.map_or("", |met| if met { "met" } else { "missed" });
        [
            self.what.clone(),
            self.unit.show(self.value),
            self.bare.map(|bare| self.unit.show(bare)).unwrap_or_default(),
            ratio.unwrap_or_default(),
            goal,
            verdict.to_owned(),
        ]
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{value:.0} {self}"),
            Self::Count => format!("{value:.0}"),
            Self::Megabytes => format!("{value:.1} {self}"),
            Self::Seconds | Self::Milliseconds => format!("{value:.2} {self}"),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::PerSecond => "/s",
            Self::Count => "",
        })
    }
}

/// All figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    /// `release` or `debug`.
    pub build: &'static str,
    /// Processors that everything shares: product, servers, sandbox and what makes the load.
    pub cores: usize,
    pub quick: bool,
    pub seconds: f64,
    pub rows: Vec<Row>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 6] = ["MEASURE", "INFRAGPT", "BARE NATS", "RATIO", "GOAL", ""];
        let rows: Vec<[String; 6]> = self.rows.iter().map(Row::cells).collect();
        let widths: [usize; 6] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEADS[column].len()]).max().unwrap_or_default()
        });
        let mut line = |cells: [&str; 6]| {
            let padded: Vec<String> = cells
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            writeln!(formatter, "{}", padded.join("  ").trim_end())
        };
        line(HEADS)?;
        for row in &rows {
            line(row.each_ref().map(String::as_str))?;
        }
        writeln!(
            formatter,
            "\n{} cores, {} build, {:.0} s in all.",
            self.cores, self.build, self.seconds
        )?;
        if self.build != "release" {
            writeln!(
                formatter,
                "Without optimization these figures say little: `make bench` measures the release build."
            )?;
        }
        if self.quick {
            writeln!(
                formatter,
                "A quick run shows that everything can be measured; its samples are too few for a judgement."
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_judged() {
        let slow = Row::new("a", "a", 6.1, Unit::Milliseconds, 1).goal(Goal::AtMost(6.0));
        assert_eq!(slow.met, Some(false));
        let rate = Row::new("b", "b", 80.0, Unit::PerSecond, 1);
        assert_eq!(
            rate.clone().goal(Goal::RatioAtLeast(0.8)).met,
            Some(false),
            "there is nothing to compare with"
        );
        assert_eq!(rate.against(100.0).goal(Goal::RatioAtLeast(0.8)).met, Some(true));
    }

    #[test]
    fn people_get_a_table() {
        let rows = vec![
            Row::new("ready", "Ready after start", 0.25, Unit::Seconds, 3).goal(Goal::AtMost(1.0)),
            Row::new("ingest", "Webhooks of 8 KB", 3000.0, Unit::PerSecond, 5)
                .against(4000.0)
                .goal(Goal::RatioAtLeast(0.8)),
            Row::new("mention", "Stored", 0.5, Unit::Milliseconds, 9).against(0.25),
        ];
        let report = Report {
            build: "release",
            cores: 2,
            quick: false,
            seconds: 99.6,
            rows,
        };
        assert_eq!(
            report.to_string(),
            "MEASURE            INFRAGPT  BARE NATS  RATIO  GOAL\n\
             Ready after start  0.25 s                      ≤ 1 s           met\n\
             Webhooks of 8 KB   3000 /s   4000 /s    75 %   ≥ 80 % of bare  missed\n\
             Stored             0.50 ms   0.25 ms    2.0 ×\n\
             \n2 cores, release build, 100 s in all.\n"
        );
    }
}
