// How are plans and the small cascades they run written down in tests? Plans as text, machines by their
// ports.
#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape::test_plans {

/// Reads `L:64{ D:640{ conv silu @u*1 } chain{ dA exp } } | out_proj`: a loop is `rank:tile{`, a sequence
/// `{`, a chain `chain{`, and `|` begins the next group. `@T` stores tensor T in the node it is written in,
/// with
/// `*1` or `*2` slots, `!` if spilled, `^` if it holds its halo. All other words are operators.
class PlanText {
 public:
  PlanText(const Cascade& cascade, std::string_view text) : cascade_{cascade} {
    std::string spaced;
    for (const char c : text) {
      if (c == '{') {
        spaced += "{ ";
      } else if (c == '}' || c == '|') {
        (spaced += ' ') += c;
        spaced += ' ';
      } else {
        spaced += c;
      }
    }
    words_.str(spaced);
  }

  Plan plan() {
    while (!words_.eof()) read_body(add_sequence(plan_, kRoot));
    return plan_;
  }

 private:
  void read_body(NodeId node) {
    for (std::string word; words_ >> word && word != "}" && word != "|";) read_word(node, word);
    words_ >> std::ws;
  }

  void read_word(NodeId node, const std::string& word) {
    if (word == "{") return read_body(add_sequence(plan_, node));
    if (word == "chain{") return read_body(add_chain(plan_, node));
    if (word.front() == '@') return store(node, word.substr(1));
    const std::size_t colon = word.find(':');
    if (colon == std::string::npos) {
      const auto op = find_operator(cascade_, word);
      FUSESCAPE_EXPECTS(op.has_value());
      add_operator(plan_, node, *op);
      return;
    }
    const auto rank = find_rank(cascade_, word.substr(0, colon));
    FUSESCAPE_EXPECTS(rank.has_value());
    read_body(add_loop(plan_, node, *rank, std::stoll(word.substr(colon + 1))));
  }

  void store(NodeId node, const std::string& word) {
    const auto tensor = find_tensor(cascade_, word.substr(0, word.find_first_of("*!^")));
    FUSESCAPE_EXPECTS(tensor.has_value());
    Storage storage{.tensor = *tensor, .node = node};
    if (const std::size_t star = word.find('*'); star != std::string::npos) {
      storage.slots = word[star + 1] - '0';
    }
    storage.spilled = word.find('!') != std::string::npos;
    storage.held = word.find('^') != std::string::npos;
    plan_.storages.push_back(storage);
  }

  const Cascade& cascade_;
  std::istringstream words_;
  Plan plan_;
};

inline Plan plan_of(const Cascade& cascade, std::string_view text) {
  return PlanText{cascade, text}.plan();
}

/// What refuses a plan, described; nothing if it is legal.
inline std::vector<std::string> faults(const Cascade& cascade, const Plan& plan) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  std::vector<std::string> described;
  if (layout) return described;
  for (const Violation& violation : layout.error()) described.push_back(describe(cascade, violation));
  return described;
}
inline std::vector<std::string> faults(const Cascade& cascade, std::string_view text) {
  return faults(cascade, plan_of(cascade, text));
}

inline PlanProfile profile_of(const Cascade& cascade, const Plan& plan, const ProfileOptions& options = {}) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  FUSESCAPE_EXPECTS(layout.has_value());
  return profile(cascade, plan, *layout, options);
}
inline PlanProfile profile_of(const Cascade& cascade, std::string_view text,
                              const ProfileOptions& options = {}) {
  return profile_of(cascade, plan_of(cascade, text), options);
}

/// Single buffers, as in the studies that count one slot per tensor.
inline constexpr ProfileOptions kSingle{
    .granule = Bytes{1}, .double_buffering = false, .count_second_slots = true, .in_place = false};

struct Moved {
  std::int64_t read = 0;
  std::int64_t written = 0;
  friend bool operator==(const Moved&, const Moved&) = default;
};

/// Of all groups, one after another.
inline std::vector<TensorTraffic> traffic_of(const PlanProfile& profile) {
  std::vector<TensorTraffic> all;
  for (const GroupProfile& group : profile.groups) {
    all.insert(all.end(), group.tensors.begin(), group.tensors.end());
  }
  return all;
}

