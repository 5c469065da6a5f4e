// A repository as an OCI image layout: what registries and their tools carry, and back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cleave/image/repository.h>

namespace cleave::command::image {

/// Writes what the refs lead to, and nothing else, to a new folder, which appears whole or not at
/// all. A pack is a blob, as both are named by the SHA-256 of their bytes; the root is the
/// manifest's config. Throws.
void write_layout(Repository& from, const std::vector<std::string>& refs,
                  const std::string& folder);

/// What write_layout() wrote, for reading. Throws: it is none.
std::unique_ptr<ImageStore> layout_at(const std::string& folder);

}  // namespace cleave::command::image
