/* Loads the library late into a program that has used up the static thread-local storage of its
   loader, many times, as plug-ins are; uses it in a thread that was there before, and closes it
   before that thread ends and a signal comes.
     plug_in <libcleave.so> <library that needs static TLS>... */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cleave/c.h>

static const char* library;

/* The function of that name, which is all that a plug-in's host has. */
static void call(void* loaded, const char* name, void* function) {
  void* const found = dlsym(loaded, name);
  if (found == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  memcpy(function, &found, sizeof found);
}
#define FUNCTION(name)         \
  __typeof__(&name) my_##name; \
  call(loaded, #name, &my_##name)

static int use_once(void* loaded) {
  FUNCTION(cleave_pool_create);
  FUNCTION(cleave_pool_release);
  FUNCTION(cleave_space_create);
  FUNCTION(cleave_space_release);
  FUNCTION(cleave_space_map);
  FUNCTION(cleave_accessor_create);
  FUNCTION(cleave_accessor_release);
  FUNCTION(cleave_store64);
  FUNCTION(cleave_arena_create);
  FUNCTION(cleave_arena_data);
  FUNCTION(cleave_arena_commit);
  FUNCTION(cleave_arena_release);
  FUNCTION(cleave_commit_release);
  FUNCTION(cleave_heap_create);
  FUNCTION(cleave_heap_malloc);
  FUNCTION(cleave_heap_release);
  cleave_pool* const pool = my_cleave_pool_create(1 << 22, NULL);
  cleave_space* const space = my_cleave_space_create(pool, NULL);
  cleave_address at = 0;
  (void)my_cleave_space_map(space, 1 << 20, CLEAVE_READ_WRITE, &at, NULL);
  cleave_accessor* const accessor = my_cleave_accessor_create(space, NULL);
  const cleave_code stored = my_cleave_store64(accessor, at, 1, NULL);
  const cleave_arena_options by_signals = {.size = sizeof by_signals,
                                           .tracking = CLEAVE_TRACKING_MPROTECT};
  cleave_arena* const arena = my_cleave_arena_create(pool, 1 << 20, &by_signals, NULL);
  cleave_heap* const heap = my_cleave_heap_create(my_cleave_arena_data(arena), 1 << 20, NULL);
  void* const block = my_cleave_heap_malloc(heap, 100);
  cleave_commit* const commit = my_cleave_arena_commit(arena, NULL, NULL);
  my_cleave_commit_release(commit);
  my_cleave_heap_release(heap);
  my_cleave_arena_release(arena);
  my_cleave_accessor_release(accessor);
  my_cleave_space_release(space);
  my_cleave_pool_release(pool);
  return stored == CLEAVE_OK && block != NULL && commit != NULL;
}

static void* use(void* unused) {
  (void)unused;
  for (int i = 0; i < 50; ++i) {
    void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return NULL;
    }
    const int used = use_once(loaded);
    dlclose(loaded);
    if (!used) return NULL;
  }
  return &library;
}

static volatile sig_atomic_t signals;
static void count(int number) {
  (void)number;
  signals = signals + 1;
}

int main(int argc, char** argv) {
  library = argv[1];
  int refused = 0;
  for (int i = 2; i < argc; ++i) refused += dlopen(argv[i], RTLD_NOW) == NULL;
  if (refused == 0) {
    fputs("the loader still has static thread-local storage: this shows nothing\n", stderr);
    return 1;
  }
  (void)signal(SIGSEGV, count);
  pthread_t thread;
  void* used = NULL;
  if (pthread_create(&thread, NULL, use, NULL) != 0 || pthread_join(thread, &used) != 0) return 1;
  if (used == NULL || use(NULL) == NULL) return 1;
  (void)raise(SIGSEGV);
  if (signals != 1) return 1;
  printf("loaded 100 times, after static storage was refused %d times\n", refused);
  return 0;
}
