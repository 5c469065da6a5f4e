// What a C program sees: image/c.h compiles as C99 without a warning, and does what it says.
//   plain <folder of a repository> <file that was pushed to it as main>
#include <stdio.h>
#include <string.h>

#include <cleave/image/c.h>

static int fail(const char* what, const cleave_error* error) {
  char line[300];
  cleave_error_message(error, line, sizeof line);
  fprintf(stderr, "%s: %s\n", what, line);
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  cleave_error error;
  cleave_image_store* store = cleave_directory_store_open(argv[1], &error);
  if (store == NULL) return fail("the store", &error);
  cleave_lazy_images_options options = {sizeof options, 16 << 20, NULL, 0, 0};
  cleave_lazy_images* images = cleave_lazy_images_open(store, &options, &error);
  if (images == NULL) return fail("the repository", &error);

  cleave_image_id id;
  if (cleave_lazy_images_resolve(images, "elsewhere", &id, &error) != CLEAVE_NOT_MAPPED) return 1;
  if (cleave_lazy_images_resolve(images, "main", &id, &error) != CLEAVE_OK)
    return fail("the ref", &error);
  cleave_lazy* lazy = cleave_lazy_checkout(images, &id, &error);
  if (lazy == NULL) return fail("the checkout", &error);
  cleave_lazy_images_release(images); /* what was made from it goes on */

  uint64_t pages = 0, had = 1, touched = 0, came = 1;
  cleave_lazy_stop(lazy);
  if (cleave_lazy_complete(lazy, &came, &error) != CLEAVE_OK) return fail("complete", &error);
  cleave_lazy_progress(lazy, &pages, &had);
  if (came != 0 || had != 0) return fprintf(stderr, "it was not stopped\n"), 1;

  cleave_space* space = cleave_lazy_space(lazy);
  if (space == NULL || cleave_lazy_arena(lazy) != NULL) return 1;
  FILE* file = fopen(argv[2], "rb");
  if (file == NULL) return 2;
  char should[4096], is[4096];
  cleave_address at = 0;
  for (size_t n; (n = fread(should, 1, sizeof should, file)) > 0; at += n) {
    if (cleave_space_read(space, at, is, n, &error) != CLEAVE_OK) return fail("a page", &error);
    if (memcmp(is, should, n) != 0) return fprintf(stderr, "other bytes than were pushed\n"), 1;
  }
  fclose(file);

  cleave_lazy_progress(lazy, &pages, &had);
  if (pages == 0 || had != pages) return fprintf(stderr, "not all of it came\n"), 1;
  if (cleave_lazy_remember(lazy, &touched, &error) != CLEAVE_OK || touched != pages)
    return fail("what was touched", &error);
  if (cleave_lazy_recall(lazy, NULL, &error) != CLEAVE_OK) return fail("recall", &error);
  cleave_lazy_release(lazy);
  return 0;
}
