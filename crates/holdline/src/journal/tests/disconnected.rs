//! Users that were disconnected, until no more are remembered.

use super::*;
use crate::sessions::Sessions;

#[test]
fn when_no_more_users_are_remembered_the_next_is_refused_and_those_known_are_not() {
    let served = Served::start_with(LIMIT, |shared| {
        // The listener is for watching, and there are tokens.
        shared.admin = Admin::new(Some(0));
        let mut arguments = AccessArguments::default();
        let key = "0123456789abcdef0123456789abcdef".parse();
        arguments.tokens.token_key = vec![key.unwrap()];
        shared.set_access(Access::new(&arguments, None).unwrap());
        shared.sessions = Sessions::remembering(2);
    });
    let disconnect = |name: &str| {
        let target = format!("/disconnect?sub={name}");
        served.ask("POST", &target, "").join().unwrap()
    };
    for name in ["ann", "bob", "ann"] {
        let answer = disconnect(name);
        assert_eq!((answer.status, answer.json), (200, json!({ "streams": 0 })));
    }
    for name in ["carol", "dave"] {
        let refused = disconnect(name);
        assert_eq!(refused.refusal(), (503, true, "too_many_disconnected"));
    }
    assert_eq!(disconnect("bob").status, 200);
}
