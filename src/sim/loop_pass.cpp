#include "loop_pass.hpp"

#include "fusescape/plan/traffic.hpp"

namespace fusescape {

LoopPass::LoopPass(Kind kind, const GroupState& group, int loop, const Odometer& watched, LoopState& state,
                   std::int64_t repeats)
    : kind_{kind},
      group_{group},
      loop_{loop},
      watched_{watched},
      state_{state},
      index_{watched[spec().depth].index},
      repeats_{repeats} {
  if (kind != Kind::kRepeat) return;
  iterations_ = (index_ - state.index) * repeats;
  skipped_ = (group.sim.now - state.now) * repeats;
}

void LoopPass::time(Ticks& at) {
  constexpr int kHalf = 64;
  const Int128 relative = (at - group_.sim.now).value();
  same(relative >> kHalf, relative);
  moves_along(at);
}

void LoopPass::count(Ticks& sum) {
  if (kind_ == Kind::kCount) state_.times.push_back(sum);
  if (kind_ == Kind::kRepeat) sum += (sum - state_.times[next_time_]) * repeats_;
  ++next_time_;
}

void LoopPass::count(std::int64_t& bytes, const Saving& saving) {
  if (kind_ == Kind::kLimit && saving.saved > 0 && bytes > state_.counts[next_count_]) {
    const std::int64_t before = state_.counts[next_count_];
    const std::int64_t step = bytes - before;
    const std::int64_t at = bytes % saving.once;
    const bool saves = before % saving.once < saving.saved;
    const std::int64_t end = saves ? saving.saved : saving.once;
    const bool same_share = before / saving.once == bytes / saving.once && at <= end;
    at_most(same_share ? (end - at) / step : 0);
  }
  count(bytes);
}

/// Whether something at `at` takes part in the iterations that the watched core is in.
bool LoopPass::moves(const Odometer& at, const std::vector<int>& path) const {
  const auto depth = static_cast<std::size_t>(spec().depth);
  if (path.size() <= depth || path[depth] != loop_) return false;
  for (int above = spec().depth - 1; above >= 0; --above) {
    if (at[above].index != watched_[above].index) return false;
  }
  return true;
}

/// What is `margin` iterations ahead of `at` must come neither to the loop's end nor to a smaller tile.
void LoopPass::stay_inside(const Odometer& at, std::int64_t margin) {
  const std::int64_t full = watched_.span(spec().outer, spec().whole).extent / spec().tile;
  at_most((full - 2 - margin - at[spec().depth].index) / (index_ - state_.index));
}

void LoopPass::cursor(Odometer& at, const std::vector<int>& path) {
  const bool moving = moves(at, path);
  if (kind_ == Kind::kDescribe) {
    same(moving);
    for (int depth = 0; depth < static_cast<int>(path.size()); ++depth)
      same(at[depth].index - (moving && depth == spec().depth ? index_ : 0), at[depth].extent);
    const LoopMask loops = outermost(static_cast<int>(path.size()));
    same(at.not_last() & loops, at.moved() & loops);
  }
  if (kind_ == Kind::kLimit && moving) stay_inside(at, 0);
  if (kind_ != Kind::kRepeat || !moving) return;
  at.jump(loop_, iterations_);
  for (int inner = spec().depth + 1; inner < static_cast<int>(path.size()); ++inner) {
    if (group_.program.loop(path, inner).rank == spec().rank) at.shift(inner, iterations_ * spec().tile);
  }
}

void LoopPass::loads(const BufferSpec& buffer, const Odometer& at) {
  if (kind_ != Kind::kLimit || !buffer.fed || !moves(at, buffer.path)) return;
  std::int64_t back = 0;
  for (const Index& index : buffer.load.slab.access.indices) {
    if (index.rank == spec().rank) back = std::max(back, reach(group_.context.cascade, index));
  }
  const std::int64_t period = index_ - state_.index;
  if (back > 0 && at[spec().depth].start - period * spec().tile <= back) at_most(0);
  stay_inside(at, back > 0 ? ceil_div(back, spec().tile) + 1 : 0);
}

}  // namespace fusescape
