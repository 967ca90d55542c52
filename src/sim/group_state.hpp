// What changes while groups run, and what while one does? All of it lies in flat arrays that are allocated
// before the first event.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "dram_port.hpp"
#include "fusescape/sim/observer.hpp"
#include "program.hpp"

namespace fusescape {

/// No event: sorts after every real time.
inline constexpr Ticks kNever{std::numeric_limits<Int128>::max()};

/// What goes on from group to group.
struct SimState {
  Ticks now{};
  std::vector<DramPort> ports{};         ///< One, or one for reads and one for writes.
  std::vector<Ticks> onchip_free{};      ///< When each on-chip port has done all that was asked of it.
  std::vector<Ticks> link_free{};        ///< When each link is free.
  std::vector<SimResource> resources{};  ///< What DRAM ports did, and all bytes, are filled in at the end.
  std::vector<std::int64_t> moved{};     ///< Bytes, per resource.
  SimObserver* observer = nullptr;
  std::int64_t events = 0;
  std::int64_t skipped = 0;

  [[nodiscard]] DramPort& port(bool store) { return ports[store ? ports.size() - 1 : 0]; }
};

/// Bytes of one tensor between DRAM and chip, in one group.
struct TensorMoves {
  std::int64_t read = 0;
  std::int64_t written = 0;
  std::int64_t evicted = 0;   ///< Written because there was no room.
  std::int64_t reloaded = 0;  ///< Read again after that.
};

/// What a core's tile waits for.
struct Wait {
  Stall cause{};
  int touch = -1;  ///< Of the tile,
  int edge = -1;   ///< or of the program.
};

struct CoreState {
  Odometer at{};
  std::vector<std::int64_t> iterations{};  ///< Per loop: bodies begun.
  std::size_t step = 0;                    ///< Into the core's steps.
  int head = -1;                           ///< The tile that it runs, or runs next; -1: none is left.
  bool running = false;
  bool computed = false;  ///< Its tile has run, and waits for what passes through.
  Ticks compute{};        ///< Time of its tile on the PEs alone.
  Ticks started{};
  Ticks end{};
  bool blocked = false;
  Wait wait{};  ///< If it is blocked.
  Ticks blocked_since{};
};

/// What a tile has made arrives at another core.
struct Delivery {
  Ticks at{};
  int edge = 0;
};

/// Bytes on chip, as an observer hears of them.
struct OnChip {
  std::vector<std::int64_t> tensors{};  ///< Per tensor.
  std::vector<TensorId> changed{};      ///< Since this instant; kept for observers.
  bool observed = false;

  void add(TensorId tensor, std::int64_t change) {
    tensors[index_of(tensor)] += change;
    if (observed && std::find(changed.begin(), changed.end(), tensor) == changed.end())
      changed.push_back(tensor);
  }
};

struct GroupState {
  const SimContext& context;
  const GroupProgram& program;
  SimState& sim;
  std::vector<CoreState> cores{};
  std::vector<std::int64_t> delivered{};  ///< Per edge.
  std::vector<Delivery> deliveries{};
  std::vector<std::int64_t> runs{};  ///< Per tile.
  std::vector<TensorMoves> moves{};  ///< Per tensor.
  OnChip on_chip{};
  int running = 0;  ///< Tiles.
  Ticks running_since{};
  Ticks compute{};  ///< In which some tile ran.
  mutable TileBounds scratch{};

  [[nodiscard]] const TileSpec& tile(int id) const { return program.tiles[static_cast<std::size_t>(id)]; }
  /// Loops around a tile; none if there is no tile.
  [[nodiscard]] const std::vector<int>& path_of(int id) const {
    static const std::vector<int> none;
    return id < 0 ? none : tile(id).path;
  }
  [[nodiscard]] const BufferSpec& buffer(int id) const {
    return program.buffers[static_cast<std::size_t>(id)];
  }
  [[nodiscard]] std::int64_t bytes(const SlabSpec& slab, const Odometer& at) const {
    return slab.bytes(context.cascade, at, scratch);
  }
};

}  // namespace fusescape
