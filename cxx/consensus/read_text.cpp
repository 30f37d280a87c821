#include "consensus/read_text.hpp"

#include <algorithm>
#include <set>

#include "consensus/built_ins.hpp"
#include "consensus/print.hpp"
#include "consensus/text_clauses.hpp"

namespace caten::consensus {
namespace {

constexpr std::string_view kDeclarations[] = {"param", "value", "visible", "rule", "constraint", "commit"};

/// Declarations; what they are made of is read by TextClauses.
class TextReader : public TextClauses {
 public:
  using TextClauses::TextClauses;

  std::optional<Program> program(Diagnostics& diagnostics) {
    Program out;
    size_t before = diagnostics.errors();
    if (take_word("program")) out.name = name("the name of the program");
    while (!at_end() || failed()) {
      Declaration declaration;
      if (!failed()) declaration = this->declaration();
      if (failed()) {
        recover();
      } else {
        if (Status shallow = check_depth(declaration); !shallow) diagnostics.add(shallow.error());
        out.declarations.push_back(std::move(declaration));
      }
      flush(diagnostics);
    }
    if (diagnostics.errors() > before) return std::nullopt;
    return out;
  }

 private:
  /// To the next line that begins a declaration.
  void recover() {
    if (position() == begin_) skip();
    while (!at_end() && !(token().begins_line && begins_declaration())) skip();
  }

  bool begins_declaration() const {
    const Token& t = token();
    return t.kind == Token::Kind::kName && !t.quoted &&
           std::find(std::begin(kDeclarations), std::end(kDeclarations), t.text) != std::end(kDeclarations);
  }

  Declaration declaration() {
    clauses_.clear();
    begin_ = position();
    if (take_word("param")) return parameter();
    if (take_word("value")) return value();
    if (take_word("visible")) return visible();
    if (take_word("rule")) return rule();
    if (take_word("constraint")) return constraint();
    if (take_word("commit")) return commit();
    std::vector<std::string> words(std::begin(kDeclarations), std::end(kDeclarations));
    reject(
        "a declaration was expected", "param, value, visible, rule, constraint or commit",
        suggestion(token().text, words, "begin with one of these words, or remove what stands behind the declaration"));
    return Parameter{};
  }

  /// Takes the word of a clause, which may stand once.
  bool take_clause(std::string_view word) {
    if (!is_word(word)) return false;
    if (!clauses_.insert(std::string(word)).second)
      reject(fmt::format("`{}` stands twice", word), "each clause once", "keep one of them");
    skip();
    return true;
  }
  void expect_clause(std::string_view word, const char* remedy) {
    if (!failed() && !clauses_.contains(std::string(word)))
      reject_at(place().span, fmt::format("a clause `{}` is missing", word), fmt::format("`{}`", word), "none", remedy,
                Code::MissingClause);
  }
  Place place() const { return place_from(begin_); }

  std::vector<Affine> sizes() {
    std::vector<Affine> out;
    expect_sign("(", "sizes stand between parentheses");
    if (take_sign(")")) return out;
    do out.push_back(affine());
    while (take_sign(","));
    expect_sign(")", "close the sizes");
    return out;
  }

  Declaration parameter() {
    Parameter out;
    out.name = name("the name of a parameter");
    expect_sign(":", "write the parameter's type behind a colon, such as N : Int");
    out.type = choose(kParameterTypes, "the type of a parameter");
    if (out.type == Parameter::Type::kScalar || out.type == Parameter::Type::kTensor) {
      expect_sign("[", "write the dtype between brackets, such as Scalar[f32]");
      out.dtype = dtype();
      expect_sign("]", "close the dtype");
    }
    if (out.type == Parameter::Type::kTensor) out.sizes = sizes();
    if (take_sign("=")) out.otherwise = expression();
    out.place = place();
    return out;
  }

  Declaration value() {
    Value out;
    out.name = name("the name of a value");
    expect_sign(":", "write the value's kind behind a colon, such as Txt : Token[BPE]");
    out.kind = kind();
    while (!failed()) {
      if (take_clause("shape")) {
        out.shape = shape();
      } else if (take_clause("clock")) {
        expect_word("Lamport", "there is no other clock");
      } else if (take_clause("partition")) {
        expect_word("axis", "say along which axis, such as partition axis 1");
        out.partition_axis = integer(0);
      } else if (take_clause("init")) {
        out.initial = expression();
      } else {
        break;
      }
    }
    expect_clause("shape", "say how many cells there are, such as shape Seq(N)");
    expect_clause("clock", "write clock Lamport");
    out.place = place();
    return out;
  }

