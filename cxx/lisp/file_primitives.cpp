// Reading and writing files for lisp/files.lisp.
#include "io/csv.hpp"
#include "io/file_bytes.hpp"
#include "io/files.hpp"
#include "io/png.hpp"
#include "lisp/foreign.hpp"
#include "lisp/primitives.hpp"
#include "lisp/values.hpp"

namespace caten::lisp {
namespace {

cl_object described(Result<Array> array) { return array ? lisp::described(std::move(*array)) : to_lisp(array.error()); }

cl_object done(const Status& status) { return status ? ECL_T : to_lisp(status.error()); }

/// (load-array path name): the one array of a file, or with a name one of an archive's.
cl_object load_array(cl_object path, cl_object name) {
  return primitive([&]() -> cl_object {
    return is_nil(name) ? described(load(to_utf8(path))) : described(load(to_utf8(path), to_utf8(name)));
  });
}

/// (load-all-arrays path): ((name array dtype . shape) …).
cl_object load_all_arrays(cl_object path) {
  return primitive([&]() -> cl_object {
    Result<std::vector<NamedArray>> arrays = load_all(to_utf8(path));
    if (!arrays) return to_lisp(arrays.error());
    cl_object list = ECL_NIL;
    for (NamedArray& row : *arrays)
      list = ecl_cons(ecl_cons(to_lisp(std::string_view(row.name)), lisp::described(std::move(row.array))), list);
    return cl_nreverse(list);
  });
}

/// (save-array path array)
cl_object save_array(cl_object path, cl_object object) {
  return primitive([&]() -> cl_object {
    const Array* array = to_array(object);
    return array ? done(save(to_utf8(path), *array)) : ECL_NIL;
  });
}

/// (save-all-arrays path ((name . array) …))
cl_object save_all_arrays(cl_object path, cl_object pairs) {
  return primitive([&]() -> cl_object {
    std::vector<NamedArray> arrays;
    for (; is_cons(pairs); pairs = tail(pairs))
      if (const Array* array = to_array(tail(head(pairs)))) arrays.push_back({to_utf8(head(head(pairs))), *array});
    return done(save_all(to_utf8(path), arrays));
  });
}

/// (load-csv-array path delimiter skip-lines dtype)
cl_object load_csv_array(cl_object path, cl_object delimiter, cl_object skip_lines, cl_object dtype) {
  return primitive([&]() -> cl_object {
    CsvOptions options;
    std::string text = to_utf8(delimiter);
    if (text.size() == 1) options.delimiter = text[0];
    to_int64(skip_lines, options.skip_lines);
    if (std::optional<DType> found = to_dtype(dtype)) options.dtype = *found;
    return described(read_csv(to_utf8(path), options));
  });
}

/// (save-png-array path array)
cl_object save_png_array(cl_object path, cl_object object) {
  return primitive([&]() -> cl_object {
    const Array* array = to_array(object);
    return array ? done(write_png(to_utf8(path), *array)) : ECL_NIL;
  });
}

/// (add-source path): (number . text) of a source file that now belongs to the session.
cl_object add_source(cl_object path) {
  return primitive([&]() -> cl_object {
    std::string name = to_utf8(path);
    Result<FileBytes> file = FileBytes::map(name);
    if (!file) return to_lisp(file.error());
    uint32_t source = session_sources().add(name, std::string(file->text()));
    if (std::optional<Diagnostic> bad = not_text(source)) return to_lisp(*bad);
    return ecl_cons(ecl_make_fixnum(source), to_lisp(session_sources().text(source)));
  });
}

const Primitive kPrimitives[] = {{"ADD-SOURCE", add_source},           {"LOAD-ARRAY", load_array},
                                 {"LOAD-ALL-ARRAYS", load_all_arrays}, {"SAVE-ARRAY", save_array},
                                 {"SAVE-ALL-ARRAYS", save_all_arrays}, {"LOAD-CSV-ARRAY", load_csv_array},
                                 {"SAVE-PNG-ARRAY", save_png_array}};

}  // namespace

void define_file_primitives() { define_primitives(std::begin(kPrimitives), std::end(kPrimitives)); }

}  // namespace caten::lisp
