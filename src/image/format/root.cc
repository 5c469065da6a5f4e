#include "image/format/root.h"

#include "image/format/id.h"

namespace cleave::detail::image {
namespace {

constexpr std::string_view kRootMagic = "CLVR\1";
constexpr std::string_view kInNames =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

RefRecord read_ref(Reader& in) {
  RefRecord ref;
  ref.commit = in.id();
  ref.generation = in.number<std::uint64_t>();
  std::ranges::copy(in.bytes(ref.push.size()), ref.push.begin());
  return ref;
}

void read_refs(Reader& in, Root& root) {
  const auto count = in.number<std::uint32_t>();
  in.require(count <= kMostRefs);
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    std::string name = in.text<std::uint8_t>();
    const RefRecord ref = read_ref(in);
    in.require(is_ref_name(name) && root.refs.emplace(std::move(name), ref).second);
  }
}

void read_unneeded(Reader& in, Root& root) {
  const auto count = in.number<std::uint32_t>();
  in.require(count <= kMostUnneeded);
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    const ImageId pack = in.id();
    const auto state = in.number<std::uint8_t>();
    const auto round = in.number<std::uint64_t>();
    in.require(state <= 1);
    in.require(root.unneeded.emplace(pack, UnneededPack{UnneededPack::State{state}, round}).second);
  }
}

}  // namespace

bool is_ref_name(std::string_view name) {
  if (name.empty() || name.size() > kMostRefName || ImageId::parse(name)) return false;
  bool at_start = true;
  for (const char c : name) {
    if (c == '/') {
      if (at_start) return false;
      at_start = true;
      continue;
    }
    if (kInNames.find(c) == kInNames.npos || (at_start && (c == '.' || c == '-'))) return false;
    at_start = false;
  }
  return !at_start;
}

Bytes encode(const Root& root) {
  Writer out;
  out.bytes(view_of(kRootMagic));
  out.number(root.round);
  out.number(static_cast<std::uint32_t>(root.refs.size()));
  for (const auto& [name, ref] : root.refs) {
    out.text<std::uint8_t>(name);
    out.id(ref.commit);
    out.number(ref.generation);
    out.bytes(ref.push);
  }
  out.number(static_cast<std::uint32_t>(root.unneeded.size()));
  for (const auto& [pack, unneeded] : root.unneeded) {
    out.id(pack);
    out.number(static_cast<std::uint8_t>(unneeded.state));
    out.number(unneeded.round);
  }
  out.id(hash(out.written()));
  return out.take();
}

std::optional<Root> decode_root(View bytes) {
  if (bytes.size() < sizeof(ImageId)) return std::nullopt;
  const View said = bytes.first(bytes.size() - sizeof(ImageId));
  if (Reader(bytes.subspan(said.size())).id() != hash(said)) return std::nullopt;
  Reader in(said);
  in.expect(kRootMagic);
  Root root;
  root.round = in.number<std::uint64_t>();
  read_refs(in, root);
  read_unneeded(in, root);
  if (!in.ended_well()) return std::nullopt;
  return root;
}

}  // namespace cleave::detail::image
