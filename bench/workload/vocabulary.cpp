#include "workload/vocabulary.h"

namespace tarn::workload {

std::span<const Department> departments() {
  static constexpr Department kDepartments[] = {
      {"MEDI", "Internal medicine", 30, 100, 6200},
      {"CARD", "Cardiology", 14, 95, 9800},
      {"SURG", "General surgery", 13, 90, 11500},
      {"ORTH", "Orthopaedics", 12, 85, 10900},
      {"NEUR", "Neurology", 8, 120, 8700},
      {"ONCO", "Oncology", 6, 140, 12400},
      {"OBST", "Obstetrics", 10, 55, 7300},
      {"PEDI", "Paediatrics", 7, 60, 6900},
      {"PULM", "Pulmonology", 8, 105, 7600},
      {"ICUA", "Intensive care", 4, 130, 21500},
      {"EMER", "Emergency department", 0, 100, 14800},
      {"AMBU", "Ambulatory care", 0, 100, 5200},
  };
  return kDepartments;
}

std::span<const Diagnosis> diagnoses() {
  static constexpr Diagnosis kDiagnoses[] = {
      {"E11.9", "Type 2 diabetes mellitus without complications", 0},
      {"I10", "Essential (primary) hypertension", 0},
      {"N17.9", "Acute kidney failure, unspecified", 0},
      {"A41.9", "Sepsis, unspecified organism", 0},
      {"N39.0", "Urinary tract infection, site not specified", 0},
      {"E86.0", "Dehydration", 0},
      {"K92.2", "Gastrointestinal haemorrhage, unspecified", 0},
      {"L03.116", "Cellulitis of left lower limb", 0},
      {"D64.9", "Anaemia, unspecified", 0},
      {"E78.5", "Hyperlipidaemia, unspecified", 0},
      {"I50.9", "Heart failure, unspecified", 1},
      {"I21.4", "Non-ST elevation (NSTEMI) myocardial infarction", 1},
      {"I48.91", "Unspecified atrial fibrillation", 1},
      {"I25.10", "Atherosclerotic heart disease of native coronary artery", 1},
      {"R07.9", "Chest pain, unspecified", 1},
      {"I20.0", "Unstable angina", 1},
      {"K35.80", "Unspecified acute appendicitis", 2},
      {"K80.20", "Calculus of gallbladder without cholecystitis", 2},
      {"K56.609", "Unspecified intestinal obstruction", 2},
      {"K40.90", "Unilateral inguinal hernia", 2},
      {"K57.32", "Diverticulitis of large intestine", 2},
      {"M17.11", "Unilateral primary osteoarthritis, right knee", 3},
      {"M16.11", "Unilateral primary osteoarthritis, right hip", 3},
      {"S72.001A", "Fracture of unspecified part of neck of right femur", 3},
      {"S52.501A", "Unspecified fracture of the lower end of right radius", 3},
      {"M54.5", "Low back pain", 3},
      {"I63.9", "Cerebral infarction, unspecified", 4},
      {"G40.909", "Epilepsy, unspecified, not intractable", 4},
      {"G45.9", "Transient cerebral ischaemic attack, unspecified", 4},
      {"R55", "Syncope and collapse", 4},
      {"G20", "Parkinson's disease", 4},
      {"C34.90", "Malignant neoplasm of unspecified part of bronchus or lung", 5},
      {"C20", "Malignant neoplasm of rectum", 5},
      {"C18.9", "Malignant neoplasm of colon, unspecified", 5},
      {"Z51.11", "Encounter for antineoplastic chemotherapy", 5},
      {"O80", "Encounter for full-term uncomplicated delivery", 6},
      {"O34.211", "Maternal care for scar from previous caesarean delivery", 6},
      {"O60.14", "Preterm labour, third trimester", 6},
      {"J21.9", "Acute bronchiolitis, unspecified", 7},
      {"J45.901", "Unspecified asthma with (acute) exacerbation", 7},
      {"A08.4", "Viral intestinal infection, unspecified", 7},
      {"R56.00", "Simple febrile convulsions", 7},
      {"J18.9", "Pneumonia, unspecified organism", 8},
      {"J44.1", "COPD with (acute) exacerbation", 8},
      {"J96.01", "Acute respiratory failure with hypoxia", 8},
      {"I26.99", "Other pulmonary embolism without acute cor pulmonale", 8},
      {"R65.21", "Severe sepsis with septic shock", 9},
      {"J80", "Acute respiratory distress syndrome", 9},
      {"I46.9", "Cardiac arrest, cause unspecified", 9},
      {"S06.0X0A", "Concussion without loss of consciousness", 10},
      {"S61.411A", "Laceration without foreign body of right hand", 10},
      {"T78.40XA", "Allergy, unspecified", 10},
      {"R10.9", "Unspecified abdominal pain", 10},
      {"S93.401A", "Sprain of unspecified ligament of right ankle", 10},
      {"Z00.00", "General adult medical examination", 11},
      {"Z12.11", "Screening for malignant neoplasm of colon", 11},
      {"H25.9", "Unspecified age-related cataract", 11},
      {"K21.9", "Gastro-oesophageal reflux disease without oesophagitis", 11},
  };
  return kDiagnoses;
}

std::span<const LabTest> lab_tests() {
  static constexpr LabTest kTests[] = {
      {"2951-2", "Sodium", "mmol/L", 135000, 145000, 1000},
      {"2823-3", "Potassium", "mmol/L", 3500, 5100, 100},
      {"2075-0", "Chloride", "mmol/L", 98000, 107000, 1000},
      {"2160-0", "Creatinine", "mg/dL", 600, 1300, 10},
      {"3094-0", "Urea nitrogen", "mg/dL", 7000, 20000, 1000},
      {"2345-7", "Glucose", "mg/dL", 70000, 99000, 1000},
      {"4548-4", "Haemoglobin A1c", "%", 4000, 5600, 100},
      {"718-7", "Haemoglobin", "g/dL", 12000, 17500, 100},
      {"4544-3", "Haematocrit", "%", 36000, 50000, 100},
      {"6690-2", "Leukocytes", "10*3/uL", 4500, 11000, 100},
      {"777-3", "Platelets", "10*3/uL", 150000, 400000, 1000},
      {"1742-6", "Alanine aminotransferase", "U/L", 7000, 56000, 1000},
      {"1920-8", "Aspartate aminotransferase", "U/L", 10000, 40000, 1000},
      {"1975-2", "Bilirubin total", "mg/dL", 100, 1200, 10},
      {"1751-7", "Albumin", "g/dL", 3500, 5000, 100},
      {"17861-6", "Calcium", "mg/dL", 8600, 10200, 100},
      {"2601-3", "Magnesium", "mmol/L", 700, 1000, 10},
      {"10839-9", "Troponin I cardiac", "ng/mL", 0, 40, 1},
      {"30934-4", "Natriuretic peptide B", "pg/mL", 0, 100000, 1000},
      {"1988-5", "C reactive protein", "mg/L", 0, 5000, 100},
      {"2524-7", "Lactate", "mmol/L", 500, 2000, 100},
      {"6301-6", "INR", "{INR}", 800, 1200, 10},
      {"3016-3", "Thyrotropin", "m[IU]/L", 400, 4000, 10},
      {"2093-3", "Cholesterol", "mg/dL", 100000, 200000, 1000},
      {"2571-8", "Triglyceride", "mg/dL", 40000, 150000, 1000},
      {"2276-4", "Ferritin", "ng/mL", 20000, 250000, 1000},
      {"2744-1", "pH of arterial blood", "[pH]", 7350, 7450, 10},
      {"33959-8", "Procalcitonin", "ng/mL", 0, 100, 10},
  };
  return kTests;
}

std::span<const Procedure> procedures() {
  static constexpr Procedure kProcedures[] = {
      {"99223", "Initial hospital care, high complexity", 41200},
      {"99233", "Subsequent hospital care, high complexity", 21600},
      {"99239", "Hospital discharge day management", 23100},
      {"99285", "Emergency department visit, high severity", 58800},
      {"99214", "Office visit, established patient", 16700},
      {"93000", "Electrocardiogram, 12 leads", 5900},
      {"93306", "Echocardiography with Doppler", 98500},
      {"93458", "Left heart catheterisation", 425000},
      {"71046", "Chest X-ray, 2 views", 13400},
      {"74177", "CT abdomen and pelvis with contrast", 131500},
      {"70450", "CT head without contrast", 87200},
      {"70553", "MRI brain without and with contrast", 214000},
      {"76700", "Ultrasound of the abdomen, \"complete\"", 42500},
      {"80053", "Comprehensive metabolic panel", 4100},
      {"85025", "Complete blood count with differential", 3200},
      {"36415", "Collection of venous blood", 1500},
      {"96365", "Intravenous infusion, up to 1 hour", 23800},
      {"94640", "Inhalation treatment", 6700},
      {"27447", "Total knee arthroplasty", 1985000},
      {"27130", "Total hip arthroplasty", 2048000},
      {"44970", "Laparoscopic appendectomy", 894000},
      {"47562", "Laparoscopic cholecystectomy", 967000},
      {"59400", "Routine obstetric care with vaginal delivery", 512000},
      {"31500", "Emergency endotracheal intubation", 46300},
      {"97110", "Therapeutic exercise, 15 minutes", 7800},
      {"43239", "Upper endoscopy with biopsy", 152000},
  };
  return kProcedures;
}

std::span<const Payer> payers() {
  static constexpr Payer kPayers[] = {
      {"MCARE", "Federal senior plan", 8, 42},
      {"MCAID", "State assistance plan", 19, 35},
      {"NHM01", "Northern Health Mutual", 14, 58},
      {"BRX02", "Bridge & River Insurance", 11, 61},
      {"CIV03", "Civic Employees, Trust", 8, 55},
      {"UNI04", "Union \"Lakeside\" Fund", 6, 64},
      {"SELF0", "Self-pay", 4, 80},
  };
  return kPayers;
}

std::span<const City> cities() {
  static constexpr City kCities[] = {
      {"Ashby Falls", "MA", 1431},    {"Birchmont", "NH", 3101},     {"Cedar Harbor", "ME", 4101},
      {"Dunmore", "PA", 18509},       {"Eastwick", "CT", 6060},      {"Fairhaven", "VT", 5743},
      {"Glen Arbor", "MI", 49636},    {"Harlow Creek", "OH", 43001}, {"Iron Bridge", "IN", 46001},
      {"Juniper Bay", "WI", 54001},   {"Kingsport", "TN", 37660},    {"Lakeview", "IL", 60046},
      {"Maple Ridge", "NY", 12010},   {"Northfield", "MN", 55057},   {"Oak Hollow", "KY", 40003},
      {"Pine Bluff", "GA", 30002},    {"Quarry Hill", "VA", 22003},  {"Río Verde", "NM", 87001},
      {"Saint-Étienne", "LA", 70001}, {"Two Rivers", "WA", 98001},   {"Upton", "CO", 80002},
      {"Vale", "OR", 97918},          {"Winter Park", "FL", 32789},  {"Yarrow", "TX", 75001},
  };
  return kCities;
}

std::span<const std::string_view> family_names() {
  static constexpr std::string_view kNames[] = {
      "Abbott",   "Ackermann", "Alvarez",  "Andersson", "Arnaud",   "Baker",     "Barros",   "Becker",
      "Bennett",  "Bergström", "Bianchi",  "Blake",     "Brennan",  "Brooks",    "Brown",    "Calder",
      "Carter",   "Castillo",  "Chen",     "Clarke",    "Cohen",    "Collins",   "Cooper",   "Cruz",
      "Dawson",   "Delgado",   "Diaz",     "Dietrich",  "Dubois",   "Edwards",   "Ellis",    "Eriksson",
      "Evans",    "Farrell",   "Fischer",  "Fletcher",  "Flores",   "Foster",    "Fuentes",  "García",
      "Gibson",   "Graham",    "Grant",    "Gray",      "Greene",   "Gupta",     "Hall",     "Hansen",
      "Harper",   "Hayes",     "Herrera",  "Hoffmann",  "Holmes",   "Howard",    "Hughes",   "Ibarra",
      "Ivanov",   "Jackson",   "Jansen",   "Jenkins",   "Jensen",   "Johnson",   "Jones",    "Kapoor",
      "Kaya",     "Kelly",     "Khan",     "Kim",       "Klein",    "Kowalski",  "Lambert",  "Larsen",
      "Lee",      "Lefèvre",   "Lewis",    "Lindqvist", "López",    "MacLeod",   "Marino",   "Martin",
      "Mendes",   "Meyer",     "Miller",   "Mitchell",  "Moore",    "Morales",   "Moreau",   "Morgan",
      "Müller",   "Murphy",    "Nakamura", "Nguyen",    "Novak",    "Núñez",     "O'Brien",  "O'Connor",
      "Okafor",   "Olsen",     "Ortega",   "Osei",      "Owens",    "Park",      "Patel",    "Pereira",
      "Peterson", "Petrov",    "Phillips", "Quinn",     "Ramírez",  "Reed",      "Reyes",    "Richter",
      "Rivera",   "Roberts",   "Robinson", "Rossi",     "Russell",  "Sato",      "Schmidt",  "Schröder",
      "Scott",    "Shah",      "Silva",    "Smith",     "Sørensen", "Stewart",   "Sullivan", "Suzuki",
      "Tanaka",   "Taylor",    "Thomas",   "Torres",    "Turner",   "Vargas",    "Vogel",    "Walker",
      "Wang",     "Ward",      "Watson",   "Weber",     "White",    "Williams",  "Wilson",   "Wójcik",
      "Wood",     "Wright",    "Yilmaz",   "Young",     "Zhang",    "Zimmermann"};
  return kNames;
}

std::span<const std::string_view> female_names() {
  static constexpr std::string_view kNames[] = {
      "Ada",   "Aisha",  "Alice",   "Amelia", "Ana",    "Anja",     "Beatriz", "Carla",  "Charlotte",
      "Chloé", "Clara",  "Daniela", "Elena",  "Elif",   "Emma",     "Esther",  "Fatima", "Frida",
      "Grace", "Hannah", "Helena",  "Inés",   "Ingrid", "Iris",     "Jasmin",  "Joanna", "Julia",
      "Karin", "Leila",  "Linda",   "Lucía",  "Mai",    "Margaret", "Maria",   "Mei",    "Mira",
      "Nadia", "Nora",   "Olivia",  "Paula",  "Priya",  "Rosa",     "Ruth",    "Sara",   "Sofia",
      "Susan", "Teresa", "Valérie", "Yuki",   "Zoë"};
  return kNames;
}

std::span<const std::string_view> male_names() {
  static constexpr std::string_view kNames[] = {
      "Adam",   "Ahmed", "Alan",   "Ali",    "André",  "Anton",   "Arjun",   "Ben",    "Björn",  "Carlos",
      "Daniel", "David", "Diego",  "Emil",   "Erik",   "Felix",   "Frank",   "George", "Hassan", "Henry",
      "Hugo",   "Ivan",  "James",  "Jan",    "João",   "Jonas",   "José",    "Jürgen", "Kenji",  "Kofi",
      "Lars",   "Leo",   "Luca",   "Marco",  "Martin", "Michael", "Mohamed", "Noah",   "Oscar",  "Pablo",
      "Paul",   "Peter", "Rafael", "Robert", "Samuel", "Thomas",  "Tomás",   "Victor", "Wei",    "William"};
  return kNames;
}

std::span<const std::string_view> streets() {
  static constexpr std::string_view kStreets[] = {
      "Alder Street", "Bay Road",      "Church Lane", "Dock Street",  "Elm Avenue",
      "Ferry Road",   "Garden Way",    "High Street", "Ivy Court",    "Juniper Drive",
      "King Street",  "Lake Road",     "Mill Lane",   "North Avenue", "Orchard Way",
      "Park Place",   "Quarry Street", "River Road",  "School Lane",  "Station Road"};
  return kStreets;
}

std::span<const std::string_view> languages() {
  static constexpr std::string_view kLanguages[] = {"en", "en", "en", "en", "en", "en", "en",
                                                    "es", "es", "fr", "de", "zh", "vi", "pt"};
  return kLanguages;
}

std::span<const std::string_view> note_sentences() {
  static constexpr std::string_view kSentences[] = {
      "Admitted with acute symptoms, stable on arrival.",
      "Pain < 3 after analgesia & rest.",
      "Physiotherapy from day 2, mobile with aid.",
      "No known drug allergies.",
      "Temperature 37.2 °C, saturation 96 % on room air.",
      "Family informed; follow-up in two weeks.",
      "Medication reviewed, dose reduced by half.",
      "Wound dry, sutures out on day 10.",
      "Transferred at the patient's request.",
      "Blood cultures negative after 48 h.",
      "Fall risk assessed as \"moderate\".",
      "Diet: soft, low salt.",
  };
  return kSentences;
}

}  // namespace tarn::workload
