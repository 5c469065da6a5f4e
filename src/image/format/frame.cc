#include "image/format/frame.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <numeric>

namespace cleave::detail::image {
namespace {

constexpr std::string_view kFrameMagic = "CLVF";
enum Codec : std::uint8_t { kPlain = 0, kZstd = 1 };

struct FrameHeader {
  std::uint8_t codec = kPlain;
  std::uint32_t stored = 0;
  std::uint32_t plain = 0;
  std::uint16_t count = 0;
};

// The header as far as it goes without the sizes, which follow it.
FrameHeader read_header(Reader& in) {
  FrameHeader header;
  in.expect(kFrameMagic);
  header.codec = in.number<std::uint8_t>();
  in.require(in.number<std::uint8_t>() == 0);
  header.count = in.number<std::uint16_t>();
  header.stored = in.number<std::uint32_t>();
  header.plain = in.number<std::uint32_t>();
  in.require(header.codec <= kZstd && header.count >= 1 && header.count <= kMostInFrame);
  in.require(header.plain <= (header.count == 1 ? kMostObject : kMostFrame));
  in.require(header.codec == kPlain ? header.stored == header.plain : header.stored < header.plain);
  return header;
}

}  // namespace

FrameEncoder::FrameEncoder() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
}

void FrameEncoder::End::operator()(ZSTD_CCtx* context) const noexcept {
  (void)ZSTD_freeCCtx(context);
}

Bytes FrameEncoder::encode(View plain, std::span<const std::uint32_t> sizes) {
  packed_.resize(std::max(packed_.size(), ZSTD_compressBound(plain.size())));
  const std::size_t size = ZSTD_compressCCtx(context_.get(), packed_.data(), packed_.size(),
                                             plain.data(), plain.size(), 1);
  const bool smaller = ZSTD_isError(size) == 0 && size < plain.size();
  const View stored = smaller ? View(packed_).first(size) : plain;
  Writer out;
  out.bytes(view_of(kFrameMagic));
  out.number(static_cast<std::uint8_t>(smaller ? kZstd : kPlain));
  out.number(std::uint8_t{0});
  out.number(static_cast<std::uint16_t>(sizes.size()));
  out.number(static_cast<std::uint32_t>(stored.size()));
  out.number(static_cast<std::uint32_t>(plain.size()));
  for (const std::uint32_t each : sizes) out.number(each);
  out.bytes(stored);
  return out.take();
}

std::optional<std::uint64_t> length_of_frame(View bytes) {
  Reader in(bytes);
  const FrameHeader header = read_header(in);
  if (!in.good()) return std::nullopt;
  return kFrameHeader + std::uint64_t{4} * header.count + header.stored;
}

std::optional<Frame> decode_frame(View bytes) {
  Reader in(bytes);
  const FrameHeader header = read_header(in);
  if (!in.good() || length_of_frame(bytes) != bytes.size()) return std::nullopt;
  Frame frame;
  for (unsigned i = 0; i < header.count; ++i) frame.sizes.push_back(in.number<std::uint32_t>());
  const View stored = in.bytes(header.stored);
  const auto sum = std::accumulate(frame.sizes.begin(), frame.sizes.end(), std::uint64_t{0});
  if (!in.ended_well() || sum != header.plain) return std::nullopt;
  if (header.codec == kPlain) {
    frame.plain.assign(stored.begin(), stored.end());
    return frame;
  }
  frame.plain.resize(header.plain);
  if (ZSTD_decompress(frame.plain.data(), frame.plain.size(), stored.data(), stored.size()) !=
      header.plain) {
    return std::nullopt;
  }
  return frame;
}

}  // namespace cleave::detail::image
