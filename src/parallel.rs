//! Work on several threads, and threads with room: the only module that knows rayon.
//!
//! Conditions ask conditions and YAML nests, as deep as their limits allow: that takes more than the usual stack. Only what
//! is used of it takes memory. Deliberately absent: any order but that of the items.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

/// The stack of each thread, bytes.
const STACK: usize = 16 << 20;

/// As many files are worth a thread of their own.
const SHARE: usize = 16;

/// What `look` makes of each item, in their order; several are looked at at once.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    if let [item] = items {
        return vec![with_room(|| look(item))];
    }
    give_room();
    items.par_iter().map(look).collect()
}

/// The same, where each answer is handed on: as many as belong to `batch` items for each thread are there at once.
pub fn side_by_side_in_batches<T: Sync, R: Send>(
    items: &[T],
    batch: usize,
    look: impl Fn(&T) -> R + Send + Sync,
    mut take: impl FnMut(R),
) {
    give_room();
    for items in items.chunks(batch * rayon::current_num_threads()) {
        side_by_side(items, &look).into_iter().for_each(&mut take);
    }
}

/// [`side_by_side`] on threads of their own, for items that are files to read: threads of rayon may be waiting for the
/// answers, and then must not be asked to find them.
pub fn apart<T: Sync, R: Send>(items: &[T], look: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(threads).max(SHARE);
    let (own, others) = items.split_at(items.len().min(share));
    let look = |items: &[T]| items.iter().map(&look).collect::<Vec<R>>();
    std::thread::scope(|scope| {
        let others: Vec<_> = others
            .chunks(share)
            .map(|items| scope.spawn(move || look(items)))
            .collect();
        let mut answers = look(own);
        for thread in others {
            answers.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        answers
    })
}

/// Does it on a thread with room.
pub fn with_room<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    give_room();
    // From one of its own threads this is a plain call.
    rayon::join(work, || ()).0
}

/// An answer that is found while whoever needs it waits for something else.
#[derive(Debug)]
pub struct Ahead<T>(Mutex<Option<JoinHandle<T>>>);

impl<T: Send + 'static> Ahead<T> {
    /// Nothing is on its way.
    pub const fn idle() -> Self {
        Self(Mutex::new(None))
    }

    /// Begins to find it, on a thread of its own.
    pub fn begin(&self, find: impl FnOnce() -> T + Send + 'static) {
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *ahead = Some(std::thread::spawn(find));
    }

    /// The answer that is on its way, once; otherwise it is found now.
    pub fn take_or(&self, find: impl FnOnce() -> T) -> T {
        let ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = ahead.and_then(|thread| thread.join().ok());
        answer.unwrap_or_else(find)
    }
}

fn give_room() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Somebody else may have set up the threads: then they are as they are.
        let _ = rayon::ThreadPoolBuilder::new()
            .stack_size(STACK)
            .build_global();
    });
}
