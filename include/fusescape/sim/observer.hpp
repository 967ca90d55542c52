// What happened when? Every tile, transfer and change of memory of a simulation, for traces and timelines.
#pragma once

#include <cstdint>

#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

enum class SimEventKind : unsigned char {
  kTile,      ///< A tile node runs on a core.
  kLoad,      ///< Bytes of `tensor` come from DRAM.
  kStore,     ///< Bytes of `tensor` go to DRAM.
  kTransfer,  ///< Bytes of `tensor` occupy a link between cores.
};

/// One span of time on one resource. A load that yields to an inner one is several spans.
struct SimEvent {
  SimEventKind kind{};
  Ticks start{};
  Ticks end{};
  std::uint32_t resource = 0;  ///< Into SimResult::resources.
  std::uint32_t group = 0;
  std::uint32_t tile = 0;  ///< Index into SimResult::tiles, if it is a tile.
  TensorId tensor{};       ///< What moves, if it is no tile.
  Bytes bytes{};           ///< That this span moves; 0 for a tile.
};

/// How many bytes `tensor` holds on chip from `at` on, and all tensors together.
struct MemoryChange {
  Ticks at{};
  TensorId tensor{};
  Bytes tensor_bytes{};
  Bytes total{};
};

/// Called in the order of `end` and `at`, but for transfers over links, which are told when they are asked
/// for, and parts of a tile on several cores, which are told when the tile ends. With
/// SimOptions::steady_state, spans that repeat are not reported but announced by `skipped`.
class SimObserver {
 public:
  SimObserver() = default;
  SimObserver(const SimObserver&) = delete;
  SimObserver& operator=(const SimObserver&) = delete;
  SimObserver(SimObserver&&) = delete;
  SimObserver& operator=(SimObserver&&) = delete;
  virtual ~SimObserver() = default;

  virtual void event(const SimEvent& event) = 0;
  virtual void memory(const MemoryChange& change) = 0;
  /// From `from` to `to` the `periods` periods before `from` were repeated.
  virtual void skipped(Ticks from, Ticks to, std::int64_t periods) = 0;
};

}  // namespace fusescape
