// What a C program sees: c.h compiles as C99 without a warning, and its calls do what they say.
#include <stdio.h>
#include <string.h>

#include <cleave/c.h>

static int failures = 0;

#define EXPECT(condition) expect((condition) != 0, #condition, __LINE__)

static void expect(int holds, const char* condition, int line) {
  if (holds) return;
  fprintf(stderr, "plain.c:%d: %s\n", line, condition);
  ++failures;
}

static void add_bytes(void* sum, cleave_address at, uint64_t bytes) {
  (void)at;
  *(uint64_t*)sum += bytes;
}

static void try_spaces(cleave_pool* pool) {
  cleave_error error;
  cleave_address at = 0;
  uint64_t value = 0, differ = 0;
  cleave_space* parent = cleave_space_create(pool, &error);
  EXPECT(cleave_space_map(parent, 1 << 20, CLEAVE_READ_WRITE, &at, &error) == CLEAVE_OK);
  cleave_accessor* ours = cleave_accessor_create(parent, &error);
  EXPECT(cleave_store64(ours, at, 1, &error) == CLEAVE_OK);
  cleave_snapshot* before = cleave_space_snapshot(parent, &error);
  cleave_space* child = cleave_space_fork(parent, &error);
  cleave_accessor* theirs = cleave_accessor_create(child, &error);
  EXPECT(cleave_store64(theirs, at, 2, &error) == CLEAVE_OK);
  EXPECT(cleave_load64(ours, at, &value, &error) == CLEAVE_OK && value == 1);
  EXPECT(cleave_load64(theirs, at, &value, &error) == CLEAVE_OK && value == 2);
  cleave_snapshot* after = cleave_space_snapshot(child, &error);
  EXPECT(cleave_snapshot_diff(before, after, add_bytes, &differ, &error) == CLEAVE_OK);
  EXPECT(differ == 4096);
  EXPECT(cleave_load64(ours, at - 8, &value, &error) == CLEAVE_NOT_MAPPED);
  EXPECT(error.code == CLEAVE_NOT_MAPPED && error.where == at - 8 && error.what != NULL);
  cleave_accessor_release(ours);
  cleave_accessor_release(theirs);
  cleave_snapshot_release(before);
  cleave_snapshot_release(after);
  cleave_space_release(child);
  cleave_space_release(parent);
}

static void try_an_arena(cleave_pool* pool) {
  cleave_error error;
  cleave_arena_options options = {sizeof options, NULL, CLEAVE_TRACKING_AUTOMATIC, 0, NULL};
  cleave_arena* arena = cleave_arena_create(pool, 4 << 20, &options, &error);
  EXPECT(arena != NULL);
  cleave_heap* heap =
      cleave_heap_create(cleave_arena_data(arena), cleave_arena_size(arena), &error);
  char* text = cleave_heap_malloc(heap, 100);
  strcpy(text, "before");
  cleave_commit* before = cleave_arena_commit(arena, "before", &error);
  EXPECT(before != NULL);
  strcpy(text, "after");
  EXPECT(cleave_arena_checkout(arena, before, &error) == CLEAVE_OK);
  EXPECT(strcmp(text, "before") == 0);
  cleave_heap_free(heap, text);
  EXPECT(cleave_arena_revert(arena, &error) == CLEAVE_OK);
  EXPECT(strcmp(text, "before") == 0 && cleave_heap_usable_size(heap, text) >= 100);
  options.tracking = 99;
  EXPECT(cleave_arena_create(pool, 4096, &options, &error) == NULL);
  EXPECT(error.code == CLEAVE_BAD_ARGUMENT);
  cleave_commit_release(before);
  cleave_heap_release(heap);
  cleave_arena_release(arena);
}

int main(void) {
  cleave_error error;
  cleave_pool* pool = cleave_pool_create(64 << 20, &error);
  if (pool == NULL) {
    char line[200];
    cleave_error_message(&error, line, sizeof line);
    fprintf(stderr, "%s\n", line);
    return 1;
  }
  try_spaces(pool);
  try_an_arena(pool);
  cleave_pool_statistics figures;
  figures.size = sizeof figures;
  EXPECT(cleave_pool_get_statistics(pool, &figures, &error) == CLEAVE_OK);
  EXPECT(figures.spaces == 0 && figures.used == 0 && figures.accessors == 0);
  cleave_pool_release(pool);
  return failures == 0 ? 0 : 1;
}
