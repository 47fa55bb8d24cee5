//! What a service asks for is found inside its container.

use serde_json::json;

use crate::ops::docker::exec::{Exec, capture};
use crate::ops::stack::tests::Stack;

#[tokio::test]
async fn names_limits_rights_and_files_are_as_they_were_asked_for() {
    let stack = Stack::new().await;
    let rows = stack
        .up(json!({"box": {
            "image": "busybox", "init": true, "command": "sleep 600", "hostname": "lexi-box",
            "dns": ["192.0.2.53"], "dns_search": "example.com", "cap_drop": ["ALL"], "read_only": true,
            "security_opt": ["no-new-privileges:true"], "sysctls": {"net.core.somaxconn": 511},
            "ulimits": {"nofile": {"soft": 100, "hard": 200}}, "group_add": ["4242"], "user": "1234",
            "logging": {"driver": "json-file", "options": {"max-size": "1m"}}, "mem_limit": "64m",
            "configs": {"/etc/app/app.conf": "level = 1\n"}, "tmpfs": ["/tmp:size=1m"],
        }}))
        .await
        .unwrap();
    let script = "hostname; cat /etc/app/app.conf /proc/sys/net/core/somaxconn; ulimit -n; id -G; \
        grep -o example.com /etc/resolv.conf; grep -E 'CapEff|NoNewPrivs' /proc/self/status; \
        touch /x 2>&1; touch /tmp/x && echo written";

    let inside = Exec::new(["sh", "-c", script]);
    let said = capture(&stack.driver.engine, &rows[0].id, &inside, 10_000)
        .await
        .unwrap();

    let text = String::from_utf8(said.stdout).unwrap();
    for part in [
        "lexi-box\n",
        "level = 1\n",
        "511\n",
        "100\n",
        "4242",
        "example.com",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Read-only file system",
        "written",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let facts = crate::ops::docker::container::inspect(&stack.driver.engine, &rows[0].id).await;
    let host = facts.unwrap().host_config.unwrap();
    assert_eq!(host.dns, Some(vec!["192.0.2.53".to_owned()]));
    assert_eq!(host.memory, Some(64 << 20));
    assert_eq!(host.log_config.unwrap().config.unwrap()["max-size"], "1m");
}
