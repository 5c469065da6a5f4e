#define _GNU_SOURCE
#include "examples/segments/machine.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, SCREEN = 3 * PAGE };

static unsigned seed = 1;             // .data
static unsigned char screen[SCREEN];  // .bss, as is all that follows
static unsigned char code[PAGE] __attribute__((aligned(PAGE)));
static unsigned char* memory;
static size_t memory_size;
static __thread unsigned frames;  // neither

// Functions that are made as the machine runs, as a translator of code makes them: here one that
// returns a number.
static void make_code(unsigned number) {
#ifdef __x86_64__
  code[0] = 0xb8;  // mov eax, number
  memcpy(code + 1, &number, sizeof number);
  code[5] = 0xc3;  // ret
#else
  memcpy(code, &number, sizeof number);
#endif
}
static unsigned run_code(void) {
#ifdef __x86_64__
  unsigned (*made)(void);
  void* at = code;
  memcpy(&made, &at, sizeof made);
  return made();
#else
  unsigned number;
  memcpy(&number, code, sizeof number);
  return number;
#endif
}

__attribute__((constructor)) static void make_executable(void) {
  (void)mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  make_code(3);
}

void machine_start(unsigned char* at, size_t size) {
  memory = at;
  memory_size = size;
}

void machine_frame(void) {
  seed = seed * 1664525u + 1013904223u;
  ++frames;
  const size_t at = (seed >> 8) % memory_size;
  memory[at] = (unsigned char)(memory[at] + run_code() + frames);
  for (unsigned i = 0; i < 64; ++i) screen[(at * 7 + i * 61) % SCREEN] ^= memory[at];
  if (frames % 5 == 0) make_code(seed >> 16);
}

unsigned long long machine_picture(void) {
  unsigned long long hash = seed ^ ((unsigned long long)frames << 32) ^ run_code();
  for (size_t i = 0; i < SCREEN; ++i) hash = (hash ^ screen[i]) * 1099511628211ull;
  for (size_t i = 0; i < memory_size; i += 16) hash = (hash ^ memory[i]) * 1099511628211ull;
  return hash;
}

void* machine_thread_state(size_t* size) {
  *size = sizeof frames;
  return &frames;
}
