#include "ssd_chunks.hpp"

#include <utility>

namespace fusescape {
namespace {

class SsdChunks {
 public:
  SsdChunks(CascadeBuilder& make, const SsdRanks& ranks, const TokenPart& part, const SsdOperands& operands,
            SsdStates states)
      : make_{make}, r_{ranks}, part_{part}, operands_{operands}, states_{std::move(states)} {}

  [[nodiscard]] SsdResult run() {
    const TensorId sums = decay_sums();
    const TensorId within = within_chunks(sums);
    if (part_.chunk) {
      const TensorId h = passed(sums, added_states(sums));
      return {from_past(sums, within, make_.earlier(h, *part_.chunk, 1)), h};
    }
    if (states_.final_value == Final::kStored) end(sums, added_states(sums));
    return {states_.before ? from_past(sums, within, *states_.before) : within, std::nullopt};
  }

 private:
  [[nodiscard]] std::string named(const char* name) const { return name + part_.suffix; }

  /// B, the part's tokens, then `inner`.
  [[nodiscard]] std::vector<RankId> per_token(const std::vector<RankId>& inner) const {
    std::vector<RankId> ranks{r_.batch};
    ranks.insert(ranks.end(), part_.tokens.begin(), part_.tokens.end());
    ranks.insert(ranks.end(), inner.begin(), inner.end());
    return ranks;
  }

  /// B, the chunk if there are several, then `inner`.
  [[nodiscard]] std::vector<RankId> per_chunk(const std::vector<RankId>& inner) const {
    std::vector<RankId> ranks{r_.batch};
    if (part_.chunk) ranks.push_back(*part_.chunk);
    ranks.insert(ranks.end(), inner.begin(), inner.end());
    return ranks;
  }

  /// What lies along L, read at the part's token.
  [[nodiscard]] Access in_part(Access access) const {
    access.indices[1] = part_.read;
    return access;
  }
  [[nodiscard]] Access in_part(TensorId tensor) const { return in_part(make_.at(tensor)); }

  /// The same access at the other token of a pair.
  [[nodiscard]] Access at_other(Access access) const {
    for (Index& index : access.indices) {
      if (index.rank == part_.position) index.rank = part_.other;
    }
    return access;
  }

  /// What lies along the positions of a chunk, read at the last one.
  [[nodiscard]] Access at_last(TensorId tensor) const {
    Access access = make_.at(tensor);
    for (Index& index : access.indices) {
      if (index.rank != part_.position) continue;
      index = {.rank = r_.last, .offset = make_.extent(part_.position).value() - 1};
    }
    return access;
  }

  TensorId add(const char* name, OpKind kind, std::vector<RankId> ranks, std::vector<Access> inputs) {
    return make_.make(named(name), kind, {named(name), std::move(ranks)}, std::move(inputs));
  }

  /// Delta A summed up from the chunk's first token on: the logarithm of how a state decays until there.
  [[nodiscard]] TensorId decay_sums() {
    const std::vector<RankId> heads = per_token({r_.group, r_.head});
    const TensorId da = add("dA", OpKind::kMul, heads, {in_part(operands_.delta), make_.at(operands_.a)});
    const TensorId sums = make_.tensor(named("dA_sum"), heads, TensorKind::kState);
    make_.make(named("dA_sum"), OpKind::kAdd, sums, {make_.at(da), make_.earlier(sums, part_.position, 1)});
    return sums;
  }

  /// (L o C B^T) delta x, where L[q, m] = exp(sum over m+1 .. q of delta A), and zero for m > q.
  [[nodiscard]] TensorId within_chunks(TensorId sums) {
    const std::vector<RankId> pairs = per_token({part_.other, r_.group, r_.head});
    const TensorId exponent = add("segment", OpKind::kSub, pairs, {make_.at(sums), at_other(make_.at(sums))});
    const TensorId decay = add("segment_exp", OpKind::kExp, pairs, {make_.at(exponent)});
    make_.keep_only({.key = part_.other, .query = part_.position});
    const TensorId cb = add("CB", OpKind::kMatmul, per_token({part_.other, r_.group}),
                            {in_part(operands_.c), at_other(in_part(operands_.b))});
    const TensorId weights = add("CB_decayed", OpKind::kMul, pairs, {make_.at(cb), make_.at(decay)});
    return add("y_within", OpKind::kMatmul, per_token({r_.group, r_.head, r_.channel}),
               {make_.at(weights), at_other(in_part(operands_.delta_x))});
  }

