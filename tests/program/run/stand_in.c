/* A program that `cleave run` is tried with where no interpreter is at hand: it has state of every
   kind, and says on request what it holds. One command a line; each answer is a line. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include <cleave/program/run.h>

static int in_data = 1;
static int in_bss;
static __thread int in_tls = 1;
static int* in_heap;
static int* in_mapping;
static int file = -1;
static void* library;
static int* in_library;
static int (*made)(void);
static volatile sig_atomic_t signals;

/* A part of the program's own memory that may be executed: `mov $n, %eax; ret`. */
static unsigned char code[8192] __attribute__((aligned(4096)));
__attribute__((constructor)) static void make_code(void) {
  static const unsigned char text[] = {0xb8, 1, 0, 0, 0, 0xc3};
  memcpy(code, text, sizeof text);
  if (mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) abort();
  made = (int (*)(void))(intptr_t)code;
}

static void on_signal(int number) { signals += number == SIGUSR1 ? 1 : 100; }

static void* in_thread(void* with) { return with; }
static int in_clone(void* with) { return with != NULL; }

/* System calls past all functions that could be replaced. */
static long raw_call(long number, long a, long b, long c) {
  long result;
  register long fourth __asm__("r10") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
}

static long raw_map(size_t bytes) {
  long result;
  register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
  register long nothing __asm__("r8") = -1;
  register long offset __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(SYS_mmap), "D"(0L), "S"(bytes), "d"(PROT_READ | PROT_WRITE), "r"(flags),
                     "r"(nothing), "r"(offset)
                   : "rcx", "r11", "memory");
  return result;
}

/* A thread that waits until it is let go, and has no part in signals. */
static unsigned char raw_stack[4096] __attribute__((aligned(4096)));
static volatile int let_go;
static long raw_thread(void) {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  long result;
  let_go = 0;
  __asm__ volatile(
      "xor %%r10d, %%r10d\n\t"
      "xor %%r8d, %%r8d\n\t"
      "syscall\n\t" /* clone */
      "test %%rax, %%rax\n\t"
      "jnz 2f\n"
      "1:\n\t"
      "mov $202, %%eax\n\t" /* futex: wait while it is 0 */
      "mov %[word], %%rdi\n\t"
      "xor %%esi, %%esi\n\t"
      "xor %%edx, %%edx\n\t"
      "xor %%r10d, %%r10d\n\t"
      "syscall\n\t"
      "cmpl $0, (%[word])\n\t"
      "je 1b\n\t"
      "mov $60, %%eax\n\t" /* exit, of this thread */
      "xor %%edi, %%edi\n\t"
      "syscall\n"
      "2:"
      : "=a"(result)
      : "a"(SYS_clone), "D"(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD),
        "S"(raw_stack + sizeof raw_stack), "d"(0L), [word] "r"(&let_go)
      : "rcx", "r8", "r10", "r11", "memory");
  sigprocmask(SIG_SETMASK, &before, NULL);
  return result;
}
static void let_thread_go(void) {
  let_go = 1;
  raw_call(SYS_futex, (long)(intptr_t)&let_go, 1, 1);
  puts("let go");
}

static int raw_ring = -1;
static void make_raw_ring(void) {
  static unsigned char parameters[120];
  memset(parameters, 0, sizeof parameters);
  raw_ring = (int)raw_call(SYS_io_uring_setup, 1, (long)(intptr_t)parameters, 0);
  puts(raw_ring >= 0 ? "ring made" : "ring denied");
}

/* Each kind of memory counts on, and so does a file's offset. */
static void step(void) {
  ++in_data;
  ++in_bss;
  ++in_tls;
  ++*in_heap;
  ++*in_mapping;
  ++code[1];
  if (in_library != NULL) ++*in_library;
  char byte;
  if (read(file, &byte, 1) != 1) abort();
}

static void say_state(void) {
  printf("state %d %d %d %d %d %d %d %ld\n", in_data, in_bss, in_tls, *in_heap, *in_mapping, made(),
         in_library == NULL ? -1 : *in_library, (long)lseek(file, 0, SEEK_CUR));
}

