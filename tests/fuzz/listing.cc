// Whatever a store of S3 answers, its parsers do too, within bounds: pages of a list, and cells.
#include "s3/listing.h"

#include <string>
#include <string_view>

#include "fuzz.h"
#include "image/store/cell.h"

namespace image = cleave::detail::image;

namespace {

void try_list(std::string_view xml) {
  const auto listing = cleave::detail::s3::parse_listing(xml);
  if (!listing) return;
  std::size_t letters = listing->next.size();
  for (const auto& item : listing->items) letters += item.key.size();
  fuzz::expect(letters <= xml.size(), "what is listed stands in the answer");
}

void try_cell(image::View bytes) {
  const auto cell = image::decode_cell(bytes);
  if (!cell) return;
  fuzz::expect(cell->cell.generation != 0 && cell->swaps.size() <= image::kSwapsKept &&
                   cell->cell.bytes.size() <= bytes.size(),
               "a cell's counts have bounds");
  const image::Bytes again =
      image::encode_cell(cell->cell.generation, cell->swaps, cell->cell.bytes);
  fuzz::expect(std::ranges::equal(again, bytes), "a cell is written in one way");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] == 'c') {
    try_cell(bytes);
  } else {
    try_list({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return 0;
}
