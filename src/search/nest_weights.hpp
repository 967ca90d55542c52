// What does a loop nest around one operator move, hold and ask of the array? Without laying it out.
#pragma once

#include <cstdint>
#include <vector>

#include "candidates.hpp"
#include "fusescape/search/array_work.hpp"

namespace fusescape {

/// Of the nests of one space. A class of ranks counts as one rank, since the same operands have all of it.
/// Nothing is known of an operator whose counts may not fit 64 bits: evaluation refuses it.
class NestWeights {
 public:
  NestWeights(const Planner& planner, OpId op, const NestSpace& space);

  /// Over the DRAM port.
  [[nodiscard]] Bytes moved(const Tiling& tiling) const;

  struct Weighed {
    Weights weights;
    bool exact = true;  ///< Every visit is a whole number of granules: the profile says the same. Else it
                        ///< says no less.
  };
  [[nodiscard]] Weighed of(const Tiling& tiling);

 private:
  /// One cut of one class.
  struct Cut {
    std::int64_t trips = 1;
    std::int64_t tile = 1;  ///< Elements of the first one.
    std::int64_t second = 1;
    std::int64_t last = 1;
    std::int64_t step = 1;  ///< Every tile holds a multiple of so many.
  };
  /// An input, or the output.
  struct Operand {
    int bits = 0;
    std::uint32_t classes = 0;  ///< Bit c: it has the ranks of class c.
    std::int64_t whole = 1;     ///< Elements.
  };
  /// What an operand's buffer holds.
  struct Slab {
    std::int64_t first = 1;
    std::int64_t second = 1;
    std::int64_t last = 1;
    std::int64_t step = 1;
    std::size_t depth = 0;  ///< Cuts down to the innermost that changes it; 0: there is one slab only.
  };

  [[nodiscard]] static bool has(const Operand& operand, std::size_t rank_class) {
    return ((operand.classes >> rank_class) & 1U) != 0;
  }
  [[nodiscard]] static Cut cut_of(const Cascade& cascade, const std::vector<RankId>& ranks,
                                  const Loops& loops);
  [[nodiscard]] std::int64_t passes(const Operand& operand, const Tiling& tiling) const;
  [[nodiscard]] Slab slab_of(const Operand& operand, const Tiling& tiling) const;

  const ProfileOptions& options_;
  const NestSpace& space_;
  std::vector<std::vector<Cut>> cuts_;  ///< Per class, as in the space.
  std::vector<Operand> operands_;       ///< Each input once; the output is the last.
  int sum_bits_ = 0;                    ///< Of a partial sum.
  bool known_ = true;                   ///< No operand is read along a diagonal, and all counts fit.
  bool one_by_one_ = true;              ///< Inputs of a tile come one after another.
  NestWork work_;
  Loops loops_;
};

}  // namespace fusescape
