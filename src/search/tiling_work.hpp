// What does a tiling of one operator ask of the array? Its tiles are all combinations of those of its cuts,
// which are taken apart once.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "candidates.hpp"
#include "fusescape/plan/array_time.hpp"
#include "fusescape/plan/work.hpp"

namespace fusescape {

/// Per class of a space the position of its cut.
using Cuts = std::vector<std::uint32_t>;

/// Quick where one tiling after another differs in the first class's cut alone.
class TilingWork {
 public:
  TilingWork(const Planner& planner, OpId op, const NestSpace& space);

  /// All of it, as array_work says of the profile.
  [[nodiscard]] ArrayWork of(const Cuts& cuts);

  /// For compute(): the cuts of all classes but the first.
  void go_to_row(const Cuts& cuts);
  /// The cycles alone of the tiling with that cut of the first class. Expects a class, a core that runs the
  /// operator, and an operator all of whose counts fit 64 bits.
  [[nodiscard]] Cycles compute(std::size_t first_cut) const;

 private:
  /// Equal tiles, of some classes: the products along their ranks.
  struct Tiles {
    std::int64_t count = 1;
    WorkProducts products;
  };
  /// What of them decides how long they take the PEs.
  struct PeTiles {
    std::int64_t count = 1;
    std::int64_t in_time = 1;
    std::array<std::int64_t, kDimensionCount> on_hardware{1, 1, 1, 1};
  };
  [[nodiscard]] static PeTiles on_pes(const Tiles& tiles);
  template <class Some>
  struct Combined {
    Cuts cuts{};  ///< Of the classes but the first; none: there is nothing yet.
    std::vector<Some> tiles{};
  };

  void take_apart(const Loops& loops, std::size_t loop, std::int64_t count, std::span<const RankId> ranks,
                  std::vector<Tiles>& tiles);
  [[nodiscard]] Tiles product(const Tiles& a, const Tiles& b) const;
  [[nodiscard]] PeTiles product(const PeTiles& a, const PeTiles& b) const;
  template <class Some>
  void combine(const Cuts& cuts, const std::vector<std::vector<std::vector<Some>>>& all,
               Combined<Some>& others) const;
  void add(const Tiles& tiles, ArrayWork& sum);
  [[nodiscard]] std::int64_t cycles(const PeTiles& a, const PeTiles& b) const;

  const ArrayModel& array_;
  const Engine& engine_;
  PerDimension sizes_;
  std::vector<std::size_t> dimensions_;  ///< On which ranks of more than one element lie.
  WorkShape shape_;
  WorkTable table_;                                     ///< Room to work in.
  std::vector<std::int64_t> extent_;                    ///< Per rank; of a tile, while cuts are taken apart.
  std::vector<std::vector<std::vector<Tiles>>> tiles_;  ///< Per class and cut.
  std::vector<std::vector<std::vector<PeTiles>>> pe_tiles_;  ///< Likewise.
  Combined<Tiles> others_;                                   ///< Of all classes but the first.
  Combined<PeTiles> pe_others_;                              ///< Likewise.
};

}  // namespace fusescape
