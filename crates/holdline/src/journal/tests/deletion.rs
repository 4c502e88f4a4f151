//! A deletion among messages that are on their way.

use super::*;

#[test]
fn what_has_a_smaller_number_is_deleted_and_what_has_a_greater_one_stays() {
    let served = Served::start(LIMIT);
    let first = served.post("stall");
    served.wait_for_stalled(1);
    let deletion = served.ask("DELETE", "/channels/a", "");
    wait_until(|| served::is_on_its_way(&served.shared.hub, 2));
    let last = served.post("last");
    wait_until(|| served::is_on_its_way(&served.shared.hub, 3));
    // It is kept before the first message, and waits for it all the same.
    assert!(!deletion.is_finished());
    served.release();
    for (answer, id) in [(first, "1-1"), (deletion, "1-2"), (last, "1-3")] {
        let answer = answer.join().unwrap();
        assert_eq!((answer.status, &answer.json["id"]), (200, &json!(id)));
    }
    for (since, messages, lost) in [
        ("earliest", &[(3, "last")][..], false),
        ("1-0", &[(3, "last")], true),
        ("1-1", &[(3, "last")], false),
        ("1-2", &[(3, "last")], false),
        ("1-3", &[], false),
    ] {
        let poll = served.get(&format!("/channels/a/poll?since={since}"));
        assert_eq!(
            (poll.messages(), &poll.json["lost"]),
            (messages.to_vec(), &json!(lost)),
            "{since}"
        );
    }
}
