// A key-value store with undo and branches, in C. Nothing in the store knows of either: it is a
// plain hash table
// with plain pointers, whose memory comes from a heap in an arena. Undo is one call.
//
//   store         runs the session below, then checks a thousand states
//   store -       reads commands from the standard input: see help()
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cleave/c.h>

// The store. Everything in it, itself too, lies in the heap.

enum { BUCKETS = 1024 };

struct entry {
  struct entry* next;
  char* value;
  char key[];
};

struct store {
  size_t entries;
  struct entry* buckets[BUCKETS];
};

static uint64_t hash(const char* text, uint64_t seed) {
  for (; *text != '\0'; ++text) seed = (seed ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return seed;
}

static struct entry** find(struct store* store, const char* key) {
  struct entry** at = &store->buckets[hash(key, 14695981039346656037u) % BUCKETS];
  while (*at != NULL && strcmp((*at)->key, key) != 0) at = &(*at)->next;
  return at;
}

static void* allocate(cleave_heap* heap, size_t bytes) {
  void* block = cleave_heap_malloc(heap, bytes);
  if (block == NULL) {
    fputs("the arena is full\n", stderr);
    exit(1);
  }
  return block;
}

static void set(cleave_heap* heap, struct store* store, const char* key, const char* value) {
  struct entry** at = find(store, key);
  if (*at == NULL) {
    *at = allocate(heap, sizeof(struct entry) + strlen(key) + 1);
    (*at)->next = NULL;
    (*at)->value = NULL;
    strcpy((*at)->key, key);
    ++store->entries;
  }
  cleave_heap_free(heap, (*at)->value);
  (*at)->value = allocate(heap, strlen(value) + 1);
  strcpy((*at)->value, value);
}

static int erase(cleave_heap* heap, struct store* store, const char* key) {
  struct entry** at = find(store, key);
  struct entry* gone = *at;
  if (gone == NULL) return 0;
  *at = gone->next;
  cleave_heap_free(heap, gone->value);
  cleave_heap_free(heap, gone);
  --store->entries;
  return 1;
}

// The same for equal contents, whatever the order of the edits that led there.
static uint64_t fingerprint(const struct store* store) {
  uint64_t sum = store->entries;
  for (size_t i = 0; i < BUCKETS; ++i) {
    for (const struct entry* e = store->buckets[i]; e != NULL; e = e->next)
      sum += hash(e->value, hash(e->key, 1) + 1);
  }
  return sum;
}

// Undo and branches: the same for a store of any kind.

static void must(cleave_code code, const cleave_error* error) {
  char line[256];
  if (code == CLEAVE_OK) return;
  cleave_error_message(error, line, sizeof line);
  fprintf(stderr, "%s\n", line);
  exit(1);
}

static cleave_commit* commit(cleave_arena* arena, const char* name) {
  cleave_error error;
  cleave_commit* made = cleave_arena_commit(arena, name, &error);
  must(error.code, &error);
  return made;
}

static void checkout(cleave_arena* arena, const cleave_commit* to) {
  cleave_error error;
  must(cleave_arena_checkout(arena, to, &error), &error);
}

static void undo(cleave_arena* arena) {
  cleave_error error;
  cleave_commit* head = cleave_arena_head(arena, &error);
  must(error.code, &error);
  cleave_commit* before = cleave_commit_parent(head, &error);
  if (cleave_commit_number(head) <= 1 || before == NULL)
    puts("  nothing to undo");
  else
    checkout(arena, before);
  cleave_commit_release(before);
  cleave_commit_release(head);
}

static void print_commit(void* context, const cleave_commit* commit, unsigned depth) {
  const char* name = cleave_commit_name(commit);
  const int here = cleave_commit_equal(commit, context);
  printf("  %*s%s %s(%llu pages)\n", (int)(2 * depth), "", name[0] == '\0' ? "(edit)" : name,
         here ? "<- here " : "", (unsigned long long)cleave_commit_pages(commit));
}

static void print_history(cleave_arena* arena) {
  cleave_error error;
  cleave_commit* head = cleave_arena_head(arena, &error);
  must(error.code, &error);
  must(cleave_arena_for_each_commit(arena, print_commit, head, &error), &error);
  cleave_commit_release(head);
}

// The commands.

static void help(void) {
  puts("  set KEY VALUE   delete KEY   show   commit NAME   go NAME   undo   history   help");
}

static void show(const struct store* store) {
  for (size_t i = 0; i < BUCKETS; ++i) {
    for (const struct entry* e = store->buckets[i]; e != NULL; e = e->next)
      printf("  %s = %s\n", e->key, e->value);
  }
  printf("  %zu in all\n", store->entries);
}

static void go(cleave_arena* arena, const char* name) {
  cleave_error error;
  cleave_commit* to = cleave_arena_find(arena, name, &error);
  if (to == NULL)
    printf("  there is no %s\n", name);
  else
    checkout(arena, to);
  cleave_commit_release(to);
}

// Each name is a commit that stays; `undo` goes to the one before.
static void keep(cleave_arena* arena, const char* name) {
  cleave_error error;
  cleave_commit* made = cleave_arena_commit(arena, name, &error);
  if (made == NULL) printf("  %s\n", error.what);
  cleave_commit_release(made);
}

static void run(cleave_arena* arena, cleave_heap* heap, struct store* store, const char* line) {
  char word[16] = "", first[100] = "", rest[100] = "";
  const int words = sscanf(line, "%15s %99s %99[^\n]", word, first, rest);
  if (words < 1) return;
  if (strcmp(word, "set") == 0 && words == 3)
    set(heap, store, first, rest);
  else if (strcmp(word, "delete") == 0 && words == 2)
    (void)erase(heap, store, first);
  else if (strcmp(word, "show") == 0)
    show(store);
  else if (strcmp(word, "commit") == 0 && words == 2)
    keep(arena, first);
  else if (strcmp(word, "go") == 0 && words == 2)
    go(arena, first);
  else if (strcmp(word, "undo") == 0)
    undo(arena);
  else if (strcmp(word, "history") == 0)
    print_history(arena);
  else
    help();
}

static const char* const session[] = {
    "set colour green",
    "set shape round",
    "commit first",
    "set colour red",
    "delete shape",
    "commit second",
    "show",
    "undo",
    "show",
    "set shape square",
    "commit other",
    "history",
    "go second",
    "show",
};

// Random edits in a thousand commits, gone back to in random order: each must be found as it was.
static int check(cleave_arena* arena, cleave_heap* heap, struct store* store) {
  enum { STATES = 1000, EDITS = 20 };
  static cleave_commit* states[STATES];
  static uint64_t expected[STATES];
  char key[32], value[32];
  int wrong = 0;

  srand(1);
  for (int i = 0; i < STATES; ++i) {
    if (i % 10 == 9) checkout(arena, states[rand() % i]);  // a branch
    for (int j = 0; j < EDITS; ++j) {
      sprintf(key, "key %d", rand() % 5000);
      sprintf(value, "%d", rand());
      if (rand() % 3 == 0)
        (void)erase(heap, store, key);
      else
        set(heap, store, key, value);
    }
    states[i] = commit(arena, NULL);
    expected[i] = fingerprint(store);
  }
  for (int i = 0; i < STATES; ++i) {
    const int any = rand() % STATES;
    checkout(arena, states[any]);
    if (fingerprint(store) != expected[any]) ++wrong;
  }
  for (int i = 0; i < STATES; ++i) cleave_commit_release(states[i]);
  printf("%d states, gone to %d times; not as they were: %d\n", STATES, STATES, wrong);
  return wrong == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  cleave_error error;
  cleave_pool* pool = cleave_pool_create((uint64_t)1 << 30, &error);
  must(error.code, &error);
  cleave_arena* arena = cleave_arena_create(pool, 16 << 20, NULL, &error);
  must(error.code, &error);
  cleave_heap* heap =
      cleave_heap_create(cleave_arena_data(arena), cleave_arena_size(arena), &error);
  must(error.code, &error);
  struct store* store = cleave_heap_calloc(heap, 1, sizeof *store);
  if (store == NULL) return 1;
  cleave_commit_release(commit(arena, "empty"));

  int status = 0;
  if (argc > 1 && strcmp(argv[1], "-") == 0) {
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) run(arena, heap, store, line);
  } else {
    for (size_t i = 0; i < sizeof session / sizeof *session; ++i) {
      printf("> %s\n", session[i]);
      run(arena, heap, store, session[i]);
    }
    status = check(arena, heap, store);
  }
  cleave_heap_release(heap);
  cleave_arena_release(arena);
  cleave_pool_release(pool);
  return status;
}
