// What does a tiling of one operator ask of the array? Its tiles are all combinations of those of its cuts,
// which are taken apart once.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "candidates.hpp"
#include "fusescape/plan/array_time.hpp"
#include "fusescape/plan/work.hpp"

namespace fusescape {

/// Per class of a space the position of its cut.
using Cuts = std::vector<std::uint32_t>;

/// Whether what any of its nests asks of the array fits 64 bits: in ones, each tile fills the array anew.
[[nodiscard]] bool work_fits(const Planner& planner, OpId op);

/// Quick where one tiling after another differs in the first class's cut alone, and quicker where no
/// dimension of the array has ranks of two classes: then tiles take products of what the cuts of each class
/// take.
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
  /// Equal tiles of some classes, where no dimension has ranks of two: what they take the array.
  struct ArrayTiles {
    std::int64_t count = 1;
    std::int64_t in_time = 1;
    std::int64_t steps = 1;                                       ///< In space.
    std::int64_t made = 1;                                        ///< Elements of the output.
    std::array<std::int64_t, kMostAccesses> covered{1, 1, 1, 1};  ///< Elements of each operand, in all steps.
    std::array<WorkProducts::Stationary, kMostCandidates> stationary{};
    std::uint32_t stationary_count = 0;
  };
  /// Of all tiles of one cut.
  struct CutSums {
    std::int64_t steps = 0;  ///< In space and time.
    std::int64_t count = 0;
  };
  template <class Some>
  struct Combined {
    Cuts cuts{};  ///< Of the classes but the first; none: there is nothing yet.
    std::vector<Some> tiles{};
  };

  /// `visit(count)` for the tiles of the loops from `loop` on, all of them `count` times: full ones, and the
  /// shorter last one.
  template <class Visit>
  void take_apart(const Loops& loops, std::size_t loop, std::int64_t count, const Visit& visit);
  [[nodiscard]] Tiles product(const Tiles& a, const Tiles& b) const;
  [[nodiscard]] PeTiles product(const PeTiles& a, const PeTiles& b) const;
  [[nodiscard]] ArrayTiles product(const ArrayTiles& a, const ArrayTiles& b) const;
  [[nodiscard]] ArrayTiles on_array(const Tiles& tiles);
  [[nodiscard]] bool is_separable(const NestSpace& space) const;
  [[nodiscard]] std::vector<Tiles> tiles_of(std::size_t rank_class, std::size_t cut);
  [[nodiscard]] CutSums sum_of(std::size_t rank_class, const Loops& loops);
  void sum_cuts(const SpatialMapping& mapping);
  void price(std::size_t rank_class, std::size_t cut);
  template <class Some>
  void combine(const Cuts& cuts, const std::vector<std::vector<std::vector<Some>>>& all,
               Combined<Some>& others) const;
  void add(const Tiles& tiles, ArrayWork& sum);
  void add(const ArrayTiles& tiles, ArrayWork& sum);
  template <class Some>
  void add_all(const Cuts& cuts, const std::vector<std::vector<std::vector<Some>>>& all,
               Combined<Some>& others, ArrayWork& sum);
  [[nodiscard]] std::int64_t cycles(const PeTiles& a, const PeTiles& b) const;

  const ArrayModel& array_;
  const Engine& engine_;
  const NestSpace& space_;
  PerDimension sizes_;
  std::vector<std::size_t> dimensions_;  ///< On which ranks of more than one element lie.
  WorkShape shape_;
  WorkTable table_;                                     ///< Room to work in.
  std::vector<std::int64_t> extent_;                    ///< Per rank; of a tile, while cuts are taken apart.
  std::vector<std::vector<std::vector<Tiles>>> tiles_;  ///< Per class and cut.
  std::vector<std::vector<std::vector<PeTiles>>> pe_tiles_;  ///< Likewise.
  Combined<Tiles> others_;                                   ///< Of all classes but the first.
  Combined<PeTiles> pe_others_;                              ///< Likewise.

  bool separable_ = false;  ///< If so, of all these there are only the next.
  std::vector<std::vector<std::vector<ArrayTiles>>> array_tiles_;  ///< Per class and cut; none: not yet made.
  std::vector<std::vector<CutSums>> sums_;                         ///< Per class and cut.
  /// Per class its ranks, and on which dimension each lies; kDimensionCount: in time.
  std::vector<std::vector<std::pair<RankId, std::size_t>>> laid_;
  Combined<ArrayTiles> array_others_;
  CutSums other_sums_;       ///< Of all classes but the first.
  std::vector<int> bits_{};  ///< Per operand, of an element.
};

}  // namespace fusescape
