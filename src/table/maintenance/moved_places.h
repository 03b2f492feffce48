#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace tarn::table {

/// Where the rows of a file went, by position in order: as pieces of rows that stayed together, or, where
/// most did not, one by one.
class MovedPlaces {
 public:
  /// No row of the new file.
  static constexpr std::uint32_t kGone = UINT32_MAX;
  /// The rows from `begin` on, up to the next piece, are those from `place` on, or all gone.
  struct Piece {
    std::uint32_t begin = 0;
    std::uint32_t place = 0;
  };

  void add(std::uint32_t place) {
    if (place != kGone) end_ = std::max(end_, std::uint64_t{place} + 1);
    const auto row = static_cast<std::uint32_t>(rows_++);
    if (!singles_.empty()) return singles_.push_back(place);
    if (row > 0 && place == place_in(pieces_.back(), row)) return;
    pieces_.push_back({row, place});
    if (pieces_.size() > kFewPieces + rows_ / kRowsOfPiece) split();
  }

  std::uint64_t rows() const { return rows_; }
  /// Behind the last place.
  std::uint64_t end() const { return end_; }
  std::uint32_t at(std::uint32_t row) const {
    return singles_.empty() ? place_in(pieces_, row) : singles_[row];
  }
  /// Empty: the rows stand in singles().
  std::span<const Piece> pieces() const { return pieces_; }
  std::span<const std::uint32_t> singles() const { return singles_; }

  /// `pieces` are not empty, and the first begins at 0.
  static std::uint32_t place_in(std::span<const Piece> pieces, std::uint32_t row) {
    const auto behind = std::ranges::upper_bound(pieces, row, {}, &Piece::begin);
    return place_in(*(behind - 1), row);
  }

 private:
  static constexpr std::size_t kFewPieces = 16;
  static constexpr std::uint64_t kRowsOfPiece =
      32;  ///< In smaller pieces single rows take less, and are found faster.

  static std::uint32_t place_in(const Piece& piece, std::uint32_t row) {
    return piece.place == kGone ? kGone : piece.place + (row - piece.begin);
  }
  void split() {
    singles_.reserve(rows_);
    for (std::uint32_t row = 0; row < rows_; ++row) singles_.push_back(place_in(pieces_, row));
    pieces_ = {};
  }

  std::uint64_t rows_ = 0;
  std::uint64_t end_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> singles_;
};

}  // namespace tarn::table
