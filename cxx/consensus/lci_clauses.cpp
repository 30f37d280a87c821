#include "consensus/lci_clauses.hpp"

#include <algorithm>

#include "consensus/affine.hpp"
#include "consensus/built_ins.hpp"

namespace caten::consensus {

std::string clipped(std::string_view text) {
  constexpr size_t kRoom = 60;
  size_t end = std::min(text.find('\n'), text.size());
  if (end > kRoom) {
    end = kRoom;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  }
  return std::string(text.substr(0, end)) + (end < text.size() ? "…" : "");
}

void LciClauses::flush(Diagnostics& diagnostics) {
  if (error_) diagnostics.add(std::move(*error_));
  error_.reset();
}

void LciClauses::reject(const Datum& at, std::string message, std::string expected, std::string remedy, Code code) {
  if (error_) return;
  error_ = Diagnostic{.code = code,
                      .message = std::move(message),
                      .span = at.span,
                      .expected = std::move(expected),
                      .found = clipped(print(at)),
                      .remedy = std::move(remedy)};
}

const Datum* LciClauses::Clauses::find(const std::string& key) const {
  auto found = keyed.find(key);
  return found == keyed.end() ? nullptr : found->second;
}

LciClauses::Clauses LciClauses::split(const Datum& datum, size_t least, size_t most,
                                      const std::vector<std::string>& keys) {
  Clauses out;
  size_t at = 1;
  while (at < datum.size() && !datum[at].is_keyword()) out.items.push_back(&datum[at++]);
  const std::string& head = datum[0].text;
  if (out.items.size() < least || out.items.size() > most)
    reject(datum, fmt::format("`{}` has {} parts before its keywords", head, out.items.size()),
           least == most ? std::to_string(least) : fmt::format("{} to {}", least, most),
           fmt::format("write them behind `{}`", head));
  for (; at < datum.size() && !failed(); at += 2) {
    const Datum& key = datum[at];
    if (!key.is_keyword()) {
      reject(key, "a part behind the keywords", "a keyword", "keywords and their values stand at the end, in pairs");
    } else if (std::find(keys.begin(), keys.end(), key.text) == keys.end()) {
      reject(key, fmt::format("`{}` has no such clause", head),
             keys.empty() ? "no keyword" : fmt::format(":{}", fmt::join(keys, " :")),
             suggestion(key.text, keys, "use one of these"), Code::UnknownClause);
    } else if (at + 1 >= datum.size()) {
      reject(key, "a keyword without a value", "a value behind it", "write the value, or leave the keyword out");
    } else if (!out.keyed.emplace(key.text, &datum[at + 1]).second) {
      reject(key, "the same clause twice", "each clause once", "keep one of them");
    }
  }
  return out;
}

const Datum* LciClauses::required(const Clauses& clauses, const Datum& datum, const std::string& key) {
  const Datum* found = clauses.find(key);
  if (!found)
    reject(datum[0], fmt::format("`{}` without :{}", datum[0].text, key), fmt::format(":{} and its value", key),
           "add the clause", Code::MissingClause);
  return found;
}

const Datum& LciClauses::list(const Datum& datum, const char* expected) {
  static const Datum empty = Datum::list({});
  if (datum.is_list()) return datum;
  reject(datum, "a list was expected", expected, "put it between parentheses");
  return empty;
}

Name LciClauses::name(const Datum& datum) {
  if (!datum.is_symbol())
    reject(datum, "a name was expected", "a symbol", "write a name");
  else if (datum.text.empty() || is_reserved(datum.text))
    reject(datum, "this word cannot be a name", "any other word", "choose another name");
  return {datum.text, place_of(datum)};
}

int64_t LciClauses::integer(const Datum& datum, int64_t least) {
  if (datum.is_integer() && !datum.is_unsigned && datum.integer >= least) return datum.integer;
  reject(datum, "an integer was expected",
         least == INT64_MIN ? "an integer of 64 bits" : fmt::format("{} or more", least), "write such a number");
  return least;
}

bool LciClauses::flag(const Datum& datum) {
  if (!datum.is_symbol("t")) reject(datum, "a flag is t or left out", "t", "write t, or leave the clause out");
  return true;
}

DType LciClauses::dtype(const Datum& datum) {
  if (datum.is_symbol())
    if (std::optional<DType> found = find_dtype(datum.text)) return *found;
  std::vector<std::string> names;
  for (DType each : all_dtypes()) names.emplace_back(dtype_name(each));
  reject(datum, "this is no dtype", fmt::format("{}", fmt::join(names, " ")),
         suggestion(datum.text, names, "use one of these"), Code::UnknownDType);
  return DType{};
}

Affine LciClauses::affine(const Datum& datum) {
  Result<Affine> out = to_affine(expression(datum));
  if (out) return std::move(*out);
  if (!error_) error_ = std::move(out).error();
  return {};
}

Cells LciClauses::cells(const Datum& datum) {
  Cells out{.place = place_of(datum)};
  if (!datum.is_list() || datum.items.empty()) {
    reject(datum, "a value and its index names were expected", "(VALUE index…)", "for example (Vid t x y)");
    return out;
  }
  out.value = name(datum[0]);
  for (size_t i = 1; i < datum.size(); ++i) out.indices.push_back(name(datum[i]));
  return out;
}

Reference LciClauses::reference(const Datum& datum) {
  Reference out{.place = place_of(datum)};
  if (!datum.is_list() || datum.items.empty()) {
    reject(datum, "a value and its subscripts were expected", "(VALUE subscript…)", "for example (Txt *)");
    return out;
  }
  out.value = name(datum[0]);
  for (size_t i = 1; i < datum.size(); ++i) out.subscripts.push_back(subscript(datum[i]));
  return out;
}

Subscript LciClauses::subscript(const Datum& datum) {
  Subscript out{.place = place_of(datum)};
  auto parts = [&](size_t count) {
    if (datum.size() != count + 1)
      reject(datum, fmt::format("`{}` with {} parts", datum[0].text, datum.size() - 1), std::to_string(count),
             "for example (range 0 (- t 1)), (region \"sky\") or (at idx i)", Code::BadSubscript);
    return !failed();
  };
  if (datum.is_symbol("*")) {
    out.node = All{};
  } else if (datum.is_form("range")) {
    if (parts(2)) out.node = Range{affine(datum[1]), affine(datum[2])};
  } else if (datum.is_form("region")) {
    if (parts(1)) out.node = Region{expression(datum[1])};
  } else if (datum.is_form("at")) {
    if (parts(2)) out.node = At{name(datum[1]), affine(datum[2])};
  } else {
    out.node = affine(datum);
  }
  return out;
}

Neighbourhood LciClauses::neighbourhood(const Datum& datum) {
  Neighbourhood out{.place = place_of(datum)};
  std::vector<std::string> known = neighbourhood_names();
  if (datum.is_symbol() && std::find(known.begin(), known.end(), datum.text) != known.end()) {
    out.name = datum.text;
    return out;
  }
  if (!datum.is_form("offsets") || datum.size() < 2) {
    reject(datum, "this is no neighbourhood", fmt::format("{}, or (offsets (1 0) …)", fmt::join(known, ", ")),
           suggestion(datum.text, known, "list the offsets"));
    return out;
  }
  for (size_t i = 1; i < datum.size() && !failed(); ++i) {
    std::vector<int64_t> offset;
    for (const Datum& step : list(datum[i], "(STEP…)").items) offset.push_back(integer(step, INT64_MIN));
    if (offset.empty() || (i > 1 && offset.size() != out.offsets[0].size()))
      reject(datum[i], "an offset with another number of steps", "one step for each name, in all offsets",
             "write as many steps as there are names");
    out.offsets.push_back(std::move(offset));
  }
  return out;
}

Kind LciClauses::kind(const Datum& datum) {
  size_t which = choose(kKinds, head_of(datum), "a kind of value");
  if (failed()) return EventKind{};
  size_t parts = datum.is_list() ? datum.size() - 1 : 0;
  bool fine = (which == 0 && (parts == 1 || parts == 2)) || (which == 1 && parts == 2) || (which == 2 && parts == 1) ||
              (which > 2 && !datum.is_list());
  if (!fine) {
    reject(datum, "the kind of a value is malformed",
           "(token VOCABULARY [SIZE]), (latent SIZE DTYPE), (scalar DTYPE), event or rule",
           "for example (token VQ 512)");
    return EventKind{};
  }
  switch (which) {
    case 0: {
      TokenKind token{.vocabulary = name(datum[1])};
      if (parts == 2) token.size = affine(datum[2]);
      return token;
    }
    case 1: return LatentKind{affine(datum[1]), dtype(datum[2])};
    case 2: return ScalarKind{dtype(datum[1])};
    case 3: return EventKind{};
    default: return RuleKind{};
  }
}

Shape LciClauses::shape(const Datum& datum) {
  Shape out{.place = place_of(datum)};
  if (!datum.is_list()) {
    reject(datum, "the shape is malformed", "(seq N), (grid3d T W H), (grid SIZE…), (graph NODES EDGES) or (set)",
           "put it between parentheses");
    return out;
  }
  out.form = choose(kShapes, head_of(datum), "a shape");
  for (size_t i = 1; i < datum.size(); ++i) out.sizes.push_back(affine(datum[i]));
  bool any = out.form == Shape::Form::kGrid;
  if (any ? out.sizes.empty() : out.sizes.size() != size_count(out.form))
    reject(datum, "a shape with another number of sizes", any ? "1 or more" : std::to_string(size_count(out.form)),
           "(seq N), (grid3d T W H), (grid SIZE…), (graph NODES EDGES) or (set)");
  return out;
}

Expression LciClauses::expression(const Datum& datum) {
  Expression out{.node = int64_t{0}, .place = place_of(datum)};
  if (failed()) return out;
  switch (datum.kind) {
    case Datum::Kind::kInteger: out.node = integer(datum, INT64_MIN); break;
    case Datum::Kind::kFloat: out.node = Real{datum.real}; break;
    case Datum::Kind::kString: out.node = Text{datum.text}; break;
    case Datum::Kind::kSymbol: out.node = name(datum); break;
    case Datum::Kind::kKeyword:
      reject(datum, "a keyword where an expression was expected", "a number, string, name or list",
             "keywords stand behind all other arguments of a call");
      break;
    case Datum::Kind::kList:
      if (++depth_ > 2 * kMaxDepth)
        reject(datum, "expressions are nested too deeply", fmt::format("at most {} levels", kMaxDepth),
               "divide the expression among several rules or constraints", Code::TooDeep);
      else
        out = list_expression(datum);
      --depth_;
  }
  return out;
}

Expression LciClauses::list_expression(const Datum& datum) {
  if (datum.is_form("in")) return in_neighbourhood(datum);
  if (datum.is_form("ref")) {
    Datum rest = Datum::list({datum.items.begin() + 1, datum.items.end()}, datum.span);
    return {.node = reference(rest), .place = place_of(datum)};
  }
  return call(datum);
}

Expression LciClauses::in_neighbourhood(const Datum& datum) {
  InNeighbourhood out;
  if (datum.size() != 3) {
    reject(datum, "`in` with wrong parts", "(in (NAME…) NEIGHBOURHOOD)", "for example (in (dx dy) N8)");
  } else {
    for (const Datum& each : list(datum[1], "(NAME…)").items) out.offsets.push_back(name(each));
    if (!failed() && out.offsets.empty())
      reject(datum[1], "`in` without names", "a name for each axis", "for example (in (dx dy) N8)");
    if (!failed()) out.neighbourhood = neighbourhood(datum[2]);
  }
  return {.node = std::move(out), .place = place_of(datum)};
}

Expression LciClauses::call(const Datum& datum) {
  Expression none{.node = int64_t{0}, .place = place_of(datum)};
  bool operates = !datum.items.empty() && datum[0].is_symbol() && datum[0].text != "?" && datum[0].text != "...";
  Name function =
      operates && is_reserved(datum[0].text) ? Name{datum[0].text, place_of(datum[0])} : name(head_of(datum));
  std::vector<Expression> arguments;
  std::vector<Argument> keywords;
  for (size_t i = 1; i < datum.size() && !failed(); ++i) {
    if (datum[i].is_keyword()) {
      if (i + 1 >= datum.size())
        reject(datum[i], "a keyword without a value", "a value behind it", "write the value, or leave the keyword out");
      else
        keywords.push_back({{datum[i].text, place_of(datum[i])}, expression(datum[i + 1])});
      ++i;
    } else if (!keywords.empty()) {
      reject(datum[i], "an argument behind keywords", "keywords last", "write it before the keywords");
    } else if (datum[i].is_symbol("...")) {
      arguments.push_back({.node = Name{"...", place_of(datum[i])}, .place = place_of(datum[i])});
    } else {
      arguments.push_back(expression(datum[i]));
    }
  }
  if (failed()) return none;
  Result<Expression> made = make_call(std::move(function), std::move(arguments), std::move(keywords), place_of(datum));
  if (made) return std::move(*made);
  error_ = std::move(made).error();
  return none;
}

}  // namespace caten::consensus
