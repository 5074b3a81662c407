use crate::denormals::Flushed;
use crate::parts::Parts;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How long an idle worker looks for work before it sleeps.
const SPIN: Duration = Duration::from_micros(40);

/// Products that take so long (some 20 µs on one thread) that waking others for them pays.
const WORTH: usize = 400_000;

/// Threads that this process may use: by its CPU affinity and its cgroup quota.
pub fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Threads that stay: the calling thread is worker 0, the others wait between calls.
///
/// Work is a number of items, dealt one by one to whoever is free. A caller cuts its work by the problem, never by
/// the number of threads, so that results do not depend on it. No call allocates.
///
/// ```
/// use striate_kernels::Workers;
/// let workers = Workers::new(2);
/// let mut squares = [0; 10];
/// workers.chunks(&mut squares, 3, |item, _worker, chunk| {
///     for (i, x) in chunk.iter_mut().enumerate() {
///         *x = (3 * item + i).pow(2);
///     }
/// });
/// assert_eq!(squares[7], 49);
/// ```
pub struct Workers {
    shared: Arc<Shared>,
    /// Held by the one caller whose job is running; others run alone.
    caller: Mutex<()>,
    helpers: Vec<Helper>,
    /// Products that are worth waking helpers for.
    worth: usize,
}

struct Helper {
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

struct Shared {
    /// `job number << 16 | OPEN | helpers inside`.
    state: AtomicU64,
    next: AtomicUsize,
    job: UnsafeCell<Job>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    asleep: Vec<AtomicBool>,
    stop: AtomicBool,
}

const OPEN: u64 = 1 << 15;
const INSIDE: u64 = OPEN - 1;
const NUMBER: u64 = 1 << 16;

type Task<'a> = dyn Fn(usize, usize) + Sync + 'a;

#[derive(Clone, Copy)]
struct Job {
    task: Option<*const Task<'static>>,
    items: usize,
}

// SAFETY: `job` is written only while the state is closed with nobody inside, and read only by helpers that are inside
// (the compare-exchange that lets them in acquires the write); the task itself is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: the raw pointer in `job` is dereferenced only under the protocol above.
unsafe impl Send for Shared {}

impl Workers {
    /// So many workers, the calling thread included; at least 1.
    pub fn new(threads: usize) -> Self {
        Self::waking_for(threads, WORTH)
    }

    /// As [`Workers::new`], but helpers are woken for the smallest work: tests see on small problems what several
    /// threads do.
    pub fn eager(threads: usize) -> Self {
        Self::waking_for(threads, 0)
    }

    fn waking_for(threads: usize, worth: usize) -> Self {
        let threads = threads.clamp(1, INSIDE as usize);
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            job: UnsafeCell::new(Job { task: None, items: 0 }),
            panic: Mutex::new(None),
            asleep: (1..threads).map(|_| AtomicBool::new(false)).collect(),
            stop: AtomicBool::new(false),
        });
        let helper = |worker: usize| {
            let shared = shared.clone();
            let handle = std::thread::Builder::new()
                .name(format!("striate-{worker}"))
                .spawn(move || shared.help(worker))
                .expect("the system starts a thread");
            Helper { thread: handle.thread().clone(), handle: Some(handle) }
        };
        let helpers = (1..threads).map(helper).collect();
        Workers { shared, caller: Mutex::new(()), helpers, worth }
    }

    /// Number of workers; worker numbers lie below.
    pub fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Calls `task(item, worker)` once for every item below `items`, and returns when all are done. No two calls at
    /// the same time have the same worker. A call from inside a task, or while another thread's job is running,
    /// must not rely on worker numbers: it runs alone, as worker 0.
    ///
    /// # Panics
    /// With the first panic of a task, after all workers have stopped.
    pub fn run(&self, items: usize, task: impl Fn(usize, usize) + Sync) {
        let _flushed = Flushed::enter();
        let alone = || (0..items).for_each(|item| task(item, 0));
        if items <= 1 || self.helpers.is_empty() {
            return alone();
        }
        let _caller = match self.caller.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => return alone(),
        };
        let task: &Task<'_> = &task;
        let task: *const Task<'_> = task;
        // SAFETY: only the lifetime changes; nobody touches the task after `close`, which comes before this returns.
        let task = unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) };
        self.shared.open(Job { task: Some(task), items });
        for (helper, asleep) in self.helpers.iter().zip(&self.shared.asleep) {
            if asleep.load(Ordering::SeqCst) {
                helper.thread.unpark();
            }
        }
        self.shared.work(Job { task: Some(task), items }, 0);
        self.shared.close();
        let panic = self.shared.panic.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// As [`Workers::run`], for items that take so many products together: if these are few the caller does them alone.
    pub fn run_worth(&self, products: usize, items: usize, task: impl Fn(usize, usize) + Sync) {
        match products < self.worth {
            true => {
                let _flushed = Flushed::enter();
                (0..items).for_each(|item| task(item, 0));
            }
            false => self.run(items, task),
        }
    }

    /// Calls `task(item, worker, chunk)` for every chunk of `len` elements of `out`; the last may be shorter.
    pub fn chunks<T: Send>(&self, out: &mut [T], len: usize, task: impl Fn(usize, usize, &mut [T]) + Sync) {
        let (total, len) = (out.len(), len.max(1));
        let parts = Parts::new(out);
        self.run(total.div_ceil(len), |item, worker| {
            let first = item * len;
            // SAFETY: the chunks of different items do not overlap, and each item runs once.
            task(item, worker, unsafe { parts.part(first..total.min(first + len)) });
        });
    }
}

