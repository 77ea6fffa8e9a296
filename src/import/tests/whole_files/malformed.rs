//! Malformed files: one clear line each, with the file's name, and never a panic.

use std::{fs, io::Write, path::Path};

use citytwin_import::{ImportError, ImportOptions, Progress, open};
use citytwin_model::ProblemKind;
use flate2::{Compression, write::GzEncoder};

use crate::support::{Message, blob, block, extract, frame, pbf, street, strings, three_nodes, zigzag};

/// Opens `bytes` as a file called `name` and expects a message of one line that holds all `parts`.
fn check(name: &str, bytes: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    check_path(&path, parts);
}

fn check_path(path: &Path, parts: &[&str]) {
    let error = open(path, &ImportOptions::default(), &()).err().map(|error| error.to_string());
    let message = error.unwrap_or_else(|| panic!("{} opened", path.display()));
    assert!(!message.contains('\n'), "{message}");
    assert!(message.starts_with(&path.display().to_string()), "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    // File, what is wrong, what to do.
    assert!(message.contains(';'), "{message}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn osm(content: &str) -> String {
    format!("<?xml version='1.0'?>\n<osm version=\"0.6\">\n{content}\n</osm>\n")
}

/// Two nodes and a street.
const STREET: &str = "<node id='1' lat='50' lon='8'/><node id='2' lat='50.001' lon='8.001'/>\n\
    <way id='10'><nd ref='1'/><nd ref='2'/><tag k='highway' v='residential'/></way>";

#[test]
fn formats_are_told_by_their_first_bytes() {
    check("empty.osm.pbf", b"", &["empty"]);
    check("note.txt", b"hello", &["neither .osm.pbf, .osm nor .osm.gz"]);
    check("wrong.osm.pbf", b"PK\x03\x04 a zip file in truth", &["byte 0", "not start like an .osm.pbf"]);
    check("wrong.osm", b"{\"elements\": []}", &["byte 0", "not start like an XML"]);
    check("wrong.osm.gz", b"plain", &["not start like a gzip"]);
    check("page.osm", b"<!-- x --><html><body>404</body></html>", &["line 1", "<html>, not <osm>"]);
    check("page.osm", b"<!DOCTYPE html><html></html>", &["line 1", "document type"]);
    check("inner.osm.gz", &gzip(b"plain text"), &["inner.osm.gz"]);
    // The first bytes go before the name.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("misnamed.osm.pbf");
    fs::write(&path, gzip(osm(STREET).as_bytes())).unwrap();
    assert_eq!(open(&path, &ImportOptions::default(), &()).unwrap().roads.len(), 1);
}

#[test]
fn paths_that_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    check_path(&folder.path().join("missing.osm.pbf"), &["no such file"]);
    let inner = folder.path().join("city");
    fs::create_dir(&inner).unwrap();
    check_path(&inner, &["city.toml"]);
}

/// A pipe would be waited for, a device has no end: none is opened.
#[cfg(unix)]
#[test]
fn only_files_and_folders_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket.osm");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    check_path(&socket, &["neither a file nor a folder"]);
    for device in ["/dev/zero", "/dev/null"] {
        check_path(Path::new(device), &["neither a file nor a folder"]);
    }
    for name in ["fifo.osm", "city.toml"] {
        let pipe = folder.path().join(name);
        if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
            println!("skipped: no mkfifo");
            return;
        }
        check_path(&pipe, &["neither a file nor a folder"]);
    }
    // The folder whose city.toml is a pipe.
    let error = open(folder.path(), &ImportOptions::default(), &()).unwrap_err();
    assert!(matches!(error, ImportError::NotAFile(_)), "{error}");
}

#[cfg(unix)]
#[test]
fn files_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.osm");
    fs::write(&path, osm(STREET)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        println!("skipped: this user may read every file");
        return;
    }
    check_path(&path, &["no permission"]);
}

#[test]
fn truncated_pbf() {
    let Some(path) = extract("helsinki.osm.pbf") else { return };
    let whole = fs::read(path).unwrap();
    for length in [16, 40, 200, whole.len() / 2, whole.len() - 1] {
        check("cut.osm.pbf", &whole[..length], &["byte ", "download it again"]);
    }
}

