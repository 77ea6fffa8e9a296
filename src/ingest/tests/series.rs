//! Recorded series of real sensors through mappings into the history and back: equal to the file, and replayed at a
//! thousand times real speed. Here a thousand rows of each; all of them by the example `series`.

mod support;

use support::series;

#[test]
fn a_thousand_rows_of_real_sensors_come_back_as_the_file_has_them() {
    for series in series::all(1000) {
        let folder = tempfile::tempdir().unwrap();
        let told = series::run(&series, folder.path());
        assert!(told.readings > 2000, "{}: {told:?}", series.name);
    }
}
