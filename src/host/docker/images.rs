//! Images: which there are, getting, building and removing them.

/// Images: which there are, getting, building and removing them.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, Map, NativeCallContext};

    use crate::host::bridge::RhaiResultOf;
    use crate::host::docker::work::{self, value_of, with_engine};
    use crate::ops::docker::image;

    /// Images by name: `id`, `tags`, `bytes`, `created` (seconds since 1970).
    ///
    /// # Parameters
    /// - `pattern`: a name, with `*` for any part of it; `""` for all
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// ensure(docker::images("busybox").len() > 0, "the image is here");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn images(ctx: NativeCallContext, pattern: &str) -> RhaiResultOf<Dynamic> {
        let pattern = Some(pattern).filter(|pattern| !pattern.is_empty());
        value_of(&ctx, "docker::images", async |engine| {
            image::list(&engine, pattern).await
        })
    }

    /// Gets an image from its registry, with the login that `docker login` left; gives its identity.
    ///
    /// # Parameters
    /// - `image`: its name, such as `postgres:15-alpine`; without a tag the latest
    ///
    /// # Errors
    /// - `not_found`: the registry has no such image
    /// - `refused`: the registry wants a login, or refuses the one that there is
    /// - `docker`: the registry cannot be reached
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// try { docker::pull("127.0.0.1:1/nowhere"); } catch (e) { print(e.message); }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn pull(ctx: NativeCallContext, image: &str) -> RhaiResultOf<String> {
        work::pull(&ctx, image)
    }

    /// Builds an image; gives `id`, `tag` and `context_bytes`. What `.dockerignore` names is not sent.
    ///
    /// # Parameters
    /// - `folder`: the folder that is sent, relative to the project
    /// - `tag`: the name the image gets
    /// - `options`: see below
    ///
    /// # Options
    /// - `dockerfile`: the file with the instructions, relative to the folder (default "Dockerfile")
    /// - `target`: the stage to stop at (default the last)
    /// - `args`: values for the instructions by name (default none)
    /// - `no_cache`: take nothing from an earlier build (default false)
    /// - `pull`: look for newer base images (default false)
    /// - `quiet`: do not show the engine's lines (default false)
    ///
    /// # Errors
    /// - `not_found`: there is no such file with instructions
    /// - `docker`: an instruction failed; `e.output` has the last lines
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// fs::make_dir("app");
    /// fs::write("app/Dockerfile", "FROM busybox\nARG WORD\nRUN echo $WORD >/word\n");
    /// defer(|| docker::remove_image("lexi-example-build"));
    /// let built = docker::build("app", "lexi-example-build", #{ args: #{ WORD: "hello" } });
    /// ensure(docker::images("lexi-example-build")[0].id == built.id, "it is there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn build(
        ctx: NativeCallContext,
        folder: &str,
        tag: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        work::build_image(&ctx, folder, tag, options)
    }

    /// Gives an image one more name; one that had the name loses it.
    ///
    /// # Parameters
    /// - `image`: its name or identity
    /// - `name`: the name it gets, such as `my-app:prod`; without a tag the tag is `latest`
    ///
    /// # Errors
    /// - `not_found`: there is no such image
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// defer(|| docker::remove_image("lexi-example-tag:old"));
    /// docker::tag("busybox", "lexi-example-tag:old");
    /// ensure(docker::images("lexi-example-tag").len() == 1, "it is found by both names");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tag(ctx: NativeCallContext, image: &str, name: &str) -> RhaiResultOf<()> {
        with_engine(&ctx, "docker::tag", async |engine| {
            image::tag(&engine, image, name).await
        })
    }

    /// Takes an image away.
    ///
    /// # Parameters
    /// - `image`: its name or identity
    ///
    /// # Errors
    /// - `not_found`: there is no such image
    /// - `conflict`: a container uses it
    ///
    /// # Example
    /// ```docker
    /// fs::write("Dockerfile", "FROM busybox\nLABEL a=b\n");
    /// docker::build(".", "lexi-example-remove", #{ quiet: true });
    /// docker::remove_image("lexi-example-remove");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn remove_image(ctx: NativeCallContext, image: &str) -> RhaiResultOf<()> {
        with_engine(&ctx, "docker::remove_image", async |engine| {
            image::remove(&engine, image, false).await
        })
    }
}
