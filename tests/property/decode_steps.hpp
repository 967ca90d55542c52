// Is a prefill what decode makes of its tokens, one by one? Each step has the states that the step before it
// left, and the keys and values that all of them made.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>

#include "portions.hpp"

namespace fusescape::test_plans {

/// Tensors by name.
using Values = std::map<std::string, TensorValues>;

inline std::int64_t extent_named(const Cascade& cascade, std::string_view rank) {
  const auto found = find_rank(cascade, rank);
  return found ? cascade.extent(*found).value() : 0;
}

/// Where an element of a prefill's tensor is, in the words of a decode step: its token, and its coordinates
/// along the other ranks. Tokens lie along L; in chunks, along C and Q, and those that they leave along T.
struct Place {
  std::optional<std::int64_t> token;
  std::vector<std::int64_t> others;
};

inline Place place_of(const Cascade& prefill, const Tensor& tensor, const std::vector<std::int64_t>& at) {
  Place place;
  const std::int64_t chunk = extent_named(prefill, "Q");
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::string& rank = prefill.rank(tensor.ranks[i]).name;
    if (rank == "L") {
      place.token = at[i];
    } else if (rank == "C") {
      place.token = at[i] * chunk;
    } else if (rank == "Q") {
      place.token = place.token.value_or(0) + at[i];
    } else if (rank == "T") {
      place.token = extent_named(prefill, "C") * chunk + at[i];
    } else {
      place.others.push_back(at[i]);
    }
  }
  return place;
}

/// Position in a step's tensor, whose token is number `token` of that call (a state's past: from -1 down).
inline double at_token(const Cascade& step, const Tensor& tensor, const TensorValues& values,
                       std::int64_t token, const std::vector<std::int64_t>& others) {
  std::vector<std::int64_t> at;
  auto other = others.begin();
  for (const RankId rank : tensor.ranks) at.push_back(step.rank(rank).name == "L" ? token : *other++);
  return values.at(at);
}

/// The decode steps of one prefill.
class DecodeSteps {
 public:
  /// `step(l)`: the cascade of the step that makes token l of the call.
  DecodeSteps(const Cascade& prefill, std::function<Cascade(std::int64_t)> step)
      : prefill_{prefill}, step_{std::move(step)}, given_{make_case(prefill, Arithmetic::kFp64, 1)} {
    made_ = run_reference(prefill_, given_).tensors;
  }

  /// Every element of every output and state of the prefill is that of its token's step.
  void check(std::int64_t tokens) {
    for (std::int64_t l = 0; l < tokens; ++l) {
      const Cascade step = step_(l);
      NumericCase given = empty_case(step, Arithmetic::kFp64);
      for (std::size_t i = 0; i < step.tensors.size(); ++i) give(step, step.tensors[i], l, given.tensors[i]);
      const std::vector<TensorValues> made = run_reference(step, given).tensors;
      check_token(step, made, l);
      for (std::size_t i = 0; i < step.tensors.size(); ++i) {
        const std::string& name = step.tensors[i].name;
        if (step.tensors[i].kind == TensorKind::kState) past_[name] = made[i];
        if (name == "k" || name == "v") joined_[name].push_back(made[i]);
      }
    }
    CHECK(checked_ > 0);
  }

 private:
  [[nodiscard]] const TensorValues& prefills(const std::string& name) const {
    return named(prefill_, given_.tensors, name);
  }

  /// What the step that makes token l starts from.
  void give(const Cascade& step, const Tensor& tensor, std::int64_t l, TensorValues& to) const {
    const bool is_cache = tensor.name == "K_cache" || tensor.name == "V_cache";
    if (tensor.kind == TensorKind::kWeight) {
      to = prefills(tensor.name);
    } else if (tensor.kind == TensorKind::kInput) {
      for_each_element(to, [&](std::int64_t position, std::vector<std::int64_t> at) {
        to.data[position] = is_cache ? cached(tensor.name, at) : of_token(step, tensor, at, l);
      });
    } else if (tensor.initial != Initial::kZero) {
      take_past(tensor, l, to);
    }
  }

