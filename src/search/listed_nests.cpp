// Ways of units without a space of nests: each nest is looked at by itself.
#include <algorithm>
#include <utility>

#include "candidates.hpp"
#include "fusescape/plan/traffic.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/workload/resident.hpp"
#include "nest_drafts.hpp"
#include "ways.hpp"

namespace fusescape {
namespace {

/// What nests of an operator that are weighed by laying them out weigh at the least: on chip the first tile;
/// before it and after the last one these.
class LeastWeights {
 public:
  LeastWeights(const Planner& planner, OpId op)
      : cascade_{planner.cascade()},
        twice_{planner.options().double_buffering && planner.options().count_second_slots},
        one_by_one_{planner.spatial()[index_of(op)].operand_loads == OperandLoads::kSerial} {
    const Operator& of = cascade_.op(op);
    const auto add = [&](const Access& access, int bits) {
      operands_.push_back({{.access = access, .bits = bits}, is_resident(cascade_, access.tensor)});
    };
    for (auto input = of.inputs.begin(); input != of.inputs.end(); ++input) {
      const auto same = [&](const Access& other) { return other.tensor == input->tensor; };
      if (input->tensor == of.output || std::any_of(of.inputs.begin(), input, same)) continue;
      add(*input, bits_of(cascade_.tensor(input->tensor).type));
      const auto number = static_cast<int>(input - of.inputs.begin());
      if (reads_whole(cascade_, {.op = op, .input = number})) add_whole(input->tensor);
    }
    const Tensor& made = cascade_.tensor(of.output);
    Access all{of.output, {}};
    for (const RankId rank : made.ranks) all.indices.push_back({rank});
    add(all, std::min(bits_of(made.type), bits_of(accumulator_of(made))));
    add_whole(of.output);
  }

  /// With what the tiles read of windows.
  [[nodiscard]] Weights of(const Candidate& nest, const ArrayWork& array) {
    loops_.clear();
    for (const LoopSpec& loop : nest.loops) loops_.push_back({.rank = loop.rank, .tile = loop.tile});
    const TileBounds first = first_tile(cascade_, loops_);
    Weights least{.moved = plain_, .held = {}, .ends = {}, .array = array};
    for (Operand& operand : operands_) {
      Slab& slab = operand.slab;
      const bool is_output = &operand == &operands_.back();
      slab.held = nest.holds_windows && !is_output;
      const Bytes in_first = slab_bytes(cascade_, slab, first);
      least.held += in_first * (twice_ && streams(slab.access) ? 2 : 1);
      if (operand.is_resident) continue;
      const Index* shifted = shifted_index(slab.access);
      if (shifted != nullptr && shifted->tap) least.moved += movement(cascade_, loops_, slab, Bytes{1}).bytes;
      if (is_output) least.ends += slab_bytes(cascade_, slab, last_tile(cascade_, loops_));
      if (!is_output && one_by_one_) least.ends += in_first;
    }
    return least;
  }

 private:
  struct Operand {
    Slab slab;
    bool is_resident = false;
  };

  void add_whole(TensorId tensor) {
    if (is_resident(cascade_, tensor)) return;
    plain_ += bytes_of(elements_of(cascade_, tensor), bits_of(cascade_.tensor(tensor).type));
  }
  [[nodiscard]] bool streams(const Access& access) const {
    return std::any_of(loops_.begin(), loops_.end(), [&](const PathLoop& loop) {
      return loop.tile < cascade_.extent(loop.rank).value() && names(access, loop.rank);
    });
  }

  const Cascade& cascade_;
  bool twice_ = false;       ///< What streams is held so.
  bool one_by_one_ = false;  ///< Inputs come so.
  Bytes plain_;
  std::vector<Operand> operands_;  ///< Inputs, each tensor once; the output is the last.
  std::vector<PathLoop> loops_;    ///< Room to work in.
};

class ListedNests : public Ways {
 public:
  ListedNests(const Planner& planner, OpId op) : planner_{planner}, op_{op}, nests_{planner.nests(op)} {}

  [[nodiscard]] std::vector<Sketch> sketches() override {
    weigh();
    std::vector<Sketch> sketches;
    for (const Weights& weights : least_)
      sketches.push_back(sketch_of(weights, static_cast<std::uint32_t>(sketches.size())));
    return sketches;
  }
  [[nodiscard]] Draft draft(std::uint32_t number) override {
    return {.weights = least_[number], .number = number};
  }
  [[nodiscard]] Candidate candidate(const Draft& draft) const override { return nests_[draft.number]; }
  [[nodiscard]] bool earlier(const Draft& a, const Draft& b) const override { return a.number < b.number; }

 private:
  /// Nothing is known of several operators together.
  void weigh() {
    least_.assign(nests_.size(), {});
    if (planner_.unit(op_).size() > 1 || !work_fits(planner_, op_)) return;
    NestWork work{planner_.cascade(), planner_.spatial(), planner_.array(), op_};
    LeastWeights least{planner_, op_};
    for (std::size_t i = 0; i < nests_.size(); ++i) least_[i] = least.of(nests_[i], work.of(nests_[i].loops));
  }

  const Planner& planner_;
  OpId op_;
  std::vector<Candidate> nests_;
  std::vector<Weights> least_;  ///< Of each.
};

}  // namespace

std::unique_ptr<Ways> ways_of(const Planner& planner, OpId op) {
  if (planner.unit(op).size() == 1 && has_nest_space(planner.cascade(), op))
    return std::make_unique<NestDrafts>(planner, op);
  return std::make_unique<ListedNests>(planner, op);
}

}  // namespace fusescape