#[test]
fn hostile_pbf() {
    let data = |group: Message| pbf(&block(group));
    let bad_string = street(&[1, 2]).packed(2, &[77]);
    check("x.osm.pbf", &data(Message::default().message(2, three_nodes()).message(3, bad_string)), &["string"]);
    let member = |kind: u64| Message::default().number(1, 5).packed(8, &[0]).deltas(9, &[10]).packed(10, &[kind]);
    check("x.osm.pbf", &data(Message::default().message(4, member(3))), &["member of unknown type"]);
    check("x.osm.pbf", &data(Message::default().message(4, member(1).packed(8, &[]))), &["more members than roles"]);
    let short = Message::default().deltas(1, &[1, 2]).deltas(8, &[5]).deltas(9, &[5]);
    check("x.osm.pbf", &data(Message::default().message(2, short)), &["more ids than places"]);
    check("x.osm.pbf", &data(Message::default().message(3, street(&[1]).packed(3, &[]))), &["more keys than values"]);
    check("x.osm.pbf", &data(Message(vec![0x12, 0xff, 0xff, 0xff, 0x7f])), &["longer than what holds it"]);
    check("x.osm.pbf", &data(Message(vec![0xff; 20])), &["more than ten bytes"]);
    // A blob that claims a gigabyte, one that claims more than it can unpack to, one that does not unpack.
    let head = blob("OSMHeader", &[]);
    let header = Message::default().bytes(1, b"OSMData").number(3, 1 << 30).0;
    let huge = [&head[..], &(header.len() as u32).to_be_bytes(), &header].concat();
    check("x.osm.pbf", &huge, &["size up to 32 MiB"]);
    let packed =
        |size: u64, deflated: &[u8]| frame("OSMData", &Message::default().number(2, size).bytes(3, deflated).0);
    check("x.osm.pbf", &[&head[..], &packed(30_000_000, b"x\x9c")].concat(), &["more content than it can hold"]);
    check("x.osm.pbf", &[&head[..], &packed(100, b"not zlib")].concat(), &["does not unpack"]);
    check("x.osm.pbf", &[&head[..], &frame("OSMData", &Message::default().bytes(7, b"..").0)].concat(), &["Zstandard"]);
    let needs = blob("OSMHeader", &Message::default().bytes(4, b"Telepathy").0);
    check("x.osm.pbf", &needs, &["requires a feature"]);
    check("x.osm.pbf", &[&head[..], &[0xff; 4]].concat(), &["more than 64 KiB"]);
}

#[test]
fn extremes_in_pbf_are_problems_of_single_nodes() {
    let nodes = Message::default()
        .deltas(1, &[1, 2, i64::MAX, i64::MIN])
        .deltas(8, &[500_000_000, 500_010_000, i64::MAX, i64::MIN])
        .deltas(9, &[0, 10_000, i64::MIN, 4]);
    let content = pbf(&block(Message::default().message(2, nodes).message(3, street(&[1, 2]))));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.osm.pbf");
    fs::write(&path, content).unwrap();
    let city = open(&path, &ImportOptions::default(), &()).unwrap();
    assert_eq!(city.roads.len(), 1);
    assert_eq!(city.problems.iter().filter(|p| p.kind == ProblemKind::Geometry).count(), 2);
}

#[test]
fn bounds_that_no_city_has() {
    let bounds = |w: i64, s: i64, e: i64, n: i64| {
        let side = |degrees: i64| zigzag(degrees * 1_000_000_000);
        let bounds = Message::default().number(1, side(w)).number(2, side(e)).number(3, side(n)).number(4, side(s));
        let data = block(Message::default().message(2, three_nodes()).message(3, street(&[1, 2])));
        [blob("OSMHeader", &Message::default().message(1, bounds).0), blob("OSMData", &data.0)].concat()
    };
    check("x.osm.pbf", &bounds(179, 49, -179, 51), &["cross the date line"]);
    check("x.osm.pbf", &bounds(-10, 45, 10, 55), &["spans 20.0°"]);
    let stated = |attributes: &str| osm(&format!("<bounds {attributes}/>{STREET}"));
    check(
        "x.osm",
        stated("minlat='49' minlon='179.9' maxlat='51' maxlon='-179.9'").as_bytes(),
        &["cross the date line"],
    );
    let apart = "<node id='1' lat='0' lon='-179.99'/><node id='2' lat='0' lon='179.99'/>";
    check("x.osm", osm(apart).as_bytes(), &["date line"]);
    let wide = "<node id='1' lat='0' lon='10'/><node id='2' lat='0' lon='14'/>";
    check("x.osm", osm(wide).as_bytes(), &["spans 4.0°"]);
    // Bounds that hold none of the nodes, or make no sense, are a problem, and the nodes count.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.osm");
    fs::write(&path, stated("minlat='1' minlon='1' maxlat='2' maxlon='2'")).unwrap();
    let city = open(&path, &ImportOptions::default(), &()).unwrap();
    assert!((city.bounds.west - 8.0).abs() < 1e-9 && city.problems[0].source.to_string() == "file/bounds");
}

