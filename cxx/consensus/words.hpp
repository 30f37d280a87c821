// The words of both texts that stand for one of a few things, once: readers, printers and messages use these tables.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "consensus/program.hpp"

namespace caten::consensus {

template <class T>
struct Word {
  T meaning;
  std::string_view lci;
  std::string_view text;
};

inline constexpr Word<Shape::Form> kShapes[] = {{Shape::Form::kSeq, "seq", "Seq"},
                                                {Shape::Form::kGrid3d, "grid3d", "Grid3D"},
                                                {Shape::Form::kGrid, "grid", "Grid"},
                                                {Shape::Form::kGraph, "graph", "Graph"},
                                                {Shape::Form::kSet, "set", "Set"}};

using ParameterType = Parameter::Type;
inline constexpr Word<ParameterType> kParameterTypes[] = {{ParameterType::kInt, "int", "Int"},
                                                          {ParameterType::kScalar, "scalar", "Scalar"},
                                                          {ParameterType::kTensor, "tensor", "Tensor"},
                                                          {ParameterType::kModel, "model", "Model"},
                                                          {ParameterType::kRegion, "region", "Region"},
                                                          {ParameterType::kPalette, "palette", "Palette"},
                                                          {ParameterType::kVocabulary, "vocabulary", "Vocabulary"},
                                                          {ParameterType::kAutomaton, "automaton", "Automaton"}};

/// The alternatives of Kind, by index.
inline constexpr Word<size_t> kKinds[] = {{0, "token", "Token"},
                                          {1, "latent", "Latent"},
                                          {2, "scalar", "Scalar"},
                                          {3, "event", "Event"},
                                          {4, "rule", "Rule"}};

inline constexpr Word<Border::Form> kBorders[] = {
    {Border::Form::kClip, "clip", "clip"}, {Border::Form::kWrap, "wrap", "wrap"}, {Border::Form::kPad, "pad", "pad"}};

inline constexpr Word<OnUnsat::Form> kOnUnsat[] = {{OnUnsat::Form::kKeep, "keep", "keep"},
                                                   {OnUnsat::Form::kLeast, "least", "least"},
                                                   {OnUnsat::Form::kFail, "fail", "fail"},
                                                   {OnUnsat::Form::kRestart, "restart", "restart"},
                                                   {OnUnsat::Form::kBacktrack, "backtrack", "backtrack"}};

inline constexpr Word<Constraint::Mode> kModes[] = {{Constraint::Mode::kForbid, "forbid", "forbid"},
                                                    {Constraint::Mode::kRequire, "require", "require"}};

inline constexpr Word<Commit::Atomic> kAtomic[] = {{Commit::Atomic::kCell, "cell", "cell"},
                                                   {Commit::Atomic::kProposal, "proposal", "proposal"}};

inline constexpr Word<Commit::Isolation> kIsolation[] = {
    {Commit::Isolation::kSerializable, "serializable", "serializable"},
    {Commit::Isolation::kSnapshot, "snapshot", "snapshot"}};

inline constexpr Word<Commit::Colour> kColours[] = {{Commit::Colour::kNone, "none", "none"},
                                                    {Commit::Colour::kAuto, "auto", "auto"}};

/// How many sizes a shape of this form has; 0 for kGrid, which has any number above 0.
inline size_t size_count(Shape::Form form) {
  switch (form) {
    case Shape::Form::kSeq: return 1;
    case Shape::Form::kGrid3d: return 3;
    case Shape::Form::kGraph: return 2;
    case Shape::Form::kGrid:
    case Shape::Form::kSet: return 0;
  }
  return 0;
}

template <class T, size_t N>
const Word<T>* find_meaning(const Word<T> (&words)[N], T meaning) {
  for (const Word<T>& word : words)
    if (word.meaning == meaning) return &word;
  return nullptr;
}

template <class T, size_t N>
std::optional<T> find_word(const Word<T> (&words)[N], std::string_view Word<T>::*surface, std::string_view name) {
  for (const Word<T>& word : words)
    if (word.*surface == name) return word.meaning;
  return std::nullopt;
}

template <class T, size_t N>
std::vector<std::string> all_words(const Word<T> (&words)[N], std::string_view Word<T>::*surface) {
  std::vector<std::string> out;
  for (const Word<T>& word : words) out.emplace_back(word.*surface);
  return out;
}

/// Fails with the first error of many, if there is one.
inline Status first_error(const Diagnostics& diagnostics) {
  for (const Diagnostic& each : diagnostics.list())
    if (each.severity == Severity::kError) return fail(each);
  return {};
}

/// "did you mean …", or else this.
inline std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                              std::string_view otherwise) {
  std::string hint = did_you_mean(word, candidates);
  return hint.empty() ? std::string(otherwise) : hint;
}

/// A piece of source for a message: on one line, at most 60 bytes.
std::string clipped(std::string_view text);

}  // namespace caten::consensus
