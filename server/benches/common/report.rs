//! Tables: a line for each figure, a column for each server.

use std::fs;

use super::fleet;

/// What was measured of every server, round by round.
pub(crate) struct Row {
    name: String,
    better: Better,
    wanted: Wanted,
    /// For each server in the order of [`fleet::start`].
    figures: Vec<Vec<f64>>,
}

/// Which figures are good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Better {
    High,
    Low,
}

/// What keyferry is to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// This ratio to the best peer, or better.
    Ratio(f64),
    /// This figure, or better.
    Figure(f64),
    /// This figure, or better, in every column.
    EachFigure(f64),
    /// The row is there to be looked at.
    Nothing,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, better: Better, wanted: Wanted) -> Self {
        let figures = fleet::names().map(|_| Vec::new()).collect();
        Self { name: name.into(), better, wanted, figures }
    }

    /// Notes what was measured of one server.
    pub(crate) fn push(&mut self, server: usize, figure: f64) {
        self.figures[server].push(figure);
    }

    /// The median of one server, if it was measured.
    fn figure(&self, server: usize) -> Option<f64> {
        let mut figures = self.figures[server].clone();
        figures.sort_unstable_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    }

    /// How far apart one server's rounds are, as a share of the median, if that is more than nothing.
    fn spread(&self, server: usize) -> Option<f64> {
        let median = self.figure(server).filter(|&median| median >= ROUNDED_TO)?;
        let figures = || self.figures[server].iter().copied();
        let width = figures().fold(f64::MIN, f64::max) - figures().fold(f64::MAX, f64::min);
        Some(width / median)
    }

    /// keyferry's figure over that of the best peer, if any was measured.
    fn ratio(&self) -> Option<f64> {
        let peers = (1..self.figures.len()).filter_map(|server| self.figure(server));
        let best = peers.reduce(match self.better {
            Better::High => f64::max,
            Better::Low => f64::min,
        });
        Some(self.figure(0)? / best?)
    }

    /// Whether what is wanted is reached, if something is.
    fn is_reached(&self) -> Option<bool> {
        let reaches = |figure: f64, wanted: f64| match self.better {
            Better::High => figure >= wanted,
            Better::Low => figure <= wanted,
        };
        let reached = |server| match self.wanted {
            Wanted::Figure(wanted) | Wanted::EachFigure(wanted) => {
                self.figure(server).map(|figure| reaches(figure, wanted))
            }
            Wanted::Ratio(wanted) => self.ratio().map(|ratio| reaches(ratio, wanted)),
            Wanted::Nothing => None,
        };
        match self.wanted {
            Wanted::EachFigure(_) => Some((0..self.figures.len()).filter_map(reached).all(|it| it)),
            _ => reached(0),
        }
    }

    /// Prints the line.
    pub(crate) fn print(&self) {
        print!("{:NAME_WIDTH$}", self.name);
        let servers = self.figures.len();
        for server in 0..servers {
            print!(" {:>FIGURE_WIDTH$}", self.figure(server).map_or("-".into(), rounded));
        }
        let spread = (0..servers).filter_map(|server| self.spread(server)).fold(0.0, f64::max);
        let goal = match self.better {
            Better::High => ">=",
            Better::Low => "<=",
        };
        let wanted = match self.wanted {
            Wanted::Ratio(ratio) => format!("{goal} {ratio:.2} x"),
            Wanted::Figure(figure) | Wanted::EachFigure(figure) => format!("{goal} {figure}"),
            Wanted::Nothing => String::new(),
        };
        let verdict = match self.is_reached() {
            Some(true) => "ok",
            Some(false) => "MISSED",
            None => "",
        };
        let ratio = self.ratio().map_or("-".into(), |ratio| format!("{ratio:.2}"));
        println!(" {ratio:>7} {wanted:>9} {verdict:6} {:5.0} %", spread * 100.0);
    }
}

/// Prints the head of a table, whose rows follow as they are measured.
pub(crate) fn print_head(title: &str) {
    println!("\n{title}");
    print!("{:NAME_WIDTH$}", "");
    fleet::names().for_each(|name| print!(" {name:>FIGURE_WIDTH$}"));
    println!(" {:>7} {:>9} {:6} {:>7}", "ratio", "wanted", "", "spread");
}

/// What is less than this is nothing: the last digit that [`rounded`] shows.
const ROUNDED_TO: f64 = 0.01;

/// Three digits or more.
fn rounded(figure: f64) -> String {
    let decimals = if figure >= 100.0 { 0 } else { 2 };
    format!("{figure:.decimals$}")
}

/// The machine and how busy it is.
pub(crate) fn conditions() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{}, {cores} cores, load {load}", model.map_or("unknown CPU", |(_, model)| model))
}

const NAME_WIDTH: usize = 34;
const FIGURE_WIDTH: usize = 11;
