#include "s3/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <arrow/io/interfaces.h>

#include "io/errors.h"
#include "s3/aws.h"
#include "s3/backoff.h"
#include "s3/client.h"
#include "s3/errors.h"
#include "s3/failure.h"
#include "s3/trials.h"

namespace tarn::s3 {
namespace {

/// As Arrow's S3FileSystem names objects.
std::string path_of(const Place& place) {
  return place.key.empty() ? place.bucket : place.bucket + "/" + place.key;
}

Result<Place> object_place(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(Place place, parse_location(location));
  if (place.key.empty())
    return Error(io::kBadLocation, fmt::format("`{}` names a bucket, no object", location));
  return place;
}

std::int64_t modified_us(const arrow::fs::FileInfo& info) {
  return std::chrono::duration_cast<std::chrono::microseconds>(info.mtime().time_since_epoch()).count();
}

class S3Writer final : public io::ObjectWriter {
 public:
  S3Writer(Aws& aws, std::string location, std::string path, std::shared_ptr<arrow::io::OutputStream> stream)
      : aws_(aws), location_(std::move(location)), path_(std::move(path)), stream_(std::move(stream)) {}
  S3Writer(const S3Writer&) = delete;
  S3Writer& operator=(const S3Writer&) = delete;
  ~S3Writer() override {
    // Otherwise the stream would publish what it has. Parts that cannot be removed show nowhere.
    if (!closed_) static_cast<void>(stream_->Abort());
  }

  Status write(std::string_view bytes) override {
    const auto status = stream_->Write(bytes.data(), static_cast<std::int64_t>(bytes.size()));
    if (!status.ok()) return error_of(status, "write " + location_);
    size_ += bytes.size();
    return ok_status();
  }

  Status close() override {
    const auto status = stream_->Close();
    if (status.ok() || was_completed(status)) {
      closed_ = true;
      return ok_status();
    }
    return error_of(status, "write " + location_);
  }

 private:
  /// A retry of the last request of a multipart upload is answered with `NoSuchUpload` when the first one was
  /// done and its answer lost.
  bool was_completed(const arrow::Status& status) {
    const std::string text = status.message();
    if (text.find("NO_SUCH_UPLOAD") == std::string::npos && text.find("NoSuchUpload") == std::string::npos)
      return false;
    const auto found = aws_.files().GetFileInfo(path_);
    return found.ok() && found->IsFile() && found->size() == static_cast<std::int64_t>(size_);
  }

  Aws& aws_;
  std::string location_;
  std::string path_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
  std::uint64_t size_ = 0;
  bool closed_ = false;
};

class Store final : public S3ObjectStore {
 public:
  Store(std::unique_ptr<Aws> aws, io::Clock& clock, std::shared_ptr<io::Random> random)
      : aws_(std::move(aws)),
        clock_(clock),
        random_(std::move(random)),
        client_(
            aws_->endpoint(), [this] { return aws_->credentials(); }, clock_, *random_) {}

  Result<std::string> read(const std::string& location) override {
    // By a request of our own: curl takes headers that a broken connection cut for whole ones, and the object
    // for an empty or a shorter one.
    TARN_ASSIGN_OR_RETURN(const Place place, object_place(location));
    TARN_ASSIGN_OR_RETURN(const std::uint64_t size, client_.size_of(place));
    arrow::fs::FileInfo info(path_of(place), arrow::fs::FileType::File);
    info.set_size(static_cast<std::int64_t>(size));
    const std::string what = "read " + location;
    std::string bytes(static_cast<std::size_t>(info.size()), '\0');
    if (bytes.empty()) return bytes;
    const auto file = aws_->files().OpenInputFile(info);
    if (!file.ok()) return error_of(file.status(), what);
    // Headers that were cut leave no bytes behind them, and that is asked for again, too.
    for (int attempt = 1;; ++attempt) {
      const auto count = (*file)->ReadAt(0, info.size(), bytes.data());
      if (!count.ok()) return error_of(count.status(), what);
      if (*count == info.size()) return bytes;
      if (attempt == kMaxAttempts)
        return Error(kFailed,
                     fmt::format("cannot {}: {} bytes came instead of {}", what, *count, info.size()));
      client_.pause(attempt);
    }
  }

