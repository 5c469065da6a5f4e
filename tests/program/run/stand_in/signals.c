/* Signals: handled, blocked, waited for. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stand_in.h"

static volatile sig_atomic_t signals;
static void on_signal(int number) { signals += number == SIGUSR1 ? 1 : 100; }

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

/* Waits with what can be blocked so blocked: all but one of the first 32. */
extern int __sigpause(int, int); /* of a signal, or of a mask: <signal.h> has only the first */
static void pause_by(const char* what) {
  const int by_signal = strcmp(what, "signal") == 0;
  signal(SIGUSR2, on_any);
  say("paused", __sigpause(by_signal ? SIGUSR2 : (int)~(1U << (SIGUSR2 - 1)), by_signal));
}

void obey_signals(const char* line) {
  if (strcmp(line, "handle all") == 0) handle_all();
  if (strcmp(line, "block all") == 0) block_all();
  if (strcmp(line, "wait for any") == 0) wait_for_any();
  if (strcmp(line, "jump") == 0) jump_out_of_handler(0);
  if (strcmp(line, "jump by number") == 0) jump_out_of_handler(1);
  if (strcmp(line, "deny") == 0) deny();
  if (strcmp(line, "deny by number") == 0) deny_by_number();
  if (strncmp(line, "pause by ", 9) == 0) pause_by(line + 9);
  if (strncmp(line, "wait in ", 8) == 0) wait_in(line + 8);
  if (strcmp(line, "handle") == 0) say("handle", signal(SIGUSR1, on_signal) == SIG_ERR ? -1 : 0);
  if (strcmp(line, "raise") == 0) {
    raise(SIGUSR1);
    printf("signals %d\n", (int)signals);
  }
}
