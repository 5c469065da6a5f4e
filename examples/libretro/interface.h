// What this front end uses of libretro's interface, by which an emulator is a library: its numbers,
// and the names of its functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cleave::example::retro {

// What a core asks its front end for.
inline constexpr unsigned kCanRepeatPictures = 3;
inline constexpr unsigned kSystemFolder = 9;
inline constexpr unsigned kPixelFormat = 10;
inline constexpr unsigned kSaveFolder = 31;
inline constexpr unsigned kExperimental = 0x10000;

inline constexpr int kXrgb8888 = 1;  // the one format of pixels that has four bytes
inline constexpr unsigned kJoypad = 1;
inline constexpr unsigned kButtonB = 0;
inline constexpr unsigned kSelect = 2;  // then Start and the directions
inline constexpr unsigned kButtonA = 8;

struct Game {
  const char* path;
  const void* data;
  std::size_t size;
  const char* about;
};

using Environment = bool(unsigned what, void* data);
using Picture = void(const void* pixels, unsigned width, unsigned height, std::size_t pitch);
using Sample = void(std::int16_t left, std::int16_t right);
using Samples = std::size_t(const std::int16_t* samples, std::size_t pairs);
using Poll = void();
using Button = std::int16_t(unsigned port, unsigned device, unsigned index, unsigned button);

}  // namespace cleave::example::retro
