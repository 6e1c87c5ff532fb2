#pragma once
// Leads from "whose energy" to the sources that read its use, and to the channels that are divided by it.

#include "impact/attribution/consumer_use.hpp"
#include "impact/attribution/share_ledger.hpp"
#include "impact/attribution/usage_source.hpp"
#include "impact/tracker/open_sources.hpp"

namespace impact {

struct ShareRequest {
  Whose whose;
  IdlePolicy policy = IdlePolicy::usage;
};

// Opens the sources of use, puts them behind the others of `opened`, and says what each channel of the total is divided
// by. What cannot be read is no error: the settings say why, and the share is missing. `usage` becomes the reader of
// CPU time and memory, and null where there is none.
ShareSettings add_usage(const Host& host, const ShareRequest& request, const Roles& roles, OpenSources& opened,
                        std::shared_ptr<UsageSource>& usage);

}  // namespace impact
