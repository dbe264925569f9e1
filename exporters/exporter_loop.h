// The life of one exporter in a thread of its own.
#pragma once

#include "exporters/conveyor.h"
#include "exporters/exporter.h"
#include "store/result.h"

#include <chrono>
#include <filesystem>
#include <memory>

namespace dovewatch {

struct ExporterPlace {
    std::filesystem::path database; // the store's
    std::filesystem::path state;    // the exporters' own
};

// Exports until `stop_fd` is readable. What fails is said once, tried again with growing delays, and said to
// work again; only an error of kind usage ends it.
[[nodiscard]] Result<void> export_until(int stop_fd, Exporter& exporter, const ExporterPlace& place);

inline constexpr std::chrono::seconds usual_patience{120};

// Catches up with the store and ends; the first failure is an error. Kind unavailable, too, where the
// exporter still wants to go on at once after `patience`.
[[nodiscard]] Result<void> export_once(Exporter& exporter, const ExporterPlace& place,
                                       std::chrono::seconds patience = usual_patience);

// Likewise, and passes on again what changed since.
[[nodiscard]] Result<void> export_again(Exporter& exporter, const ExporterPlace& place, UtcTime since);

// Goes on from now, without what the store has already, but for the sessions that are online.
[[nodiscard]] Result<void> export_from_now(Exporter& exporter, const ExporterPlace& place);

} // namespace dovewatch
