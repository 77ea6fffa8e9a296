//! What the import found wrong: counted, filtered, each a click away from its place on the map.

use citytwin_model::{Problem, ProblemKind};
use egui::{ComboBox, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::{
    FlyTarget, PanelInput, PanelRequest, PanelState,
    element::{Entry, empty, fine, name_field},
    format::count,
    icon,
    state::ProblemView,
    theme,
};

/// Height of one row with its gap, point.
const ROW: f32 = 44.0;

const KINDS: [ProblemKind; 7] = [
    ProblemKind::MissingReference,
    ProblemKind::Geometry,
    ProblemKind::TagValue,
    ProblemKind::Restriction,
    ProblemKind::Connectivity,
    ProblemKind::Duplicate,
    ProblemKind::Entry,
];

const fn kind_name(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::MissingReference => "Missing parts",
        ProblemKind::Geometry => "Geometry",
        ProblemKind::TagValue => "Unreadable tags",
        ProblemKind::Restriction => "Turn restrictions",
        ProblemKind::Connectivity => "Unreachable roads",
        ProblemKind::Duplicate => "Duplicates",
        ProblemKind::Entry => "City folder",
    }
}

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &mut PanelState, input: &PanelInput, out: &mut Vec<PanelRequest>) {
    if input.problems.is_empty() {
        empty(ui, "No problems", "Everything in the map could be read and used.");
        return;
    }
    let view = &mut state.problems;
    ui.horizontal(|ui| {
        let edit =
            TextEdit::singleline(&mut view.filter).hint_text("Filter by words or way/123").margin(vec2(8.0, 5.0));
        let room = ui.available_width() - 138.0;
        let response = ui.add(edit.desired_width(room.max(60.0)));
        name_field(&response, "Filter problems", &view.filter);
        kinds(ui, view, input.problems);
    });
    update_rows(view, input.problems);
    let total = count(input.problems.len(), "problem", "problems");
    let words = if view.rows.len() == input.problems.len() {
        format!("{total} found while reading the map")
    } else {
        format!("{} of {total}", count(view.rows.len(), "match", "matches").split(' ').next().unwrap_or("0"))
    };
    ui.label(fine(words));
    if view.rows.is_empty() {
        empty(ui, "Nothing matches", "Try other words, or all kinds.");
        return;
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    let area = ScrollArea::vertical().id_salt("problems").auto_shrink(false);
    area.show_rows(ui, ROW - 2.0, view.rows.len(), |ui, range| {
        for &row in &view.rows[range] {
            if let Some(problem) = input.problems.get(row as usize) {
                ui.push_id(row, |ui| problem_row(ui, problem, input.can.fly_to, out));
            }
        }
    });
}

fn kinds(ui: &mut Ui, view: &mut ProblemView, problems: &[Problem]) {
    let shown = view.kind.map_or("All kinds", kind_name);
    let combo = ComboBox::from_id_salt("problem-kind").width(112.0).selected_text(RichText::new(shown).size(12.0));
    let response = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut view.kind, None, "All kinds");
        for kind in KINDS {
            let n = problems.iter().filter(|p| p.kind == kind).count();
            if n > 0 {
                ui.selectable_value(&mut view.kind, Some(kind), format!("{}  ({n})", kind_name(kind)));
            }
        }
    });
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, "Kind of problem"));
}

/// Filters anew when filter or list changed, not on every frame.
fn update_rows(view: &mut ProblemView, problems: &[Problem]) {
    let wanted = (view.filter.clone(), view.kind, problems.len());
    if view.made_for.as_ref() == Some(&wanted) {
        return;
    }
    let needle = view.filter.trim().to_lowercase();
    let passes = |problem: &Problem| {
        view.kind.is_none_or(|kind| problem.kind == kind)
            && (needle.is_empty()
                || problem.what.to_lowercase().contains(&needle)
                || problem.source.to_string().to_lowercase().contains(&needle))
    };
    view.rows = problems.iter().enumerate().filter(|(_, p)| passes(p)).map(|(row, _)| row as u32).collect();
    view.made_for = Some(wanted);
}

fn problem_row(ui: &mut Ui, problem: &Problem, can_fly: bool, out: &mut Vec<PanelRequest>) {
    let source = problem.source.to_string();
    let clickable = problem.at.is_some() && can_fly;
    let entry = Entry {
        lead: &source,
        lead_colour: theme::ACCENT,
        aside: kind_name(problem.kind),
        text: &problem.what,
        icon: if clickable { icon::FLY_TO } else { "" },
        clickable,
    };
    let response = entry.show(ui, ROW - 2.0);
    let hint = if clickable { "Click to go there." } else { "It has no place on the map." };
    let words = format!("{}\n{hint}", problem.what);
    if let Some(at) = problem.at.filter(|_| response.clicked()) {
        out.push(PanelRequest::FlyTo(FlyTarget::Place(at, problem.source.clone())));
    }
    response.on_hover_text(words);
}
