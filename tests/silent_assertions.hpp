// What does a failed assertion do in a case that is only tried? It ends the case, and nothing is reported.
#pragma once

#include <catch2/catch.hpp>
#include <string>

namespace fusescape::test_plans {

/// While it lives, it stands in for Catch's record: CHECK ends a case as REQUIRE does, by Catch's exception.
class SilentAssertions final : public Catch::IResultCapture {
 public:
  using Info = Catch::AssertionInfo;
  using Reaction = Catch::AssertionReaction;

  SilentAssertions() : real_{&Catch::getResultCapture()} {
    Catch::getCurrentMutableContext().setResultCapture(this);
  }
  ~SilentAssertions() override { Catch::getCurrentMutableContext().setResultCapture(real_); }
  SilentAssertions(const SilentAssertions&) = delete;
  SilentAssertions& operator=(const SilentAssertions&) = delete;

  void handleExpr(const Info& info, const Catch::ITransientExpression& expression,
                  Reaction& reaction) override {
    reaction.shouldThrow = expression.getResult() == Catch::isFalseTest(info.resultDisposition);
  }
  void handleMessage(const Info&, Catch::ResultWas::OfType type, const Catch::StringRef&,
                     Reaction& reaction) override {
    reaction.shouldThrow = (type & Catch::ResultWas::FailureBit) != 0;
  }
  void handleNonExpr(const Info&, Catch::ResultWas::OfType type, Reaction& reaction) override {
    reaction.shouldThrow = (type & Catch::ResultWas::FailureBit) != 0;
  }
  void handleUnexpectedExceptionNotThrown(const Info&, Reaction& reaction) override {
    reaction.shouldThrow = true;
  }
  void handleUnexpectedInflightException(const Info&, const std::string&, Reaction& reaction) override {
    reaction.shouldThrow = true;
  }
  void handleFatalErrorCondition(Catch::StringRef message) override {
    real_->handleFatalErrorCondition(message);
  }
  std::string getCurrentTestName() const override { return real_->getCurrentTestName(); }
  const Catch::AssertionResult* getLastResult() const override { return real_->getLastResult(); }
  bool lastAssertionPassed() override { return true; }

  bool sectionStarted(const Catch::SectionInfo&, Catch::Counts&) override { return false; }
  Catch::IGeneratorTracker& acquireGeneratorTracker(Catch::StringRef name,
                                                    const Catch::SourceLineInfo& line) override {
    return real_->acquireGeneratorTracker(name, line);
  }
  void sectionEnded(const Catch::SectionEndInfo&) override {}
  void sectionEndedEarly(const Catch::SectionEndInfo&) override {}
  void pushScopedMessage(const Catch::MessageInfo&) override {}
  void popScopedMessage(const Catch::MessageInfo&) override {}
  void emplaceUnscopedMessage(const Catch::MessageBuilder&) override {}
  void handleIncomplete(const Info&) override {}
  void assertionPassed() override {}
  void exceptionEarlyReported() override {}

 private:
  Catch::IResultCapture* real_;
};

}  // namespace fusescape::test_plans
