// An outsider's program with a store in RADOS that cannot be: it is told why.
#include <cstdio>

#include <cleave/image/rados.h>

int main() {
  const auto store = cleave::rados_store("rados://no/such/name");
  std::printf("%s\n", store ? "a store" : store.error().message().c_str());
  return !store && store.error().code == cleave::Errc::bad_argument ? 0 : 1;
}
