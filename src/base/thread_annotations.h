// Which lock guards what, said so that Clang checks it (-Wthread-safety); nothing for other
// compilers. A function that runs with a lock held says CLEAVE_REQUIRES(lock); data that needs one
// says CLEAVE_GUARDED_BY(lock). Where another rule than a lock makes an access safe, the code says
// `lock.assume_held()` or CLEAVE_UNCHECKED, and a comment says which rule.
#pragma once

#if defined(__clang__)
#define CLEAVE_THREAD_ANNOTATION(what) __attribute__((what))
#else
#define CLEAVE_THREAD_ANNOTATION(what)
#endif

/// The class is a lock.
#define CLEAVE_CAPABILITY CLEAVE_THREAD_ANNOTATION(capability("mutex"))
/// The class holds a lock from its constructor to its destructor.
#define CLEAVE_SCOPED_CAPABILITY CLEAVE_THREAD_ANNOTATION(scoped_lockable)
/// Read and written only with the lock held.
#define CLEAVE_GUARDED_BY(lock) CLEAVE_THREAD_ANNOTATION(guarded_by(lock))
/// What the pointer points to is used only with the lock held.
#define CLEAVE_PT_GUARDED_BY(lock) CLEAVE_THREAD_ANNOTATION(pt_guarded_by(lock))
/// Called with the locks held, which stay so.
#define CLEAVE_REQUIRES(...) CLEAVE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// Held on return; without arguments, the object itself.
#define CLEAVE_ACQUIRE(...) CLEAVE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
/// Held on entry and no longer on return.
#define CLEAVE_RELEASE(...) CLEAVE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
/// On return the analysis takes the lock for held.
#define CLEAVE_ASSERTS_HELD(...) CLEAVE_THREAD_ANNOTATION(assert_capability(__VA_ARGS__))
/// The body is not analysed. Always with the reason beside it.
#define CLEAVE_UNCHECKED CLEAVE_THREAD_ANNOTATION(no_thread_safety_analysis)
