//! Where something is missing, in what memory does not have.

use super::older::small;
use super::*;
use crate::journal::tests::reader::{Client, waiters};

#[test]
fn a_gap_is_told_where_it_is_also_to_one_who_reads_from_the_disk() {
    let device = Device::default();
    let running = Running::start(&device, small(20_000), EPOCH).unwrap();
    for number in 1..=200 {
        let channel = if number % 2 == 0 { "fed" } else { "b" };
        let published = match number {
            61 => running.publish(Draft::gap("fe*")),
            _ => running.say(channel, &"x".repeat(300)),
        };
        assert_eq!(published, Ok(number));
    }
    let waiter = waiters(&running.hub, 1)[0];
    let (fed, both): (Vec<u64>, Vec<u64>) = (
        (1..=200).filter(|n| n % 2 == 0).collect(),
        (1..=200).filter(|n| *n != 61).collect(),
    );
    for again in [false, true] {
        let running = match again {
            false => &running,
            true => &Running::start(&device.after_kill(), small(20_000), NEXT_EPOCH).unwrap(),
        };
        for budget in [1, 1000, 100_000] {
            let all = |names: &[&str], since| {
                let mut client = Client::new(&running.hub, names, since, waiter);
                client.all(budget)
            };
            assert_eq!(all(&["fed"], Since::Earliest), (fed.clone(), vec![61]));
            assert_eq!(
                all(&["b", "fed"], Since::Earliest),
                (both.clone(), vec![61])
            );
            assert!(all(&["b"], Since::Earliest).1.is_empty());
            assert_eq!(
                all(&["fed"], running.cursor(60)),
                (fed[30..].to_vec(), vec![61])
            );
            assert_eq!(
                all(&["fed"], running.cursor(61)),
                (fed[30..].to_vec(), vec![])
            );
        }
    }
}
