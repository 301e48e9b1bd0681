//! Speed of the entity step on one core: the real path, one article after the other, on one thread.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use dateline::limits::Limits;
use dateline::record::Step;
use dateline::record::StepObserver;

use crate::Setting;
use crate::corpus::Document;

/// Times the entity step alone.
struct Clock {
    started: Instant,
    spent: Duration,
}

impl StepObserver for Clock {
    fn finished(&mut self, step: Step) {
        if step == Step::Entities {
            self.spent += self.started.elapsed();
        }
    }
}

/// Reads every document again and again for at least `seconds`; prints a line `speed SETTING WORDS SECONDS`, which
/// `benches/peers/compare.py` reads. Words are runs between white space.
pub(crate) fn measure(setting: &Setting, documents: &[Document], seconds: f64) -> Result<()> {
    let enricher = setting.enricher()?;
    let limits = Limits::default();
    let words: usize = documents.iter().map(Document::words).sum();
    let mut clock = Clock {
        started: Instant::now(),
        spent: Duration::ZERO,
    };
    let mut read = 0;
    // The first round warms caches and counts for nothing.
    for round in 0.. {
        for document in documents {
            let article = document.article.clone();
            clock.started = Instant::now();
            std::hint::black_box(enricher.enrich(article, &limits, &mut clock));
        }
        if round == 0 {
            clock.spent = Duration::ZERO;
            continue;
        }
        read += words;
        if clock.spent.as_secs_f64() >= seconds {
            break;
        }
    }
    println!("speed {} {read} {:.3}", setting.name, clock.spent.as_secs_f64());
    Ok(())
}
