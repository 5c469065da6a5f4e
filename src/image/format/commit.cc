#include "image/format/commit.h"

#include "image/format/node.h"

namespace cleave::detail::image {
namespace {

constexpr std::string_view kCommitMagic = "CLVC\1";

bool regions_hold(const std::vector<Region>& regions) {
  PageNo end{0};
  for (const Region& region : regions) {
    if (region.pages.first < end || region.pages.end <= region.pages.first) return false;
    if (region.pages.end > kPageLimit || region.protection > Protection::read_write) return false;
    end = region.pages.end;
  }
  return true;
}

void write(Writer& out, const ImageModule& module) {
  out.text<std::uint16_t>(module.name);
  out.text<std::uint8_t>(module.build_id);
  out.number(module.base);
  out.number(module.size);
}

ImageModule read_module(Reader& in) {
  ImageModule module;
  module.name = in.text<std::uint16_t>();
  module.build_id = in.text<std::uint8_t>();
  module.base = in.number<std::uint64_t>();
  module.size = in.number<std::uint64_t>();
  return module;
}

void write(Writer& out, const Region& region) {
  out.number(raw(region.pages.first));
  out.number(raw(region.pages.end));
  out.number(static_cast<std::uint8_t>(region.protection));
}

Region read_region(Reader& in) {
  const PageNo first{in.number<std::uint64_t>()};
  const PageNo end{in.number<std::uint64_t>()};
  return {{first, end}, Protection{in.number<std::uint8_t>()}};
}

// Reads a count, and so many; none where the count cannot be true.
template <class Read>
auto read_list(Reader& in, std::size_t most, Read read) {
  std::vector<decltype(read(in))> list;
  const auto count = in.number<std::uint32_t>();
  in.require(count <= most);
  for (std::uint32_t i = 0; i < count && in.good(); ++i) list.push_back(read(in));
  return list;
}

}  // namespace

bool holds(const ImageRecord& record) {
  const bool counts = record.parents.size() <= kMostParents &&
                      record.regions.size() <= kMostRegions &&
                      record.modules.size() <= kMostModules && record.height <= kMostLevels &&
                      record.message.size() <= kMostMessage &&
                      record.payload.size() <= kMostPayload && record.architecture.size() < 64;
  const bool tree = record.root.is_none() == (record.height == 0) &&
                    (record.height == 0) == (record.pages == 0) && record.pages <= raw(kPageLimit);
  const bool kind = record.kind == ImageRecord::Kind::space ||
                    (record.kind == ImageRecord::Kind::arena && record.regions.size() == 1);
  const bool modules = std::ranges::all_of(record.modules, [](const ImageModule& module) {
    return module.name.size() <= kMostModuleName && module.build_id.size() <= 128;
  });
  return counts && tree && kind && modules && regions_hold(record.regions);
}

Bytes encode(const ImageRecord& record) {
  Writer out;
  out.bytes(view_of(kCommitMagic));
  out.number(static_cast<std::uint8_t>(record.kind));
  out.text<std::uint8_t>(record.architecture);
  out.number(record.layout);
  out.id(record.root);
  out.number(static_cast<std::uint8_t>(record.height));
  out.number(record.pages);
  out.number(record.root_object);
  const auto count = [&](const auto& list) { out.number(static_cast<std::uint32_t>(list.size())); };
  count(record.regions);
  for (const Region& region : record.regions) write(out, region);
  count(record.parents);
  for (const ImageId& parent : record.parents) out.id(parent);
  count(record.modules);
  for (const ImageModule& module : record.modules) write(out, module);
  out.text<std::uint16_t>(record.message);
  out.text<std::uint32_t>(record.payload);
  return out.take();
}

std::optional<ImageRecord> decode_commit(View bytes) {
  Reader in(bytes);
  in.expect(kCommitMagic);
  ImageRecord record;
  const auto kind = in.number<std::uint8_t>();
  in.require(kind <= 1);
  record.kind = ImageRecord::Kind{kind};
  record.architecture = in.text<std::uint8_t>();
  record.layout = in.number<std::uint32_t>();
  record.root = in.id();
  record.height = in.number<std::uint8_t>();
  record.pages = in.number<std::uint64_t>();
  record.root_object = in.number<std::uint64_t>();
  record.regions = read_list(in, kMostRegions, read_region);
  record.parents = read_list(in, kMostParents, [](Reader& from) { return from.id(); });
  record.modules = read_list(in, kMostModules, read_module);
  record.message = in.text<std::uint16_t>();
  record.payload = in.text<std::uint32_t>();
  if (!in.ended_well() || !holds(record)) return std::nullopt;
  return record;
}

}  // namespace cleave::detail::image
