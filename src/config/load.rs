//! Defaults, then the file, then the environment; everything wrong is reported at once. Reads no other file than the
//! configuration and those it names.

use std::fs;
use std::path::Path;

use toml::Table;
use toml::Value;

use crate::config::Config;
use crate::config::ConfigProblems;
use crate::config::EnrichConfig;
use crate::config::Problem;
use crate::config::Secret;
use crate::config::TopicsConfig;
use crate::config::environment;
use crate::config::models;
use crate::config::schema::Node;
use crate::config::schema::schema;
use crate::config::shape;
use crate::config::topics;
use crate::config::validate;

impl Config {
    /// The defaults, overlaid by the file at `path`, overlaid by the `DATELINE__SECTION__KEY` variables in `env`.
    /// `judge` adds what only others can tell.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        judge: impl Fn(&Self) -> Vec<Problem>,
    ) -> Result<Self, ConfigProblems> {
        let mut problems = ConfigProblems::default();
        let mut table = path.map(|path| read(path, &mut problems)).unwrap_or_default();
        let schema = schema();
        let root = Node::root(&schema);
        let variables = environment::overlay(&mut table, env, root, &mut problems);
        shape::check(&mut table, root, &mut problems);
        let mut config: Self = table.try_into().unwrap_or_else(|error: toml::de::Error| {
            problems.add("configuration", error.message());
            Self::default()
        });
        let mut later = ConfigProblems::default();
        read_secrets(&mut config, &mut later);
        read_topics(&mut config.topics, &mut later);
        read_models(&mut config.enrich, &mut later);
        validate::check(&config, &mut later);
        judge(&config)
            .into_iter()
            .for_each(|p| later.add(p.key, p.message));
        problems.add_new(later);
        problems.name_variables(&variables);
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(problems)
        }
    }

    /// The effective configuration as TOML, secrets as `***`.
    pub fn to_redacted_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(not_printed)
    }

    /// The settings that are not the defaults, as TOML, secrets as `***`.
    pub fn changes_to_redacted_toml(&self) -> String {
        let changes = Table::try_from(self).and_then(|mut table| {
            without(&mut table, &Table::try_from(Self::default())?);
            toml::to_string(&table)
        });
        changes.unwrap_or_else(not_printed)
    }
}

fn not_printed(error: toml::ser::Error) -> String {
    format!("# cannot be printed: {error}\n")
}

/// Takes out of `table` what is the same in `defaults`.
fn without(table: &mut Table, defaults: &Table) {
    table.retain(|key, value| match (value, defaults.get(key)) {
        (Value::Table(table), Some(Value::Table(defaults))) => {
            without(table, defaults);
            !table.is_empty()
        }
        (value, default) => Some(&*value) != default,
    });
}

/// The file's table; only the line of a syntax error is told, since the line itself may hold a secret.
fn read(path: &Path, problems: &mut ConfigProblems) -> Table {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.add(path.display().to_string(), format!("cannot be read: {error}"));
            return Table::new();
        }
    };
    toml::from_str(&text).unwrap_or_else(|error: toml::de::Error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        problems.add(
            format!("{}:{line}", path.display()),
            format!("not TOML: {}", error.message()),
        );
        Table::new()
    })
}

/// A secret's key, its place, and the file that may hold it.
type SecretPlace<'c> = (&'static str, &'c mut Option<Secret>, &'c Option<String>);

/// Reads each `*_file` of a secret into its place.
fn read_secrets(config: &mut Config, problems: &mut ConfigProblems) {
    let security = &mut config.kafka.security;
    let registry = &mut config.output.schema_registry;
    let secrets: [SecretPlace<'_>; 7] = [
        (
            "kafka.security.key_password",
            &mut security.key_password,
            &security.key_password_file,
        ),
        (
            "kafka.security.password",
            &mut security.password,
            &security.password_file,
        ),
        (
            "kafka.security.oauth_client_secret",
            &mut security.oauth_client_secret,
            &security.oauth_client_secret_file,
        ),
        (
            "output.schema_registry.password",
            &mut registry.password,
            &registry.password_file,
        ),
        (
            "output.schema_registry.token",
            &mut registry.token,
            &registry.token_file,
        ),
        (
            "telemetry.headers",
            &mut config.telemetry.headers,
            &config.telemetry.headers_file,
        ),
        ("admin.token", &mut config.admin.token, &config.admin.token_file),
    ];
    for (name, place, file) in secrets {
        read_secret(name, place, file, problems);
    }
    for (number, enricher) in config.enrichers.iter_mut().enumerate() {
        let key = format!("enrichers.{}.token", number + 1);
        read_secret(&key, &mut enricher.token, &enricher.token_file, problems);
    }
}

fn read_secret(name: &str, place: &mut Option<Secret>, file: &Option<String>, problems: &mut ConfigProblems) {
    let Some(file) = file else { return };
    let key = format!("{name}_file");
    if place.is_some() {
        let short = name.rsplit('.').next().unwrap_or(name);
        problems.add(key, format!("contradicts `{short}`: give one of the two"));
        return;
    }
    *place = read_named(&key, Some(file), problems).as_deref().map(secret);
}

/// The text of a file that the configuration names.
fn read_named(key: &str, file: Option<&String>, problems: &mut ConfigProblems) -> Option<String> {
    let file = file?;
    let text = fs::read_to_string(file);
    text.map_err(|error| problems.add(key, format!("{file} cannot be read: {error}")))
        .ok()
}

/// The secret that is a file's text: its last line break does not count.
fn secret(text: &str) -> Secret {
    Secret::new(text.trim_end_matches(['\r', '\n']))
}

/// Reads the vocabulary and the own topics into their places.
fn read_topics(config: &mut TopicsConfig, problems: &mut ConfigProblems) {
    config.vocabulary = read_named(
        "topics.vocabulary_file",
        config.vocabulary_file.as_ref(),
        problems,
    );
    let own = read_named(
        "topics.own_topics_file",
        config.own_topics_file.as_ref(),
        problems,
    );
    if config.vocabulary_file.is_some() != config.vocabulary_version.is_some() {
        problems.add(
            "topics.vocabulary_file",
            "goes with topics.vocabulary_version: give both or neither",
        );
    }
    match own.as_deref().map(topics::parse_own).transpose() {
        Ok(own) => config.own_topics = own.unwrap_or_default(),
        Err(message) => problems.add("topics.own_topics_file", message),
    }
}

/// Reads the models of more languages into their place.
fn read_models(config: &mut EnrichConfig, problems: &mut ConfigProblems) {
    let Some(dir) = &config.models_dir else { return };
    match models::read(Path::new(dir)) {
        Ok(models) => config.models = models,
        Err(message) => problems.add("enrich.models_dir", message),
    }
}
