//! A whole town is held against what a town must be.