  Result<io::ObjectInfo> stat(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const arrow::fs::FileInfo info, look_at(location));
    TARN_ASSIGN_OR_RETURN(const Place place, object_place(location));
    TARN_ASSIGN_OR_RETURN(const std::uint64_t size, client_.size_of(place));
    return io::ObjectInfo{location, size, modified_us(info)};
  }

  Status write(const std::string& location, std::string_view bytes, io::IfExists if_exists) override {
    if (if_exists == io::IfExists::kFail) {
      TARN_ASSIGN_OR_RETURN(const Place place, object_place(location));
      return client_.put_if_absent(place, bytes);
    }
    TARN_ASSIGN_OR_RETURN(const auto writer, create(location));
    TARN_RETURN_IF_ERROR(writer->write(bytes));
    return writer->close();
  }

  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const Place place, object_place(location));
    TARN_RETURN_IF_ERROR(aws_->credentials());
    auto stream = aws_->files().OpenOutputStream(path_of(place), nullptr);
    if (!stream.ok()) return error_of(stream.status(), "write " + location);
    return std::unique_ptr<io::ObjectWriter>(
        std::make_unique<S3Writer>(*aws_, location, path_of(place), std::move(stream).ValueUnsafe()));
  }

  Status sync() override { return ok_status(); }

  Result<std::vector<io::ObjectInfo>> list(const std::string& prefix) override {
    TARN_ASSIGN_OR_RETURN(const Place place, parse_location(prefix));
    TARN_RETURN_IF_ERROR(aws_->credentials());
    arrow::fs::FileSelector below;
    below.base_dir = path_of(place);
    below.recursive = true;
    below.allow_not_found = true;
    const auto entries = aws_->files().GetFileInfo(below);
    if (!entries.ok()) return error_of(entries.status(), "list " + prefix);
    const std::string scheme = prefix.substr(0, prefix.find("://") + 3);
    std::vector<io::ObjectInfo> found;
    for (const arrow::fs::FileInfo& entry : *entries) {
      if (!entry.IsFile()) continue;  // what looks like a folder is part of other keys
      found.push_back({scheme + entry.path(), static_cast<std::uint64_t>(entry.size()), modified_us(entry)});
    }
    std::ranges::sort(found, {}, &io::ObjectInfo::location);
    return found;
  }

  Status remove(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const Place place, object_place(location));
    return client_.remove(place);
  }

  Status make_folder(const std::string& location) override {
    TARN_RETURN_IF_ERROR(parse_location(location));
    return ok_status();
  }

  const Endpoint& endpoint() const override { return aws_->endpoint(); }

  Result<Access> access() override {
    TARN_ASSIGN_OR_RETURN(std::optional<Credentials> credentials, aws_->credentials());
    return Access{aws_->endpoint(), std::move(credentials)};
  }

  std::vector<Trial> try_out(const std::string& location) override {
    return run_trials({client_, *this, clock_, *random_}, location);
  }

 private:
  /// The object at `location`. Errors: io.not_found, of folders too.
  Result<arrow::fs::FileInfo> look_at(const std::string& location) {
    TARN_ASSIGN_OR_RETURN(const Place place, object_place(location));
    TARN_RETURN_IF_ERROR(aws_->credentials());
    auto info = aws_->files().GetFileInfo(path_of(place));
    if (!info.ok()) return error_of(info.status(), "look at " + location);
    if (!info->IsFile()) return Error(io::kNotFound, location + " does not exist");
    return *info;
  }

  std::unique_ptr<Aws> aws_;
  io::Clock& clock_;
  std::shared_ptr<io::Random> random_;
  Client client_;
};

}  // namespace

Result<std::unique_ptr<S3ObjectStore>> S3ObjectStore::open(const Settings& settings, io::Clock& clock,
                                                           std::shared_ptr<io::Random> random) {
  TARN_ASSIGN_OR_RETURN(Endpoint endpoint, endpoint_of(settings));
  TARN_ASSIGN_OR_RETURN(auto aws, Aws::open(settings, std::move(endpoint), random));
  return std::unique_ptr<S3ObjectStore>(std::make_unique<Store>(std::move(aws), clock, std::move(random)));
}

void shut_down() {
  // There is nobody left to tell a failure.
  static_cast<void>(arrow::fs::EnsureS3Finalized());
}

}  // namespace tarn::s3
