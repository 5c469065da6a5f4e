/* Memory: guards, parts that are given back, growth. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stand_in.h"

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

void obey_memory(const char* line) {
  if (strcmp(line, "memory") == 0) memory();
  if (strcmp(line, "memory by number") == 0) memory_by_number();
  if (strcmp(line, "low") == 0) {
    void* at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    say("low", at == MAP_FAILED ? -1 : 0);
  }
  if (strcmp(line, "break by number") == 0) {
    const long is = syscall(SYS_brk, 0L);
    say("break", syscall(SYS_brk, is + 4096) == is ? 0 : 1);
  }
  if (strcmp(line, "share") == 0) {
    void* at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    say("share", at == MAP_FAILED ? -1 : 0);
  }
}