/// Bytes of one tensor, over all groups.
inline Moved moved(const Cascade& cascade, const PlanProfile& profile, std::string_view tensor) {
  const auto id = find_tensor(cascade, tensor);
  FUSESCAPE_EXPECTS(id.has_value());
  Moved sum;
  for (const TensorTraffic& traffic : traffic_of(profile)) {
    if (traffic.tensor != *id) continue;
    sum.read += traffic.read.value();
    sum.written += traffic.written.value();
  }
  return sum;
}

/// The value of a check that the test itself has made sound.
inline Cascade sound(CheckedCascade checked) {
  FUSESCAPE_EXPECTS(checked.problems.empty());
  return std::move(checked.cascade);
}

/// Z[M,N] = X[M,K] Y[K,N].
inline Cascade matmul(std::int64_t m, std::int64_t n, std::int64_t k, DataType type = DataType::kFp32) {
  CascadeBuilder make{"matmul", type};
  const RankId rm = make.rank("M", Elements{m});
  const RankId rn = make.rank("N", Elements{n});
  const RankId rk = make.rank("K", Elements{k});
  const TensorId x = make.tensor("X", {rm, rk}, TensorKind::kInput);
  const TensorId y = make.tensor("Y", {rk, rn}, TensorKind::kWeight);
  make.make("Z", OpKind::kMatmul, {"Z", {rm, rn}}, {make.at(x), make.at(y)});
  return sound(make.finish());
}

struct StateShape {
  std::int64_t l = 1;
  std::int64_t d = 5120;
  std::int64_t n = 16;
  Initial initial = Initial::kZero;
  Final final_value = Final::kDropped;
};

/// Mamba's state update: dA, exp (Abar), dB, dBx, t = Abar h[l-1], h = t + dBx, y = sum over N of C h.
inline Cascade state_update(const StateShape& shape) {
  CascadeBuilder make{"state update", DataType::kFp32};
  const RankId l = make.rank("L", Elements{shape.l});
  const RankId d = make.rank("D", Elements{shape.d});
  const RankId n = make.rank("N", Elements{shape.n});
  const TensorId delta = make.tensor("Delta", {l, d}, TensorKind::kInput);
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId b = make.tensor("B", {l, n}, TensorKind::kInput);
  const TensorId c = make.tensor("C", {l, n}, TensorKind::kInput);
  const TensorId a = make.tensor("A", {d, n}, TensorKind::kWeight);
  const std::vector<RankId> all{l, d, n};
  const TensorId da = make.make("dA", OpKind::kMul, {"dA", all}, {make.at(delta), make.at(a)});
  const TensorId abar = make.make("exp", OpKind::kExp, {"Abar", all}, {make.at(da)});
  const TensorId db = make.make("dB", OpKind::kMul, {"dB", all}, {make.at(delta), make.at(b)});
  const TensorId dbx = make.make("dBx", OpKind::kMul, {"dBx", all}, {make.at(db), make.at(x)});
  const TensorId h = make.tensor("h", all, TensorKind::kState);
  make.tensor(h).initial = shape.initial;
  make.tensor(h).final_value = shape.final_value;
  const TensorId t = make.make("t", OpKind::kMul, {"t", all}, {make.at(abar), make.earlier(h, l, 1)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(dbx)});
  make.make("y", OpKind::kMatmul, {"y", {l, d}}, {make.at(c), make.at(h)});
  return sound(make.finish());
}

/// One array, one cycle per operation, ports that take no time, memory for everything.
inline Accelerator accelerator(std::int64_t rows = 1, std::int64_t cols = 1) {
  Accelerator made;
  made.name = "test";
  Core core;
  core.rows = rows;
  core.cols = cols;
  core.cycles_per_op.fill(1);
  made.cores.push_back(core);
  made.sram.capacity = Bytes{std::int64_t{1} << 50};
  made.sram.banks = 1;
  return made;
}

inline Cost cost_on(const PlanProfile& profile, const Accelerator& on) {
  const auto machine = make_machine(on);
  FUSESCAPE_EXPECTS(machine.has_value());
  const auto cost = evaluate(profile, *machine);
  FUSESCAPE_EXPECTS(cost.has_value());
  return *cost;
}

/// Of a plan with this group alone.
inline Cost cost_on(const GroupProfile& group, const Accelerator& on) {
  return cost_on(PlanProfile{{group}}, on);
}

}  // namespace fusescape::test_plans
