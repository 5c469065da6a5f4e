#include "image/format/pack.h"

#include <algorithm>

#include "image/format/frame.h"

namespace cleave::detail::image {
namespace {

constexpr std::string_view kPackMagic = "CLVPACK\1";
constexpr std::string_view kTrailerMagic = "CLVINDEX";

bool leads_inside(const IndexEntry& entry, std::uint64_t end) {
  return entry.frame >= kPackHeader && std::uint64_t{entry.frame} + entry.length <= end &&
         entry.size <= kMostObject && std::uint64_t{entry.at} + entry.size <= kMostObject;
}

}  // namespace

Bytes pack_header(const Nonce& nonce) {
  Writer out;
  out.bytes(view_of(kPackMagic));
  out.bytes(nonce);
  return out.take();
}

Bytes encode_index(Index& index, std::uint64_t offset) {
  std::ranges::sort(index, {}, &IndexEntry::id);
  Writer out;
  for (const IndexEntry& entry : index) {
    out.id(entry.id);
    out.number(entry.frame);
    out.number(entry.length);
    out.number(entry.at);
    out.number(entry.size);
  }
  const ImageId hash_of_index = hash(out.written());
  out.number(offset);
  out.number(static_cast<std::uint64_t>(index.size()));
  out.id(hash_of_index);
  out.number(std::uint64_t{0});
  out.bytes(view_of(kTrailerMagic));
  return out.take();
}

std::optional<Trailer> decode_trailer(View bytes, std::uint64_t size) {
  Reader in(bytes);
  Trailer trailer;
  trailer.offset = in.number<std::uint64_t>();
  trailer.count = in.number<std::uint64_t>();
  trailer.hash = in.id();
  in.require(in.number<std::uint64_t>() == 0);
  in.expect(kTrailerMagic);
  in.require(size <= kMostPack && trailer.offset >= kPackHeader && trailer.offset <= size);
  in.require(trailer.count <= kMostPack / kIndexEntry);
  in.require(in.good() && trailer.offset + trailer.count * kIndexEntry + kPackTrailer == size);
  if (!in.ended_well()) return std::nullopt;
  return trailer;
}

std::optional<Index> decode_index(View bytes, const Trailer& trailer) {
  if (bytes.size() != trailer.count * kIndexEntry || hash(bytes) != trailer.hash) {
    return std::nullopt;
  }
  Reader in(bytes);
  Index index(trailer.count);
  for (IndexEntry& entry : index) {
    entry.id = in.id();
    entry.frame = in.number<std::uint32_t>();
    entry.length = in.number<std::uint32_t>();
    entry.at = in.number<std::uint32_t>();
    entry.size = in.number<std::uint32_t>();
    in.require(leads_inside(entry, trailer.offset));
  }
  if (!in.ended_well()) return std::nullopt;
  return index;
}

Index rebuild_index(View pack, bool& damaged) {
  Index index;
  damaged = true;
  Reader start(pack.first(std::min(pack.size(), kPackHeader)));
  start.expect(kPackMagic);
  if (!start.good() || pack.size() < kPackHeader || pack.size() > kMostPack) return index;
  std::uint64_t at = kPackHeader;
  for (;;) {
    const View rest = pack.subspan(at);
    const auto length = length_of_frame(rest);
    if (!length || *length > rest.size()) break;
    if (const auto frame = decode_frame(rest.first(*length))) {
      std::uint32_t inside = 0;
      for (const std::uint32_t size : frame->sizes) {
        const ImageId id = hash(View(frame->plain).subspan(inside, size));
        index.push_back({id, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(*length),
                         inside, size});
        inside += size;
      }
    }
    at += *length;
  }
  Index sorted = index;
  damaged = !std::ranges::equal(encode_index(sorted, at), pack.subspan(at));
  return sorted;
}

}  // namespace cleave::detail::image
