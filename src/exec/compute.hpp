// What does one tile of an operator, or of a chain, compute? Element by element, from what its buffers hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "fusescape/exec/semantics.hpp"
#include "residency.hpp"

namespace fusescape {

/// Sums that are in progress within one tile, in the PEs.
struct RunningSum {
  double sum = 0.0;
  std::int64_t done = 0;  ///< Terms that came with it from the buffer.
  std::int64_t here = 0;  ///< Terms of this tile.
};

/// Runs operators on the PEs; the order of terms of each sum is remembered from tile to tile.
class Compute {
 public:
  Compute(Chip& chip, const std::vector<NumberFormat>& formats) : chip_{chip}, formats_{formats} {
    begun_.resize(chip.cascade.operators.size());
  }

  /// One tile of the operators `members`: several are a chain, run element by element.
  [[nodiscard]] std::optional<ValueFault> run(const std::vector<OpId>& members, Residency& buffers,
                                              const Bounds& bounds);

 private:
  /// Which terms of an operator's sums come before each of its tiles.
  struct Begun {
    std::map<SlabKey, std::int64_t> before;
    std::int64_t terms = 0;
  };
  /// One operator in the tile that is running.
  struct Member {
    OpId op{};
    std::int64_t before = 0;  ///< Terms of its sums in earlier tiles,
    std::int64_t here = 1;    ///< in this one,
    std::int64_t whole = 1;   ///< and in all.
    std::unordered_map<std::int64_t, RunningSum> sums;
  };

  struct Made {
    OpId op{};
    Coordinates at;
    std::int64_t id = 0;
    Held held;
  };

  Member member(OpId op, const Bounds& bounds);
  [[nodiscard]] std::vector<RankId> order(const std::vector<OpId>& members) const;
  [[nodiscard]] bool is_masked(const Operator& op) const;
  void run_point(Member& member);
  void write_back();
  void make_element(const Operator& op, Member& member, std::int64_t id);
  void add_term(const Operator& op, Member& member, std::int64_t id);
  [[nodiscard]] std::optional<RunningSum> resume(const Operator& op, const Member& member, std::int64_t id);
  [[nodiscard]] double input(OpId op, int input);
  void fail(BadValue problem, OpId op, TensorId tensor, const Coordinates& at);
  void missing(const Held& held, OpId op, TensorId tensor, std::int64_t id, const Coordinates& at);

  Chip& chip_;
  const std::vector<NumberFormat>& formats_;
  std::vector<Begun> begun_;  ///< Per operator.

  // The tile that is running.
  Residency* buffers_ = nullptr;
  Coordinates point_;  ///< Per rank of the cascade.
  Coordinates output_;
  std::map<TensorId, std::pair<std::int64_t, Held>>
      registers_;           ///< Of a chain: the last element of each tensor.
  std::vector<Made> made_;  ///< At this point, by all its operators.
  std::optional<ValueFault> fault_;
};

}  // namespace fusescape