  Kind kind() {
    size_t which = choose(kKinds, "a kind of value");
    if (which == 3) return EventKind{};
    if (which == 4) return RuleKind{};
    expect_sign("[", "write Token[VOCABULARY], Latent[SIZE, DTYPE] or Scalar[DTYPE]");
    Kind out;
    if (which == 0) {
      TokenKind token;
      token.vocabulary = name("the name of a vocabulary");
      if (take_sign(",")) token.size = affine();
      out = std::move(token);
    } else if (which == 1) {
      LatentKind latent;
      latent.size = affine();
      expect_sign(",", "write the dtype behind the size, such as Latent[16, f32]");
      latent.dtype = dtype();
      out = std::move(latent);
    } else {
      out = ScalarKind{dtype()};
    }
    expect_sign("]", "close the bracket");
    return out;
  }

  Shape shape() {
    size_t begin = position();
    Shape out;
    out.form = choose(kShapes, "a shape");
    out.sizes = sizes();
    out.place = place_from(begin);
    bool any = out.form == Shape::Form::kGrid;
    if (!failed() && (any ? out.sizes.empty() : out.sizes.size() != size_count(out.form)))
      reject_at(out.place.span, "a shape with another number of sizes",
                any ? "1 or more" : std::to_string(size_count(out.form)), std::to_string(out.sizes.size()),
                "Seq(N), Grid3D(T, W, H), Grid(SIZE, …), Graph(NODES, EDGES) or Set()");
    return out;
  }

  Declaration visible() {
    Visible out;
    out.target = cells();
    if (!(is_sign("<") && is_sign("-", 1) && token().span.end == token(1).span.begin))
      reject("`<-` was expected", "`<-` and what is visible", "write visible X[i] <- Y[i]");
    skip();
    skip();
    out.source = reference();
    while (!failed()) {
      if (take_clause("when")) {
        out.predicate = expression();
      } else if (take_clause("optional")) {
        out.optional = true;
      } else if (take_clause("border")) {
        out.border = border();
      } else {
        break;
      }
    }
    out.place = place();
    return out;
  }

  Border border() {
    Border out;
    out.form = choose(kBorders, "a border");
    if (out.form != Border::Form::kPad || failed()) return out;
    expect_sign("(", "write what lies beyond the rim, such as pad(0)");
    out.padding = expression();
    expect_sign(")", "close the parenthesis");
    return out;
  }

  Declaration rule() {
    Rule out;
    out.name = name("the name of a rule");
    expect_sign(":", "write a colon behind the rule's name");
    while (!failed()) {
      if (take_clause("on")) {
        out.on = cells();
      } else if (take_clause("read")) {
        out.reads = reads();
      } else if (take_word("let")) {
        out.locals.push_back(local());
      } else if (take_word("emit")) {
        out.proposals.push_back(proposal());
      } else if (take_clause("score")) {
        out.score = expression();
      } else {
        break;
      }
    }
    expect_clause("on", "say for which cells the rule makes proposals, such as on Vid[t,x,y]");
    if (!failed() && out.proposals.empty())
      reject_at(place().span, "a rule without proposals", "emit proposal TARGET := VALUE", "none",
                "say what the rule proposes", Code::MissingClause);
    out.place = place();
    return out;
  }

  std::vector<Read> reads() {
    std::vector<Read> out;
    expect_sign("{", "what is read stands between braces");
    if (take_sign("}")) return out;
    do out.push_back(read());
    while (take_sign(","));
    expect_sign("}", "close the brace, or write a comma before the next one");
    return out;
  }

  Read read() {
    size_t begin = position();
    Read out;
    if (is_sign("[", 1)) {
      Reference source = reference();
      out.name = source.value;
      out.pattern = std::move(source);
    } else {
      out.name = name("the name of a read");
      if (take_word("in"))
        out.pattern = neighbourhood();
      else if (take_sign("="))
        out.pattern = reference();
    }
    out.optional = take_sign("?");
    out.place = place_from(begin);
    return out;
  }

  Local local() {
    size_t begin = position();
    Local out;
    out.name = name("the name of a part of an expression");
    expect_sign("=", "write let NAME = EXPRESSION");
    out.value = expression();
    out.place = place_from(begin);
    return out;
  }

  Proposal proposal() {
    size_t begin = position();
    Proposal out;
    expect_word("proposal", "write emit proposal TARGET := VALUE");
    out.target = reference();
    expect_sign(":=", "write the proposed value behind :=");
    out.value = expression();
    out.place = place_from(begin);
    return out;
  }

