// What a C program sees: backing/c.h compiles as C99 without a warning, and does what it says.
#include <stdio.h>

#include <cleave/backing/c.h>

static int fail(const char* what, const cleave_error* error) {
  char line[200];
  cleave_error_message(error, line, sizeof line);
  fprintf(stderr, "%s: %s\n", what, line);
  return 1;
}

int main(void) {
  const uint64_t pages = 1024; /* four times what the pool has memory for */
  cleave_error error;
  cleave_address at = 0;
  cleave_swap_file_options on_disk = {sizeof on_disk, 8 << 20, NULL, 0, 0};
  cleave_compressed_options in_memory = {sizeof in_memory, 2 << 20, 0};

  cleave_backing* file = cleave_swap_file_open(&on_disk, &error);
  if (file == NULL) return fail("the swap file", &error);
  cleave_backing* backing = cleave_compressed_open(&in_memory, file, &error);
  if (backing == NULL) return fail("compressed memory", &error);
  cleave_pool* pool = cleave_pool_create_with_backing(1 << 20, backing, &error);
  if (pool == NULL) return fail("the pool", &error);

  cleave_space* space = cleave_space_create(pool, &error);
  cleave_code code = cleave_space_map(space, pages * 4096, CLEAVE_READ_WRITE, &at, &error);
  for (uint64_t n = 0; n < pages && code == CLEAVE_OK; ++n)
    code = cleave_space_write(space, at + n * 4096, &n, sizeof n, &error);
  for (uint64_t n = 0; n < pages && code == CLEAVE_OK; ++n) {
    uint64_t seen = 0;
    code = cleave_space_read(space, at + n * 4096, &seen, sizeof seen, &error);
    if (seen != n) return fail("other bytes than were written", &error);
  }
  if (code != CLEAVE_OK) return fail("the space", &error);

  cleave_backing_statistics held;
  held.size = sizeof held;
  if (cleave_backing_get_statistics(backing, &held, &error) != CLEAVE_OK || held.pages < 768)
    return fail("what the backing holds", &error);
  cleave_space_release(space);
  cleave_pool_release(pool);
  return 0;
}
