//! Renders a city file into a PNG without a window.
fn main() {
    println!("{:?}", citytwin_view::bevy_from_enu([1.0, 2.0, 3.0]));
}
