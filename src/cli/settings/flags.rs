//! The flags that name the settings file and single settings.

use std::path::{Path, PathBuf};

use super::Settings;
use super::load::load;
use super::source::{SettingsError, Sources};
use super::values::Explained;

/// Where the settings are, as given on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// The settings file. Default: `writ.yaml`, or else `writ.yml`, in the working directory, if it exists.
    #[arg(long, value_name = "FILE", env = "WRIT_FILE")]
    pub file: Option<PathBuf>,
    /// Override one setting; `writ config check` lists the keys. Repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.to_owned()));
    pair.ok_or_else(|| "give a key and a value, such as `workers=4`".to_owned())
}

impl Flags {
    /// Reads the settings that these flags, the environment and the file make.
    ///
    /// # Errors
    /// - as [`load`]
    pub fn load(&self) -> Result<(Settings, Vec<Explained>), SettingsError> {
        load(&self.sources())
    }

    /// The sources that these flags name.
    pub(in crate::cli) fn sources(&self) -> Sources<'_> {
        let usual = ["writ.yaml", "writ.yml"].map(Path::new).into_iter().find(|usual| usual.is_file());
        let file = self.file.as_deref().or(usual);
        Sources { file, flags: &self.set, variable: &|name| std::env::var(name).ok() }
    }
}
