#ifdef CLEAVE_PYTHON_IMAGE

#include "adapters/python/image/store.h"

#include <filesystem>
#include <system_error>

#ifdef CLEAVE_HAS_RADOS
#include <cleave/image/rados.h>
#endif
#ifdef CLEAVE_HAS_S3
#include <cleave/image/s3.h>
#endif

#include "adapters/python/runtime/errors.h"

namespace cleave::python {
namespace {

tl::unexpected<Error> refused(Errc code, const char* what, int system = 0) {
  return tl::unexpected(Error{code, what, Address{0}, system});
}

Result<std::unique_ptr<ImageStore>> store_in_s3([[maybe_unused]] const std::string& name,
                                                [[maybe_unused]] bool to_read) {
#ifdef CLEAVE_HAS_S3
  return s3_store(name, {.read_only = to_read});
#else
  return refused(
      Errc::unsupported,
      "this module was built without S3; install libcurl4-openssl-dev and build it again");
#endif
}

Result<std::unique_ptr<ImageStore>> store_in_rados([[maybe_unused]] const std::string& name,
                                                   [[maybe_unused]] bool to_read) {
#ifdef CLEAVE_HAS_RADOS
  return rados_store(name, {.read_only = to_read});
#else
  return refused(Errc::unsupported,
                 "this module was built without RADOS; install librados-dev and build it again");
#endif
}

}  // namespace

std::string store_name(const py::object& store) {
  return py::module_::import("os").attr("fsencode")(store).cast<std::string>();
}

Result<std::unique_ptr<ImageStore>> store_named(const std::string& name, bool is_new,
                                                bool to_read) {
  if (name.starts_with("s3://")) return store_in_s3(name, to_read);
  if (name.starts_with("rados://")) return store_in_rados(name, to_read);
  std::error_code failed;
  if (is_new) std::filesystem::create_directories(name, failed);
  if (failed) {
    return refused(Errc::io, "the folder cannot be made; name one that you may make",
                   failed.value());
  }
  const auto found = std::filesystem::status(name, failed);
  if (!std::filesystem::status_known(found)) {
    return refused(Errc::io, "the folder cannot be looked at; name one that you may read",
                   failed.value());
  }
  if (!std::filesystem::is_directory(found)) {
    return refused(Errc::not_mapped, "there is no such folder: Repository.create() makes one");
  }
  return directory_store(name);
}

ImageId image_id(const std::string& digits) {
  const auto id = ImageId::parse(digits);
  if (!id) raise_with("bad_argument", "a commit's id has 64 digits; resolve() gives a ref's");
  return *id;
}

}  // namespace cleave::python

#endif
