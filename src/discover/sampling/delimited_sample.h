#pragma once

#include "base/result.h"
#include "discover/feed_draft.h"
#include "discover/sample.h"

namespace tarn::discover {

/// Fills the draft's format and columns from delimited or fixed-width documents. The first document decides
/// the dialect. discover.no_data, discover.not_text.
Status draft_delimited(const SampleSet& samples, const ProposeOptions& options, FeedDraft& draft);

}  // namespace tarn::discover
