#include <array>

#include <fmt/format.h>

#include "format/archive.h"
#include "format/encoding.h"
#include "format/errors.h"

namespace tarn::format {

namespace {

// IBM code page 437, 0x80 … 0xFF: what zip names are in unless flag bit 11 says UTF-8 (APPNOTE, appendix D).
constexpr std::array<std::uint16_t, 128> kCodePage437 = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF, 0x00EE,
    0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9, 0x00FF, 0x00D6,
    0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA, 0x00F1, 0x00D1, 0x00AA,
    0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255D, 0x255C, 0x255B, 0x2510, 0x2514,
    0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F, 0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C,
    0x2588, 0x2584, 0x258C, 0x2590, 0x2580, 0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4,
    0x03A6, 0x0398, 0x03A9, 0x03B4, 0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00F7, 0x2248, 0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0};

void append_cp437(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x80) {
    out.push_back(c);
    return;
  }
  const std::uint16_t code = kCodePage437[byte - 0x80U];
  if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
  } else {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  }
  out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// Replaces what a terminal or a log should not see.
std::string printable(std::string_view name, std::size_t max_size) {
  std::string out;
  for (const char c : name) {
    if (out.size() + 4 > max_size) {
      out += "…";
      break;
    }
    if (is_control(c) || static_cast<signed char>(c) < 0)
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    else
      out.push_back(c);
  }
  return out;
}

bool has_safe_parts(std::string_view name) {
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part == "..") return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_safe(std::string_view name) {
  if (name.empty() || name.front() == '/') return false;
  const bool letter = (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z');
  if (letter && name.size() >= 2 && name[1] == ':') return false;
  for (const char c : name)
    if (is_control(c) || c == '\\') return false;
  return has_safe_parts(name);
}

}  // namespace

const ErrorCode* normalize_member_name(std::string_view raw, bool is_utf8, bool made_on_windows,
                                       std::uint32_t max_size, std::string& out) {
  out.clear();
  const std::size_t bad = find_bad_text(raw);
  if (bad == raw.size()) {
    out.assign(raw);
  } else if (is_utf8 || raw[bad] == '\0') {
    out = printable(raw, 256);
    return &kArchiveUnsafeName;
  } else {
    for (const char c : raw) append_cp437(c, out);
  }
  if (made_on_windows)
    for (char& c : out)
      if (c == '\\') c = '/';
  while (out.starts_with("./")) out.erase(0, 2);
  if (out.size() <= max_size && is_safe(out)) return nullptr;
  out = printable(out, 256);
  return &kArchiveUnsafeName;
}

}  // namespace tarn::format
