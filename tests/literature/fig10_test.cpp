// Which tensors of one fused token are on chip when, and where is the memory's peak? (Fig. 10 of the paper)
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "fusescape/plan/array_time.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/report/table.hpp"
#include "literature_data.hpp"
#include "regenerated.hpp"

namespace fusescape::fig10_test {
namespace {

struct Lifetime {
  std::string name;
  std::int64_t start = 0;  ///< Cycles since the token's first operator.
  std::int64_t end = 0;
  std::int64_t bytes = 0;
  std::string inside;  ///< The tensor whose memory it shares, if it has none of its own.
};

struct FusedToken {
  std::vector<Lifetime> operators;  ///< In order; `bytes` are all tensors' while it runs.
  std::vector<Lifetime> tensors;

  [[nodiscard]] std::int64_t end() const { return operators.back().end; }
};

/// The group with the operator that makes the state.
std::size_t fused_group(const Modelling& model, const Assessment& found) {
  for (std::size_t g = 0; g < found.layout.groups.size(); ++g) {
    for (const OpId op : found.layout.groups[g].operators) {
      if (model.workload.block.op(op).name == "h") return g;
    }
  }
  FAIL("nothing makes h");
  return 0;
}

/// "delta", or of what reads a slice of its last rank "x_dbl[160:224]".
std::string name_of(const Cascade& cascade, const Access& access) {
  const std::string& tensor = cascade.tensor(access.tensor).name;
  const Index& last = access.indices.back();
  const std::int64_t extent = cascade.extent(last.rank).value();
  if (cascade.tensor(access.tensor).ranks.back() == last.rank) return tensor;
  return fmt::format("{}[{}:{}]", tensor, last.offset, last.offset + extent);
}

/// One operator after another, as one core runs them.
void add_operators(const Modelling& model, const Assessment& found, std::size_t group, FusedToken& token) {
  const GroupProfile& profile = found.profile.groups[group];
  const TileClass& tiles = profile.classes.front();
  const Machine machine = design_of(model.accelerator).machine;
  std::int64_t now = 0;
  for (std::uint32_t i = 0; i < tiles.work_count; ++i) {
    const OperatorWork& work = profile.work.operators[tiles.first_work + i];
    const Engine& engine = machine.engines[static_cast<std::size_t>(work.kind)];
    const std::int64_t cycles =
        work_cost(profile.work, work, engine, machine.model.fill_cycles.value()).compute;
    token.operators.push_back({model.workload.block.op(work.op).name, now, now + cycles, 0, ""});
    now += cycles;
  }
}

/// What lives in the token's loop lives from one operator to another, what lives further out all the time.
void add_tensors(const Modelling& model, const Assessment& found, std::size_t group, FusedToken& token) {
  const Cascade& cascade = model.workload.block;
  const GroupLayout& layout = found.layout.groups[group];
  const ProfileOptions options = profile_options(model.accelerator);
  const NodeId loop = found.plan.node(layout.node).children.front();
  for (const Buffer& buffer : layout.buffers) {
    const Allocation memory = flow_of({cascade, found.plan, layout, options}, buffer).memory;
    Lifetime life{name_of(cascade, buffer.access), 0, token.end(), memory.bytes.value(), ""};
    if (memory.node == loop) {
      life.start = token.operators.at(static_cast<std::size_t>(memory.first_child)).start;
      life.end = token.operators.at(static_cast<std::size_t>(memory.last_child)).end;
    }
    if (memory.inside) {
      life.inside = cascade.tensor(layout.buffers[static_cast<std::size_t>(*memory.inside)].tensor).name;
    }
    token.tensors.push_back(std::move(life));
  }
  for (Lifetime& op : token.operators) {
    for (const Lifetime& life : token.tensors) {
      if (life.inside.empty() && life.start <= op.start && op.end <= life.end) op.bytes += life.bytes;
    }
  }
}

/// The paper's: N = 64, D = 5120, four bytes an element, L = 64 tokens.
FusedToken fused_token() {
  const Modelling model = with_quirks(64);
  const Assessment found = assessed(model, "fuse-all");
  const std::size_t group = fused_group(model, found);
  FusedToken token;
  add_operators(model, found, group, token);
  add_tensors(model, found, group, token);
  return token;
}

std::string fig10_csv(const FusedToken& token) {
  Table table{.columns = {"row", "name", "start_cycle", "end_cycle", "bytes", "shares_memory_of"},
              .rows = {}};
  const auto add = [&](const char* row, const Lifetime& life) {
    table.rows.push_back({std::string{row}, life.name, life.start, life.end, life.bytes, life.inside});
  };
  for (const Lifetime& op : token.operators) add("operator", op);
  for (const Lifetime& tensor : token.tensors) add("tensor", tensor);
  return csv(table);
}

TEST_CASE("A fused token holds most while dBx is made: A, h, exp(dA), dB, dBx, x and C") {
  const FusedToken token = fused_token();
  CHECK(token.end() == 414);  // Six operators at 42 cycles and exp at 162.
  std::vector<std::string> at_peak;
  for (const Lifetime& op : token.operators) {
    CAPTURE(op.name);
    CHECK(op.bytes <= 6'574'336);  // Eq. 2: (5 D N + D + N) x 4 B.
    CHECK((op.bytes == 6'574'336) == (op.name == "dBx"));
    if (op.name != "dBx") continue;
    for (const Lifetime& life : token.tensors) {
      if (life.inside.empty() && life.start <= op.start && op.end <= life.end) at_peak.push_back(life.name);
    }
  }
  std::sort(at_peak.begin(), at_peak.end());
  CHECK(at_peak == std::vector<std::string>{"A", "Abar", "dB", "dBx", "h", "u", "x_dbl[224:288]"});
}

TEST_CASE("results/pact25-fig10.csv is what the model says today") {
  check_regenerated("pact25-fig10.csv", fig10_csv(fused_token()));
}

}  // namespace
}  // namespace fusescape::fig10_test
