//! The manual pages: one for each command, that `man` takes.

use std::process::Command;

use crate::harness::Project;

#[test]
fn a_page_is_printed_for_lexi_and_for_each_command() {
    let project = Project::new();

    project
        .lexi("man")
        .succeeds()
        .says(".TH lexi 1")
        .says("lexi\\-history(1)")
        .keeps_quiet();
    project.lexi("man watch").succeeds().says("\\-\\-on\\-busy");
    project
        .lexi("man wach")
        .exits(2)
        .tells("there is no command `wach`")
        .tells("did you mean `watch`?");
}

#[test]
fn all_pages_are_written_to_a_folder_and_can_be_read() {
    let project = Project::new();

    project
        .lexi("man --dir man1")
        .succeeds()
        .tells("manual pages");

    for page in ["lexi.1", "lexi-run.1", "lexi-history-show.1"] {
        let read = Command::new("groff")
            .args(["-man", "-Tutf8", "-ww"])
            .arg(project.path(&format!("man1/{page}")))
            .output();
        match read {
            Ok(read) => {
                assert!(read.status.success(), "{page}: {read:?}");
                assert_eq!(String::from_utf8_lossy(&read.stderr), "", "{page}");
            }
            // A machine without the program that sets pages.
            Err(_) => assert!(project.read(&format!("man1/{page}")).contains(".TH")),
        }
    }
    assert!(!project.path("man1/lexi-__complete.1").exists());
}
