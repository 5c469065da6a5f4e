// A C program that knows only what was installed. Prints the version of the library.
#include <cleave/c.h>
#include <stdio.h>

int main(void) {
  cleave_error error;
  cleave_pool* pool = cleave_pool_create(1 << 20, &error);
  if (pool == NULL) {
    fprintf(stderr, "%s\n", error.what);
    return 1;
  }
  cleave_pool_release(pool);
  puts(cleave_version());
  return 0;
}
