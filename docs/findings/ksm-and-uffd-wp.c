// KSM forgets that userfaultfd write-protects a page. As root; nothing but Linux is needed:
//   cc -o ksm-and-uffd-wp ksm-and-uffd-wp.c -lpthread && ./ksm-and-uffd-wp
// Status: 0, each write to a protected page asked; 1, one did not; 2, it could not be tried. What
// it changes of KSM it puts back.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPage = 4096 };

static long read_setting(const char* path) {
  long value = -1;
  FILE* file = fopen(path, "r");
  if (file != NULL && fscanf(file, "%ld", &value) != 1) value = -1;
  if (file != NULL) fclose(file);
  return value;
}

static void write_setting(const char* path, long value) {
  FILE* file = fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%ld", value);
  fclose(file);
}

static uint64_t table_entry(const void* page) {
  uint64_t entry = 0;
  const int file = open("/proc/self/pagemap", O_RDONLY);
  if (pread(file, &entry, sizeof entry, (off_t)((uintptr_t)page / kPage * sizeof entry)) < 0)
    entry = 0;
  close(file);
  return entry;
}
static uint64_t frame(const void* page) { return table_entry(page) & ((UINT64_C(1) << 55) - 1); }
static int is_protected(const void* page) { return (int)(table_entry(page) >> 57 & 1); }

static char* pages;
static volatile int written[2];

static void* write_page(void* which) {
  const long page = (long)which;
  pages[page * kPage] = 2;
  written[page] = 1;
  return NULL;
}

static void merge(void) {
  const char* kRun = "/sys/kernel/mm/ksm/run";
  const char* kSleep = "/sys/kernel/mm/ksm/sleep_millisecs";
  const long run = read_setting(kRun);
  const long sleep = read_setting(kSleep);
  write_setting(kSleep, 1);
  write_setting(kRun, 1);
  for (int i = 0; i < 500 && frame(pages) != frame(pages + kPage); ++i) usleep(10000);
  write_setting(kRun, run);
  write_setting(kSleep, sleep);
}

static int cannot(const char* what) {
  perror(what);
  return 2;
}

int main(void) {
  struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP};
  const int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0) return cannot("userfaultfd");
  pages = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return cannot("mmap");
  memset(pages, 0x5a, 2 * kPage);
  struct uffdio_register range = {.range = {(uintptr_t)pages, 2 * kPage},
                                  .mode = UFFDIO_REGISTER_MODE_WP};
  struct uffdio_writeprotect protect = {.range = {(uintptr_t)pages, 2 * kPage},
                                        .mode = UFFDIO_WRITEPROTECT_MODE_WP};
  if (ioctl(faults, UFFDIO_REGISTER, &range) != 0) return cannot("UFFDIO_REGISTER");
  if (ioctl(faults, UFFDIO_WRITEPROTECT, &protect) != 0) return cannot("UFFDIO_WRITEPROTECT");
  printf("protected:   %d %d\n", is_protected(pages), is_protected(pages + kPage));
  if (madvise(pages, 2 * kPage, MADV_MERGEABLE) != 0) return cannot("MADV_MERGEABLE");
  merge();
  if (frame(pages) != frame(pages + kPage)) {
    puts("KSM did not merge the pages");
    return 2;
  }
  printf("once merged: %d %d\n", is_protected(pages), is_protected(pages + kPage));
  int lost = 0;
  for (long page = 0; page < 2; ++page) {
    pthread_t writer;
    pthread_create(&writer, NULL, write_page, (void*)page);
    // Either the write comes through, or the handler hears of it.
    struct pollfd asked = {.fd = faults, .events = POLLIN};
    while (!written[page] && poll(&asked, 1, 10) == 0) {
    }
    printf("page %ld: %s\n", page, written[page] ? "written without asking" : "asked");
    lost += written[page];
    struct uffd_msg message;
    while (read(faults, &message, sizeof message) > 0) {
    }
  }
  fflush(stdout);
  _exit(lost > 0 ? 1 : 0);  // a writer may still wait
}
