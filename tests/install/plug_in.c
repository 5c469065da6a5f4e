/* Loads the library late into a program that has used up the static thread-local storage of its loader, many times, as
   plug-ins are; and uses it in a thread that was there before.
     plug_in <libcleave.so> <library that needs static TLS>... */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static const char* library;

static void* use(void* unused) {
  (void)unused;
  for (int i = 0; i < 50; ++i) {
    void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return NULL;
    }
    union {
      void* object;
      void* (*create)(uint64_t, void*);
      void (*release)(void*);
    } create = {dlsym(loaded, "cleave_pool_create")}, release = {dlsym(loaded, "cleave_pool_release")};
    void* pool = create.create(1 << 20, NULL);
    if (pool == NULL) return NULL;
    release.release(pool);
    dlclose(loaded);
  }
  return &library;
}

int main(int argc, char** argv) {
  library = argv[1];
  int refused = 0;
  for (int i = 2; i < argc; ++i) refused += dlopen(argv[i], RTLD_NOW) == NULL;
  if (refused == 0) {
    fputs("the loader still has static thread-local storage: this shows nothing\n", stderr);
    return 1;
  }
  pthread_t thread;
  void* used = NULL;
  if (pthread_create(&thread, NULL, use, NULL) != 0 || pthread_join(thread, &used) != 0) return 1;
  if (used == NULL || use(NULL) == NULL) return 1;
  printf("loaded 100 times, after static storage was refused %d times\n", refused);
  return 0;
}
