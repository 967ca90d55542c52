// Is a Mamba-2 block's cascade the state space dual of the published equations, in one pass and in portions?
#include <catch2/catch.hpp>

#include "built_plans.hpp"
#include "portions.hpp"
#include "random_families.hpp"
#include "ssd_scan.hpp"

namespace fusescape::test_plans::ssd_test {
namespace {

constexpr std::uint32_t kCases = 200;
/// Two orders of the same double-precision operations: a few hundred roundings of numbers about 1.
constexpr double kClose = 1e-12;

/// The tensor's own values as columns of `width`, first index slowest.
Matrix columns_of(const Cascade& cascade, const NumericCase& given, std::string_view name,
                  Eigen::Index width) {
  const TensorValues& values = named(cascade, given.tensors, name);
  Matrix made(values.elements() / width, width);
  Eigen::Index i = 0;
  for_each_own(values, [&](std::int64_t position) {
    made(i / width, i % width) = values.data[position];
    ++i;
  });
  return made;
}

Vector vector_of(const Cascade& cascade, const NumericCase& given, std::string_view name) {
  return columns_of(cascade, given, name, 1).col(0);
}

/// Rows of `parts` below one another, columns side by side per group: what the block keeps as [.., G, R, 2P]
/// and
/// [.., G, 2N] in the reference implementation's order z, x, B, C or x, B, C.
class Channels {
 public:
  explicit Channels(const Mamba2& shape) : shape_{shape} {}

  /// Half `half` (0 or 1) of each head's or group's 2 * `part` columns of `both`.
  [[nodiscard]] static Matrix half(const Matrix& both, Eigen::Index part, Eigen::Index half) {
    const Eigen::Index blocks = both.cols() / (2 * part);
    Matrix made(both.rows(), blocks * part);
    for (Eigen::Index i = 0; i < blocks; ++i) {
      made.middleCols(i * part, part) = both.middleCols((2 * i + half) * part, part);
    }
    return made;
  }

  /// [E, z x B C dt] of what in_proj's parts are named with `prefix`.
  [[nodiscard]] Matrix projected(const Matrix& zx, const Matrix& bc, const Matrix& dt) const {
    Matrix made(zx.rows(), zx.cols() + bc.cols() + dt.cols());
    made << half(zx, shape_.d_head, 0), half(zx, shape_.d_head, 1), half(bc, shape_.d_state, 0),
        half(bc, shape_.d_state, 1), dt;
    return made;
  }

  /// [rows, x B C].
  [[nodiscard]] Matrix convolved(const Matrix& x, const Matrix& bc) const {
    Matrix made(x.rows(), x.cols() + bc.cols());
    made << x, half(bc, shape_.d_state, 0), half(bc, shape_.d_state, 1);
    return made;
  }

