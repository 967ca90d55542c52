#include "fusescape/support/suggestion.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

namespace fusescape {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

/// What other tools and model cards call a thing that has a name here.
struct Synonym {
  std::string_view theirs;  ///< In lower case.
  std::string_view ours;
};
constexpr std::array kSynonyms{Synonym{"seq_len", "L"},
                               Synonym{"seqlen", "L"},
                               Synonym{"sequence_length", "L"},
                               Synonym{"seq_length", "L"},
                               Synonym{"length", "L"},
                               Synonym{"tokens", "L"},
                               Synonym{"batch", "B"},
                               Synonym{"batch_size", "B"},
                               Synonym{"context", "S"},
                               Synonym{"kv_len", "S"},
                               Synonym{"hidden_size", "d_model"},
                               Synonym{"n_embd", "d_model"},
                               Synonym{"dim", "d_model"},
                               Synonym{"state_size", "d_state"},
                               Synonym{"num_layers", "n_layer"},
                               Synonym{"num_hidden_layers", "n_layer"},
                               Synonym{"n_layers", "n_layer"},
                               Synonym{"layers", "n_layer"},
                               Synonym{"time_step_rank", "dt_rank"},
                               Synonym{"num_heads", "n_head"},
                               Synonym{"num_attention_heads", "n_head"},
                               Synonym{"precision", "dtype"},
                               Synonym{"data_type", "dtype"},
                               Synonym{"float32", "fp32"},
                               Synonym{"float16", "fp16"},
                               Synonym{"half", "fp16"},
                               Synonym{"bfloat16", "bf16"},
                               Synonym{"mode", "phase"},
                               Synonym{"frequency", "clock"},
                               Synonym{"sram", "sram.capacity"},
                               Synonym{"sram_size", "sram.capacity"},
                               Synonym{"sram.size", "sram.capacity"},
                               Synonym{"bandwidth", "dram.bandwidth"},
                               Synonym{"dram_bandwidth", "dram.bandwidth"}};

/// Edits from `word` to `name`, in either case; a synonym is as near as another case.
std::size_t distance_of(std::string_view word, const std::string& folded, std::string_view name) {
  const auto same = [&](const Synonym& synonym) { return synonym.theirs == folded && synonym.ours == name; };
  if (std::any_of(kSynonyms.begin(), kSynonyms.end(), same)) return 0;
  const std::size_t in_either_case = edit_distance(folded, lower(name));
  return in_either_case == 0 ? 0 : std::min(edit_distance(word, name), in_either_case + 1);
}

/// The shortest name that begins with `folded`, in either case; none for a word of few letters.
std::string_view shortest_that_begins(const std::string& folded, std::span<const std::string_view> known) {
  constexpr std::size_t kFewest = 3;
  std::string_view shortest;
  for (const std::string_view name : known) {
    const bool begins = name.size() > folded.size() && lower(name.substr(0, folded.size())) == folded;
    if (begins && (shortest.empty() || name.size() < shortest.size())) shortest = name;
  }
  return folded.size() < kFewest ? std::string_view{} : shortest;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string folded{text};
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return folded;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t kLongestKey = 64;
  if (word.size() > kLongestKey) return "";
  const std::string folded = lower(word);
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::string_view nearest;
  for (const std::string_view name : known) {
    if (name == word) continue;
    const std::size_t distance = distance_of(word, folded, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  // Distances count edits; what differs in case or is another word for the same costs none.
  if (best > (word.size() + 1) / 3) nearest = shortest_that_begins(folded, known);
  return nearest.empty() ? "" : "; did you mean '" + std::string{nearest} + "'?";
}

}  // namespace fusescape
