// Is an attention sub-block's cascade grouped-query attention, over a cache and without one?
#include <catch2/catch.hpp>

#include "portions.hpp"
#include "random_families.hpp"
#include "selective_scan.hpp"

namespace fusescape::test_plans::attention_test {
namespace {

/// Two orders of the same double-precision operations: a few hundred roundings of numbers about 1.
constexpr double kClose = 1e-12;

/// Numbers of a block's tensors, and what it made of them.
struct AttentionRun {
  explicit AttentionRun(const GroupedAttention& of, std::uint64_t seed)
      : shape{of}, cascade{sound(attention_block(of))}, given{make_case(cascade, Arithmetic::kFp64, seed)} {
    made = run_reference(cascade, given).tensors;
  }
  template <std::size_t N>
  [[nodiscard]] double in(std::string_view name, const std::array<std::int64_t, N>& at) const {
    return named(cascade, given.tensors, name).at(at);
  }
  [[nodiscard]] double out(std::int64_t b, std::int64_t l, std::int64_t e) const {
    return named(cascade, made, "out").at(std::array<std::int64_t, 3>{b, l, e});
  }

  GroupedAttention shape;
  Cascade cascade;
  NumericCase given;
  std::vector<TensorValues> made;
};

Vector token_of(const AttentionRun& run, std::int64_t b, std::int64_t l) {
  Vector x(run.shape.d_model);
  for (std::int64_t e = 0; e < x.size(); ++e) x[e] = run.in<3>("x", {b, l, e});
  return x;
}

Vector normed(const AttentionRun& run, std::int64_t b, std::int64_t l) {
  Vector x = normalized(token_of(run, b, l));
  for (std::int64_t e = 0; e < x.size(); ++e) x[e] *= run.in<1>("g", {e});
  return x;
}

/// A channel's factor at token l: cosine plus sine, since its partner is read at its own place. Where only
/// the last channels are turned, the table has cosines less one.
double turn(const AttentionRun& run, std::int64_t l, std::int64_t p) {
  if (!run.shape.rope) return 1.0;
  const std::int64_t turned = run.shape.rotary_dim == 0 ? run.shape.d_head : run.shape.rotary_dim;
  const std::int64_t first = run.shape.d_head - turned;
  if (p < first) return 1.0;
  const double angle = run.in<2>("cos", {l, p - first}) + run.in<2>("sin", {l, p - first});
  return first == 0 ? angle : 1.0 + angle;
}

/// Key (or value) of kv head g at token l of the call.
Vector kv_of(const AttentionRun& run, const char* part, std::int64_t b, std::int64_t l, std::int64_t g) {
  const Vector x = normed(run, b, l);
  Vector made = Vector::Zero(run.shape.d_head);
  for (std::int64_t p = 0; p < made.size(); ++p) {
    for (std::int64_t e = 0; e < x.size(); ++e)
      made[p] += x[e] * run.in<3>(std::string{"W_"} + part, {e, g, p});
    if (run.shape.qkv_bias) made[p] += run.in<2>(std::string{"b_"} + part, {g, p});
    if (*part == 'k') made[p] *= turn(run, l, p);
  }
  return made;
}

Vector query_of(const AttentionRun& run, std::int64_t b, std::int64_t l, std::int64_t g, std::int64_t r) {
  const Vector x = normed(run, b, l);
  Vector made = Vector::Zero(run.shape.d_head);
  for (std::int64_t p = 0; p < made.size(); ++p) {
    for (std::int64_t e = 0; e < x.size(); ++e) made[p] += x[e] * run.in<4>("W_q", {e, g, r, p});
    if (run.shape.qkv_bias) made[p] += run.in<3>("b_q", {g, r, p});
    made[p] *= turn(run, l, p);
  }
  return made;
}

/// Keys (or values) that token `last` of a sequence meets in a kv head: the cached ones, then those up to its
/// own.
std::vector<Vector> met_kv(const AttentionRun& run, const char* part, std::int64_t b, std::int64_t last,
                           std::int64_t g) {
  std::vector<Vector> all;
  const std::string cache = *part == 'k' ? "K_cache" : "V_cache";
  for (std::int64_t s = 0; s < run.shape.cache_tokens; ++s) {
    Vector& cached = all.emplace_back(run.shape.d_head);
    for (std::int64_t p = 0; p < cached.size(); ++p) cached[p] = run.in<4>(cache, {b, s, g, p});
  }
  for (std::int64_t l = 0; l <= last; ++l) all.push_back(kv_of(run, part, b, l, g));
  return all;
}

/// softmax(q k^T) v of one query.
Vector attended(const Vector& q, const std::vector<Vector>& keys, const std::vector<Vector>& values) {
  Vector context = Vector::Zero(q.size());
  double sum = 0.0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const double weight = std::exp(q.dot(keys[i]));
    sum += weight;
    context += weight * values[i];
  }
  return context / sum;
}

TEST_CASE("The reference of an attention sub-block is causal grouped-query attention over all of its keys") {
  for_all(150, [](Dice& dice) {
    const AttentionRun run{random_attention(dice), static_cast<std::uint64_t>(dice.in(0, 1'000'000))};
    const GroupedAttention& shape = run.shape;
    CAPTURE(text_of(run.cascade));
    for (std::int64_t b = 0; b < shape.batch; ++b) {
      for (std::int64_t l = 0; l < shape.tokens; ++l) {
        Vector expected = token_of(run, b, l);
        for (std::int64_t head = 0; head < shape.n_head; ++head) {
          // Neighbouring query heads share a head of keys and values.
          const std::int64_t g = head / (shape.n_head / shape.n_kv_head);
          const std::int64_t r = head % (shape.n_head / shape.n_kv_head);
          const Vector context =
              attended(query_of(run, b, l, g, r), met_kv(run, "k", b, l, g), met_kv(run, "v", b, l, g));
          for (std::int64_t e = 0; e < shape.d_model; ++e) {
            for (std::int64_t p = 0; p < shape.d_head; ++p)
              expected[e] += context[p] * run.in<4>("W_o", {g, r, p, e});
          }
        }
        for (std::int64_t e = 0; e < shape.d_model; ++e) {
          if (shape.out_bias) expected[e] += run.in<1>("b_o", {e});
          CHECK(run.out(b, l, e) == Approx(expected[e]).epsilon(kClose));
        }
      }
    }
  });
}

}  // namespace
}  // namespace fusescape::test_plans::attention_test