 private:
  const Mamba2& shape_;
};

SsdWeights weights_of(const Mamba2& shape, const Cascade& cascade, const NumericCase& given) {
  const Channels channels{shape};
  const Eigen::Index inner = shape.n_head * shape.d_head;
  const Eigen::Index bc = 2 * shape.n_group * shape.d_state;
  const auto columns = [&](const char* name, Eigen::Index width) {
    return columns_of(cascade, given, name, width);
  };
  const auto row = [&](const char* name) -> Matrix { return vector_of(cascade, given, name).transpose(); };
  SsdWeights w;
  w.heads = shape.n_head;
  w.head_dim = shape.d_head;
  w.groups = shape.n_group;
  w.entries = shape.d_state;
  w.g = vector_of(cascade, given, "g");
  w.w_in = channels.projected(columns("W_zx", 2 * inner), columns("W_BC", bc), columns("W_dt", shape.n_head))
               .transpose();
  w.b_in = Vector::Zero(w.w_in.rows());
  w.b_out = Vector::Zero(shape.d_model);
  if (shape.proj_bias) {
    w.b_in = channels.projected(row("b_zx"), row("b_BC"), row("b_dt")).transpose();
    w.b_out = vector_of(cascade, given, "b_out");
  }
  w.w_conv = channels
                 .convolved(columns("W_conv_x", shape.d_conv).transpose(),
                            columns("W_conv_BC", shape.d_conv).transpose())
                 .transpose();
  w.b_conv = Vector::Zero(inner + bc);
  if (shape.conv_bias) w.b_conv = channels.convolved(row("b_conv_x"), row("b_conv_BC")).transpose();
  w.b_dt = vector_of(cascade, given, "b_delta");
  w.a = vector_of(cascade, given, "A");
  w.d_skip = vector_of(cascade, given, "D_skip");
  if (shape.gated_norm) w.g_y = vector_of(cascade, given, "g_y");
  w.w_out = columns("W_out", shape.d_model).transpose();
  w.norm_before_gate = shape.norm_before_gate;
  return w;
}

/// What a sequence starts from, zero if nothing is loaded.
SsdState state_of(const Mamba2& shape, const Cascade& cascade, const NumericCase& given, std::int64_t batch) {
  const Channels channels{shape};
  const std::int64_t per_group = shape.n_head / shape.n_group;
  SsdState state;
  const TensorValues& h = named(cascade, given.tensors, "h");
  for (std::int64_t head = 0; head < shape.n_head; ++head) {
    Matrix& own = state.h.emplace_back(shape.d_head, shape.d_state);
    for (std::int64_t p = 0; p < shape.d_head; ++p) {
      for (std::int64_t n = 0; n < shape.d_state; ++n) {
        own(p, n) = h.at(std::array<std::int64_t, 6>{batch, -1, head / per_group, head % per_group, p, n});
      }
    }
  }
  const TensorValues& zx = named(cascade, given.tensors, "zx");
  const TensorValues& bc = named(cascade, given.tensors, "BC");
  for (std::int64_t back = 1; back < shape.d_conv; ++back) {
    Matrix x(1, shape.n_head * shape.d_head);
    Matrix groups(1, 2 * shape.n_group * shape.d_state);
    for (std::int64_t c = 0; c < x.cols(); ++c) {
      const std::int64_t head = c / shape.d_head;
      x(0, c) = zx.at(std::array<std::int64_t, 5>{batch, -back, head / per_group, head % per_group,
                                                  shape.d_head + c % shape.d_head});
    }
    for (std::int64_t c = 0; c < groups.cols(); ++c) {
      const std::int64_t width = 2 * shape.d_state;
      groups(0, c) = bc.at(std::array<std::int64_t, 4>{batch, -back, c / width, c % width});
    }
    state.window.push_back(channels.convolved(x, groups).transpose());
  }
  return state;
}

void check_outputs(const Mamba2& shape, const Cascade& cascade, const NumericCase& given) {
  const std::vector<TensorValues> made = run_reference(cascade, given).tensors;
  const SsdWeights weights = weights_of(shape, cascade, given);
  const TensorValues& x = named(cascade, given.tensors, "x");
  const TensorValues& out = named(cascade, made, "out");
  for (std::int64_t b = 0; b < shape.batch; ++b) {
    SsdState state = state_of(shape, cascade, given, b);
    for (std::int64_t l = 0; l < shape.tokens; ++l) {
      Vector token(shape.d_model);
      for (std::int64_t e = 0; e < shape.d_model; ++e) token[e] = x.at(std::array<std::int64_t, 3>{b, l, e});
      const Vector expected = ssd_step(weights, state, token);
      for (std::int64_t e = 0; e < shape.d_model; ++e) {
        CHECK(out.at(std::array<std::int64_t, 3>{b, l, e}) == Approx(expected[e]).epsilon(kClose));
      }
    }
  }
}

TEST_CASE("The reference of a Mamba-2 block is the state space dual of the published equations") {
  for_all(kCases, [](Dice& dice) {
    const Mamba2 shape = random_mamba2(dice);
    const Cascade cascade = sound(mamba2_block(shape));
    CAPTURE(text_of(cascade));
    check_outputs(shape, cascade,
                  make_case(cascade, Arithmetic::kFp64, static_cast<std::uint64_t>(dice.in(0, 1'000'000))));
  });
}

TEST_CASE("A Mamba-2 prefill is any sequence of calls and decode steps that hand on h and the windows") {
  for_all(kCases, [](Dice& dice) {
    Mamba2 shape = random_mamba2(dice);
    shape.initial_state.reset();
    shape.final_state = Final::kStored;
    std::vector<std::int64_t> sizes;
    shape.tokens = 0;
    for (std::int64_t i = dice.in(1, 4); i > 0; --i) {
      sizes.push_back(dice.in(1, 3));
      shape.tokens += sizes.back();
    }
    CAPTURE(sizes);
    check_portions(shape, mamba2_block, sizes,
                   dice.pick<DataType>({DataType::kFp64, DataType::kFp32, DataType::kBf16, DataType::kFp16}));
  });
}

TEST_CASE("Fuse-all saves seven moves of Mamba-2's state, and those of dA and Abar") {
  for_all(60, [](Dice& dice) {
    const Mamba2 shape = random_mamba2(dice);
    const Cascade cascade = sound(mamba2_block(shape));
    Accelerator machine = accelerator();
    machine.sram.capacity = Bytes{std::int64_t{1} << 40};
    const auto traffic = [&](const char* strategy) {
      return dram_traffic(assess(cascade, design_of(machine), *find_strategy(strategy)).value().cost);
    };
    const std::int64_t heads = 4 * shape.batch * shape.n_head;
    const bool loaded = shape.initial_state == Initial::kLoaded;
    const bool stored = shape.final_state == Final::kStored;
    // dBx 1, t 2, h 3, y 1 for each token, less a zero h[-1]; fused, only the state's ends travel. dA and
    // Abar are written and read.
    const std::int64_t moves = 7 * shape.tokens - (loaded ? 0 : 1) - (loaded ? 1 : 0) - (stored ? 1 : 0);
    CAPTURE(text_of(cascade));
    CHECK(traffic("unfused") - traffic("fuse-all") ==
          Bytes{heads * (moves * shape.d_head * shape.d_state + 4 * shape.tokens)});
  });
}

}  // namespace
}  // namespace fusescape::test_plans::ssd_test
