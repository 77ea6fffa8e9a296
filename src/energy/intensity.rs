//! Who uses how much: electricity per floor area by use, people and cars per dwelling area.

use citytwin_model::BuildingUse;

/// Uses in the order of the tables of this crate.
pub const USES: [BuildingUse; USE_COUNT] = [
    BuildingUse::House,
    BuildingUse::Apartments,
    BuildingUse::Office,
    BuildingUse::Retail,
    BuildingUse::Hotel,
    BuildingUse::School,
    BuildingUse::Hospital,
    BuildingUse::Public,
    BuildingUse::Industrial,
    BuildingUse::Warehouse,
    BuildingUse::Ancillary,
];
pub const USE_COUNT: usize = 11;

/// Hours of a year of 365 days.
pub const HOURS_PER_YEAR: f64 = 8760.0;

/// Internal share of the external floor area (footprint × storeys), 1: walls of 0.3 m around a plan of
/// 12 m × 12 m leave 0.9.
pub const INTERNAL_AREA_SHARE: f64 = 0.9;

/// Internal floor area of dwellings per inhabitant where the city states no population, m²: EU mean
/// useful area of about 40 m² per person (EU Building Stock Observatory) with shared stairs and walls.
pub const DWELLING_AREA_M2_PER_PERSON: f64 = 45.0;

/// Passenger cars per inhabitant, 1: EU mean of 2022 (Eurostat road_eqs_carhab).
pub const CARS_PER_PERSON: f64 = 0.56;

/// Electricity per internal floor area and year, kWh/m², without cars and before photovoltaics.
///
/// Dwellings: 3.6 MWh per dwelling and year (EU mean, Odyssee-Mure 2025) on about 100 m² internal. Other uses:
/// "electricity typical" of CIBSE TM46:2008 table 1 by the category named. Process heat and machines of
/// industry are in no map, so industry counts as a workshop. Ancillary (sheds, garages, carports): an
/// assumption, a quarter of TM46's covered car park.
pub const fn annual_kwh_per_m2(usage: BuildingUse) -> f64 {
    match usage {
        BuildingUse::House | BuildingUse::Apartments => 36.0,
        BuildingUse::Office => 95.0,     // general office
        BuildingUse::Retail => 165.0,    // general retail
        BuildingUse::Hotel => 105.0,     // hotel
        BuildingUse::School => 40.0,     // schools and seasonal public buildings
        BuildingUse::Hospital => 90.0,   // hospital, clinical and research
        BuildingUse::Public => 70.0,     // cultural activities
        BuildingUse::Industrial => 35.0, // workshop
        BuildingUse::Warehouse => 35.0,  // storage facility
        BuildingUse::Ancillary => 5.0,
    }
}

/// People live there.
pub const fn is_dwelling(usage: BuildingUse) -> bool {
    matches!(usage, BuildingUse::House | BuildingUse::Apartments)
}
