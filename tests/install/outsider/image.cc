// An outsider's program that keeps a commit in a folder, and finds it again.
#include <cstdio>
#include <filesystem>

#include <cleave/image/lazy.h>
#include <cleave/image/repository.h>
#include <cleave/must.h>
#include <cleave/pool.h>
#include <cleave/space.h>

using namespace cleave;
using namespace cleave::literals;

int main(int, char** argv) {
  const std::string folder = std::string(argv[0]) + ".store";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  Pool pool = must(Pool::create(16_MiB));
  Space space = must(Space::create(pool));
  const Address at = must(space.map(64_KiB));
  must(must(space.accessor()).store(at, 7));
  Repository images = must(Repository::create(must(directory_store(folder))));
  const ImageId pushed = must(images.push(must(space.snapshot()), "main")).id();

  Repository others = must(Repository::open(must(directory_store(folder))));
  Space out = must(others.checkout(pool, must(others.resolve(pushed.hex()))));
  const int found = must(must(out.accessor()).load<int>(at));

  LazyImages lazily = must(LazyImages::open(must(directory_store(folder)), {.memory = 16_MiB}));
  LazyCheckout lazy = must(lazily.checkout(pushed));
  const int came = must(must(lazy.space().accessor()).load<int>(at));
  std::printf("%d %d\n", found, came);
  std::filesystem::remove_all(folder);
  return found == 7 && came == 7 ? 0 : 1;
}
