#pragma once

#include "base/result.h"
#include "discover/feed_draft.h"
#include "discover/sample.h"

namespace tarn::discover {

/// Fills the draft's format and columns from XML documents. discover.not_well_formed when none parses,
/// discover.no_data.
Status draft_xml(const SampleSet& samples, const ProposeOptions& options, FeedDraft& draft);

}  // namespace tarn::discover
