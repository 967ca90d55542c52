#include "for_all.hpp"

#include <fmt/format.h>
#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "silent_assertions.hpp"

namespace fusescape::test_plans {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kChoices = 256;  ///< More than all but a few cases draw.
constexpr std::uint32_t kFewShrinks =
    1000;  ///< Attempts to shrink, and as many again as follow from the cases.
constexpr std::uint32_t kShrinksPerCase = 10;

/// Runs `check` on tapes, and keeps the last on which it failed: rapidcheck goes on from that one.
class Trials {
 public:
  Trials(std::uint32_t cases, const std::function<void(Dice&)>& check)
      : check_{check}, shrinks_left_{kFewShrinks + kShrinksPerCase * cases} {}

  bool passes(const Tape& tape) {
    if (failed_ && shrinks_left_ == 0) return true;
    if (failed_) --shrinks_left_;
    Dice dice{tape};
    const bool passed = holds(dice);
    if (!passed) failed_ = dice.drawn();
    return passed;
  }

  /// The smallest tape that decides the same case.
  Tape drawn_from(const Tape& tape) const {
    Dice dice{tape};
    static_cast<void>(holds(dice));
    return dice.drawn();
  }

  const std::optional<Tape>& smallest() const { return failed_; }

 private:
  bool holds(Dice& dice) const {
    try {
      check_(dice);
      return true;
    } catch (...) {
      return false;
    }
  }

  const std::function<void(Dice&)>& check_;
  std::uint32_t shrinks_left_;
  std::optional<Tape> failed_;
};

/// One step towards a simpler case: choice `lowered` becomes `value`, and `removed` from `position` on go.
struct Edit {
  std::size_t lowered = 0;
  std::uint32_t value = 0;
  std::size_t position = 0;
  std::size_t removed = 0;
};

/// Removes long runs before short ones, later before earlier ones.
void add_removals(const Tape& tape, std::vector<Edit>& edits) {
  for (std::size_t size = (tape.size() + 1) / 2; size > 0; size /= 2) {
    for (std::size_t end = tape.size(); end >= size; end -= size)
      edits.push_back({0, tape.front(), end - size, size});
  }
}

/// Every smaller number, or some of many.
void add_lowered(const Tape& tape, std::vector<Edit>& edits) {
  constexpr std::uint32_t kFew = 8;
  for (std::size_t i = 0; i < tape.size(); ++i) {
    for (std::uint32_t value = 0; value < std::min(tape[i], kFew); ++value) edits.push_back({i, value, i, 0});
    for (std::uint32_t step = tape[i] / 2; step > 0 && tape[i] - step >= kFew; step /= 2)
      edits.push_back({i, tape[i] - step, i, 0});
  }
}

/// Where a choice says how many parts follow: one less, and what decided one of them.
void add_parts(const Tape& tape, std::vector<Edit>& edits) {
  constexpr std::size_t kLongest = 16;
  for (std::size_t i = 0; i < tape.size(); ++i) {
    for (std::size_t position = i + 1; tape[i] > 0 && position < tape.size(); ++position) {
      for (std::size_t size = 1; size <= std::min(kLongest, tape.size() - position); ++size)
        edits.push_back({i, tape[i] - 1, position, size});
    }
  }
}

std::vector<Edit> edits_of(const Tape& tape) {
  std::vector<Edit> edits;
  add_removals(tape, edits);
  add_lowered(tape, edits);
  add_parts(tape, edits);
  return edits;
}

Tape edited(Tape tape, const Edit& edit) {
  tape[edit.lowered] = edit.value;
  const auto first = tape.begin() + static_cast<std::ptrdiff_t>(edit.position);
  tape.erase(first, first + static_cast<std::ptrdiff_t>(edit.removed));
  return tape;
}

/// After an edit that is accepted, its successors are tried first.
rc::Shrinkable<Tape> shrinkable(Tape tape, const Trials& trials, std::size_t first = 0) {
  return rc::shrinkable::shrink(rc::fn::constant(std::move(tape)), [first, &trials](const Tape& from) {
    const Tape start = trials.drawn_from(from);
    const std::vector<Edit> edits = edits_of(start);
    std::vector<std::size_t> order(edits.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = (first + i) % order.size();
    return rc::seq::map(rc::seq::fromContainer(std::move(order)), [=, &trials](std::size_t i) {
      return shrinkable(edited(start, edits[i]), trials, i);
    });
  });
}

rc::Gen<Tape> tapes(const Trials& trials) {
  return [&trials](rc::Random random, int) {
    Tape tape(kChoices);
    for (std::uint32_t& choice : tape) choice = static_cast<std::uint32_t>(random.next());
    return shrinkable(std::move(tape), trials);
  };
}

/// The test's name, and a number from the second one of a test on.
std::string property_name() {
  static std::map<std::string, int> asked;
  const std::string test = Catch::getResultCapture().getCurrentTestName();
  const int before = asked[test]++;
  return before == 0 ? test : fmt::format("{} ({})", test, before + 1);
}

rc::detail::TestResult search(const std::string& name, std::uint32_t cases, Trials& trials) {
  rc::detail::Configuration defaults;
  defaults.testParams.seed = kSeed;
  defaults.testParams.maxSuccess = static_cast<int>(cases);
  const char* asked = std::getenv("RC_PARAMS");
  const rc::detail::Configuration params = rc::detail::configFromString(asked ? asked : "", defaults);

  const rc::detail::Property property = rc::gen::map(tapes(trials), [&](const Tape& tape) {
    using rc::detail::CaseResult;
    const auto type = trials.passes(tape) ? CaseResult::Type::Success : CaseResult::Type::Failure;
    const auto example = [tape] {
      return rc::detail::Example{{"choices", fmt::format("{}", fmt::join(tape, ", "))}};
    };
    return rc::detail::CaseDescription{CaseResult{type}, {}, example};
  });
  rc::detail::TestListenerAdapter silent;
  return rc::detail::checkProperty(property, {name, name}, params.testParams, silent, params.reproduce);
}

std::string text_of(const std::string& name, const rc::detail::TestResult& result) {
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  if (!result.is<rc::detail::FailureResult>()) return text.str();
  rc::detail::Configuration again;
  again.reproduce[name] = result.get<rc::detail::FailureResult>().reproduce;
  const std::string params = rc::detail::configToMinimalString(again);
  return fmt::format("{}\nRC_PARAMS='{}'\n", text.str(), params.substr(0, params.find(' ')));
}

}  // namespace

std::optional<Failure> smallest_failure(const std::string& name, std::uint32_t cases,
                                        const std::function<void(Dice&)>& check) {
  Trials trials{cases, check};
  const SilentAssertions silent;
  const rc::detail::TestResult result = search(name, cases, trials);
  if (result.is<rc::detail::SuccessResult>()) return std::nullopt;
  return Failure{trials.smallest().value_or(Tape{}), text_of(name, result)};
}

void for_all(std::uint32_t cases, const std::function<void(Dice&)>& check) {
  const auto failure = smallest_failure(property_name(), cases, check);
  if (failure) {
    std::cerr << failure->text;  // Catch would break the line that is to be copied.
    Dice dice{failure->choices};
    check(dice);
  }
  INFO("See above: the smallest case found that fails, or why none was tried.");
  REQUIRE_FALSE(failure.has_value());
}

}  // namespace fusescape::test_plans