static void say(const char* what, long result) {
  printf("%s %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

static void load(const char* path) {
  library = dlopen(path, RTLD_NOW);
  if (library == NULL) printf("%s\n", dlerror());
  in_library = library == NULL ? NULL : (int*)dlsym(library, "in_a_library");
  puts(in_library == NULL ? "not loaded" : "loaded");
}

static void memory(void) {
  /* Guards, a part given back, growth in place and elsewhere, and zeroes on demand. */
  char* block = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(block, 1, 5 * 4096);
  int good = mprotect(block, 4096, PROT_NONE) == 0 && munmap(block + 4 * 4096, 4096) == 0;
  good &= madvise(block + 4096, 4096, MADV_DONTNEED) == 0 && block[4096] == 0 && block[8192] == 1;
  char* grown = mremap(block + 8192, 2 * 4096, 64 * 4096, MREMAP_MAYMOVE);
  good &= grown != MAP_FAILED && grown[0] == 1 && grown[4096] == 1 && grown[2 * 4096] == 0;
  puts(good ? "memory good" : "memory bad");
}

/* The same by number, past the names. */
static void memory_by_number(void) {
  char* block = (char*)syscall(SYS_mmap, NULL, 5 * 4096, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(block, 1, 5 * 4096);
  int good = syscall(SYS_mprotect, block, 4096, PROT_NONE) == 0 &&
             syscall(SYS_munmap, block + 4 * 4096, 4096) == 0;
  good &= syscall(SYS_madvise, block + 4096, 4096, MADV_DONTNEED) == 0 && block[4096] == 0;
  char* grown = (char*)syscall(SYS_mremap, block + 8192, 2 * 4096, 64 * 4096, MREMAP_MAYMOVE);
  good &= grown != MAP_FAILED && grown[0] == 1 && grown[4096] == 1 && grown[2 * 4096] == 0;
  puts(good ? "memory good" : "memory bad");
}

/* Asks for all that there are, as daemons do, and waits for one that has come. */
static void on_any(int number) { (void)number; }
static void handle_all(void) {
  for (int number = 1; number < NSIG; ++number) signal(number, on_any);
  for (int number = 1; number < NSIG; ++number) sysv_signal(number, on_any);
  puts("handled");
}
static void block_all(void) {
  sigset_t all;
  sigfillset(&all);
  say("block", sigprocmask(SIG_BLOCK, &all, NULL));
}
static void wait_for_any(void) {
  sigset_t all;
  int number = 0;
  sigfillset(&all);
  const int wrong = sigwait(&all, &number);
  printf("came %d %d\n", wrong, number);
}

/* A handler that blocks all others, and is left by another way than its end. */
static sigjmp_buf past_handler;
static void leave_handler(int number) {
  (void)number;
  siglongjmp(past_handler, 1);
}
static void jump_out_of_handler(int by_number) {
  if (sigsetjmp(past_handler, 0) == 0) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = leave_handler;
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR2, &action, NULL);
    if (by_number) {
      struct {
        void* handler;
        unsigned long flags;
        void* restorer;
        unsigned long mask;
      } known;
      syscall(SYS_rt_sigaction, SIGUSR2, NULL, &known, 8L);
      known.mask = ~0UL;
      syscall(SYS_rt_sigaction, SIGUSR2, &known, NULL, 8L);
    }
    raise(SIGUSR2);
  }
  puts("left the handler");
}

/* Each of them would have the signal never come. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void deny(void) {
  const int denied = sighold(SIGRTMAX) < 0 && sigignore(SIGRTMAX) < 0 &&
                     siginterrupt(SIGRTMAX, 1) < 0 && sighold(SIGUSR2) == 0 && sigblock(0) != 0 &&
                     sigsetmask(0) != 0 && sigblock(0) == 0;
  puts(denied ? "denied" : "not denied");
}
#pragma GCC diagnostic pop
static void deny_by_number(void) {
  unsigned long action[4] = {1, 0, 0, 0}; /* to be ignored */
  unsigned long all = ~0UL;
  const int denied = syscall(SYS_rt_sigaction, SIGRTMAX, action, NULL, 8L) < 0 &&
                     syscall(SYS_rt_sigaction, SIGSYS, action, NULL, 8L) < 0 &&
                     syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 8L) == 0 &&
                     syscall(SYS_rt_sigprocmask, -1L, 8L, NULL, 8L) < 0 && errno == EFAULT;
  puts(denied ? "denied" : "not denied");
}

