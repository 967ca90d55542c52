// Which way to run a unit alone is the best on one machine, and on which others?
// (docs/adr/tiling-of-single-operators.md)
//
// Of all ways little is known, once: what they move and hold at the least, and how long they take at the
// least. Who asks is answered from that, and from the few ways that it does not rule out, which are weighed
// and timed when first needed.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "fusescape/search/planner.hpp"
#include "fusescape/search/recent.hpp"
#include "least_time.hpp"
#include "ways.hpp"

namespace fusescape {

/// What the best way depends on beside the size of the memory, of machines with the planner's array: how long
/// ports take. Of a unit of several operators the size may also tell how long it takes.
struct PortTimes {
  Bytes capacity;  ///< If so.
  std::int64_t ticks_per_cycle = 0;
  std::int64_t dram = 0;  ///< Ticks per byte, as the others.
  std::int64_t read = 0;
  std::int64_t write = 0;
  std::int64_t launch = 0;  ///< Cycles.
  Ports dram_ports{};
  Ports sram_ports{};
  friend auto operator<=>(const PortTimes&, const PortTimes&) = default;
};

inline constexpr Bytes kEndlessMemory{std::int64_t{1} << 50U};  ///< Holds it.

/// The best on machines of the same times whose memories are of these sizes, both included. It stays the best
/// with slower on-chip ports that neither it nor the witness waits for.
struct WayFound {
  Bytes from{};
  Bytes to = kEndlessMemory;
  std::shared_ptr<const Candidate> best{};  ///< None if none fits.
  std::shared_ptr<const Candidate> witness{};
};

/// Ways to run the unit of one operator. For one thread at a time.
class BestWays {
 public:
  BestWays(const Planner& planner, OpId op, std::stop_token stop);

  /// Planner::best, and if `wide`, for memories of which other sizes. After a stop none, or not the best.
  [[nodiscard]] WayFound best(const Machine& machine, const PortTimes& times, bool wide);

 private:
  friend class BestWay;

  enum class Known : unsigned char { kNotYet, kNo, kYes };

  /// A way that has been looked at.
  struct Made {
    Draft draft;
    std::uint32_t sketch = 0;
    std::shared_ptr<Candidate> candidate{};  ///< Once its loops are asked for.
    Known legal = Known::kNotYet;            ///< If so, the candidate's weights are its profile's.
    Known kept = Known::kNotYet;             ///< No other outdoes it.
  };
  /// On machines of equal times.
  struct Timed {
    std::optional<Ticks> latency{};  ///< None, once asked for: it does not run.
    bool asked = false;
  };
  using AllTimed = std::vector<Timed>;  ///< Of those that are made.

  /// Consecutive sketches, and the least of each weight.
  struct Block {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    Sketch least;
  };

  [[nodiscard]] Made& made(std::uint32_t sketch);
  [[nodiscard]] Made* if_made(std::uint32_t sketch) const {
    const std::uint32_t at = sketches_[sketch].made;
    return at == 0 ? nullptr : made_[at - 1].get();
  }
  [[nodiscard]] const Weights& weights(const Made& made) const;
  [[nodiscard]] Candidate& candidate(Made& made) const;
  [[nodiscard]] bool is_legal(Made& made) const;
  /// Whether no row of its tiles ends short.
  [[nodiscard]] bool is_even(std::uint32_t sketch);
  [[nodiscard]] bool is_kept(std::uint32_t sketch);
  [[nodiscard]] bool is_outdone(const Made& own);
  [[nodiscard]] bool outdoes(std::uint32_t other, const Made& own);

  const Planner& planner_;
  OpId op_;
  std::stop_token stop_;
  std::unique_ptr<Ways> ways_;
  std::vector<Sketch> sketches_;
  std::vector<Block> blocks_;  ///< Of them.
  std::vector<std::unique_ptr<Made>>
      made_;                           ///< Sketch::made: the position here, plus one; 0: it has not been.
  std::vector<std::uint32_t> last_{};  ///< Sketches of the best and the witness that were found last.
  Recent<std::map<PortTimes, AllTimed>> timed_;
};

}  // namespace fusescape
