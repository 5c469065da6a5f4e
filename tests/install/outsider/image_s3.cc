// An outsider's program with a store in S3 that cannot be: it is told why.
#include <cstdio>

#include <cleave/image/s3.h>

int main() {
  const auto store = cleave::s3_store("s3://Not-A-Bucket");
  std::printf("%s\n", store ? "a store" : store.error().message().c_str());
  return !store && store.error().code == cleave::Errc::bad_argument ? 0 : 1;
}
