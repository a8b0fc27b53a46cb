//! An acceptor that waits for a place is woken, in every order in which it and the loops can run.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering, fence};
use loom::thread;
use models::permits::Permits;

/// Each loop returns one place while the acceptor waits for one: it finds a place or is woken.
#[test]
fn a_place_that_is_given_back_is_found_or_told_of() {
    loom::model(|| {
        let permits = Arc::new(Permits::new(2));
        permits.acquire(0);
        permits.acquire(1);
        let wakes = Arc::new(AtomicUsize::new(0));
        let loops: Vec<_> = (0..2)
            .map(|index| {
                let (permits, wakes) = (Arc::clone(&permits), Arc::clone(&wakes));
                thread::spawn(move || {
                    if permits.release(index) {
                        wakes.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let found = permits.wait_for_release(1);
        for thread in loops {
            thread.join().unwrap();
        }
        assert!(found || wakes.load(Ordering::Relaxed) > 0, "it sleeps beside free permits");
        assert_eq!(permits.in_use(), 0);
    });
}

#[test]
fn only_one_loop_wakes_for_one_wait() {
    loom::model(|| {
        let permits = Arc::new(Permits::new(2));
        permits.acquire(0);
        permits.acquire(1);
        let _ = permits.wait_for_release(0);
        let other = Arc::clone(&permits);
        let thread = thread::spawn(move || usize::from(other.release(1)));
        let wakes = usize::from(permits.release(0)) + thread.join().unwrap();
        assert_eq!(wakes, 1);
    });
}

/// The same without the fences, to show that the model detects this.
#[test]
#[should_panic(expected = "it sleeps beside free permits")]
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
        assert!(found || woken, "it sleeps beside free permits");
    });
}
