//! What is planned, without an engine.

use serde_json::json;

use super::{services, shown};
use crate::base::Kind;
use crate::ops::docker::container::Container;
use crate::ops::stack::observe::{Image, Observed, Seen};
use crate::ops::stack::plan::{Asked, Plan, Unchanged, plan};
use crate::ops::stack::wanted::{Place, Wanted};

fn place(folder: &tempfile::TempDir) -> Place {
    Place {
        project: "shop".into(),
        profile: "dev".into(),
        root: folder.path().to_owned(),
        secrets: folder.path().join("secrets"),
        bind: [127, 0, 0, 1].into(),
        has_start_interval: false,
    }
}

/// Everything as it is wanted, and running.
fn running(wanted: &[Wanted]) -> Observed {
    let mut observed = Observed::default();
    for one in wanted {
        let container = Container {
            id: format!("id-{}", one.service.name),
            name: one.container.clone(),
            image: one.image.clone(),
            image_id: "sha256:1".into(),
            state: "running".into(),
            health: None,
            status: "Up".into(),
            project: Some("shop".into()),
            service: Some(one.service.name.clone()),
            ports: Vec::new(),
            networks: one.networks.keys().cloned().collect(),
            created: 1,
            labels: std::collections::BTreeMap::default(),
        };
        let seen = Seen {
            container,
            fields: one.fields.clone(),
        };
        observed
            .services
            .insert(one.service.name.clone(), vec![seen]);
        let image = Image {
            id: "sha256:1".into(),
            ..Image::default()
        };
        observed.images.insert(one.image.clone(), image);
        for name in one.networks.keys() {
            observed.networks.insert(name.clone(), Some("shop".into()));
        }
        for name in &one.volumes {
            observed.volumes.insert(name.clone(), Some("shop".into()));
        }
    }
    observed
}

fn asked(wanted: &[Wanted]) -> Asked {
    Asked {
        declared: wanted.iter().map(|one| one.service.name.clone()).collect(),
        ..Asked::default()
    }
}

fn make(wanted: &[Wanted], observed: &Observed) -> Plan {
    plan("shop", wanted, observed, &asked(wanted)).unwrap()
}

fn two() -> serde_json::Value {
    json!({
        "db": {"image": "db:1", "environment": {"DB_NAME": "a", "DB_PASSWORD": "p"}, "volumes": ["data:/data"]},
        "app": {"image": "app:1", "depends_on": ["db"], "ports": ["80:80"]},
    })
}

#[test]
fn nothing_there_means_that_everything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(two())).unwrap();

    let plan = make(&wanted, &Observed::default());

    assert_eq!(
        shown(&plan),
        [
            "Pull Image db:1: not there",
            "Pull Image app:1: not there",
            "Create Network shop_default: not there",
            "Create Volume data: not there",
            "Create Service db: not there",
            "Create Service app: not there",
        ]
    );
}

#[test]
fn what_has_not_changed_is_kept_and_a_change_is_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let before = place(&folder).wanted(services(two())).unwrap();
    let observed = running(&before);
    let mut changed = two();
    changed["db"]["environment"]["DB_NAME"] = "b".into();
    changed["db"]["environment"]["DB_PASSWORD"] = "q".into();
    changed["app"]["ports"] = json!(["81:80"]);
    let now = place(&folder).wanted(services(changed)).unwrap();

    let same = make(&before, &observed);
    let plan = make(&now, &observed);

    assert!(same.is_empty(), "{same:?}");
    assert_eq!(
        shown(&plan),
        [
            "Recreate Service db: environment DB_NAME changed, environment DB_PASSWORD changed",
            "Recreate Service app: ports changed",
        ]
    );
}

#[test]
fn a_newer_image_a_missing_network_and_an_end_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(two())).unwrap();
    let mut observed = running(&wanted);
    observed.images.insert(
        "db:1".into(),
        Image {
            id: "sha256:2".into(),
            ..Image::default()
        },
    );
    observed.services.get_mut("app").unwrap()[0].container.state = "exited".into();

    assert_eq!(
        shown(&make(&wanted, &observed)),
        [
            "Recreate Service db: a newer image",
            "Start Service app: is exited"
        ]
    );
    observed.services.get_mut("app").unwrap()[0]
        .container
        .networks
        .clear();
    let plan = make(&wanted, &observed);
    assert_eq!(
        shown(&plan)[1],
        "Recreate Service app: not in network shop_default"
    );
}

