//! History that memory does not have is read from NATS.

use holdline_e2e::long::{LITTLE_MEMORY, fill, read};
use holdline_e2e::{NatsServer, Transport, wait_for};

use super::{ask, node_with};

#[test]
fn all_history_comes_over_each_transport_also_after_the_broker_died() {
    let Some(mut nats) = NatsServer::start().unwrap() else {
        return;
    };
    let a = node_with(&nats, "?sync=always", &LITTLE_MEMORY);
    fill(&a, 0, 300).unwrap();
    std::thread::scope(|scope| {
        let readers = Transport::ALL.map(|transport| {
            let a = &a;
            scope.spawn(move || read(a, transport, "earliest", 0, 320).unwrap())
        });
        fill(&a, 300, 320).unwrap();
        for reader in readers {
            assert_eq!(reader.join().unwrap().1, 320);
        }
    });
    let (cursor, next) = read(&a, Transport::Sse, "earliest", 0, 50).unwrap();
    nats.kill();
    let target = format!("/channels/long/poll?since={cursor}");
    let (status, answer) = ask(a.address(), "GET", &target, "", "").unwrap();
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (503, Some("history_unreadable"))
    );
    nats.restart().unwrap();
    wait_for("the broker to be read again", || {
        let (status, _) = ask(a.address(), "GET", &target, "", "").unwrap();
        (status == 200).then_some(())
    });
    let (_, next) = read(&a, Transport::Sse, &cursor, next, 320).unwrap();
    assert_eq!(next, 320);
}
