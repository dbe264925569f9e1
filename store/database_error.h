// The seam between SQLite's exceptions and the store's results.
#pragma once

#include "store/result.h"

#include <filesystem>
#include <type_traits>
#include <utility>

#include <SQLiteCpp/Exception.h>

namespace dovewatch {

// One line that names the file and the mend. The only place that knows SQLite's codes.
Error database_error(const std::filesystem::path& file, const SQLite::Exception& exception);

// Runs `work`, which may throw SQLite::Exception and returns a Result, or void for Result<void>.
template <typename Work>
auto guarded(const std::filesystem::path& file, Work&& work) {
    using Returned = std::invoke_result_t<Work>;
    using Outcome = std::conditional_t<std::is_void_v<Returned>, Result<void>, Returned>;
    try {
        if constexpr (std::is_void_v<Returned>) {
            std::forward<Work>(work)();
            return Outcome{};
        } else {
            return Outcome{std::forward<Work>(work)()};
        }
    } catch (const SQLite::Exception& exception) {
        return Outcome{tl::make_unexpected(database_error(file, exception))};
    }
}

} // namespace dovewatch
