/* A program of 64 MiB that writes 1,000 pages and goes back, whichever way it is asked to:
     goes_back commits   under `cleave run`, by the functions that it then has
     goes_back forks     a child writes them
     goes_back steps     for a debugger, which stops at the two functions below
   It says "ready", and answers each line with three readings of the clock: before the writes,
   behind them, and when it is back. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cleave/program/run.h>

enum { kPage = 4096, kPages = 16384, kWritten = 1000 };
static unsigned char* heap;

static long long now(void) {
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Without the C library's buffers, which would go back as well. */
static void say(const char* text) {
  if (write(STDOUT_FILENO, text, strlen(text)) < 0) exit(1);
}
static unsigned long next_line(void) {
  char line[64] = {0};
  size_t length = 0;
  for (; read(STDIN_FILENO, line + length, 1) == 1; ++length) {
    if (line[length] == '\n' || length + 2 == sizeof line) return strtoul(line, NULL, 10);
  }
  exit(0);
}

static uint32_t* word_of(unsigned page) { return (uint32_t*)(void*)(heap + (size_t)page * kPage); }

static void prepare(void) {
  heap = mmap(NULL, (size_t)kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
              0);
  if (heap == MAP_FAILED) exit(1);
  (void)madvise(heap, (size_t)kPages * kPage, MADV_NOHUGEPAGE);
  for (unsigned page = 0; page < kPages; ++page) *word_of(page) = page;
}

static void check(void) {
  for (unsigned page = 0; page < kPages; ++page) {
    if (*word_of(page) != page) exit(3);
  }
}

/* Different ones, in no order: an odd factor only permutes the numbers below a power of two. */
static void write_pages(unsigned long seed) {
  for (unsigned i = 0; i < kWritten; ++i) {
    const unsigned number = (unsigned)((i + seed * 7919) * 2654435761U) % kPages;
    *word_of(number ^ (number >> 7)) = ~number;
  }
}

static void answer(long long before, long long behind) {
  char text[64];
  (void)snprintf(text, sizeof text, "%lld %lld ", before, behind);
  say(text);
}
static void answer_back(void) {
  char text[32];
  (void)snprintf(text, sizeof text, "%lld\n", now());
  say(text);
}

static void by_commits(void) {
  if (cleave_run_commit == NULL) exit(4);
  if (cleave_run_commit("start") == 1) answer_back();
  check();
  const unsigned long seed = next_line();
  const long long before = now();
  write_pages(seed);
  answer(before, now());
  cleave_run_checkout("start");
  exit(5);
}

static void by_forks(void) {
  for (;;) {
    const unsigned long seed = next_line();
    const long long before = now();
    const pid_t child = fork();
    if (child == 0) {
      write_pages(seed);
      _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child) exit(1);
    const long long back = now();
    answer(before, before);
    char text[32];
    (void)snprintf(text, sizeof text, "%lld\n", back);
    say(text);
    check();
  }
}

__attribute__((noinline)) void begins(void) { __asm__ volatile(""); }
__attribute__((noinline)) void has_written(void) { __asm__ volatile(""); }
static void by_steps(void) {
  for (unsigned long seed = 1;; ++seed) {
    check();
    begins();
    write_pages(seed);
    has_written();
  }
}

int main(int count, char** words) {
  if (count != 2) return 2;
  prepare();
  if (strcmp(words[1], "steps") == 0) by_steps();
  say("ready\n");
  if (strcmp(words[1], "commits") == 0) by_commits();
  if (strcmp(words[1], "forks") == 0) by_forks();
  return 2;
}
