// What does a loop nest around one operator move, hold and ask of the array? Without laying it out.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "candidates.hpp"
#include "loop_orders.hpp"
#include "tiling_work.hpp"
#include "ways.hpp"

namespace fusescape {

/// Of the nests of one space. A class of ranks counts as one rank, since the same operands have all of it.
/// Nothing but its work is known of an operator whose counts may not fit 64 bits: evaluation refuses it.
class NestWeights {
 public:
  NestWeights(const Planner& planner, OpId op, const NestSpace& space);

  /// No operand is read along a diagonal, and all counts fit.
  [[nodiscard]] bool known() const { return known_; }

  /// Goes to the tiling of this number: all that follows is of it.
  void go_to(std::size_t number);

  /// The order that moves least over the DRAM port, of equals the first.
  struct Lightest {
    Bytes moved;
    const LoopOrder* order = nullptr;
  };
  [[nodiscard]] Lightest lightest();

  /// Of all tilings. Expects has_sketches(), and that their work fits.
  [[nodiscard]] std::vector<Sketch> sketches();
  /// Whether it is known(), with a core that runs the operator, some class, and operands of whole bytes.
  [[nodiscard]] bool has_sketches() const { return known_ && whole_bytes_ && !space_.cuts.empty(); }

  struct Weighed {
    Weights weights;
    bool exact = true;  ///< Every visit is a whole number of granules: the profile says the same. Else it
                        ///< says no less.
  };
  [[nodiscard]] Weighed of(const Lightest& lightest);

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
    int moved_bits = 0;      ///< Over the DRAM port; 0: it is resident.
    ClassSet classes = 0;    ///< Whose ranks it has.
    std::int64_t whole = 1;  ///< Elements.
  };
  /// What an operand's buffer holds.
  struct Slab {
    std::int64_t first = 1;
    std::int64_t second = 1;
    std::int64_t last = 1;
    std::int64_t step = 1;
    std::size_t depth = 0;  ///< Cuts down to the innermost that changes it; 0: there is one slab only.
  };

  /// A number of bytes, by the tile or the trips of the first class.
  struct Linear {
    std::int64_t fixed = 0;
    std::int64_t each = 0;
    void add(std::int64_t bytes, bool by_first) { (by_first ? each : fixed) += bytes; }
    [[nodiscard]] std::int64_t at(std::int64_t count) const { return fixed + each * count; }
  };
  /// Tilings that differ in the first class's cut alone, which is there or not.
  struct Row {
    Linear held_by_tile;
    Linear ends_by_tile;
    Linear ends_by_last;
    std::vector<Linear> moved_by_trips;  ///< Per order.
  };

  void fill(Row& row);
  void sketch_row(std::uint32_t first, std::array<Row, 2>& rows, std::vector<Sketch>& sketches);
  [[nodiscard]] static Cut cut_of(const Cascade& cascade, const std::vector<RankId>& ranks,
                                  const Loops& loops);
  [[nodiscard]] std::vector<ClassSet> add_operands(const Cascade& cascade, const Operator& op);
  [[nodiscard]] Bytes held() const;
  [[nodiscard]] const Cut& cut(std::size_t rank_class) const { return *at_[rank_class]; }
  [[nodiscard]] std::int64_t trips(ClassSet classes) const;
  [[nodiscard]] std::int64_t moved(const LoopOrder& order) const;
  [[nodiscard]] std::int64_t slab(const Operand& operand, std::int64_t Cut::*elements) const;
  [[nodiscard]] std::int64_t held_bytes(const Operand& operand, int bits) const;
  [[nodiscard]] int held_bits(const Operand& operand) const;
  [[nodiscard]] Slab slab_of(const Operand& operand, const LoopOrder& order) const;

  const ProfileOptions& options_;
  const NestSpace& space_;
  std::vector<std::vector<Cut>> all_cuts_;  ///< Per class, as in the space.
  std::vector<Operand> operands_;           ///< Each input once; the output is the last.
  int sum_bits_ = 0;                        ///< Of a partial sum.
  bool known_ = true;
  bool whole_bytes_ = true;  ///< All elements of operands, and of sums, take.
  bool one_by_one_ = true;   ///< Inputs of a tile come one after another.
  TilingWork work_;
  LoopOrders orders_;
  Cuts cuts_;                   ///< Of the tiling.
  std::vector<const Cut*> at_;  ///< Likewise.
  ClassSet looped_ = 0;         ///< Classes that it cuts.
};

}  // namespace fusescape
