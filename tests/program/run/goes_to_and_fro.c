/* A program that commits and goes back by itself, with no system call of its own in between: so
   that each of them can be refused. What was asked for and refused has changed nothing, and is
   done when it is asked for once more. Says "well", and ends with 0; without commits it says so at
   once. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cleave/program/run.h>

/* How often it has come back, in memory that does not go back: made before the library begins. */
static volatile int* came_back;
static void make_lasting(void) {
  long at;
  register long flags __asm__("r10") = MAP_SHARED | MAP_ANONYMOUS;
  register long none __asm__("r8") = -1;
  register long offset __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(at)
                   : "a"(SYS_mmap), "D"(0L), "S"(4096L), "d"(PROT_READ | PROT_WRITE), "r"(flags),
                     "r"(none), "r"(offset)
                   : "rcx", "r11", "memory");
  if (at > 0) came_back = (volatile int*)at;
}
__attribute__((section(".preinit_array"),
               used)) static void (*const before_all)(void) = make_lasting;

enum { kPages = 64, kPage = 4096 };
static int in_data = 1;
static unsigned char in_bss[kPages * kPage];
static __thread int in_tls = 1;
static int* in_heap;

static void say(const char* text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(4);
}

static void step(void) {
  ++in_data;
  ++in_tls;
  ++*in_heap;
  for (int page = 0; page < kPages; ++page) ++in_bss[page * kPage];
}
static void expect(int steps) {
  int right = in_data == 1 + steps && in_tls == 1 + steps && *in_heap == 1 + steps;
  for (int page = 0; page < kPages; ++page) right &= in_bss[page * kPage] == steps;
  if (right) return;
  say("another state than it was\n");
  _exit(3);
}

static int commit(const char* name, int steps) {
  int answer = cleave_run_commit(name);
  if (answer < 0) {
    expect(steps);
    answer = cleave_run_commit(name);
  }
  if (answer < 0) {
    say("a commit is refused twice\n");
    _exit(3);
  }
  expect(steps);
  return answer;
}
static void go_to(const char* name, int steps) {
  for (int tries = 0; tries < 2; ++tries) {
    (void)cleave_run_checkout(name);
    expect(steps);
  }
  say("a checkout is refused twice\n");
  _exit(3);
}

int main(void) {
  if (cleave_run_commit != NULL) {
    in_heap = malloc(sizeof *in_heap);
    if (in_heap == NULL || came_back == NULL) {
      say("cannot have memory of its own\n"); /* its own call was refused */
      return 4;
    }
    *in_heap = 1;
    if (commit("one", 0) == 1) ++*came_back;
    step();
    step();
    if (*came_back == 0) go_to("one", 2);
    if (*came_back == 1) {
      if (commit("two", 2) == 1) {
        say("well\n");
        return 0;
      }
      step();
      go_to("one", 3);
    }
    step();
    go_to("two", 3);
  }
  say("well\n");
  return 0;
}
