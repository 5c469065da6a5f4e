// Errors that say of which commit a page could not be had.
#pragma once

#include <cleave/error.h>
#include <cleave/image/id.h>
#include <cleave/units.h>

namespace cleave::detail::image {

/// The error of an access to a page whose bytes could not be had, whatever was the matter: io, with
/// the page as `where`. Its text lives for ever: one is made for each commit and matter.
Error named(const Error& matter, const ImageId& commit, PageNo page) noexcept;

}  // namespace cleave::detail::image
