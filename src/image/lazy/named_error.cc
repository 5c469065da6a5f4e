#include "image/lazy/named_error.h"

#include <new>
#include <set>
#include <string>

#include "sync/bare_mutex.h"

namespace cleave::detail::image {
namespace {

// An error's text is not its own (cleave/error.h). These are as many as commits that failed, times
// some dozens.
class Texts {
 public:
  const char* of(std::string text) {
    const sync::BareGuard guard(lock_);
    return texts_.insert(std::move(text)).first->c_str();
  }

 private:
  sync::bare_mutex lock_;
  std::set<std::string> texts_ CLEAVE_GUARDED_BY(lock_);
};

Texts& texts() {
  static auto* const forever = new Texts;  // threads may look at an error after main() has ended
  return *forever;
}

}  // namespace

Error named(const Error& matter, const ImageId& commit, PageNo page) noexcept {
  Error error = matter;
  error.code = Errc::io;
  error.where = address_of(page);
  try {
    error.what = texts().of("a page of the image " + commit.hex().substr(0, 12) +
                            " could not be fetched, and will be tried again: " + matter.what);
  } catch (const std::bad_alloc&) {
    error.what = "a page of an image could not be fetched, and there was no memory to say which";
  }
  return error;
}

}  // namespace cleave::detail::image
