// ECL for the files of this folder alone: its header, minus the macros whose names are ordinary words, and what turns
// Lisp objects into C++ values and back.
//
// A cl_object may live in C++ locals (the collector scans the stack) but in no C++ heap object: use Root there.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <ecl/ecl.h>
#pragma GCC diagnostic pop

#undef CAR
#undef CDR
#undef CONS
#undef CASE
#undef VALUES
#undef TRUE
#undef FALSE
#undef SLOT
#undef SLOTS
#undef page

#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "base/source.hpp"
#include "driver/session.hpp"
#include "sexp/datum.hpp"

namespace caten::lisp {

/// Keeps one object alive and in place of the collector's sight, for static storage.
class Root {
 public:
  explicit Root(cl_object object) : object_(object) { ecl_register_root(&object_); }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  cl_object get() const { return object_; }

 private:
  cl_object object_;
};

// Text. Lisp strings are Unicode, ours UTF-8; a code that is no character becomes U+FFFD.
cl_object to_lisp(std::string_view text);
std::string to_utf8(cl_object string_or_symbol);
/// Byte offset of the character with this number; places in Lisp count characters.
uint32_t byte_offset(std::string_view text, int64_t character);

// Numbers.
cl_object to_lisp(int64_t value);
/// False if the object is no integer or does not fit.
bool to_int64(cl_object object, int64_t& value);
bool to_double(cl_object object, double& value);

/// The symbol NAME of PACKAGE, interned; both in upper case.
cl_object symbol(const char* name, const char* package);
cl_object keyword(std::string_view upper_case_name);

// Lists.
inline bool is_cons(cl_object object) { return ECL_CONSP(object); }
inline cl_object head(cl_object cons) { return ECL_CONS_CAR(cons); }
inline cl_object tail(cl_object cons) { return ECL_CONS_CDR(cons); }
inline bool is_nil(cl_object object) { return Null(object); }

/// Symbols of C++ forms become symbols of the package caten/size, keywords keywords.
cl_object to_lisp(const Datum& datum);
/// Symbol names are kept as they are in Lisp (upper case for what the user wrote in either case). What nests deeper
/// than 1,000 levels or holds more than a million conses (circular lists do) is cut off with the symbol `...`.
Datum to_datum(cl_object object);

/// A diagnostic as Lisp sees it: #(:diagnostic code message source begin end expected found remedy notes severity).
/// `begin` and `end` count characters, so that Lisp streams can make them.
cl_object to_lisp(const Diagnostic& diagnostic);
Diagnostic to_diagnostic(cl_object vector, const SourceMap& sources);
bool is_diagnostic(cl_object object);
cl_object out_of_memory();  ///< E0404 as a Lisp diagnostic

/// One C++ function under a name of package caten/primitive.
struct Primitive {
  template <class... Arguments>
  Primitive(const char* primitive_name, cl_object (*primitive_function)(Arguments...))
      : name(primitive_name),
        function(reinterpret_cast<cl_objectfn_fixed>(reinterpret_cast<void (*)()>(primitive_function))),
        arguments(static_cast<int>(sizeof...(Arguments))) {}

  const char* name;
  cl_objectfn_fixed function;
  int arguments;
};
void define_primitives(const Primitive* begin, const Primitive* end);

/// The body of a primitive: interrupts wait until `body` has returned and its C++ objects are gone, and an exception
/// (out of memory) becomes a diagnostic. `body` must call nothing of ECL that can signal.
template <class F>
cl_object primitive(F&& body) {
  cl_env_ptr env = ecl_process_env();
  ecl_bds_bind(env, ECL_INTERRUPTS_ENABLED, ECL_NIL);
  cl_object result = ECL_NIL;
  try {
    result = body();
  } catch (const std::bad_alloc&) {
    result = out_of_memory();
  }
  ecl_bds_unwind1(env);
  ecl_check_pending_interrupts(env);
  env->nvalues = 1;
  env->values[0] = result;
  return result;
}

Session& session();
inline SourceMap& session_sources() { return session().sources(); }

}  // namespace caten::lisp
