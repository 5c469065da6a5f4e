// Where a repository lies, as the command line names it.
#pragma once

#include <memory>
#include <string>

#include <cleave/image/store.h>

namespace cleave::command::image {

/// What is done with it. What is only read needs no right to write.
enum class Use { read, write };

/// A folder, s3://BUCKET/PREFIX, rados://POOL/NAMESPACE, or oci:FOLDER for reading. Throws: it
/// cannot be opened, or this build has no such store.
std::unique_ptr<ImageStore> store_at(const std::string& name, Use use);

/// The same; a folder is made where there is none.
std::unique_ptr<ImageStore> new_store_at(const std::string& name);

}  // namespace cleave::command::image
