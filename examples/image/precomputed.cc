// One process computes, others use it: a std::pmr map in an arena, pushed to a repository, and
// checked out by processes in which nothing of it was made.
//
//     precomputed make <folder>    computes, and pushes
//     precomputed use <folder>     checks out, and looks up
//     precomputed                  one that makes, and two that use
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <memory_resource>
#include <string>

#include <cleave/cleave.h>
#include <cleave/image/repository.h>

namespace {

using namespace cleave;
using namespace cleave::literals;
using Words = std::pmr::map<std::pmr::string, std::uint64_t>;

// Where Linux puts nothing by itself: pointers in the arena are good wherever it is checked out.
void* const kBase = reinterpret_cast<void*>(0x200000000000);

// What the others find first. Containers keep a pointer to their resource, so it lives here, too;
// but its vtable lies elsewhere in each process: it is there while a process uses it, and never in
// what is pushed.
struct Root {
  alignas(HeapResource) std::byte resource[sizeof(HeapResource)];
  Words* words;

  HeapResource* build(Heap heap) {
    return std::construct_at(reinterpret_cast<HeapResource*>(resource), heap);
  }
  void take_down() {
    std::destroy_at(reinterpret_cast<HeapResource*>(resource));
    std::memset(resource, 0, sizeof resource);
  }
};

void make(const std::string& folder) {
  const Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(Arena::create(pool, 16_MiB, {.at = kBase}));
  Heap heap = must(Heap::create(arena.memory()));
  auto* const root = new (heap.allocate(sizeof(Root))) Root{};
  HeapResource* const resource = root->build(heap);
  root->words = std::pmr::polymorphic_allocator<>(resource).new_object<Words>();
  for (std::uint64_t n = 0; n < 10'000; ++n) {
    (*root->words)["the square of " + std::pmr::string(std::to_string(n))] = n * n;
  }
  root->take_down();

  Repository images = must(Repository::create(must(directory_store(folder))));
  must(images.push(must(arena.commit("squares")), "squares", {.root_object = root}));
}

void use(const std::string& folder) {
  Repository images = must(Repository::open(must(directory_store(folder))));
  const ImageId squares = must(images.resolve("squares"));
  const Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(images.checkout_arena(pool, squares));
  auto* const root = reinterpret_cast<Root*>(must(images.record(squares)).root_object);
  root->build(must(Heap::open(arena.memory())));  // before anything else is touched

  std::printf("%zu words; the square of 99 is %llu\n", root->words->size(),
              static_cast<unsigned long long>(root->words->at("the square of 99")));
  (*root->words)["mine alone"] = 1;  // an arena like any other: it grows, and commits
  must(arena.commit());
}

void run(const char* what, const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "precomputed", what, folder.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) std::exit(1);
}

}  // namespace

int main(int count, char** words) {
  if (count == 3 && std::strcmp(words[1], "make") == 0) {
    make(words[2]);
  } else if (count == 3 && std::strcmp(words[1], "use") == 0) {
    use(words[2]);
  } else {
    std::string folder = std::filesystem::temp_directory_path() / "precomputed.XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) return 1;
    run("make", folder);
    run("use", folder);
    run("use", folder);
    std::filesystem::remove_all(folder);
  }
}