  /// What a chunk adds to the state: the sum over its tokens of exp(dA from there to its end) delta x B.
  [[nodiscard]] TensorId added_states(TensorId sums) {
    const TensorId exponent =
        add("to_end", OpKind::kSub, per_token({r_.last, r_.group, r_.head}), {at_last(sums), make_.at(sums)});
    const TensorId decay =
        add("to_end_exp", OpKind::kExp, per_token({r_.last, r_.group, r_.head}), {make_.at(exponent)});
    const TensorId x =
        add("delta_x_to_end", OpKind::kMul, per_token({r_.last, r_.group, r_.head, r_.channel}),
            {in_part(operands_.delta_x), make_.at(decay)});
    const bool is_end = !part_.chunk && !states_.before && states_.final_value == Final::kStored;
    const TensorId states = make_.tensor(is_end ? "h_end" : named("chunk_state"), state_ranks(),
                                         is_end ? TensorKind::kOutput : TensorKind::kIntermediate);
    make_.make(named("chunk_state"), OpKind::kMatmul, states, {make_.at(x), in_part(operands_.b)});
    return states;
  }

  [[nodiscard]] std::vector<RankId> state_ranks() const {
    return per_chunk({r_.last, r_.group, r_.head, r_.channel, r_.state});
  }

  /// How a state decays from the end of one chunk to that of the next.
  [[nodiscard]] TensorId chunk_decay(TensorId sums) {
    return add("chunk_decay", OpKind::kExp, per_chunk({r_.last, r_.group, r_.head}), {at_last(sums)});
  }

  /// h[c] = decay[c] h[c-1] + what chunk c adds.
  [[nodiscard]] TensorId passed(TensorId sums, TensorId added) {
    const TensorId decay = chunk_decay(sums);
    const TensorId h = make_.tensor("h", state_ranks(), TensorKind::kState);
    make_.tensor(h).initial = states_.initial;
    make_.tensor(h).final_value = states_.final_value;
    make_.make("h", OpKind::kScan, h, {make_.at(decay), make_.earlier(h, *part_.chunk, 1), make_.at(added)});
    return h;
  }

  /// The state after a remainder: what it adds, and what precedes it, decayed (a sum of one product and a
  /// bias).
  void end(TensorId sums, TensorId added) {
    if (!states_.before) return;  // What it adds is all there is.
    const TensorId state = make_.tensor("h_end", state_ranks(), TensorKind::kOutput);
    make_.make("h_end", OpKind::kMatmul, state,
               {make_.at(chunk_decay(sums)), *states_.before, make_.at(added)});
  }

  /// y within the chunk, and C times the state before it, decayed until the token.
  [[nodiscard]] TensorId from_past(TensorId sums, TensorId within, const Access& past) {
    const std::vector<RankId> inner = per_token({r_.group, r_.head, r_.channel});
    const TensorId read = add("y_past", OpKind::kMatmul, inner, {in_part(operands_.c), past});
    const TensorId decay =
        add("from_begin_exp", OpKind::kExp, per_token({r_.group, r_.head}), {make_.at(sums)});
    const TensorId decayed = add("y_past_decayed", OpKind::kMul, inner, {make_.at(read), make_.at(decay)});
    return add("y", OpKind::kAdd, inner, {make_.at(within), make_.at(decayed)});
  }

  CascadeBuilder& make_;
  const SsdRanks& r_;
  const TokenPart& part_;
  const SsdOperands& operands_;
  SsdStates states_;
};

}  // namespace

SsdResult add_ssd_chunks(CascadeBuilder& make, const SsdRanks& ranks, const TokenPart& part,
                         const SsdOperands& operands, const SsdStates& states) {
  return SsdChunks{make, ranks, part, operands, states}.run();
}

bool is_handed_on_state(const Tensor& tensor) {
  return tensor.name == "h_begin" || tensor.name.rfind("h_end", 0) == 0;
}

}  // namespace fusescape