/* Waits with all signals blocked. */
static void wait_in(const char* call) {
  sigset_t all;
  sigfillset(&all);
  const struct {
    const sigset_t* set;
    long bytes;
  } packed = {&all, 8};
  struct epoll_event event;
  const int watch = epoll_create1(0);
  long answer = 0;
  if (strcmp(call, "rt_sigsuspend") == 0) answer = sigsuspend(&all);
  if (strcmp(call, "ppoll") == 0) answer = ppoll(NULL, 0, NULL, &all);
  if (strcmp(call, "pselect6") == 0) answer = pselect(0, NULL, NULL, NULL, NULL, &all);
  if (strcmp(call, "epoll_pwait") == 0) answer = epoll_pwait(watch, &event, 1, -1, &all);
  if (strcmp(call, "rt_sigsuspend by number") == 0) answer = syscall(SYS_rt_sigsuspend, &all, 8L);
  if (strcmp(call, "ppoll by number") == 0) answer = syscall(SYS_ppoll, NULL, 0L, NULL, &all, 8L);
  if (strcmp(call, "pselect6 by number") == 0)
    answer = syscall(SYS_pselect6, 0L, NULL, NULL, NULL, NULL, &packed);
  if (strcmp(call, "epoll_pwait by number") == 0)
    answer = syscall(SYS_epoll_pwait, watch, &event, 1L, -1L, &all, 8L);
  say("waited", answer);
  close(watch);
}

/* Another descriptor of the same file. */
static const char* path_of_file;
static int opened_again = -1;

static void lock(void) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  say("lock", fcntl(file, F_SETLK, &lock));
}

static int in_c_thread(void* with) { return with != NULL; }

static void spawn(void) {
  char* words[] = {"/bin/true", NULL};
  pid_t child = 0;
  int status = posix_spawn(&child, words[0], NULL, NULL, words, NULL);
  if (status == 0 && waitpid(child, &status, 0) < 0) status = errno;
  printf("spawn %d\n", status);
}

/* What the kernel keeps beside memory: made by the first word, changed by the second. */
static int kept_event = -1, kept_watch = -1, kept_folder = -1, kept_timer = -1;
static int kept_pipe[2];
static int at_limit[4096];
static int at_limit_count;

static void make_kept(void) {
  kept_event = eventfd(3, EFD_NONBLOCK);
  kept_watch = epoll_create1(0);
  kept_folder = open(".", O_RDONLY | O_DIRECTORY);
  kept_timer = timerfd_create(CLOCK_MONOTONIC, 0);
  say("kept", pipe(kept_pipe));
}
static void change(const char* what) {
  const struct itimerspec later = {{0, 0}, {1000, 0}};
  struct epoll_event event = {EPOLLIN, {0}};
  uint64_t one = 1;
  sigset_t urgent;
  struct rlimit limit;
  char entries[1024];
  long done = -1;
  errno = EINVAL;
  if (strcmp(what, "event") == 0) done = write(kept_event, &one, sizeof one);
  if (strcmp(what, "watch") == 0) done = epoll_ctl(kept_watch, EPOLL_CTL_ADD, kept_event, &event);
  if (strcmp(what, "timer") == 0) done = timerfd_settime(kept_timer, 0, &later, NULL);
  if (strcmp(what, "pipe") == 0) done = write(kept_pipe[1], "abc", 3);
  if (strcmp(what, "lock") == 0) done = flock(file, LOCK_SH);
  if (strcmp(what, "folder") == 0)
    done = raw_call(SYS_getdents64, kept_folder, (long)(intptr_t)entries, sizeof entries);
  if (strcmp(what, "flags") == 0) done = fcntl(file, F_SETFL, O_NONBLOCK | O_APPEND);
  if (strcmp(what, "close on exec") == 0) done = fcntl(file, F_SETFD, FD_CLOEXEC);
  if (strcmp(what, "name") == 0) done = prctl(PR_SET_NAME, "another");
  if (strcmp(what, "settings") == 0)
    done = prctl(PR_SET_TIMERSLACK, 77777) | prctl(PR_SET_PDEATHSIG, SIGUSR2) |
           prctl(PR_SET_CHILD_SUBREAPER, 1) | prctl(PR_SET_DUMPABLE, 0);
  if (strcmp(what, "gs") == 0) done = syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123000);
  if (strcmp(what, "scheduling") == 0) {
    const struct sched_param none = {0};
    done = sched_setscheduler(0, SCHED_BATCH, &none);
  }
  if (strcmp(what, "priority") == 0) done = setpriority(PRIO_PROCESS, 0, 7);
  if (strcmp(what, "capabilities") == 0)
    done = prctl(PR_SET_KEEPCAPS, 1) |
           prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_KEEP_CAPS);
  if (strcmp(what, "privileges") == 0) done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (strcmp(what, "pending") == 0) {
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG); /* which is ignored when it comes */
    sigprocmask(SIG_BLOCK, &urgent, NULL);
    done = raise(SIGURG);
  }
  if (strcmp(what, "limit") == 0) {
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur /= 2;
    done = setrlimit(RLIMIT_STACK, &limit);
  }
  if (strcmp(what, "memory") == 0) {
    const long at = raw_map(8192);
    if (at > 0) done = 0;
  }
  say("changed", done < 0 ? -1 : 0);
}
static void say_kept(void) {
  char name[16] = {0};
  struct rlimit limit;
  int death = 0, subreaper = 0;
  prctl(PR_GET_NAME, name);
  prctl(PR_GET_PDEATHSIG, &death);
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  getrlimit(RLIMIT_STACK, &limit);
  unsigned long gs = 0;
  syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
  printf("gs %lx ", gs);
  printf("settings %d %d %d %d scheduling %d ", prctl(PR_GET_TIMERSLACK), death, subreaper,
         prctl(PR_GET_DUMPABLE), sched_getscheduler(0));
  printf("folder %ld flags %d %d name %s priority %d limit %llu\n",
         (long)lseek(kept_folder, 0, SEEK_CUR), fcntl(file, F_GETFL) & (O_NONBLOCK | O_APPEND),
         fcntl(file, F_GETFD), name, getpriority(PRIO_PROCESS, 0),
         (unsigned long long)limit.rlim_cur);
}

