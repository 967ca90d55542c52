// What did a loader read? Its value, or a failed test with its diagnostics.
#pragma once

#include <catch2/catch.hpp>
#include <utility>

#include "fusescape/config/load.hpp"

namespace fusescape {

template <class T>
T value_of(Loaded<T> loaded) {
  if (!loaded) FAIL(loaded.error().text);
  return *std::move(loaded);
}

}  // namespace fusescape