  [[nodiscard]] double of_token(const Cascade& step, const Tensor& tensor, std::vector<std::int64_t> at,
                                std::int64_t l) const {
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (step.rank(tensor.ranks[i]).name == "L") at[i] += l;
    }
    return prefills(tensor.name).at(at);
  }

  /// Rows of the prefill's own cache, then what each step made.
  [[nodiscard]] double cached(const std::string& name, std::vector<std::int64_t> at) const {
    const std::int64_t before = extent_named(prefill_, "S");
    if (at[1] < before) return prefills(name).at(at);
    const auto step = static_cast<std::size_t>(at[1] - before);
    at[1] = 0;
    return joined_.at(name == "K_cache" ? "k" : "v")[step].at(at);
  }

  /// A state or window as the step before left it; of the first token, as the prefill began with it.
  void take_past(const Tensor& tensor, std::int64_t l, TensorValues& to) const {
    if (l == 0 && !find_tensor(prefill_, tensor.name)) return;  // Zero.
    const TensorValues& from = l == 0 ? prefills(tensor.name) : past_.at(tensor.name);
    for_each_element(to, [&](std::int64_t position, std::vector<std::int64_t> at) {
      const bool is_past = std::any_of(at.begin(), at.end(), [](std::int64_t i) { return i < 0; });
      if (!is_past) return;
      if (l == 0 && from.axes.size() != at.size()) return;  // Of chunks, from zero.
      for (std::size_t i = 0; l > 0 && i < at.size(); ++i) at[i] += at[i] < 0 ? from.axes[i].extent : 0;
      to.data[position] = from.at(at);
    });
  }

  void check_token(const Cascade& step, const std::vector<TensorValues>& made, std::int64_t l) {
    for (std::size_t i = 0; i < prefill_.tensors.size(); ++i) {
      const Tensor& tensor = prefill_.tensors[i];
      if (tensor.kind != TensorKind::kOutput && tensor.kind != TensorKind::kState) continue;
      const std::string name = tensor.name.substr(0, tensor.name.rfind("_rest"));
      const auto same = find_tensor(step, name);
      if (!same || step.tensor(*same).ranks.size() > tensor.ranks.size() || is_of_chunks(tensor)) continue;
      for_each_own(made_[i], [&](std::int64_t position) {
        const Place place = place_of(prefill_, tensor, coordinates(made_[i], position));
        if (place.token != l) return;
        ++checked_;
        CAPTURE(tensor.name, l);
        CHECK(made_[i].data[position] ==
              Approx(at_token(step, step.tensor(*same), made[index_of(*same)], 0, place.others))
                  .epsilon(kSameSums));
      });
    }
  }

  /// Whether it has elements for each chunk, but not for each token.
  [[nodiscard]] bool is_of_chunks(const Tensor& tensor) const {
    return std::none_of(tensor.ranks.begin(), tensor.ranks.end(), [&](RankId rank) {
      const std::string& name = prefill_.rank(rank).name;
      return name == "L" || name == "Q" || name == "T";
    });
  }

  [[nodiscard]] static std::vector<std::int64_t> coordinates(const TensorValues& values,
                                                             std::int64_t position) {
    std::vector<std::int64_t> at;
    for (const ValueAxis& axis : values.axes) {
      at.push_back(position / axis.stride - axis.before);
      position %= axis.stride;
    }
    return at;
  }

  const Cascade& prefill_;
  std::function<Cascade(std::int64_t)> step_;
  NumericCase given_;
  std::vector<TensorValues> made_;
  Values past_;  ///< States as the last step left them.
  std::map<std::string, std::vector<TensorValues>> joined_;
  std::int64_t checked_ = 0;
};

/// The shape of the step that makes token l of `prefill`, after all tokens before it.
template <class Shape>
Shape step_of(Shape prefill, std::int64_t l) {
  Shape step = std::move(prefill);
  step.phase = Phase::kDecode;
  step.tokens = 1;
  if constexpr (requires { step.cache_tokens; }) step.cache_tokens += l;
  if constexpr (requires { step.initial_state; }) step.initial_state = Initial::kLoaded;
  if constexpr (requires { step.mamba.initial_state; }) step.mamba.initial_state = Initial::kLoaded;
  return step;
}

template <class Shape>
void check_steps(const Shape& shape, CheckedCascade (*block)(const Shape&)) {
  const Cascade prefill = sound(block(shape));
  CAPTURE(text_of(prefill));
  DecodeSteps{prefill, [&](std::int64_t l) { return sound(block(step_of(shape, l))); }}.check(shape.tokens);
}

}  // namespace fusescape::test_plans
