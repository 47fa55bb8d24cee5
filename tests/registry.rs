//! Images from a registry that asks for a login.

/// Tests that need an engine.
mod services {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use crate::harness::registry::{Image, PASSWORD, USER, configure, log_in, registry};
    use crate::harness::{LEXI, Project};

    fn project(image: &str) -> Project {
        Project::new()
            .docker()
            .body(&format!("print(docker::pull(\"{image}\"));"))
    }

    #[test]
    fn an_image_is_pulled_with_the_login_of_the_configuration() {
        let image = Image::pushed(64);
        let project = project(&image.0);
        log_in(&project, PASSWORD);

        project.lexi("run t").succeeds().says("sha256:");
    }

    #[test]
    fn a_helper_program_gives_the_login() {
        let image = Image::pushed(64);
        let project = project(&image.0);
        let path = format!(
            "{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            project.path("bin").display()
        );
        let project = project.env("PATH", &path);
        let script = format!(
            "#!/bin/sh\nread server\n[ \"$server\" = {} ] || exit 1\n\
             printf '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
            registry()
        );
        project.write("bin/docker-credential-testing", &script);
        let helper = project.path("bin/docker-credential-testing");
        std::fs::set_permissions(helper, PermissionsExt::from_mode(0o755)).unwrap();
        configure(
            &project,
            &format!(r#"{{"credHelpers":{{"{}":"testing"}}}}"#, registry()),
        );

        project.lexi("run t").succeeds().says("sha256:");

        configure(&project, r#"{"credsStore":"missing"}"#);
        project
            .lexi("run t")
            .exits(1)
            .tells("docker-credential-missing")
            .tells("correct `credsStore` in docker's config.json");
    }

    #[test]
    fn a_wrong_login_and_none_at_all_are_told() {
        let image = Image::pushed(64);
        let project = project(&image.0);

        project
            .lexi("run t")
            .exits(1)
            .tells(&format!(
                "cannot pull `{}`: the registry `{}` wants a login",
                image.0,
                registry()
            ))
            .tells(&format!("docker login {}", registry()));
        log_in(&project, "wrong");
        project
            .lexi("run t")
            .exits(1)
            .tells(&format!("refuses the login of `{USER}`"))
            .hides("wrong");
    }

    #[test]
    fn an_image_that_the_registry_has_not_is_told() {
        let name = format!("{}/lexi/nothing:1", registry());
        let project = project(&name);
        log_in(&project, PASSWORD);

        project
            .lexi("run t")
            .exits(1)
            .tells(&format!(
                "cannot pull `{name}`: the registry has no such image"
            ))
            .tells("check its name and tag");
    }

    #[test]
    fn progress_is_shown_on_a_terminal_only() {
        let image = Image::pushed(16 * 1024);
        let project = project(&image.0);
        log_in(&project, PASSWORD);

        let command = format!("{LEXI} run t");
        let out = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(project.root())
            .env("HOME", project.root())
            .env("TERM", "xterm")
            .env("LEXI_DRIVER", "docker")
            .output()
            .unwrap();

        let shown = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{shown}");
        assert!(
            shown.contains("pulling") && shown.contains(" MiB/"),
            "{shown}"
        );
    }
}
