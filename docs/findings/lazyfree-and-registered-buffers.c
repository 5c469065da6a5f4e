// What io_uring reads into a registered buffer is dropped, if the memory was given up with
// MADV_FREE before. Nothing but Linux and liburing is needed, and no rights:
//   cc -o a.out lazyfree-and-registered-buffers.c -luring && ./a.out
// Status: 0, what was read stays; 1, it does not; 2, it could not be tried.
#define _GNU_SOURCE
#include <liburing.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096 };

static int cannot(const char* what) {
  perror(what);
  return 2;
}

int main(void) {
  struct io_uring ring;
  if (io_uring_queue_init(2, &ring, 0) != 0) return cannot("io_uring");
  const int file = memfd_create("device", MFD_CLOEXEC);
  if (file < 0 || pwrite(file, "B", 1, 0) != 1) return cannot("memfd");
  char* const page = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return cannot("mmap");
  page[0] = 'A';
  madvise(page, kPage, MADV_COLD);  // brings it to the lists of reclaim
  if (madvise(page, kPage, MADV_FREE) != 0) return cannot("MADV_FREE");
  const struct iovec buffer = {page, kPage};
  if (io_uring_register_buffers(&ring, &buffer, 1) != 0) return cannot("register");
  struct io_uring_sqe* const read = io_uring_get_sqe(&ring);
  io_uring_prep_read_fixed(read, file, page, 1, 0, 0);
  struct io_uring_cqe* done = NULL;
  if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_wait_cqe(&ring, &done) != 0 ||
      done->res != 1)
    return cannot("read");
  io_uring_cqe_seen(&ring, done);
  printf("read into the buffer: %c\n", page[0]);
  io_uring_unregister_buffers(&ring);
  io_uring_queue_exit(&ring);
  for (int i = 0; i < 50 && page[0] != 0; ++i) {
    madvise(page, kPage, MADV_PAGEOUT);  // reclaim of this page, as memory pressure would
    usleep(10000);
  }
  printf("once reclaimed: %d\n", page[0]);
  return page[0] == 'B' ? 0 : 1;
}
