// A frame: up to 16 objects that were put together, compressed as one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "image/format/bytes.h"
#include "image/format/commit.h"

struct ZSTD_CCtx_s;

namespace cleave::detail::image {

inline constexpr std::size_t kMostInFrame = 16;
/// Plain bytes of a frame of several objects; one object alone may have kMostObject.
inline constexpr std::uint64_t kMostFrame = std::uint64_t{64} << 10;
/// What stands before the compressed bytes.
inline constexpr std::size_t kFrameHeader = 16;
/// A frame as it lies in a pack: zstd is told to do no worse than leave the bytes as they are.
inline constexpr std::uint64_t kMostStored = kFrameHeader + 4 * kMostInFrame + kMostObject;

struct Frame {
  Bytes plain;
  std::vector<std::uint32_t> sizes;  ///< of the objects in it, one after the other
};

/// Makes frames. It keeps what zstd works in, some 700 KiB, which takes as long to make as a frame
/// takes to be compressed. Which one makes a frame changes nothing of it.
class FrameEncoder {
 public:
  /// Throws std::bad_alloc.
  FrameEncoder();
  /// The frame of the objects `sizes` in `plain`. Precondition: within the bounds above.
  Bytes encode(View plain, std::span<const std::uint32_t> sizes);

 private:
  struct End {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_CCtx_s, End> context_;
  Bytes packed_;
};

inline Bytes encode_frame(View plain, std::span<const std::uint32_t> sizes) {
  return FrameEncoder().encode(plain, sizes);
}
/// How long the frame is whose header `bytes` begins with; nothing where that is none.
std::optional<std::uint64_t> length_of_frame(View bytes);
/// Exactly one frame. Nothing where it is damaged; never more memory than the bounds.
std::optional<Frame> decode_frame(View bytes);

}  // namespace cleave::detail::image