impl Shared {
    fn open(&self, job: Job) {
        // SAFETY: the state is closed and nobody is inside (`close` waited), and `caller` keeps other callers out.
        unsafe { *self.job.get() = job };
        self.next.store(0, Ordering::Relaxed);
        let number = self.state.load(Ordering::Relaxed) & !(NUMBER - 1);
        self.state.store(number.wrapping_add(NUMBER) | OPEN, Ordering::SeqCst);
    }

    /// Lets nobody in any more and waits until all are out.
    fn close(&self) {
        self.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0u32;
        while self.state.load(Ordering::Acquire) & INSIDE != 0 {
            spins += 1;
            if spins.is_multiple_of(4096) { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    }

    fn work(&self, job: Job, worker: usize) {
        let Some(task) = job.task else { return };
        let result = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let item = self.next.fetch_add(1, Ordering::Relaxed);
                if item >= job.items {
                    break;
                }
                // SAFETY: the caller keeps the task alive until `close` returns, and this worker is inside till then.
                unsafe { (*task)(item, worker) };
            }
        }));
        if let Err(panic) = result {
            self.next.store(job.items, Ordering::Relaxed);
            self.panic.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(panic);
        }
    }

    /// The life of a helper.
    fn help(&self, worker: usize) {
        let _flushed = Flushed::enter();
        let asleep = &self.asleep[worker - 1];
        let mut done = 0;
        loop {
            let state = self.wait(asleep, done);
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            if self.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                done = state & !(NUMBER - 1);
                // SAFETY: this helper is inside, so the job stays as it is.
                let job = unsafe { *self.job.get() };
                self.work(job, worker);
                self.state.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }

    /// The state, once it is open with another job than `done` or the pool stops.
    fn wait(&self, asleep: &AtomicBool, done: u64) -> u64 {
        let news = || {
            let state = self.state.load(Ordering::SeqCst);
            let fresh = state & OPEN != 0 && state & !(NUMBER - 1) != done;
            (fresh || self.stop.load(Ordering::SeqCst)).then_some(state)
        };
        let began = Instant::now();
        loop {
            for _ in 0..64 {
                if let Some(state) = news() {
                    return state;
                }
                std::hint::spin_loop();
            }
            if began.elapsed() > SPIN {
                break;
            }
        }
        loop {
            // the flag goes up before the last look: a caller who opens after that look sees the flag
            asleep.store(true, Ordering::SeqCst);
            let found = news();
            if found.is_none() {
                std::thread::park();
            }
            asleep.store(false, Ordering::SeqCst);
            if let Some(state) = found.or_else(news) {
                return state;
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for helper in &mut self.helpers {
            helper.thread.unpark();
            if let Some(handle) = helper.handle.take() {
                // a helper catches every panic of a task, so it has none of its own to report
                let _ = handle.join();
            }
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("threads", &self.threads()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_once_and_workers_below_threads() {
        for threads in 1..=4 {
            let workers = Workers::new(threads);
            for items in [0, 1, 2, 7, 100] {
                let counts: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
                for _ in 0..200 {
                    workers.run(items, |item, worker| {
                        assert!(worker < threads);
                        counts[item].fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 200));
            }
        }
    }

    #[test]
    fn helpers_sleep_on_through_small_work() {
        let alone = |workers: &Workers, products| workers.run_worth(products, 64, |_, worker| assert_eq!(worker, 0));
        alone(&Workers::new(2), WORTH - 1);
        // each of two items waits for the other: only two workers can meet
        let meet = |workers: &Workers, products| {
            let (inside, until) = (AtomicUsize::new(0), Instant::now() + Duration::from_secs(20));
            workers.run_worth(products, 2, |_, _| {
                inside.fetch_add(1, Ordering::SeqCst);
                while inside.load(Ordering::SeqCst) < 2 {
                    assert!(Instant::now() < until, "no helper came");
                    std::thread::yield_now();
                }
            });
        };
        meet(&Workers::new(2), WORTH);
        meet(&Workers::eager(2), 1);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let workers = Workers::new(3);
        let result = catch_unwind(AssertUnwindSafe(|| workers.run(50, |item, _| assert_ne!(item, 30, "thirty"))));
        assert!(result.is_err());
        let sum = AtomicUsize::new(0);
        workers.run(10, |item, _| {
            sum.fetch_add(item, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 45);
    }

    #[test]
    fn a_run_inside_a_run_is_done() {
        let workers = Workers::new(2);
        let sum = AtomicUsize::new(0);
        workers.run(4, |_, _| {
            workers.run(4, |item, _| {
                sum.fetch_add(item, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.into_inner(), 24);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn denormals_are_zero_inside_and_live_outside() {
        let tiny = std::hint::black_box(f32::MIN_POSITIVE);
        let workers = Workers::new(2);
        workers.run(8, |_, _| assert_eq!(std::hint::black_box(tiny) * std::hint::black_box(0.5), 0.0));
        assert!(std::hint::black_box(tiny) * std::hint::black_box(0.5) > 0.0);
    }
}
