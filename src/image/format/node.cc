#include "image/format/node.h"

namespace cleave::detail::image {
namespace {

constexpr std::string_view kNodeMagic = "CLVN\1";

}  // namespace

Bytes encode(const NodeRecord& node) {
  std::uint64_t present = 0;
  for (unsigned i = 0; i < kEntries; ++i) {
    if (!node.entries[i].is_none()) present |= std::uint64_t{1} << i;
  }
  Writer out;
  out.bytes(view_of(kNodeMagic));
  out.number(static_cast<std::uint8_t>(node.level));
  out.number(present);
  for (const ImageId& entry : node.entries) {
    if (!entry.is_none()) out.id(entry);
  }
  return out.take();
}

std::optional<NodeRecord> decode_node(View bytes) {
  Reader in(bytes);
  in.expect(kNodeMagic);
  NodeRecord node;
  node.level = in.number<std::uint8_t>();
  const auto present = in.number<std::uint64_t>();
  in.require(node.level < kMostLevels && present != 0);
  for (unsigned i = 0; i < kEntries && in.good(); ++i) {
    if ((present >> i & 1) == 0) continue;
    node.entries[i] = in.id();
    in.require(!node.entries[i].is_none());
  }
  if (!in.ended_well()) return std::nullopt;
  return node;
}

}  // namespace cleave::detail::image
