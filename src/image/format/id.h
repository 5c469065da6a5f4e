// What bytes are named by.
#pragma once

#include <cstring>

#include <cleave/image/id.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// The SHA-256 of `bytes`. Cost: about 7 us for a page.
ImageId hash(View bytes);

/// For tables in memory: an id is as good as random.
struct HashOfId {
  std::size_t operator()(const ImageId& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};

}  // namespace cleave::detail::image
