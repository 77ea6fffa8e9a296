//! The binary; everything it does is behind the door.

use std::process::ExitCode;

fn main() -> ExitCode {
    citytwin_door::enter()
}
