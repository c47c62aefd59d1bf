//! Where the log goes, and how much of it.

use std::fs::OpenOptions;
use std::io::IsTerminal as _;
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

use crate::config::Config;

/// The running log.
pub(crate) struct Log {
    level: reload::Handle<LevelFilter, Registry>,
}

impl Log {
    /// Starts to log as `loglevel` and `logfile` say.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn start(config: &Config) -> anyhow::Result<Self> {
        let file = config.logfile();
        let writer = match &file {
            None => BoxMakeWriter::new(std::io::stdout),
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                let file =
                    file.with_context(|| format!("cannot open logfile {}", path.display()))?;
                BoxMakeWriter::new(Mutex::new(file))
            }
        };
        let (filter, level) = reload::Layer::new(level_filter(config.loglevel()));
        let lines = fmt::layer()
            .with_ansi(file.is_none() && std::io::stdout().is_terminal())
            .with_writer(writer);
        tracing_subscriber::registry().with(filter).with(lines).init();
        Ok(Self { level })
    }

    /// Logs more or less from now on. `level` is a value of `loglevel`.
    pub(crate) fn set_level(&self, level: &str) {
        self.level
            .reload(level_filter(level))
            .expect("the subscriber lives as long as the process");
    }
}

fn level_filter(level: &str) -> LevelFilter {
    match level {
        "debug" => LevelFilter::TRACE,
        "verbose" => LevelFilter::DEBUG,
        "warning" => LevelFilter::WARN,
        "nothing" => LevelFilter::OFF,
        _ => LevelFilter::INFO,
    }
}
