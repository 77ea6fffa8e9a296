//! TNTP and CSV files: the published ones are read, bad ones get one clear error with its line.

use citytwin_traffic::{assignment::Graph, tntp};

const NET: &str = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 3\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 3\n<END OF METADATA>\n
~\tfrom\tto\tcapacity\tlength\ttime\tb\tpower\tspeed\ttoll\ttype\t;
\t1\t3\t100\t1\t2\t0.15\t4\t0\t0\t1\t;\n\t3\t2\t100\t1\t2\t0.15\t4\t0\t0\t1\t;\n\t2\t1\t100\t1\t2\t0.15\t4\t0\t0\t1\t;\n";
const TRIPS: &str = "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 7.0\n<END OF METADATA>\n\nOrigin 1\n  1 : 0.0;  2 : 5.0;\nOrigin 2\n  1 : 2.0;\n";

fn graph() -> Graph {
    tntp::read_net(NET).unwrap()
}

fn fails<T: std::fmt::Debug>(result: Result<T, tntp::TntpError>, line: usize, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn good_files_are_read() {
    assert_eq!(graph().links().len(), 3);
    assert_eq!(graph().links()[1].from, 2);
    assert_eq!(tntp::read_trips(TRIPS, &graph()).unwrap(), [(0, 0, 0.0), (0, 1, 5.0), (1, 0, 2.0)]);
    assert_eq!(tntp::read_csv("origin,destination,trips\n1,2,3.5\n", &graph()).unwrap(), [(0, 1, 3.5)]);
    // As spreadsheets and editors write them, with a byte order mark.
    assert_eq!(tntp::read_trips(&format!("\u{feff}{TRIPS}"), &graph()).unwrap().len(), 3);
    assert_eq!(tntp::read_csv("\u{feff}origin,destination,trips\r\n1,2,3.5\r\n", &graph()).unwrap(), [(0, 1, 3.5)]);
    // A connector may take no time; other links may where their length costs.
    tntp::read_net(&NET.replace("1\t3\t100\t1\t2", "1\t3\t100\t0\t0")).unwrap();
}

#[test]
fn bad_nets_are_refused() {
    let cases = [
        ("<NUMBER OF ZONES> 2\n", "", 10, "<NUMBER OF ZONES> is missing"),
        ("<FIRST THRU NODE> 1\n", "", 10, "<FIRST THRU NODE> is missing"),
        ("<END OF METADATA>\n", "", 7, "<END OF METADATA> is missing"),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> many", 2, "\"many\" is no NUMBER OF NODES"),
        ("<NUMBER OF NODES> 3", "<NUMBER OF NODES> 1", 1, "do not fit"),
        ("\t3\t2\t100", "\t3\t4\t100", 9, "node 4 does not exist; they run from 1 to 3"),
        ("\t3\t2\t100", "\t0\t2\t100", 9, "node 0 does not exist"),
        ("\t3\t2\t100", "\t3\t2\t-100", 9, "capacity is -100; it must not be below zero"),
        ("\t3\t2\t100", "\t3\t2\t0", 9, "the capacity is zero"),
        ("\t3\t2\t100", "\t3\t2\tNaN", 9, "\"NaN\" is no capacity"),
        ("\t3\t2\t100", "\t3\t2\tinf", 9, "\"inf\" is no capacity"),
        ("\t3\t2\t100", "\t3\t2\t1o0", 9, "\"1o0\" is no capacity"),
        ("\t2\t1\t100\t1\t2\t0.15\t4\t0\t0\t1\t;\n", "", 10, "says 3 links, but there are 2"),
        ("\t2\t1\t100\t1\t2\t0.15\t4\t0\t0\t1\t;\n", "\t2\t1\t10", 10, "at least 7 columns"),
    ];
    for (was, is, line, words) in cases {
        fails(tntp::read_net(&NET.replacen(was, is, 1)), line, words);
    }
    let inner = NET.replace("ZONES> 2", "ZONES> 0").replace("\t3\t2\t100\t1\t2", "\t3\t2\t100\t0\t0");
    fails(tntp::read_net(&inner), 9, "free-flow time is zero");
    fails(tntp::read_net(""), 1, "<END OF METADATA> is missing");
}

#[test]
fn bad_trips_are_refused() {
    let cases = [
        ("<NUMBER OF ZONES> 2\n", "", 8, "<NUMBER OF ZONES> is missing"),
        ("2 : 5.0", "2 : -5.0", 6, "trips is -5"),
        ("2 : 5.0", "2 : -1e300", 6, "trips is -1e300;"),
        ("2 : 5.0", "2 : 1e300", 6, "trips is 1e300; that is larger"),
        ("2 : 5.0", &format!("2 : {}", "x".repeat(99)), 6, &format!("\"{}…\" is no trips", "x".repeat(40))),
        ("2 : 5.0", "9 : 5.0", 6, "zone 9 does not exist"),
        ("2 : 5.0", "2 : nan", 6, "\"nan\" is no trips"),
        ("2 : 5.0", "2 ; 5.0", 6, "is cut off"),
        ("Origin 1\n", "", 5, "before the first \"Origin\""),
        ("Origin 2\n  1 : 2.0;\n", "", 7, "cut off?"),
    ];
    for (was, is, line, words) in cases {
        fails(tntp::read_trips(&TRIPS.replacen(was, is, 1), &graph()), line, words);
    }
    let stranded = tntp::read_net(&NET.replace("\t3\t2\t100", "\t3\t1\t100")).unwrap();
    fails(tntp::read_trips(TRIPS, &stranded), 6, "zone 2 has trips but no link");
}

#[test]
fn bad_csv_is_refused() {
    let cases = [
        ("1,2,3\n", 1, "the first line"),
        ("origin,destination,trips\n1,2\n", 2, "cut off"),
        ("origin,destination,trips\n1,2,1\n1,7,1\n", 3, "zone 7"),
        ("origin,destination,trips\n1,2,-1\n", 2, "trips is -1"),
        ("origin,destination,trips\n1,2,NaN\n", 2, "NaN"),
        ("", 1, "the first line"),
        ("origin,destination,trips\n\n", 1, "there are no trips"),
    ];
    for (text, line, words) in cases {
        fails(tntp::read_csv(text, &graph()), line, words);
    }
}
