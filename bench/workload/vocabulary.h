#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The words of the generated feeds: codes as hospitals use them, and invented people and places. Texts are
/// UTF-8.
namespace tarn::workload {

struct Department {
  std::string_view code;  ///< Four letters.
  std::string_view name;
  std::uint16_t weight;         ///< Of inpatient stays.
  std::int32_t stay_percent;    ///< Length of stay, against the hospital's.
  std::int32_t cents_per_hour;  ///< Of an occupied bed.
};
std::span<const Department> departments();

/// ICD-10-CM.
struct Diagnosis {
  std::string_view code;
  std::string_view name;
  std::uint8_t department;  ///< Index of the department that mostly treats it.
};
std::span<const Diagnosis> diagnoses();

/// LOINC; values in thousandths of the unit.
struct LabTest {
  std::string_view code;
  std::string_view name;
  std::string_view unit;
  std::int32_t low;  ///< Of the reference range.
  std::int32_t high;
  std::int32_t step;  ///< The resolution that is reported.
};
std::span<const LabTest> lab_tests();

/// What is billed, by CPT-like code.
struct Procedure {
  std::string_view code;
  std::string_view name;
  std::int32_t cents;
};
std::span<const Procedure> procedures();

struct Payer {
  std::string_view code;
  std::string_view name;
  std::uint16_t weight;
  std::int32_t allowed_percent;  ///< Of what is charged.
};
std::span<const Payer> payers();

struct City {
  std::string_view name;
  std::string_view state;
  std::uint32_t zip;
};
std::span<const City> cities();

std::span<const std::string_view> family_names();
std::span<const std::string_view> female_names();
std::span<const std::string_view> male_names();
std::span<const std::string_view> streets();
std::span<const std::string_view> languages();
/// Sentences of clinical notes, free of names.
std::span<const std::string_view> note_sentences();

}  // namespace tarn::workload
