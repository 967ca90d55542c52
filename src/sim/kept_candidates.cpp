#include "kept_candidates.hpp"

#include <algorithm>

namespace fusescape {
namespace {

class Candidates {
 public:
  Candidates(const Cascade& cascade, const Plan& plan, const Layout& layout, const std::vector<bool>& fits,
             Keep keep)
      : cascade_{cascade},
        plan_{plan},
        layout_{layout},
        fits_{fits},
        keep_{keep},
        group_of_(cascade.operators.size()) {
    for (std::size_t g = 0; g < layout.groups.size(); ++g) {
      for (const OpId op : layout.groups[g].operators) group_of_[index_of(op)] = g;
    }
  }

  [[nodiscard]] bool holds(TensorId tensor) const {
    const auto producer = cascade_.producer[index_of(tensor)];
    const auto& uses = cascade_.uses[index_of(tensor)];
    const Tensor& what = cascade_.tensor(tensor);
    if (!producer || uses.empty() || what.kind == TensorKind::kOutput || what.final_value == Final::kStored ||
        what.initial == Initial::kLoaded)
      return false;
    const bool packed = std::any_of(plan_.formats.begin(), plan_.formats.end(),
                                    [&](const StorageFormat& format) { return format.tensor == tensor; });
    const std::size_t first = group_of_[index_of(*producer)];
    std::size_t last = first;
    bool plain = !packed && may_keep(first);
    for (const Use& use : uses) {
      const std::size_t group = group_of_[index_of(use.op)];
      last = std::max(last, group);
      plain = plain && may_keep(group) &&
              !is_shifted(cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
    }
    for (std::size_t g = first; g <= last; ++g) plain = plain && fits_[g];
    return plain && last > first && is_made_once(first, tensor);
  }

 private:
  /// A group of operators that the plan could have run apart.
  [[nodiscard]] bool is_fused(const GroupLayout& group) const {
    const auto& recurrence = cascade_.recurrence_of[index_of(group.operators.front())];
    const std::size_t unit = recurrence ? cascade_.recurrences[*recurrence].operators.size() : 1;
    return group.operators.size() > unit;
  }

  [[nodiscard]] bool may_keep(std::size_t group) const {
    return keep_ == Keep::kAll || (keep_ == Keep::kFusedGroups && is_fused(layout_.groups[group]));
  }

  /// Its group stores each part once and does not fetch it.
  [[nodiscard]] bool is_made_once(std::size_t group, TensorId tensor) const {
    for (const Buffer& buffer : layout_.groups[group].buffers) {
      if (buffer.tensor != tensor) continue;
      if (buffer.role == BufferRole::kFetched || buffer.role == BufferRole::kCarried || !buffer.producer)
        return false;
      const auto& summed = cascade_.op(*buffer.producer).reduction_ranks;
      for (const PathLoop& loop : loops_above(plan_, buffer.node)) {
        if (has_rank(summed, loop.rank)) return false;
      }
    }
    return true;
  }

  const Cascade& cascade_;
  const Plan& plan_;
  const Layout& layout_;
  const std::vector<bool>& fits_;
  Keep keep_;
  std::vector<std::size_t> group_of_;  ///< Per operator.
};

}  // namespace

std::vector<bool> kept_candidates(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                  const std::vector<bool>& fits, Keep keep) {
  const Candidates candidates{cascade, plan, layout, fits, keep};
  std::vector<bool> found(cascade.tensors.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    found[i] = keep != Keep::kNone && candidates.holds(TensorId{static_cast<std::uint16_t>(i)});
  return found;
}

}  // namespace fusescape
