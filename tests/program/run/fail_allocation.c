/* Preloaded before the library of `cleave run`: has the k-th allocation that it makes at work fail,
   FAIL_ALLOCATION=k, by whatever function. What fails is not the program's own: only what is called
   on that library's own stack counts, which lies among its variables. As the process ends, standard
   error says how many there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* In memory that does not go back. */
static struct { long victim, count; } * allocations;

static int is_at_work(void) {
  static uintptr_t from;
  static uintptr_t to;
  char mine = 0;
  const uintptr_t here = (uintptr_t)&mine;
  if (from == 0) {
    /* Its variables end its image: the segment that may be written, which has the stack. */
    Dl_info about;
    memset(&about, 0, sizeof about);
    if (dladdr(&mine, &about) == 0 || about.dli_fname == NULL) return 0;
    if (strstr(about.dli_fname, "libcleave-run") == NULL) return 0;
    from = (uintptr_t)about.dli_fbase;
    to = here + (1 << 20);
  }
  return here >= from && here < to;
}

static int fails(void) {
  if (!is_at_work()) return 0;
  if (allocations == NULL) {
    void* at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) _exit(3);
    allocations = at;
    const char* text = getenv("FAIL_ALLOCATION");
    allocations->victim = text == NULL ? 0 : strtol(text, NULL, 10);
  }
  return ++allocations->count == allocations->victim;
}

__attribute__((destructor)) static void say(void) {
  char text[64];
  const int length = snprintf(text, sizeof text, "allocations: %ld\n",
                              allocations == NULL ? 0 : allocations->count);
  if (write(STDERR_FILENO, text, (size_t)length) < 0) _exit(3);
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))
void* malloc(size_t bytes) {
  static void* (*next)(size_t);
  if (next == NULL) next = NEXT("malloc", void* (*)(size_t));
  return fails() ? NULL : next(bytes);
}
void* calloc(size_t count, size_t each) {
  static void* (*next)(size_t, size_t);
  if (next == NULL) next = NEXT("calloc", void* (*)(size_t, size_t));
  return fails() ? NULL : next(count, each);
}
void* realloc(void* block, size_t bytes) {
  static void* (*next)(void*, size_t);
  if (next == NULL) next = NEXT("realloc", void* (*)(void*, size_t));
  return fails() ? NULL : next(block, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  static void* (*next)(size_t, size_t);
  if (next == NULL) next = NEXT("aligned_alloc", void* (*)(size_t, size_t));
  return fails() ? NULL : next(alignment, bytes);
}
