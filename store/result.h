// The error convention of every function below main: a result that cannot be ignored.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace dovewatch {

struct Error {
    enum class Kind {
        usage,       // the administrator's input is at fault: exit status 2
        unavailable, // may succeed when tried again: disk full, locked, not there yet
        failed,      // will not succeed without a change outside: corrupt, too new, forbidden
    };
    Kind kind = Kind::failed;
    std::string message; // one line; names the thing at fault and the mend
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> usage_error(std::string message) {
    return tl::make_unexpected(Error{Error::Kind::usage, std::move(message)});
}

inline tl::unexpected<Error> unavailable(std::string message) {
    return tl::make_unexpected(Error{Error::Kind::unavailable, std::move(message)});
}

inline tl::unexpected<Error> failed(std::string message) {
    return tl::make_unexpected(Error{Error::Kind::failed, std::move(message)});
}

inline int exit_status(const Error& error) {
    return error.kind == Error::Kind::usage ? 2 : 1;
}

} // namespace dovewatch
