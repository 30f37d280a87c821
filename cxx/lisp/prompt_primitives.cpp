// What the prompt's Lisp code (lisp/restart.lisp, lisp/help.lisp) asks of the terminal.
#include <chrono>

#include "lisp/ecl.hpp"
#include "lisp/lisp.hpp"
#include "lisp/primitives.hpp"

namespace caten::lisp {
namespace {

Dialog* g_dialog = nullptr;

/// (ask prompt): (source . text) of what was typed, or nil at the end of the input.
cl_object ask(cl_object prompt) {
  return primitive([&]() -> cl_object {
    std::optional<uint32_t> source = g_dialog ? g_dialog->ask(to_utf8(prompt)) : std::nullopt;
    if (!source) return ECL_NIL;
    return ecl_cons(ecl_make_fixnum(*source), to_lisp(session_sources().text(*source)));
  });
}

/// (tell diagnostic)
cl_object tell(cl_object diagnostic) {
  return primitive([&]() -> cl_object {
    if (g_dialog && is_diagnostic(diagnostic)) g_dialog->tell(to_diagnostic(diagnostic, session_sources()));
    return ECL_NIL;
  });
}

/// (error-page "E0202"): the documentation of a code.
cl_object error_page(cl_object code) {
  return primitive([&]() -> cl_object {
    return to_lisp(std::string_view(g_dialog ? g_dialog->error_page(to_utf8(code)) : "see `caten explain`\n"));
  });
}

/// (clock-seconds): a time that only grows.
cl_object clock_seconds() {
  return primitive([&]() -> cl_object {
    std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
    return ecl_make_double_float(now.count());
  });
}

const Primitive kPrimitives[] = {
    {"ASK", ask}, {"TELL", tell}, {"ERROR-PAGE", error_page}, {"CLOCK-SECONDS", clock_seconds}};

}  // namespace

void set_dialog(Dialog* dialog) { g_dialog = dialog; }

void define_prompt_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