#[test]
fn a_second_container_goes_and_the_one_that_fits_stays() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(two())).unwrap();
    let mut observed = running(&wanted);
    let mut other = observed.services["db"][0].clone();
    other.container.id = "id-other".into();
    other.fields.insert("image".into(), "x".into());
    observed.services.get_mut("db").unwrap().insert(0, other);

    let plan = make(&wanted, &observed);

    assert_eq!(
        shown(&plan)[0],
        "Remove Service db: a second container of the service"
    );
    assert_eq!(plan.actions[0].container.as_deref(), Some("id-other"));
    assert_eq!(shown(&plan)[1], "Keep Service db");
}

#[test]
fn orphans_are_named_and_stay_until_asked() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(two())).unwrap();
    let observed = running(&wanted);
    let fewer = place(&folder)
        .wanted(services(json!({"db": two()["db"]})))
        .unwrap();

    let plan_only = make(&fewer, &observed);
    let removing = Asked {
        remove_orphans: true,
        ..asked(&fewer)
    };
    let removed = plan("shop", &fewer, &observed, &removing).unwrap();

    assert_eq!(plan_only.orphans, ["app"]);
    assert!(plan_only.is_empty());
    assert_eq!(
        shown(&removed)[1],
        "Remove Service app: not in the stack any more"
    );
}

#[test]
fn what_belongs_to_another_stack_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(two())).unwrap();
    let mut observed = running(&wanted);
    observed.volumes.insert("data".into(), Some("other".into()));
    let error = plan("shop", &wanted, &observed, &asked(&wanted)).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(
        error.message(),
        "volume `data` belongs to the stack `other`, not to `shop`"
    );

    let mut observed = Observed::default();
    observed
        .strangers
        .insert("shop-db-1".into(), Some("other".into()));
    let error = plan("shop", &wanted, &observed, &asked(&wanted)).unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
}

#[test]
fn what_an_engine_cannot_carry_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(json!({"app": {
        "image": "a", "healthcheck": {"test": "x", "start_interval": "1s"},
        "deploy": {"resources": {"reservations": {"cpus": "1", "memory": "1G"}},
                   "restart_policy": {"condition": "on-failure", "max_attempts": 3, "delay": "5s", "window": "120s"}},
    }})));

    let notes = wanted.unwrap().remove(0).notes;

    assert_eq!(
        notes,
        [
            "app: this engine has no deploy.resources.reservations.cpus",
            "app: this engine has no deploy.restart_policy.delay",
            "app: this engine has no deploy.restart_policy.window",
            "app: this engine has no healthcheck.start_interval",
        ]
    );
}

#[test]
fn a_port_without_an_address_is_for_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder)
        .wanted(services(
            json!({"a": {"image": "a", "ports": ["80:80", "0.0.0.0:81:81"]}}),
        ))
        .unwrap();

    let bindings = wanted[0]
        .body
        .host_config
        .clone()
        .unwrap()
        .port_bindings
        .unwrap();

    let address = |key: &str| bindings[key].clone().unwrap()[0].host_ip.clone().unwrap();
    assert_eq!(
        (address("80/tcp").as_str(), address("81/tcp").as_str()),
        ("127.0.0.1", "0.0.0.0")
    );
}

#[test]
fn a_restart_of_one_service_leaves_those_it_depends_on_alone() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = place(&folder).wanted(services(two())).unwrap();
    let asked = Asked {
        unchanged: Unchanged::Restart,
        named: ["app".to_owned()].into(),
        ..asked(&wanted)
    };

    let plan = plan("shop", &wanted, &running(&wanted), &asked).unwrap();

    assert_eq!(
        shown(&plan),
        ["Keep Service db", "Restart Service app: asked for"]
    );
}
