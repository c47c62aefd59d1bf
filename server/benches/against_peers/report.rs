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

    /// The median of one server.
    fn figure(&self, server: usize) -> f64 {
        let mut figures = self.figures[server].clone();
        figures.sort_unstable_by(f64::total_cmp);
        figures[figures.len() / 2]
    }

    /// How far apart one server's rounds are, as a share of the median.
    fn spread(&self, server: usize) -> f64 {
        let figures = || self.figures[server].iter().copied();
        let width = figures().fold(f64::MIN, f64::max) - figures().fold(f64::MAX, f64::min);
        width / self.figure(server).max(f64::MIN_POSITIVE)
    }

    /// Prints the line.
    pub(crate) fn print(&self) {
        print!("{:NAME_WIDTH$}", self.name);
        let servers = self.figures.len();
        for server in 0..servers {
            print!(" {:>FIGURE_WIDTH$}", rounded(self.figure(server)));
        }
        let peers = (1..servers).map(|server| self.figure(server));
        let (best, goal) = match self.better {
            Better::High => (peers.fold(f64::MIN, f64::max), ">="),
            Better::Low => (peers.fold(f64::MAX, f64::min), "<="),
        };
        let spread = (0..servers).map(|server| self.spread(server)).fold(0.0, f64::max);
        let wanted = match self.wanted {
            Wanted::Ratio(ratio) => format!("{goal} {ratio:.2} x"),
            Wanted::Figure(figure) => format!("{goal} {figure}"),
        };
        println!(" {:7.2} {wanted:>9} {:5.0} %", self.figure(0) / best, spread * 100.0);
    }
}

/// Prints the head of a table, whose rows follow as they are measured.
pub(crate) fn print_head(title: &str) {
    println!("\n{title}");
    print!("{:NAME_WIDTH$}", "");
    fleet::names().for_each(|name| print!(" {name:>FIGURE_WIDTH$}"));
    println!(" {:>7} {:>9} {:>7}", "ratio", "wanted", "spread");
}

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
