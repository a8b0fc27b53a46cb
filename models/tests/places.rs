//! An acceptor that waits for a place is woken, in any order in which it and the loops can run.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering, fence};
use loom::thread;
use models::places::Places;

/// Loops that each give one place back, while the acceptor waits for one: it finds room or is woken.
#[test]
fn a_place_that_is_given_back_is_found_or_told_of() {
    loom::model(|| {
        let places = Arc::new(Places::new(2));
        places.take(0);
        places.take(1);
        let wakes = Arc::new(AtomicUsize::new(0));
        let loops: Vec<_> = (0..2)
            .map(|index| {
                let (places, wakes) = (Arc::clone(&places), Arc::clone(&wakes));
                thread::spawn(move || {
                    if places.give_back(index) {
                        wakes.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let found = places.wait(1);
        for thread in loops {
            thread.join().unwrap();
        }
        assert!(found || wakes.load(Ordering::Relaxed) > 0, "it sleeps beside free places");
        assert_eq!(places.taken(), 0);
    });
}

#[test]
fn only_one_loop_wakes_for_one_wait() {
    loom::model(|| {
        let places = Arc::new(Places::new(2));
        places.take(0);
        places.take(1);
        let _ = places.wait(0);
        let other = Arc::clone(&places);
        let thread = thread::spawn(move || usize::from(other.give_back(1)));
        let wakes = usize::from(places.give_back(0)) + thread.join().unwrap();
        assert_eq!(wakes, 1);
    });
}

/// The same without the fences, to show that the model notices.
#[test]
#[should_panic(expected = "it sleeps beside free places")]
fn without_fences_the_acceptor_can_sleep_for_good() {
    loom::model(|| {
        let (taken, is_waited_for) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
        let (theirs, flag) = (Arc::clone(&taken), Arc::clone(&is_waited_for));
        let thread = thread::spawn(move || {
            theirs.fetch_sub(1, Ordering::Release);
            fence(Ordering::Acquire);
            flag.load(Ordering::Relaxed)
        });
        is_waited_for.store(1, Ordering::Relaxed);
        fence(Ordering::Acquire);
        let found = taken.load(Ordering::Acquire) == 0;
        let woken = thread.join().unwrap() == 1;
        assert!(found || woken, "it sleeps beside free places");
    });
}
