#define _GNU_SOURCE
#include "stand_in.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cleave/program/run.h>

static int in_data = 1;
static int in_bss;
static __thread int in_tls = 1;
static int* in_heap;
static int* in_mapping;
int file = -1;
const char* path_of_file;
static void* library;
static int* in_library;
static int (*made)(void);

/* A part of the program's own memory that may be executed: `mov $n, %eax; ret`. */
static unsigned char code[4096] __attribute__((aligned(4096)));
__attribute__((constructor)) static void make_code(void) {
  static const unsigned char text[] = {0xb8, 1, 0, 0, 0, 0xc3};
  memcpy(code, text, sizeof text);
  if (mprotect(code, sizeof code, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) abort();
  made = (int (*)(void))(intptr_t)code;
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

void say(const char* what, long result) {
  printf("%s %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

void load(const char* path) {
  library = dlopen(path, RTLD_NOW);
  if (library == NULL) printf("%s\n", dlerror());
  in_library = library == NULL ? NULL : (int*)dlsym(library, "in_a_library");
  puts(in_library == NULL ? "not loaded" : "loaded");
}

static void obey(const char* line) {
  if (strcmp(line, "step") == 0) step();
  if (strcmp(line, "state") == 0) say_state();
  if (strncmp(line, "load ", 5) == 0) load(line + 5);
  if (strcmp(line, "unload") == 0) {
    in_library = NULL;
    say("unload", dlclose(library));
  }
  if (strncmp(line, "commit ", 7) == 0) printf("commit %d\n", cleave_run_commit(line + 7));
  if (strncmp(line, "checkout ", 9) == 0) printf("checkout %d\n", cleave_run_checkout(line + 9));
  if (strcmp(line, "known") == 0) printf("known %d\n", cleave_run_commit != NULL);
  obey_memory(line);
  obey_signals(line);
  obey_files(line);
  obey_kept(line);
  obey_processes(line);
  obey_raw(line);
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
