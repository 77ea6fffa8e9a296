//! `traffic simulate` from outside: a small SUMO scenario by both views, what scripts rely on, and what wrong input gets.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

const NET: &str = r#"<net>
<edge id="a" from="A" to="B"><lane id="a_0" index="0" speed="13.9" length="300" shape="0,0 300,0"/></edge>
<edge id="b" from="B" to="C"><lane id="b_0" index="0" speed="13.9" length="300" shape="300,0 600,0"/></edge>
<tlLogic id="B" type="static" programID="0" offset="0"><phase duration="30" state="G"/><phase duration="3" state="y"/>
<phase duration="27" state="r"/></tlLogic>
<junction id="A" type="dead_end" x="0" y="0" incLanes=""/>
<junction id="B" type="traffic_light" x="300" y="0" incLanes="a_0"/>
<junction id="C" type="dead_end" x="600" y="0" incLanes="b_0"/>
<connection from="a" to="b" fromLane="0" toLane="0" dir="s" state="o" tl="B" linkIndex="0"/>
</net>"#;

const CONFIG: &str = r#"<configuration><input><net-file value="net.xml"/><route-files value="routes.xml"/></input>
<time><begin value="0"/></time></configuration>"#;

/// Forty cars, one every eight seconds: half of what the signal lets through.
fn routes() -> String {
    let car = |i: usize| format!("<vehicle id=\"v{i}\" depart=\"{}\"><route edges=\"a b\"/></vehicle>\n", 8 * i);
    format!("<routes>\n{}</routes>\n", (0..40).map(car).collect::<String>())
}

fn scenario(folder: &Path, net: &str, routes: &str) -> PathBuf {
    for (name, text) in [("net.xml", net), ("routes.xml", routes), ("run.sumocfg", CONFIG)] {
        fs::write(folder.join(name), text).expect("a temporary folder is writable");
    }
    folder.join("run.sumocfg")
}

fn simulate(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
    command.args(["traffic", "simulate"]).arg(config).args(arguments).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("stdout holds JSON alone")
}

#[test]
fn both_views_bring_everybody_home_and_write_what_they_did() {
    let folder = tempfile::tempdir().unwrap();
    let config = scenario(folder.path(), NET, &routes());
    for view in ["--micro", "--meso"] {
        let out = folder.path().join(view);
        let said = json(&simulate(&config, &[view, "--json", "--seed", "3", "--out", &out.to_string_lossy()]));
        let count = |key: &str| said[key].as_u64().unwrap_or_else(|| panic!("{view}: {key}"));
        assert_eq!((count("inserted"), count("arrived"), count("running"), count("waiting")), (40, 40, 0, 0), "{view}");
        for key in ["mean_duration_s", "mean_time_loss_s", "vehicle_updates_per_s", "cpu_s"] {
            assert!(said[key].is_number(), "{view}: {key}");
        }
        // 600 m at 13.9 m/s from standing, and 60·0.5²/2/(1 − 0.5·0.5) = 10 s of red on the mean (HCM 6th, eq. 19-20).
        let mean = said["mean_duration_s"].as_f64().unwrap();
        assert!((48.0..68.0).contains(&mean), "{view}: {mean}");
        let rows = |name: &str| fs::read_to_string(out.join(name)).unwrap().lines().count();
        assert_eq!(rows("trips.csv"), 41, "{view}");
        assert!(rows("links.csv") > 2, "{view}");
        assert!(rows("junctions.csv") > 1 && rows("mfd.csv") > 1, "{view}");
        for name in ["trips", "links", "junctions", "mfd"] {
            let bytes = fs::read(out.join(name).with_extension("parquet")).unwrap();
            assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{view}: {name}");
        }
        assert_eq!(fs::read_dir(&out).unwrap().count(), 8, "{view}: nothing half-written is left");
    }
}

#[test]
fn threads_change_no_byte_and_seeds_do() {
    let folder = tempfile::tempdir().unwrap();
    let config = scenario(folder.path(), NET, &routes());
    let hash = |arguments: &[&str]| json(&simulate(&config, arguments))["state_hash"].to_string();
    let one = hash(&["--micro", "--json", "--seed", "1", "--threads", "1"]);
    assert_eq!(one, hash(&["--micro", "--json", "--seed", "1", "--threads", "2"]));
    assert_ne!(one, hash(&["--micro", "--json", "--seed", "2", "--threads", "1"]));
}

/// What of a scenario cannot run is said with its place; the rest runs.
#[test]
fn what_cannot_drive_is_said_and_the_rest_drives() {
    let folder = tempfile::tempdir().unwrap();
    let more = "<vehicle id=\"lost\" depart=\"1\"><route edges=\"a nowhere\"/></vehicle>\n\
                <vehicle id=\"odd\" type=\"unknown\" depart=\"1\"><route edges=\"a b\"/></vehicle>\n\
                <vehicle id=\"past\" depart=\"-5\"><route edges=\"a b\"/></vehicle>\n</routes>";
    let config = scenario(folder.path(), NET, &routes().replace("</routes>", more));
    let output = simulate(&config, &["--micro", "--json"]);
    let said = json(&output);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((said["inserted"].as_u64(), said["problems"].as_u64()), (Some(40), Some(3)), "{err}");
    for (line, name) in [(42, "nowhere"), (43, "unknown"), (44, "past")] {
        let place = format!("routes.xml, line {line}: ");
        assert!(err.lines().any(|l| l.starts_with(&place) && l.contains(name)), "{place}… {name}: {err}");
    }
}

#[test]
fn wrong_scenarios_get_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let check = |config: &Path, arguments: &[&str], says: &str| {
        let output = simulate(config, arguments);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
        assert!(output.stdout.is_empty());
        assert_eq!(err.trim_end().lines().count(), 1, "{err}");
        assert!(err.contains(says) && !err.contains("panicked"), "must say `{says}`: {err}");
    };
    let sound = scenario(folder.path(), NET, &routes());
    check(&sound, &[], "--micro");
    check(&sound, &["--micro", "--meso"], "cannot be used with");
    check(&sound, &["--micro", "--end=-1"], "--end");
    check(&sound, &["--micro", "--end", "0"], "the scenario begins at 0 s");
    check(&sound, &["--micro", "--out", &sound.to_string_lossy()], "is a file");
    check(&folder.path().join("none.sumocfg"), &["--meso"], "none.sumocfg");
    let cut = scenario(folder.path(), NET, &routes()[..300]);
    check(&cut, &["--micro"], "routes.xml, line");
    let lane =
        |i: usize| format!("<lane id=\"b_{i}\" index=\"{i}\" speed=\"13.9\" length=\"300\" shape=\"300,0 600,0\"/>");
    let one = lane(0);
    assert!(NET.contains(&one));
    let wide = NET.replace(&one, &(0..300).map(lane).collect::<String>()).replace("toLane=\"0\"", "toLane=\"299\"");
    let wide = scenario(folder.path(), &wide, &routes());
    check(&wide, &["--micro"], "net.xml, line 3: edge b has more than 255 lanes");
    let out = folder.path().join("out");
    let broken = scenario(folder.path(), &NET[..400], &routes());
    check(&broken, &["--meso", "--out", &out.to_string_lossy()], "net.xml, line");
    assert!(!out.exists(), "nothing is written");
}
