//! Work on several threads whose results come in the order of what they are made of.
//!
//! Holds little at a time, however much there is: whoever makes waits for whoever takes.

use anyhow::anyhow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// As many pieces wait for each thread at most.
const WAITING: usize = 4;

/// A piece of work, and where its result goes.
type Work<A, B> = (A, SyncSender<anyhow::Result<B>>);

/// Makes one piece after the other, turns them on so many threads, and takes the results in the order in which the pieces
/// were made.
///
/// # Errors
/// The first of any of the three; nothing is taken behind it.
pub fn in_order<A: Send, B: Send>(
    jobs: usize,
    pieces: impl Iterator<Item = anyhow::Result<A>> + Send,
    turn: impl Fn(A) -> anyhow::Result<B> + Sync,
    mut take: impl FnMut(B) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if jobs <= 1 {
        return one_by_one(pieces, turn, take);
    }
    // INVARIANT: a result's receiver is queued before its work, so that who waits for it waits for work that is done.
    let (results, queued) = sync_channel::<Receiver<anyhow::Result<B>>>(jobs * WAITING);
    let (work, works) = sync_channel::<Work<A, B>>(jobs * WAITING);
    let works = Mutex::new(works);
    std::thread::scope(|scope| {
        scope.spawn(move || make(pieces, &results, &work));
        for _ in 0..jobs {
            scope.spawn(|| {
                // Nobody waits any more for what can't be sent.
                while let Some((piece, result)) = next(&works) {
                    let _ = result.send(turn(piece));
                }
            });
        }
        queued.into_iter().try_for_each(|result| {
            take(result.recv().map_err(|_| anyhow!("a thread ended before its work was done"))??)
        })
    })
}

/// The same on this thread alone, also with what can't be sent to another.
///
/// # Errors
/// As [`in_order`].
pub fn one_by_one<A, B>(
    pieces: impl Iterator<Item = anyhow::Result<A>>,
    turn: impl Fn(A) -> anyhow::Result<B>,
    mut take: impl FnMut(B) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for piece in pieces {
        take(turn(piece?)?)?;
    }
    Ok(())
}

/// Ends early when nobody takes any more.
fn make<A, B>(
    pieces: impl Iterator<Item = anyhow::Result<A>>,
    results: &SyncSender<Receiver<anyhow::Result<B>>>,
    work: &SyncSender<Work<A, B>>,
) {
    for piece in pieces {
        let (sender, receiver) = sync_channel(1);
        if results.send(receiver).is_err() {
            return;
        }
        let sent = match piece {
            Ok(piece) => work.send((piece, sender)).is_ok(),
            Err(error) => sender.send(Err(error)).is_ok(),
        };
        if !sent {
            return;
        }
    }
}

fn next<T>(works: &Mutex<Receiver<T>>) -> Option<T> {
    works.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Squares, made on so many threads, until one of the three fails.
    fn squares(
        jobs: usize,
        bad_piece: usize,
        bad_turn: usize,
        bad_take: usize,
    ) -> (Vec<usize>, Option<String>) {
        let mut taken = Vec::new();
        let pieces = (0..1_000).map(|it| if it == bad_piece { Err(anyhow!("piece {it}")) } else { Ok(it) });
        let turn = |it: usize| if it == bad_turn { Err(anyhow!("turn {it}")) } else { Ok(it * it) };
        let take = |it| {
            if taken.len() == bad_take {
                return Err(anyhow!("take {bad_take}"));
            }
            taken.push(it);
            Ok(())
        };
        let done = in_order(jobs, pieces, turn, take);
        (taken, done.err().map(|error| error.to_string()))
    }

    #[test]
    fn results_come_in_order_on_any_number_of_threads() {
        let wanted: Vec<usize> = (0..1_000).map(|it| it * it).collect();
        for jobs in [1, 2, 3, 16] {
            assert_eq!(squares(jobs, 9_999, 9_999, 9_999), (wanted.clone(), None), "{jobs} threads");
        }
    }

    #[test]
    fn the_first_error_ends_it_and_nothing_behind_it_is_taken() {
        for jobs in [1, 2, 16] {
            for (pieces, error) in [
                ((500, 600, 700), "piece 500"),
                ((600, 500, 700), "turn 500"),
                ((600, 700, 500), "take 500"),
                ((500, 400, 600), "turn 400"),
            ] {
                let (taken, told) = squares(jobs, pieces.0, pieces.1, pieces.2);
                assert_eq!(told.as_deref(), Some(error), "{jobs} threads");
                let first = pieces.0.min(pieces.1).min(pieces.2);
                assert_eq!(taken.len(), first, "{jobs} threads, {error}");
            }
        }
    }

    #[test]
    fn whoever_makes_waits_for_whoever_takes() {
        let (jobs, made) = (2, AtomicUsize::new(0));
        let pieces = (0..10_000).map(|it: usize| {
            made.fetch_add(1, Ordering::SeqCst);
            Ok(it)
        });
        let mut taken = 0;
        let done = in_order(jobs, pieces, Ok, |_| {
            taken += 1;
            let ahead = made.load(Ordering::SeqCst) - taken;
            // What is queued, what the maker holds, and what is in the taker's hand.
            if ahead <= jobs * WAITING + 2 { Ok(()) } else { Err(anyhow!("{ahead} ahead")) }
        });
        assert_eq!(done.err().map(|error| error.to_string()), None);
        assert_eq!(taken, 10_000);
    }
}
