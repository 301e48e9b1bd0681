//! A real-looking example of every form, and the whole record that each becomes, as snapshots; and that a file
//! of several is taken apart into what each is alone.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dateline::article::InputForm;
use dateline::decode::split_payloads;
use dateline::record::Outcome;
use serde_json::Value;

use super::articles::NOW_MS;
use super::articles::PROCESSOR;
use super::articles::published;
use super::articles::record;
use super::golden::show;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms")
}

fn outcome(bytes: &[u8]) -> Outcome {
    let mut given = record(7, "", None);
    given.value = Some(bytes.to_vec());
    PROCESSOR.process(&given, NOW_MS, &mut ())
}

#[test]
fn every_form_becomes_the_record_seen_in_review() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots/forms");
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut forms = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let outcome = outcome(&fs::read(&file).unwrap());
        let Outcome::Enriched(output) = &outcome else {
            panic!("{name}: {outcome:?}")
        };
        let record = published(&outcome).unwrap();
        forms.push(record["provenance"]["input_form"].as_str().unwrap().to_owned());
        settings.bind(|| insta::assert_snapshot!(name, show(output)));
    }
    for form in InputForm::ALL {
        let is_elsewhere = matches!(form, InputForm::Json | InputForm::Ninjs);
        assert!(
            is_elsewhere || forms.iter().any(|found| found == form.name()),
            "{}",
            form.name()
        );
    }
}

#[test]
fn files_of_several_are_taken_apart() {
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let rss = read("rss-item.xml");
    let (start, end) = (rss.find("<item>").unwrap(), rss.find("</item>").unwrap() + 7);
    let item = rss[start..end].to_owned();
    let wire = read("anpa-1312.txt");
    for (file, alone) in [
        (
            rss.replace(&item, &format!("{item}\n<!-- another -->\n{item}")),
            rss,
        ),
        (format!("{wire}{wire}"), wire),
    ] {
        let Outcome::Rejected(rejection) = outcome(file.as_bytes()) else {
            panic!("several were read as one")
        };
        assert_eq!(rejection.code.code(), "several_articles");
        let payloads: Vec<_> = split_payloads(file.as_bytes()).collect();
        assert_eq!(payloads.len(), 2);
        for payload in payloads {
            let [mut found, mut expected]: [Value; 2] =
                [&payload.bytes[..], alone.as_bytes()].map(|bytes| published(&outcome(bytes)).unwrap());
            found["content_sha256"].take();
            expected["content_sha256"].take();
            assert_eq!(found, expected);
        }
    }
}
