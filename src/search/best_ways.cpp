#include <algorithm>
#include <utility>

#include "best_way.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kTimes = 32;  ///< Machines of so many kinds are remembered.
constexpr std::uint32_t kBlock = 32;

Sketch least_of(const Sketch& a, const Sketch& b) {
  return {std::min(a.moved, b.moved), std::min(a.held, b.held), std::min(a.ends, b.ends),
          std::min(a.compute, b.compute)};
}

bool may_outdo(const Sketch& a, const Weights& b) {
  return a.moved <= b.moved && a.held <= b.held && a.ends <= b.ends && a.compute <= b.array.compute;
}

/// Whether each row of tiles ends with a shorter one. Long tiles' transfers do not hide behind it, and the
/// closed form, which does not know in which order tiles come, does not see that. Of the nests that are tried
/// none has two loops over a rank.
bool ends_rows_short(const Cascade& cascade, const Candidate& candidate) {
  bool outer = false;
  for (const LoopSpec& loop : candidate.loops) {
    const std::int64_t extent = cascade.extent(loop.rank).value();
    if (outer && extent % loop.tile != 0) return true;
    outer = outer || loop.tile < extent;
  }
  return false;
}

}  // namespace

BestWays::BestWays(const Planner& planner, OpId op, std::stop_token stop)
    : planner_{planner},
      op_{op},
      stop_{std::move(stop)},
      ways_{ways_of(planner, op)},
      sketches_{ways_->sketches()},
      timed_{kTimes} {
  for (std::uint32_t first = 0; first < sketches_.size(); first += kBlock) {
    const auto last = std::min<std::uint32_t>(first + kBlock, static_cast<std::uint32_t>(sketches_.size()));
    Block& block = blocks_.emplace_back(Block{first, last, sketches_[first]});
    for (std::uint32_t i = first + 1; i < last; ++i) block.least = least_of(block.least, sketches_[i]);
  }
}

BestWays::Made& BestWays::made(std::uint32_t sketch) {
  if (Made* known = if_made(sketch)) return *known;
  Made& made = *made_.emplace_back(std::make_unique<Made>());
  made.draft = ways_->draft(sketches_[sketch].number);
  if (made.draft.exact) made.legal = Known::kYes;
  made.sketch = sketch;
  sketches_[sketch].made = static_cast<std::uint32_t>(made_.size());
  return made;
}

/// At the least, until its profile has said.
const Weights& BestWays::weights(const Made& made) const {
  const bool profiled = made.legal == Known::kYes && !made.draft.exact;
  return profiled ? made.candidate->weights : made.draft.weights;
}

Candidate& BestWays::candidate(Made& made) const {
  if (made.candidate == nullptr) made.candidate = std::make_shared<Candidate>(ways_->candidate(made.draft));
  return *made.candidate;
}

bool BestWays::is_legal(Made& made) const {
  if (made.legal == Known::kNotYet)
    made.legal = planner_.try_profile(candidate(made)) ? Known::kYes : Known::kNo;
  return made.legal == Known::kYes;
}

/// Whether `other` is no worse than a way that weighs so much, or no less. Of equals one stays.
bool BestWays::outdoes(std::uint32_t other, const Made& own) {
  Made& one = made(other);
  const Weights& weight = weights(own);
  if (!no_worse(weights(one), weight)) return false;
  if (!is_legal(one) || !no_worse(weights(one), weight)) return false;
  return weights(one) != weight || ways_->earlier(one.draft, own.draft);
}

bool BestWays::is_outdone(const Made& own) {
  const Weights& weight = weights(own);
  for (const Block& block : blocks_) {
    if (!may_outdo(block.least, weight)) continue;
    for (std::uint32_t other = block.first; other < block.last; ++other) {
      if (other != own.sketch && may_outdo(sketches_[other], weight) && outdoes(other, own)) return true;
    }
  }
  return false;
}

/// Of a way that is legal, as far as is known. Once it is known, of all its weights.
bool BestWays::is_kept(std::uint32_t sketch) {
  Made& own = made(sketch);
  if (own.kept != Known::kNotYet) return own.kept == Known::kYes;
  const bool outdone = is_outdone(own);
  if (outdone) own.kept = Known::kNo;
  if (!outdone && own.legal == Known::kYes) own.kept = Known::kYes;
  return !outdone;
}

bool BestWays::is_even(std::uint32_t sketch) {
  return !ends_rows_short(planner_.cascade(), candidate(made(sketch)));
}

}  // namespace fusescape