#[test]
fn hostile_xml() {
    let bomb =
        "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;&lol;'>]><osm><node id='1' x='&lol2;'/></osm>";
    check("bomb.osm", bomb.as_bytes(), &["line 1", "document type"]);
    let entity = osm("<node id='1' lat='1' lon='1'><tag k='name' v='&lol;'/></node>");
    check("entity.osm", entity.as_bytes(), &["line 3", "lol"]);
    check("cut.osm", b"<osm>\n<node id='1' lat='1' lon='1'>\n", &["line 3", "breaks off"]);
    check("cut.osm", b"<osm>\n<node id='1' lat='1", &["line 2"]);
    check("tags.osm", osm("<node id='1'></way>").as_bytes(), &["line 3"]);
    check("id.osm", osm("<node lat='1' lon='1'/>").as_bytes(), &["line 3", "without an id"]);
    check("id.osm", osm("<way id='one'/>").as_bytes(), &["`one` is no element id"]);
    check("ref.osm", osm("<way id='1'><nd ref='x'/></way>").as_bytes(), &["no element id"]);
    check("deep.osm", format!("<osm>{}", "<a>".repeat(100)).as_bytes(), &["nest deeper"]);
    check("long.osm", format!("<osm><node id='{}", "1".repeat(3_000_000)).as_bytes(), &["more than 1 MiB"]);
    check("change.osm", b"<osmChange version='0.6'></osmChange>", &["<osmChange>, not <osm>"]);
    check("latin.osm", b"<osm><node id='1' lat='1' lon='1'><tag k='name' v='\xe9'/></node></osm>", &["line 1"]);
}

#[test]
fn gzip_bombs_and_cuts() {
    let whole = gzip(osm(&STREET.repeat(50)).as_bytes());
    check("cut.osm.gz", &whole[..whole.len() / 2], &["cut.osm.gz"]);
    let mut bomb = b"<osm>".to_vec();
    bomb.extend(std::iter::repeat_n(*b"<a/>                            ", 2_000_000).flatten());
    check("bomb.osm.gz", &gzip(&bomb), &["unpacks to far more"]);
}

#[test]
fn nothing_usable() {
    check("none.osm", osm("").as_bytes(), &["no node with a usable place"]);
    check("nan.osm", osm("<node id='1' lat='NaN' lon='NaN'/>").as_bytes(), &["no node with a usable place"]);
    check("bare.osm", osm("<node id='1' lat='1' lon='1'/>").as_bytes(), &["holds no road", "extract around a city"]);
    check("none.osm.pbf", &pbf(&Message::default().message(1, strings())), &["no node with a usable place"]);
}

#[test]
fn bad_elements_are_problems_and_the_rest_loads() {
    let content = osm(&format!(
        "{STREET}<node id='3' lat='NaN' lon='1'/><node id='4' lat='91' lon='1'/><node id='5' lat='x' lon='1'/>\
         <node id='6' lon='1'/><node id='1' lat='50' lon='8' version='2'/><way id='10'><nd ref='1'/></way>\
         <way id='11' visible='false'><nd ref='1'/><nd ref='2'/><tag k='highway' v='primary'/></way>\
         <way id='12' action='delete'><nd ref='1'/><nd ref='2'/><tag k='highway' v='primary'/></way>\
         <way id='-13'><nd ref='1'/><nd ref='5'/><nd ref='2'/><tag k='highway' v='primary'/></way>\
         <relation id='7'><member type='star' ref='1' role=''/></relation>"
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.osm");
    fs::write(&path, content).unwrap();
    let city = open(&path, &ImportOptions::default(), &()).unwrap();
    assert_eq!(city.roads.iter().map(|road| road.source.to_string()).collect::<Vec<_>>(), ["way/10"]);
    let told: Vec<_> = city.problems.iter().map(|p| format!("{} {:?}", p.source, p.kind)).collect();
    let expected = [
        "node/3 Geometry",
        "node/4 Geometry",
        "node/5 Geometry",
        "node/6 Geometry",
        "relation/7 MissingReference",
        "node/1 Duplicate",
        "way/10 Duplicate",
        "way/-13 MissingReference",
    ];
    assert_eq!(told, expected);
}

/// Cancels at a stage.
struct Until(&'static str);

impl Progress for Until {
    fn report(&self, _stage: &'static str, fraction: f32) {
        assert!((0.0..=1.0).contains(&fraction));
    }

    fn cancelled(&self) -> bool {
        !self.0.is_empty()
    }
}

#[test]
fn an_import_stops_when_asked() {
    let Some(path) = extract("helsinki.osm.pbf") else { return };
    let cancelled = open(&path, &ImportOptions::default(), &Until("at once"));
    assert!(matches!(cancelled, Err(ImportError::Cancelled)));
    assert!(open(&path, &ImportOptions::default(), &Until("")).is_ok());
}
