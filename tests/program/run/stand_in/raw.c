/* System calls past all functions that could be replaced, and what comes by them. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stand_in.h"

long raw_call(long number, long a, long b, long c) {
  long result;
  register long fourth __asm__("r10") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
}

long raw_map(size_t bytes) {
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

static unsigned long raw_context;

void obey_raw(const char* line) {
  if (strcmp(line, "ring") == 0) say("ring", syscall(SYS_io_uring_setup, 1, NULL));
  if (strcmp(line, "raw thread") == 0) puts(raw_thread() > 0 ? "thread runs" : "no thread");
  if (strcmp(line, "let go") == 0) let_thread_go();
  if (strcmp(line, "raw ring") == 0) make_raw_ring();
  if (strcmp(line, "end ring") == 0) say("end", close(raw_ring));
  if (strcmp(line, "aio") == 0)
    say("aio", raw_call(SYS_io_setup, 1, (long)(intptr_t)&raw_context, 0));
  if (strcmp(line, "end aio") == 0) say("end", raw_call(SYS_io_destroy, (long)raw_context, 0, 0));
}
