/* What the kernel keeps beside memory: made by the first word, changed by the second. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "stand_in.h"

static int kept_event = -1, kept_watch = -1, kept_folder = -1, kept_timer = -1;
static int kept_pipe[2];

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

static void rounding(void) {
  volatile double one = 1;
  volatile double three = 3;
  printf("third %.20f\n", one / three);
}

void obey_kept(const char* line) {
  if (strcmp(line, "keep") == 0) make_kept();
  if (strcmp(line, "kept") == 0) say_kept();
  if (strncmp(line, "change ", 7) == 0) change(line + 7);
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
}
