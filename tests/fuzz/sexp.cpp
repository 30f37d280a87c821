// Any bytes: either a diagnostic that can be shown, or forms that print to a text which reads back as equal forms.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/utf8.hpp"
#include "sexp/datum.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caten;
  SourceMap sources;
  uint32_t id = sources.add("fuzz.ir", std::string(reinterpret_cast<const char*>(data), size));
  Result<std::vector<Datum>> forms = read_all(sources, id);
  if (!forms) {
    const Diagnostic& d = forms.error();
    require(d.span.begin <= size && d.span.end <= size + 1 && d.span.begin <= d.span.end);
    require(!d.message.empty());
    require(find_invalid_utf8(render(d, sources)) == std::string_view::npos);
    require(find_invalid_utf8(render_json(d, sources)) == std::string_view::npos);
    return 0;
  }
  Datum all = Datum::list(std::move(*forms));
  for (const Datum& form : all.items) require(form.span.begin < form.span.end && form.span.end <= size);
  ReadLimits limits;
  limits.depth += 1;  // `all` is one list more
  for (const std::string& text : {print(all), pretty(all, 40)}) {
    SourceMap again;
    Result<Datum> back = read_one(again, again.add("again.ir", text), limits);
    require(back.has_value() && *back == all && print(*back) == print(all));
  }
  return 0;
}
