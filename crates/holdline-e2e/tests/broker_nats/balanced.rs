//! Two servers behind one proxy that knows nothing of clients, set up as the chapter on the server says.

use std::thread;
use std::time::Duration;

use holdline_e2e::{Balancer, NatsServer, wait_for};

use super::restarts::run;
use super::{ask, node_with, parts, post, post_again};

#[test]
fn behind_nginx_clients_go_on_at_the_other_server_when_one_is_killed() {
    behind(Balancer::nginx);
}

#[test]
fn behind_haproxy_clients_go_on_at_the_other_server_when_one_is_killed() {
    behind(Balancer::haproxy);
}

/// Publishers and readers over all transports know only the proxy.
fn behind(start: impl FnOnce([std::net::SocketAddr; 2]) -> anyhow::Result<Option<Balancer>>) {
    let Some(nats) = NatsServer::start().unwrap() else {
        return;
    };
    let more = ["--allow-host", "test,push.example.com"];
    let nodes = [
        node_with(&nats, "?sync=always", &more),
        node_with(&nats, "?sync=always", &more),
    ];
    let Some(proxy) = start([nodes[0].address(), nodes[1].address()]).unwrap() else {
        return;
    };
    wait_for("the proxy to know a server", || {
        let answer = ask(proxy.address(), "GET", "/channels/test/poll", "", "").ok()?;
        (answer.0 == 200).then_some(())
    });
    let begin = post(&nodes[0], "test", "0 begin");
    let mut nodes = nodes;
    run(&[proxy.address(); 2], &begin, || {
        for turn in [0, 1, 0, 1] {
            thread::sleep(Duration::from_millis(500));
            nodes[turn].kill();
            thread::sleep(Duration::from_millis(300));
            nodes[turn].restart().unwrap();
            // The other one must not be killed before the proxy has found this one.
            thread::sleep(Duration::from_millis(2500));
        }
    });
    let last = post_again(&nodes[1], "last");
    assert_eq!(parts(&last).0, parts(&begin).0, "a new life began");
}