  Declaration constraint() {
    Constraint out;
    out.name = name("the name of a constraint");
    expect_sign(":", "write a colon behind the constraint's name");
    bool scoped = take_word("on");
    if (scoped) out.scope = reference();
    out.mode = choose(kModes, "a kind of constraint");
    if (scoped)
      out.predicate = expression();
    else
      about_scope(out);
    while (!failed()) {
      if (take_clause("priority")) {
        out.priority = integer(INT64_MIN);
      } else if (take_clause("weight")) {
        out.weight = integer(1);
      } else if (take_clause("hard")) {
        out.hard = true;
      } else {
        break;
      }
    }
    expect_clause("priority", "say how strong the constraint is, such as priority 50");
    out.place = place();
    return out;
  }

  /// `change(REF)`, `REF in Palette(E)` and the like, which hold the scope inside.
  void about_scope(Constraint& out) {
    size_t begin = position();
    constexpr std::string_view kForms[] = {"change", "read_future", "all_different"};
    for (std::string_view word : kForms) {
      if (!is_word(word) || !is_sign("(", 1)) continue;
      Name predicate{std::string(word), {token().span}};
      skip();
      skip();
      out.scope = reference();
      expect_sign(")", "these predicates are about one reference");
      return finish_predicate(out, std::move(predicate), {}, begin);
    }
    if (token().kind != Token::Kind::kName || (!token().quoted && is_text_word(token().text)))
      return reject("what must hold was expected", "a reference, or a predicate about one",
                    "write on REFERENCE before a condition of another form");
    out.scope = reference();
    Name predicate{"", {token().span}};
    if (take_word("in")) {
      expect_word("Palette", "write in Palette(…); for other conditions write on REFERENCE before require");
      expect_sign("(", "the palette stands between parentheses");
      std::vector<Expression> palette{expression()};
      expect_sign(")", "close the parenthesis");
      predicate.text = "in-palette";
      return finish_predicate(out, std::move(predicate), std::move(palette), begin);
    }
    if (take_word("accepts")) {
      predicate.text = "accepts";
      return finish_predicate(out, std::move(predicate), {expression(kAboveComparison)}, begin);
    }
    reject("a constraint without a scope",
           "change(…), read_future(…), all_different(…), … in Palette(…) or … accepts …",
           "write on REFERENCE before forbid or require, and then any condition");
  }

  void finish_predicate(Constraint& out, Name predicate, std::vector<Expression> arguments, size_t begin) {
    if (failed()) return;
    Result<Expression> made = make_call(std::move(predicate), std::move(arguments), {}, place_from(begin));
    if (made)
      out.predicate = std::move(*made);
    else
      reject_at(made.error().span, made.error().message, made.error().expected, made.error().found,
                made.error().remedy);
  }

  Declaration commit() {
    Commit out;
    out.target = reference();
    while (!failed()) {
      if (take_clause("using")) {
        policy();
      } else if (take_clause("atomic")) {
        out.atomic = choose(kAtomic, "what commits as one");
      } else if (take_clause("isolation")) {
        out.isolation = choose(kIsolation, "an isolation");
      } else if (take_clause("budget")) {
        out.budget = expression();
      } else if (take_clause("on_unsat")) {
        out.on_unsat = on_unsat();
      } else if (take_clause("colour")) {
        out.colour = choose(kColours, "a colouring");
      } else {
        break;
      }
    }
    expect_clause("using", "write using satisfy(max_constraints_then_score)");
    out.place = place();
    return out;
  }

  void policy() {
    constexpr const char* kRemedy = "the policy is satisfy(max_constraints_then_score)";
    expect_word("satisfy", kRemedy);
    expect_sign("(", kRemedy);
    expect_word("max_constraints_then_score", kRemedy);
    expect_sign(")", kRemedy);
  }

  OnUnsat on_unsat() {
    OnUnsat out;
    out.form = choose(kOnUnsat, "what happens where nothing is admissible");
    if (out.form != OnUnsat::Form::kRestart && out.form != OnUnsat::Form::kBacktrack) return out;
    expect_sign("(", "say how often, such as restart(3)");
    out.count = integer(1);
    expect_sign(")", "close the parenthesis");
    return out;
  }

  static constexpr int kAboveComparison = 5;  ///< sums and stronger

  std::set<std::string> clauses_{};
  size_t begin_ = 0;
};

}  // namespace

std::optional<Program> read_text(const SourceMap& sources, uint32_t source, Diagnostics& diagnostics) {
  Result<std::vector<Token>> tokens = tokens_of(sources, source);
  if (tokens) return TextReader(std::move(*tokens)).program(diagnostics);
  diagnostics.add(tokens.error());
  return std::nullopt;
}

}  // namespace caten::consensus
