// UFFDIO_MOVE fails with EEXIST, and has moved. Swap has to be on:
//   cc -o uffd-move-says-exists uffd-move-says-exists.c -lpthread && ./uffd-move-says-exists
// Status: 0, not seen in a minute; 1, seen; 2, it could not be tried.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kPage = 4096 };

// Newer than most headers.
struct move {
  uint64_t to, from, bytes, mode;
  int64_t moved;
};
#define MOVE _IOWR(UFFDIO, 0x05, struct move)

static char *from, *to, *third;
static atomic_int turn;  // 1: the reader's; 2: it is done

static void* reader(void* unused) {
  for (;;) {
    while (turn != 1) {
    }
    (void)*(volatile char*)from;
    madvise(third, kPage, MADV_PAGEOUT);
    (void)*(volatile char*)third;
    madvise(from, kPage, MADV_PAGEOUT);
    turn = 2;
  }
  return unused;
}

static char* page_of(char value) {
  char* const page = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[0] = value;
  return page;
}

static int cannot(const char* what) {
  perror(what);
  return 2;
}

int main(void) {
  const int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  struct uffdio_api api = {UFFD_API, UINT64_C(1) << 16, 0};
  if (faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0) return cannot("userfaultfd");
  pthread_t thread;
  pthread_create(&thread, NULL, reader, NULL);
  for (const time_t end = time(NULL) + 60; time(NULL) < end;) {
    from = page_of(1);
    to = page_of(0);
    third = page_of(7);
    madvise(from, kPage, MADV_PAGEOUT);
    madvise(to, kPage, MADV_DONTNEED);
    struct uffdio_register range = {{(uintptr_t)to, kPage}, UFFDIO_REGISTER_MODE_MISSING, 0};
    if (ioctl(faults, UFFDIO_REGISTER, &range) != 0) return cannot("UFFDIO_REGISTER");
    struct move move = {(uintptr_t)to, (uintptr_t)from, kPage, 0, 0};
    turn = 1;
    for (volatile int wait = rand() % 3000; wait > 0; --wait) {
    }
    const int exists = ioctl(faults, MOVE, &move) != 0 && errno == EEXIST;
    while (turn != 2) {
    }
    ioctl(faults, UFFDIO_UNREGISTER, &range.range);
    if (exists && to[0] == 1) {
      printf("EEXIST, and the page has moved: destination %d, source %d\n", to[0], from[0]);
      return 1;
    }
    munmap(from, kPage);
    munmap(to, kPage);
    munmap(third, kPage);
  }
  printf("not seen\n");
  return 0;
}
