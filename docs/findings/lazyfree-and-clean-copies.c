// MADV_FREE by one process drops the bytes of another. Nothing but Linux is needed, and no rights:
//   cc -o lazyfree-and-clean-copies lazyfree-and-clean-copies.c && ./lazyfree-and-clean-copies
// Status: 0, the parent keeps what it wrote; 1, it does not; 2, it could not be tried.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096 };

static char* page;

static int cannot(const char* what) {
  perror(what);
  return 2;
}

// Which of root's files tell what happens, where they can be read.
static void show(const char* when) {
  uint64_t entry = 0, flags = 0;
  const int table = open("/proc/self/pagemap", O_RDONLY);
  const int pages = open("/proc/kpageflags", O_RDONLY);
  const int known = pread(table, &entry, 8, (off_t)((uintptr_t)page / kPage * 8)) == 8 &&
                    pread(pages, &flags, 8, (off_t)((entry & ((UINT64_C(1) << 55) - 1)) * 8)) == 8;
  close(table);
  close(pages);
  printf("%-40s", when);
  if (entry >> 63 == 0)
    printf("no page\n");
  else if (known)
    printf("page: dirty %d, swap backed %d\n", (int)(flags >> 4 & 1), (int)(flags >> 14 & 1));
  else
    printf("page\n");
}

// Pages on their way to the lists of reclaim are on none: this brings them there.
static void drain(void) {
  char* const other = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(other, kPage, MADV_PAGEOUT);
  munmap(other, kPage);
}

int main(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  page = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return cannot("mmap");
  page[0] = 'A';
  show("written");

  // A pin for reading gives the parent a page of its own, as long as a child shares the first.
  const pid_t sharer = fork();
  if (sharer == 0) {
    pause();
    _exit(0);
  }
  char seen = 0;
  const struct iovec to = {&seen, 1};
  const struct iovec from = {page, 1};
  if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != 1) return cannot("process_vm_readv");
  kill(sharer, SIGKILL);
  waitpid(sharer, NULL, 0);
  drain();
  show("copied for a read pin");

  // Another child gives its view of that page up, and is gone.
  const pid_t child = fork();
  if (child == 0) {
    const int done = madvise(page, kPage, MADV_FREE) == 0;
    drain();
    _exit(done ? 0 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) return cannot("MADV_FREE");
  show("given up by a child, which has ended");

  // Reclaim of this page alone, as memory pressure would sooner or later.
  for (int i = 0; i < 3; ++i) madvise(page, kPage, MADV_PAGEOUT);
  show("reclaimed");
  printf("the parent wrote 'A' and reads %d\n", page[0]);
  return page[0] == 'A' ? 0 : 1;
}
