//! Buildings, areas and city folders: rules on small maps made by hand, and on real extracts.

mod areas;
mod buildings;
mod districts;
mod folder;
mod outlines;
mod real;
mod sketch;
