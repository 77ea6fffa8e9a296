//! Names of the town, its streets and its places. All invented or generic. Must not know geometry.

use crate::dice::Dice;

const TOWNS: [&str; 10] = [
    "Wellenhafen",
    "Nordersund",
    "Altenstrom",
    "Seefurt",
    "Haldermünde",
    "Brückenau am Strom",
    "Lindenhafen",
    "Westerfleet",
    "Marienfurt",
    "Grauwick",
];
const FIRST: [&str; 96] = [
    "Ahorn",
    "Amsel",
    "Apfel",
    "Bach",
    "Berg",
    "Birken",
    "Blumen",
    "Breite",
    "Brunnen",
    "Buchen",
    "Burg",
    "Dahlien",
    "Distel",
    "Dorf",
    "Drossel",
    "Eichen",
    "Eider",
    "Enzian",
    "Erlen",
    "Eschen",
    "Falken",
    "Farn",
    "Feld",
    "Fichten",
    "Finken",
    "Flieder",
    "Forst",
    "Garten",
    "Ginster",
    "Glocken",
    "Graben",
    "Habicht",
    "Hafer",
    "Hagebutten",
    "Hasel",
    "Heide",
    "Herder",
    "Heron",
    "Hirsch",
    "Hohe",
    "Holunder",
    "Hopfen",
    "Iris",
    "Jasmin",
    "Kamp",
    "Kant",
    "Kastanien",
    "Kiefern",
    "Kirsch",
    "Klee",
    "Korn",
    "Kranich",
    "Lärchen",
    "Lerchen",
    "Lessing",
    "Lilien",
    "Linden",
    "Luther",
    "Malven",
    "Meisen",
    "Mohn",
    "Moor",
    "Mozart",
    "Mühlen",
    "Narzissen",
    "Nelken",
    "Nuss",
    "Park",
    "Pappel",
    "Platanen",
    "Primel",
    "Quell",
    "Raben",
    "Robinien",
    "Rosen",
    "Rosmarin",
    "Salbei",
    "Sand",
    "Schiller",
    "Schlehen",
    "Schwalben",
    "Sonnen",
    "Sperber",
    "Star",
    "Stein",
    "Tannen",
    "Tulpen",
    "Ulmen",
    "Veilchen",
    "Wacholder",
    "Weiden",
    "Weizen",
    "Wiesen",
    "Zaunkönig",
    "Zeder",
    "Zeisig",
];
const OLD: [&str; 36] = [
    "Bäcker",
    "Böttcher",
    "Färber",
    "Fischer",
    "Fleischer",
    "Gerber",
    "Glaser",
    "Glocken",
    "Gold",
    "Hafen",
    "Hirten",
    "Hospital",
    "Hut",
    "Jakobs",
    "Kannen",
    "Kloster",
    "Korn",
    "Krämer",
    "Kupfer",
    "Leder",
    "Löwen",
    "Mönch",
    "Münz",
    "Nonnen",
    "Pfaffen",
    "Ratsherren",
    "Salz",
    "Schmiede",
    "Schuster",
    "Seiler",
    "Silber",
    "Spital",
    "Töpfer",
    "Wagner",
    "Weber",
    "Zimmer",
];
const WORK: [&str; 16] = [
    "Werft", "Kran", "Lotsen", "Speicher", "Tonnen", "Anker", "Benz", "Daimler", "Otto", "Diesel", "Siemens", "Ampère",
    "Volta", "Borsig", "Planck", "Röntgen",
];
const RADIALS: [&str; 8] = [
    "Nordstraße",
    "Lübische Allee",
    "Oststraße",
    "Heidestraße",
    "Weststraße",
    "Südallee",
    "Hafenstraße",
    "Moorlandstraße",
];

/// Hands out names, each once as far as they reach.
pub struct Names {
    dice: Dice,
    radial: usize,
    streets: usize,
    old: usize,
    work: usize,
    shift: usize,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "names");
        let shift = dice.below(FIRST.len());
        Self { dice, radial: 0, streets: 0, old: 0, work: 0, shift }
    }

    /// The town's name for a seed.
    pub fn town(seed: u64) -> &'static str {
        Dice::new(seed, "town").pick(&TOWNS)
    }

    pub fn radial(&mut self) -> String {
        self.radial += 1;
        RADIALS[(self.radial - 1) % RADIALS.len()].to_owned()
    }

    /// A residential street.
    pub fn street(&mut self) -> String {
        let ends = ["straße", "weg", "ring", "steig", "allee", "winkel", "grund", "hang"];
        // 37 shares no factor with 96: every first word comes before one comes again.
        let name = compose(FIRST[(self.shift + self.streets * 37) % FIRST.len()], ends, self.streets / FIRST.len());
        self.streets += 1;
        name
    }

    /// A street of the old town.
    pub fn lane(&mut self) -> String {
        let ends = ["gasse", "straße", "twiete", "gang", "stieg", "hof", "markt", "winkel"];
        let name = compose(OLD[(self.shift + self.old * 11) % OLD.len()], ends, self.old / OLD.len());
        self.old += 1;
        name
    }

    /// A street of workshops and docks.
    pub fn works(&mut self) -> String {
        let ends = ["straße", "weg", "ring", "damm", "allee", "hof", "kai", "stieg"];
        let name = compose(WORK[(self.shift + self.work * 5) % WORK.len()], ends, self.work / WORK.len());
        self.work += 1;
        name
    }

    pub fn surname(&mut self) -> &'static str {
        self.dice
            .pick(&["Petersen", "Claasen", "Harms", "Ohlsen", "Brandt", "Lüders", "Voss", "Thomsen", "Wulf", "Jessen"])
    }
}

fn compose(first: &str, ends: [&str; 8], round: usize) -> String {
    let end = ends[round % ends.len()];
    match round / ends.len() {
        0 => format!("{first}{end}"),
        n => format!("{}. {first}{end}", n + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streets_of_a_large_town_have_names_of_their_own() {
        let mut names = Names::new(7);
        let all: std::collections::BTreeSet<String> = (0..2_000).map(|_| names.street()).collect();
        assert_eq!(all.len(), 2_000);
    }
}
