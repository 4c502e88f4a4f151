//! With a clock that the tests set.

use super::table::MOST;
use super::*;
use crate::random::Random;

const ANN: Source = Source::Address(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
const BOB: Source = Source::Address(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

fn rates(rate: &str) -> Rates {
    Rates::new(Some(rate.parse().unwrap()))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn waits(result: Result<(), TooFast>) -> Duration {
    result.unwrap_err().wait
}

#[test]
fn after_a_burst_the_messages_come_back_evenly() {
    let rates = rates("10/s:3");
    let start = seconds(7.0);
    for _ in 0..3 {
        rates.take(ANN, None, start).unwrap();
    }
    assert_eq!(waits(rates.take(ANN, None, start)), seconds(0.1));
    // What is refused takes nothing, and others have their own.
    assert_eq!(waits(rates.judge(ANN, None, start)), seconds(0.1));
    rates.take(BOB, None, start).unwrap();
    assert_eq!(
        waits(rates.take(ANN, None, start + seconds(0.075))),
        seconds(0.025)
    );
    rates.take(ANN, None, start + seconds(0.1)).unwrap();
    assert!(rates.take(ANN, None, start + seconds(0.1)).is_err());
    // After any silence it is one burst, not more.
    let later = start + seconds(1_000.0);
    for _ in 0..3 {
        rates.take(ANN, None, later).unwrap();
    }
    assert!(rates.take(ANN, None, later).is_err());
}

/// Counted by the plainest means: in no time of any length are there more than the burst and what came back.
#[test]
fn in_no_stretch_of_time_is_more_published_than_the_rate_allows() {
    let mut random = Random::from_environment();
    for _ in 0..50 {
        let (messages, burst) = (1 + random.below(20), 1 + random.below(8));
        let rates = rates(&format!("{messages}/s:{burst}"));
        let (mut now, mut published) = (Duration::ZERO, Vec::new());
        for _ in 0..300 {
            now += Duration::from_millis(random.below(150) as u64);
            if rates.take(ANN, None, now).is_ok() {
                published.push(now);
            }
        }
        for (first, from) in published.iter().enumerate() {
            for (count, to) in published[first..].iter().enumerate() {
                let back = (*to - *from).as_secs_f64() * messages as f64;
                assert!(
                    count as f64 <= back + burst as f64 - 1.0 + 1e-6,
                    "{messages} {burst}"
                );
            }
        }
        // And who waits as long as it was told is not refused.
        if let Err(too_fast) = rates.take(ANN, None, now) {
            rates.take(ANN, None, now + too_fast.wait).unwrap();
        }
    }
}

#[test]
fn a_name_is_one_over_all_its_connections_and_both_must_have_room() {
    let rates = rates("60/min:2");
    let (ann, bob) = (Arc::from("ann"), Arc::from("bob"));
    let now = Duration::ZERO;
    rates.take(ANN, Some(&ann), now).unwrap();
    rates.take(BOB, Some(&ann), now).unwrap();
    let refused = rates.take(BOB, Some(&ann), now).unwrap_err();
    assert_eq!((refused.whose, refused.wait), (Whose::Name, seconds(1.0)));
    // Nothing was taken from the connection either: it has one left.
    rates.take(BOB, Some(&bob), now).unwrap();
    let refused = rates.take(BOB, Some(&bob), now).unwrap_err();
    assert_eq!(refused.whose, Whose::Address);
    let refused = rates.take(BOB, None, now).unwrap_err();
    assert_eq!(refused.whose, Whose::Address);
}

#[test]
fn a_refusal_says_why_and_when_to_come_again_in_whole_seconds() {
    let rates = rates("600/h:1");
    let (ann, now) = (Arc::from("ann"), Duration::ZERO);
    rates.take(ANN, Some(&ann), now).unwrap();
    for (source, after, says, retry_after) in [
        (ANN, 0.0, "from this address than the 600/h", 6),
        (ANN, 0.001, "from this address", 6),
        (BOB, 5.0, "by the `sub` of this token", 1),
        (BOB, 5.9, "by the `sub` of this token", 1),
    ] {
        let refused = rates.judge(source, Some(&ann), seconds(after)).unwrap_err();
        // A control frame has no room for more (RFC 6455 §5.5).
        assert!(refused.to_string().len() <= 123, "{refused}");
        assert!(refused.to_string().contains(says), "{refused}");
        let reply = Reply::from(refused);
        assert_eq!(
            (reply.status, reply.retry_after()),
            (429, Some(retry_after))
        );
    }
    let longest = TooFast {
        rate: "1000000/min".parse().unwrap(),
        whose: Whose::Name,
        wait: Duration::ZERO,
    };
    assert!(longest.to_string().len() <= 123, "{longest}");
}

#[test]
fn without_a_limit_nothing_is_kept() {
    let rates = Rates::new(None);
    for _ in 0..10_000 {
        rates
            .take(ANN, Some(&"ann".into()), Duration::ZERO)
            .unwrap();
    }
    let state = rates.state.lock().unwrap();
    assert_eq!((state.sources.len(), state.names.len()), (0, 0));
}

#[test]
fn very_many_publishers_take_no_more_memory_and_those_known_stay_limited() {
    let rates = rates("2/s:1");
    let source = |number: usize| Source::Address(IpAddr::V4((number as u32).into()));
    let now = Duration::ZERO;
    for number in 0..MOST + 1_000 {
        let name = Arc::from(number.to_string());
        rates.take(source(number), Some(&name), now).unwrap();
    }
    let lens = || {
        let state = rates.state.lock().unwrap();
        (state.sources.len(), state.names.len())
    };
    assert_eq!(lens(), (MOST, MOST));
    assert!(rates.take(source(0), None, now).is_err());
    assert!(rates.take(BOB, Some(&"0".into()), now).is_err());
    // The buckets are full again, but all of them are looked at once a second only.
    rates.take(BOB, None, now + seconds(0.9)).unwrap();
    assert_eq!(lens().0, MOST);
    rates.take(BOB, None, now + seconds(1.0)).unwrap();
    assert_eq!(lens().0, 1);
}
