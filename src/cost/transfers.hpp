// What do a group's transfers contribute to the bounds of its latency?
//
// Each in the file of its name, which says where docs/model/latency.md has it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fusescape/cost/profile.hpp"
#include "streams.hpp"

namespace fusescape {

/// Fills all that follows, but for places, into a group's profile and those of its runs. `group.dram_write`
/// must be there.
void sum_up(const GroupStreams& streams, GroupProfile& group, std::span<RunProfile> runs);

/// Bytes that the busier port moves.
[[nodiscard]] PerPorts both_ways(Bytes reads, Bytes writes);

// lead.cpp
[[nodiscard]] Lead lead(const GroupStreams& group);

// equal_tiles.cpp
[[nodiscard]] std::optional<EqualTiles> equal_tiles(const GroupStreams& group, const Lead& lead);

// waits.cpp
/// With `ends`, the bytes of lead and tail.
[[nodiscard]] PerPorts waits(const GroupStreams& group, Bytes ends);

// idle_port.cpp
[[nodiscard]] IdlePort idle_port(const GroupStreams& group);

// last_visit.cpp
[[nodiscard]] LastVisit last_visit(const GroupStreams& group);

// returns.cpp
[[nodiscard]] Returns returns(const GroupStreams& group);

// turns.cpp
[[nodiscard]] AcrossRuns across_runs(const GroupStreams& group);
/// Fills the turns of each run.
void find_turns(const GroupStreams& group, std::span<RunProfile> runs);

// places.cpp
/// Appends those of each run to `places`. `alive`: bytes per node of the plan (plan/places.hpp).
void find_places(const GroupStreams& group, const std::vector<Bytes>& alive, std::span<RunProfile> runs,
                 std::vector<RunPlaces>& places);

// sequence.cpp
/// Fills the sequence of each run, if they do not take turns.
void find_sequence(const GroupStreams& group, std::span<RunProfile> runs);

}  // namespace fusescape
