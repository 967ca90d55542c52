// Are two simulations of a plan the same?
#pragma once

#include <catch2/catch.hpp>

#include "fusescape/sim/simulate.hpp"

namespace fusescape::test_plans {

inline void check_same(const SimResult& fast, const SimResult& full) {
  REQUIRE(fast.latency == full.latency);
  REQUIRE(fast.peak == full.peak);
  REQUIRE(fast.traffic.size() == full.traffic.size());
  for (std::size_t i = 0; i < full.traffic.size(); ++i) {
    const SimTraffic& a = fast.traffic[i];
    const SimTraffic& b = full.traffic[i];
    REQUIRE(a.tensor == b.tensor);
    REQUIRE(a.read == b.read);
    REQUIRE(a.written == b.written);
    REQUIRE(a.evicted == b.evicted);
    REQUIRE(a.reloaded == b.reloaded);
  }
  for (std::size_t i = 0; i < full.resources.size(); ++i) {
    CAPTURE(full.resources[i].name);
    REQUIRE(fast.resources[i].busy == full.resources[i].busy);
    REQUIRE(fast.resources[i].bytes == full.resources[i].bytes);
    REQUIRE(fast.resources[i].stall == full.resources[i].stall);
  }
  for (std::size_t i = 0; i < full.tiles.size(); ++i) REQUIRE(fast.tiles[i].runs == full.tiles[i].runs);
  for (std::size_t i = 0; i < full.groups.size(); ++i) {
    REQUIRE(fast.groups[i].start == full.groups[i].start);
    REQUIRE(fast.groups[i].compute == full.groups[i].compute);
    REQUIRE(fast.groups[i].end == full.groups[i].end);
  }
}

}  // namespace fusescape::test_plans