static void use_all_descriptors(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur > 2048) limit.rlim_cur = 2048;
  setrlimit(RLIMIT_NOFILE, &limit);
  while (at_limit_count < 4096 && (at_limit[at_limit_count] = dup(STDIN_FILENO)) >= 0)
    ++at_limit_count;
  printf("used %d\n", at_limit_count < 4096);
}
static void give_descriptors_back(void) {
  while (at_limit_count > 0) close(at_limit[--at_limit_count]);
  puts("given back");
}

static unsigned long raw_context;
static void rounding(void) {
  volatile double one = 1;
  volatile double three = 3;
  printf("third %.20f\n", one / three);
}

static void obey(const char* line) {
  pthread_t thread;
  if (strcmp(line, "step") == 0) step();
  if (strcmp(line, "state") == 0) say_state();
  if (strncmp(line, "load ", 5) == 0) load(line + 5);
  if (strcmp(line, "unload") == 0) {
    in_library = NULL;
    say("unload", dlclose(library));
  }
  if (strcmp(line, "memory") == 0) memory();
  if (strcmp(line, "memory by number") == 0) memory_by_number();
  if (strcmp(line, "low") == 0) {
    void* at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    say("low", at == MAP_FAILED ? -1 : 0);
  }
  if (strcmp(line, "handle all") == 0) handle_all();
  if (strcmp(line, "block all") == 0) block_all();
  if (strcmp(line, "wait for any") == 0) wait_for_any();
  if (strcmp(line, "jump") == 0) jump_out_of_handler(0);
  if (strcmp(line, "jump by number") == 0) jump_out_of_handler(1);
  if (strcmp(line, "deny") == 0) deny();
  if (strcmp(line, "deny by number") == 0) deny_by_number();
  if (strncmp(line, "wait in ", 8) == 0) wait_in(line + 8);
  if (strcmp(line, "break by number") == 0) {
    const long is = syscall(SYS_brk, 0L);
    say("break", syscall(SYS_brk, is + 4096) == is ? 0 : 1);
  }
  if (strcmp(line, "posix lock") == 0) lock();
  if (strcmp(line, "open again") == 0) {
    opened_again = open(path_of_file, O_RDONLY);
    say("opened", opened_again < 0 ? -1 : 0);
  }
  if (strcmp(line, "close again") == 0) say("close", close(opened_again));
  if (strcmp(line, "thread of C") == 0) {
    thrd_t made;
    say("thread", -thrd_create(&made, in_c_thread, NULL));
  }
  if (strcmp(line, "thread") == 0) say("thread", -pthread_create(&thread, NULL, in_thread, NULL));
  if (strcmp(line, "fork") == 0) say("fork", fork());
  if (strcmp(line, "vfork") == 0) say("vfork", vfork());
  if (strcmp(line, "clone") == 0) say("clone", clone(in_clone, code + sizeof code, CLONE_VM, NULL));
  if (strcmp(line, "clone by number") == 0) say("clone", syscall(SYS_clone, 0, 0, 0, 0, 0));
  if (strcmp(line, "ring") == 0) say("ring", syscall(SYS_io_uring_setup, 1, NULL));
  if (strcmp(line, "raw thread") == 0) puts(raw_thread() > 0 ? "thread runs" : "no thread");
  if (strcmp(line, "let go") == 0) let_thread_go();
  if (strcmp(line, "raw ring") == 0) make_raw_ring();
  if (strcmp(line, "end ring") == 0) say("end", close(raw_ring));
  if (strcmp(line, "share") == 0) {
    void* at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    say("share", at == MAP_FAILED ? -1 : 0);
  }
  if (strcmp(line, "keep") == 0) make_kept();
  if (strcmp(line, "kept") == 0) say_kept();
  if (strncmp(line, "change ", 7) == 0) change(line + 7);
  if (strcmp(line, "use all") == 0) use_all_descriptors();
  if (strcmp(line, "give back") == 0) give_descriptors_back();
  if (strcmp(line, "aio") == 0)
    say("aio", raw_call(SYS_io_setup, 1, (long)(intptr_t)&raw_context, 0));
  if (strcmp(line, "end aio") == 0) say("end", raw_call(SYS_io_destroy, (long)raw_context, 0, 0));
  if (strcmp(line, "spawn") == 0) spawn();
  if (strcmp(line, "exec") == 0) execl("/bin/echo", "echo", "another", "program", NULL);
  if (strcmp(line, "exec by number") == 0) {
    char* words[] = {"echo", "another", "program", NULL};
    syscall(SYS_execve, "/bin/echo", words, NULL);
  }
  if (strcmp(line, "exec in a folder") == 0) {
    char* words[] = {"echo", "another", "program", NULL};
    syscall(SYS_execveat, open("/bin", O_RDONLY), "echo", words, NULL, 0L);
  }
  if (strcmp(line, "exec of nothing by number") == 0) {
    char* words[] = {"no", NULL};
    say("exec", syscall(SYS_execve, "/no/such", words, NULL));
  }
  if (strcmp(line, "exec of nothing") == 0) say("exec", execlp("/no/such", "no", NULL));
  if (strcmp(line, "close") == 0) say("close", close(file));
  if (strcmp(line, "close all") == 0) say("close", close_range(10, ~0U, 0));
  if (strcmp(line, "close each") == 0) {
    for (int number = 10; number < 2000; ++number) (void)close(number);
    puts("closed");
  }
  if (strcmp(line, "pipe") == 0) {
    int ends[2];
    say("pipe", pipe(ends));
  }
  if (strcmp(line, "handle") == 0) say("handle", signal(SIGUSR1, on_signal) == SIG_ERR ? -1 : 0);
  if (strcmp(line, "raise") == 0) {
    raise(SIGUSR1);
    printf("signals %d\n", (int)signals);
  }
  if (strcmp(line, "alarm") == 0) printf("alarm %d\n", alarm(1000) > 0);
  if (strcmp(line, "folder") == 0) printf("folder %s\n", getcwd((char[4096]){0}, 4096));
  if (strcmp(line, "leave") == 0) say("leave", chdir("/"));
  if (strcmp(line, "up") == 0) {
    unsigned control;
    __asm__ volatile("stmxcsr %0" : "=m"(control));
    control |= 0x4000; /* round up */
    __asm__ volatile("ldmxcsr %0" : : "m"(control));
    puts("up");
  }
  if (strcmp(line, "third") == 0) rounding();
  if (strncmp(line, "commit ", 7) == 0) printf("commit %d\n", cleave_run_commit(line + 7));
  if (strncmp(line, "checkout ", 9) == 0) printf("checkout %d\n", cleave_run_checkout(line + 9));
  if (strcmp(line, "known") == 0) printf("known %d\n", cleave_run_commit != NULL);
}

static void at_end(void) { puts("ends well"); }

int main(int count, char** words) {
  if (count != 2) return 2;
  in_heap = malloc(sizeof *in_heap);
  in_mapping = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *in_heap = *in_mapping = 1;
  path_of_file = words[1];
  file = open(path_of_file, O_RDONLY);
  atexit(at_end);
  puts("ready");
  fflush(stdout);
  char line[4096];
  for (;;) {
    /* By hand: what stdio has read ahead would go back as well. */
    size_t length = 0;
    ssize_t got = 0;
    while ((got = read(STDIN_FILENO, line + length, 1)) == 1 && line[length] != '\n') ++length;
    if (got != 1) return 0;
    line[length] = '\0';
    obey(line);
    fflush(stdout);
  }
}
