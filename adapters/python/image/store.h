// Where a repository of images lies, as Python names it.
#pragma once

#include <memory>
#include <string>

#include <pybind11/pybind11.h>

#include <cleave/error.h>
#include <cleave/image/id.h>
#include <cleave/image/store.h>

namespace cleave::python {

/// A folder, by anything that os.fsencode() takes, or an URL: s3://BUCKET/PREFIX or
/// rados://POOL/NAMESPACE, which are reached as docs/howto/images.md says. With the GIL.
[[nodiscard]] std::string store_name(const pybind11::object& store);

/// Without the GIL. Errors: as directory_store(), s3_store() and rados_store(), unsupported (this
/// build has no such store). `is_new`: the folder is made where there is none.
Result<std::unique_ptr<ImageStore>> store_named(const std::string& name, bool is_new, bool to_read);

/// What Python passes as a commit's id. Raises BadArgumentError.
[[nodiscard]] ImageId image_id(const std::string& digits);

}  // namespace cleave::python
