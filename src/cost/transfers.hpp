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

/// Fills all that follows, but for places, into a group's profile. `group.dram_write` and its runs must be
/// there.
void sum_up(const GroupStreams& streams, GroupProfile& group);

/// Bytes that the busier port moves.
[[nodiscard]] PerPorts both_ways(Bytes reads, Bytes writes);

// lead.cpp
[[nodiscard]] Lead lead(const GroupStreams& group);

// equal_tiles.cpp
[[nodiscard]] std::optional<EqualTiles> equal_tiles(const GroupStreams& group, const Lead& lead, Bytes tail);

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

// single_slots.cpp
/// `alive`: as for find_places; `profile`: with lead, tail and peak.
[[nodiscard]] std::vector<SingleSlots> single_slots(const GroupStreams& group,
                                                    const std::vector<Bytes>& alive,
                                                    const GroupProfile& profile);

/// Per run, the bytes alive at its most crowded leaf.
[[nodiscard]] std::vector<Bytes> alive_in_runs(const GroupStreams& group, const std::vector<Bytes>& alive);
/// The same at its last tile, where streams have no further visits and need one slot.
[[nodiscard]] Bytes alive_at_end(const GroupStreams& group, std::size_t run, Bytes alive);
/// Bytes of the first slabs of a turn of `s`, up to its own first one, beside what is alive in `run`. Expects
/// that it may be early.
[[nodiscard]] Bytes early_bytes(const GroupStreams& group, const BufferStream& s, std::size_t run);
/// What turns wait for, at least, if their first slabs of `s` do not come before; but the group's first turn,
/// whose loads are its lead.
[[nodiscard]] Bytes late(const GroupStreams& group, const BufferStream& s);
/// Whether its loads come before their turn whenever there is room, whatever else leaves or is made.
[[nodiscard]] bool may_be_early(const BufferStream& s);

// sequence.cpp
/// Fills the sequence of each run, if they do not take turns.
void find_sequence(const GroupStreams& group, std::span<RunProfile> runs);

}  // namespace fusescape
