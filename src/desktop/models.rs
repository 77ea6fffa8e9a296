//! What each model is and how far it may be trusted: the answer to "says who?".

use citytwin_panels::{KeyNote, ModelNote, Validation};

/// The models behind the numbers on the screen.
pub const MODELS: &[ModelNote<'static>] = &[
    ModelNote {
        name: "Traffic",
        drives: "vehicles, flows, speeds, travel times",
        how: "Every vehicle follows the one ahead (intelligent driver model, Treiber et al. 2000), changes lanes for its next \
              turn or to get on (MOBIL, Kesting et al. 2007), waits for gaps, for red lights and for room behind the \
              junction, and takes the quickest way it knows when it sets out. From 60 times real speed on lanes are queues \
              with the same signals, gaps and room (mesoscopic). \
              Demand: residents and jobs from floor areas, trips by a gravity model and an hourly profile.",
        validation: Validation::NotValidated,
        evidence: "Car following is checked against its closed form, signals against their capacity, and the same driving \
                   against SUMO: mean trip times within 2 % in Cologne, 2 to 8 % longer in two parts of Bologna; queues: within 5 % in \
                   two, 22 % longer in the third. The demand has \
                   not been calibrated with counts of this city.",
    },
    ModelNote {
        name: "Peak hour",
        drives: "volume, volume over capacity, level of service, shift, who drives on a road, time from here",
        how: "Static user equilibrium of a weekday's busiest hour: nobody can arrive earlier by another way (Wardrop). \
              Algorithm B on turn-by-turn graph; delay by BPR curves and the HCM's signal delay. Trips within an area are \
              left out, queues do not spill back, nobody shifts departure.",
        validation: Validation::NotValidated,
        evidence: "The solver reproduces the published best-known solutions of Sioux Falls, Anaheim and Chicago Sketch to \
                   1e-9; this city's demand has not been calibrated with counts.",
    },
    ModelNote {
        name: "Electric load",
        drives: "building and transformer loads, energy supplied",
        how: "Annual use per floor area and kind of building, spread over the hours by standard load shapes; every \
              building hangs on its nearest transformer. Heat pumps and cooling: every building's 5R1C (ISO 13790) hour by hour \
              under the typical weather, as in the year. Electric cars charge where their trips of the traffic model end, by the \
              rule in force; what a kilometre takes follows how cars drive now. Home batteries keep what their roof gives.",
        validation: Validation::NotValidated,
        evidence: "Conserves energy, reproduces the stated annual values, and a day of it is the year's day under the same weather \
                   (heat and charging to 1e-6, sun to 1 %); no meter of this city was used.",
    },
    ModelNote {
        name: "Power grid",
        drives: "voltage, grid loading, power flow, what breaks a limit in the day, who is off",
        how: "Synthetic: stations where the load is, medium-voltage rings and low-voltage feeders along the streets, cables and \
              transformers sized by written rules (assets/energy), stated stations kept. A balanced load flow every simulated \
              minute, an estimate of its state from the grid's sensors (weighted least squares), the day's voltages phase by phase; rings close where that brings customers back.",
        validation: Validation::Plausible,
        evidence: "The load flow meets published networks to 1e-6 pu and power-grid-model to 1e-9; lengths and customers per \
                   station lie beside European figures. Where the utility's cables really lie is not known: no single street's \
                   figure is a measurement.",
    },
    ModelNote {
        name: "Photovoltaics",
        drives: "solar output",
        how: "Suitable roof area by roof shape; PVWatts under a Perez sky among the neighbours, as in the year, with the sun of the \
              minute and a clear sky.",
        validation: Validation::Plausible,
        evidence: "The sun's position is held against published almanac values, sky and modules against pvlib; the sky is always \
                   clear, so output is an upper bound on cloudy days.",
    },
    ModelNote {
        name: "Year of energy",
        drives: "the tab Year, heat demand, solar yield, bills, fuel poverty, who gains and who loses",
        how: "Every building hour by hour: 5R1C (ISO 13790) with walls from the map, use, age and usual figures of its country; \
              PVWatts under a Perez sky among the neighbours; cars charge where their trips of the traffic model end; home batteries \
              by own consumption; a load flow of every hour. Tariffs, hourly carbon by usual days of the country's generation, \
              annuities by VDI 2067, incomes by chance from published tenths.",
        validation: Validation::Plausible,
        evidence: "The building model passes 39 of 40 criteria of ASHRAE 140, sky and modules meet pvlib, demand lies beside \
                   statistics (tests/cases/energy); no meter and no bill of this city was used, most prices and ages are national means.",
    },
    ModelNote {
        name: "Weather",
        drives: "air temperature, irradiance",
        how: "A clear, typical day for the latitude and season. No forecast and no measurement is used yet.",
        validation: Validation::Plausible,
        evidence: "Clear-sky irradiance against published formulas; temperature is a mean, not today's.",
    },
    ModelNote {
        name: "Heights and lanes of the map",
        drives: "the shape of buildings and roads",
        how: "Stated tags first, then levels, then a rule by kind and size. The inspector names the rule of every value that \
              was not stated.",
        validation: Validation::Plausible,
        evidence: "`citytwin check` counts what was stated and what was inferred.",
    },
];

/// What moves the camera.
pub const CAMERA_KEYS: &[KeyNote<'static>] = &[
    KeyNote { keys: "Left drag", does: "Move the ground under the pointer" },
    KeyNote { keys: "Right drag, Ctrl + left drag", does: "Turn and tilt" },
    KeyNote { keys: "Wheel", does: "Zoom to the pointer" },
    KeyNote { keys: "W A S D, arrows", does: "Move" },
    KeyNote { keys: "Q E", does: "Turn" },
    KeyNote { keys: "R V, Page Up, Page Down", does: "Tilt" },
    KeyNote { keys: "Click", does: "Inspect" },
];
