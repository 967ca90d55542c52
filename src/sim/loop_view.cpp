#include "loop_view.hpp"

#include <algorithm>

#include "fusescape/plan/traffic.hpp"

namespace fusescape {
namespace {

constexpr int kHalf = 64;

}  // namespace

bool LoopView::moves(const Odometer& at, const std::vector<int>& path) const {
  const auto depth = static_cast<std::size_t>(spec().depth);
  if (path.size() <= depth || path[depth] != loop_) return false;
  for (int above = spec().depth - 1; above >= 0; --above) {
    if (at[above].index != watched_[above].index) return false;
  }
  return true;
}

void LoopView::jump(Odometer& at, const std::vector<int>& path, std::int64_t iterations) const {
  at.jump(loop_, iterations);
  for (int inner = spec().depth + 1; inner < static_cast<int>(path.size()); ++inner) {
    if (program_.loop(path, inner).rank == spec().rank) at.shift(inner, iterations * spec().tile);
  }
}

void LoopView::add_time(Ticks at) {
  const Int128 relative = (at - now_).value();
  add(relative >> kHalf, relative);
}

void LoopView::add_cursor(const Odometer& at, const std::vector<int>& path) {
  const bool moving = moves(at, path);
  add(moving);
  for (int depth = 0; depth < static_cast<int>(path.size()); ++depth) {
    add(at[depth].index - (moving && depth == spec().depth ? index() : 0), at[depth].extent);
  }
  const LoopMask loops = outermost(static_cast<int>(path.size()));
  add(at.not_last() & loops, at.moved() & loops);
}

PeriodLimit::PeriodLimit(const SimContext& context, const LoopView& loop, std::int64_t period)
    : context_{context}, loop_{loop}, period_{period} {
  const NestLoop& spec = loop.spec();
  full_ = loop.watched().span(spec.outer, spec.whole).extent / spec.tile;
}

void PeriodLimit::cursor(const Odometer& at, const std::vector<int>& path, std::int64_t margin) {
  if (loop_.moves(at, path)) at_most((full_ - 2 - margin - at[loop_.spec().depth].index) / period_);
}

void PeriodLimit::loads(const BufferSpec& buffer, const Odometer& at) {
  if (!buffer.fed || !loop_.moves(at, buffer.path)) return;
  const NestLoop& spec = loop_.spec();
  std::int64_t back = 0;
  for (const Index& index : buffer.load.slab.access.indices) {
    if (index.rank == spec.rank) back = std::max(back, reach(context_.cascade, index));
  }
  if (back > 0 && at[spec.depth].start - period_ * spec.tile <= back) at_most(0);
  cursor(at, buffer.path, back > 0 ? ceil_div(back, spec.tile) + 1 : 0);
}

void PeriodLimit::saving(const Saving& saving, std::int64_t before, std::int64_t now) {
  const std::int64_t step = now - before;
  if (saving.saved == 0 || step == 0) return;
  if (before / saving.once != now / saving.once) return at_most(0);
  const std::int64_t at = now % saving.once;
  if (before % saving.once >= saving.saved) return at_most((saving.once - at) / step);
  at_most(at > saving.saved ? 0 : (saving.saved - at) / step);
}

}  // namespace fusescape
