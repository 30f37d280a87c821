// A consensual program as data: what is visible, what may be proposed, what must hold. docs/consensus-language.md is
// the grammar of both texts that mean one.
//
// In: LCI (read_lci.hpp), the text form (read_text.hpp), or Lisp, which makes LCI. Out: a Program, which prints as
// either. Invariants: a Program holds its declarations in the order in which they were written; two programs are equal
// when they say the same, wherever it stood (places are always equal); reading what a printer wrote gives an equal
// program. Names mean something only after resolve (names.hpp). Entry: read_lci, read_text, print_lci, print_text,
// resolve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/source.hpp"
#include "consensus/box.hpp"
#include "ir/dtype.hpp"

namespace caten::consensus {

/// Where something was written. Takes no part in comparisons.
struct Place {
  SourceSpan span{};
  bool operator==(const Place&) const { return true; }
};

struct Name {
  std::string text{};
  Place place{};
  bool operator==(const Name&) const = default;
};

// ---- index expressions

struct Affine;

/// floor(dividend / divisor), or what is left of the dividend; the divisor is positive.
struct Quotient {
  Box<Affine> dividend;
  int64_t divisor = 1;
  bool remainder = false;
  bool operator==(const Quotient&) const;
};

struct AffineTerm {
  int64_t coefficient = 1;
  std::variant<Name, Quotient> atom{};  ///< an index or a parameter by name
  bool operator==(const AffineTerm&) const;
};

/// A sum of integer multiples of atoms, and a constant: `t-1`, `x+dx`, `2*y+1`, `W/8`. Terms stand in the order in
/// which they were written; no two have the same atom and none the coefficient 0.
struct Affine {
  using Term = AffineTerm;
  std::vector<Term> terms{};
  int64_t constant = 0;
  Place place{};
  bool operator==(const Affine&) const = default;
};

struct Expression;

struct All {  ///< `*`: the whole axis; as the only subscript: all axes
  bool operator==(const All&) const = default;
};
struct Range {  ///< `first..last`, both included
  Affine first{};
  Affine last{};
  bool operator==(const Range&) const = default;
};
struct Region {  ///< a set of cells over the axes that remain; a string names one that is given at instantiation
  Box<Expression> area;
  bool operator==(const Region&) const = default;
};
struct At {  ///< the element of a tensor or value of integers: `V[idx[i]]`
  Name tensor{};
  Affine index{};
  bool operator==(const At&) const = default;
};

struct Subscript {
  std::variant<Affine, All, Range, Region, At> node{};
  Place place{};
  bool operator==(const Subscript&) const;
};

/// `Vid[t, x, y]`. Without subscripts: the domain as a whole.
struct Reference {
  Name value{};
  std::vector<Subscript> subscripts{};
  Place place{};
  bool operator==(const Reference&) const;
};

/// The target of a visible edge, or what a rule is on: a value and fresh index names.
struct Cells {
  Name value{};
  std::vector<Name> indices{};
  Place place{};
  bool operator==(const Cells&) const = default;
};

/// N4 and N8 by name, or offsets, all with the same number of axes.
struct Neighbourhood {
  std::string name{};                           ///< "": the offsets below
  std::vector<std::vector<int64_t>> offsets{};  ///< as they were written
  Place place{};
  bool operator==(const Neighbourhood&) const = default;
};

// ---- expressions and predicates

struct Real {
  double value = 0;
  bool operator==(const Real&) const;  ///< by bits, so that every number is equal to itself
};
struct Text {
  std::string content{};
  bool operator==(const Text&) const = default;
};
struct Argument;
/// An operator, a built-in function, a composite or a model with arguments. Operators have the names of LCI: `+`, `<`,
/// `and`.
struct Call {
  Name function{};
  std::vector<Expression> arguments;
  std::vector<Argument> keywords;

  // Defined where Expression and Argument are complete.
  Call();
  Call(Name callee, std::vector<Expression> positional, std::vector<Argument> named);
  Call(const Call&);
  Call(Call&&) noexcept;
  Call& operator=(const Call&);
  Call& operator=(Call&&) noexcept;
  ~Call();
  bool operator==(const Call&) const;
};
/// `(dx,dy) in N8`: brings the names into being, one cell of the neighbourhood at a time.
struct InNeighbourhood {
  std::vector<Name> offsets{};
  Neighbourhood neighbourhood{};
  bool operator==(const InNeighbourhood&) const = default;
};

/// Also predicates: those of the built-in table (built_ins.hpp) that give true or false, and what composites give.
struct Expression {
  std::variant<int64_t, Real, Text, Name, Reference, Call, InNeighbourhood> node{};
  Place place{};
  bool operator==(const Expression&) const;
};
struct Argument {
  Name keyword{};
  Expression value{};
  bool operator==(const Argument&) const = default;
};

// ---- declarations

struct TokenKind {  ///< ids of a named vocabulary; without a size the vocabulary given at instantiation decides it
  Name vocabulary{};
  std::optional<Affine> size{};
  bool operator==(const TokenKind&) const = default;
};
struct LatentKind {
  Affine size{};
  DType dtype{};
  bool operator==(const LatentKind&) const = default;
};
struct ScalarKind {
  DType dtype{};
  bool operator==(const ScalarKind&) const = default;
};
struct EventKind {
  bool operator==(const EventKind&) const = default;
};
struct RuleKind {
  bool operator==(const RuleKind&) const = default;
};
using Kind = std::variant<TokenKind, LatentKind, ScalarKind, EventKind, RuleKind>;

struct Shape {
  enum class Form : uint8_t { kSeq, kGrid3d, kGrid, kGraph, kSet };
  Form form = Form::kSeq;
  std::vector<Affine> sizes{};  ///< of kGraph: nodes, then edges
  Place place{};
  /// How many subscripts a cell has.
  size_t rank() const { return form == Form::kSet ? 0 : form == Form::kGraph ? 1 : sizes.size(); }
  bool operator==(const Shape&) const = default;
};

/// What is given at instantiation.
struct Parameter {
  enum class Type : uint8_t { kInt, kScalar, kTensor, kModel, kRegion, kPalette, kVocabulary, kAutomaton };
  Name name{};
  Type type = Type::kInt;
  DType dtype{};                ///< of kScalar and kTensor
  std::vector<Affine> sizes{};  ///< of kTensor
  std::optional<Expression> otherwise{};
  Place place{};
  bool operator==(const Parameter&) const = default;
};

/// Every value has a Lamport clock: there is no other.
struct Value {
  Name name{};
  Kind kind{};
  Shape shape{};
  std::optional<int64_t> partition_axis{};
  std::optional<Expression> initial{};
  Place place{};
  bool operator==(const Value&) const = default;
};

/// What lies beyond the rim of a grid: nothing, its other side, or a constant.
struct Border {
  enum class Form : uint8_t { kClip, kWrap, kPad };
  Form form = Form::kClip;
  std::optional<Expression> padding{};  ///< of kPad
  bool operator==(const Border&) const = default;
};

struct Visible {
  Cells target{};
  Reference source{};
  std::optional<Expression> predicate{};
  bool optional = false;
  Border border{};
  Place place{};
  bool operator==(const Visible&) const = default;
};

/// `neighbors in N8`, `Txt[*]`, `prev_frame`, `past = Vid[t-1,x,y]`, `Coarse?`: a visible edge by pattern.
struct Read {
  Name name{};
  std::variant<std::monostate, Reference, Neighbourhood> pattern{};
  bool optional = false;  ///< BOT is passed on instead of disabling the instance
  Place place{};
  bool operator==(const Read&) const = default;
};
struct Proposal {
  Reference target{};
  Expression value{};
  Place place{};
  bool operator==(const Proposal&) const = default;
};
/// `let NAME = EXPRESSION`: a name for a part of what follows. What it draws is drawn once.
struct Local {
  Name name{};
  Expression value{};
  Place place{};
  bool operator==(const Local&) const = default;
};
struct Rule {
  Name name{};
  Cells on{};
  std::vector<Read> reads{};
  std::vector<Local> locals{};
  std::vector<Proposal> proposals{};
  std::optional<Expression> score{};
  Place place{};
  bool operator==(const Rule&) const = default;
};

struct Constraint {
  enum class Mode : uint8_t { kForbid, kRequire };
  Name name{};
  Reference scope{};
  Mode mode = Mode::kForbid;
  Expression predicate{};
  int64_t priority = 0;
  int64_t weight = 1;
  bool hard = false;
  Place place{};
  bool operator==(const Constraint&) const = default;
};

/// What happens in a step in which nothing is admissible.
struct OnUnsat {
  enum class Form : uint8_t { kKeep, kLeast, kFail, kRestart, kBacktrack };
  Form form = Form::kKeep;
  int64_t count = 0;  ///< of kRestart and kBacktrack
  bool operator==(const OnUnsat&) const = default;
};

/// The one policy is `satisfy max-constraints-then-score`.
struct Commit {
  enum class Atomic : uint8_t { kCell, kProposal };
  enum class Isolation : uint8_t { kSerializable, kSnapshot };
  /// kAuto: the schedule's colouring is refined until cells that are at work together do not see each other.
  enum class Colour : uint8_t { kNone, kAuto };
  Reference target{};
  Atomic atomic = Atomic::kCell;
  Isolation isolation = Isolation::kSerializable;
  std::optional<Expression> budget{};
  OnUnsat on_unsat{};
  Colour colour = Colour::kNone;
  Place place{};
  bool operator==(const Commit&) const = default;
};

using Declaration = std::variant<Parameter, Value, Visible, Rule, Constraint, Commit>;

struct Program {
  Name name{.text = "main"};
  std::vector<Declaration> declarations{};
  bool operator==(const Program&) const = default;

  /// Those of one kind, in order: `program.all<Rule>()`.
  template <class T>
  std::vector<const T*> all() const {
    std::vector<const T*> out;
    for (const Declaration& declaration : declarations)
      if (const T* found = std::get_if<T>(&declaration)) out.push_back(found);
    return out;
  }
};

/// How many lists within each other the LCI of a declaration may have. Readers refuse what is nested more deeply, so
/// that whatever was read can be printed as either text and read again.
inline constexpr size_t kMaxDepth = 100;

}  // namespace caten::consensus
