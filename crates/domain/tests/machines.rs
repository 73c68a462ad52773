//! The formal machines against the model's own data, and the 720 orders of the six events.

use std::collections::BTreeSet;
use tidegate_domain::case::machines::{
    CaseState, CsStep, Em, EmStep, Pec, PecStep, Rm, RmStep, embargo_fits, fix_path_fits,
};

/// Every order of the six events.
fn orders() -> Vec<Vec<CsStep>> {
    fn extend(order: &mut Vec<CsStep>, all: &mut Vec<Vec<CsStep>>) {
        if order.len() == CsStep::ALL.len() {
            all.push(order.clone());
        }
        for step in CsStep::ALL {
            if !order.contains(&step) {
                order.push(step);
                extend(order, all);
                order.pop();
            }
        }
    }
    let mut all = Vec::new();
    extend(&mut Vec::new(), &mut all);
    all
}

fn is_accepted(order: &[CsStep]) -> bool {
    order.iter().try_fold(CaseState::START, |state, step| state.step(*step)).is_some()
}

fn word(order: &[CsStep]) -> String {
    order.iter().map(|step| step.letter()).collect()
}

#[test]
fn exactly_seventy_histories_are_accepted() {
    let all = orders();
    let accepted = all.iter().filter(|order| is_accepted(order)).count();
    assert_eq!((all.len(), accepted, all.len() - accepted), (720, 70, 650));
}

#[test]
fn there_are_32_states_and_58_edges() {
    let states = CaseState::all();
    let edges =
        states.iter().flat_map(|state| CsStep::ALL.iter().filter_map(|step| state.step(*step))).count();
    assert_eq!((states.len(), edges), (32, 58));
}

/// Property 2: an embargo never returns to None once it was active.
#[test]
fn an_active_embargo_never_becomes_none() {
    let mut reached = BTreeSet::from([Em::Active]);
    loop {
        let next: BTreeSet<Em> =
            reached.iter().flat_map(|em| EmStep::ALL.iter().filter_map(|step| em.step(*step))).collect();
        if next.is_subset(&reached) {
            break;
        }
        reached.extend(next);
    }
    assert_eq!(reached, BTreeSet::from([Em::Active, Em::Revise, Em::Exited]));
}

/// The model's data, where it is at hand. It is not part of the project.
#[expect(clippy::disallowed_methods, reason = "where the data is, is said in the environment")]
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
fn oracle() -> Option<serde_json::Value> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("TIDEGATE_DATA").map_or(root.join("../shared/data"), Into::into);
    let path = data.join("vultron/state_machines.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: the model's own data is not at hand (TIDEGATE_DATA)");
        return None;
    };
    Some(serde_json::from_str(&text).expect("the model's data is JSON"))
}

fn transitions(oracle: &serde_json::Value, machine: &str) -> BTreeSet<(String, String)> {
    let list = oracle[machine]["transitions"].as_array().expect("a list");
    let ends = |t: &serde_json::Value| {
        (
            t["source"].as_str().unwrap_or_default().to_owned(),
            t["dest"].as_str().unwrap_or_default().to_owned(),
        )
    };
    list.iter().filter(|t| t["trigger"] != "RESET").map(ends).collect()
}

fn edges<S: Copy, T>(
    states: &[S],
    steps: &[T],
    step: fn(S, &T) -> Option<S>,
    name: fn(S) -> &'static str,
) -> BTreeSet<(String, String)> {
    let from = |state: S| steps.iter().filter_map(move |s| step(state, s)).map(move |next| (state, next));
    states
        .iter()
        .flat_map(|state| from(*state))
        .map(|(a, b)| (name(a).to_owned(), name(b).to_owned()))
        .collect()
}

#[test]
fn transitions_equal_the_models_own() {
    let Some(oracle) = oracle() else { return };
    let rm = edges(
        &Rm::ALL,
        &RmStep::ALL,
        |s, t| s.step(*t),
        |s| match s {
            Rm::Start => "START",
            Rm::Received => "RECEIVED",
            Rm::Invalid => "INVALID",
            Rm::Valid => "VALID",
            Rm::Deferred => "DEFERRED",
            Rm::Accepted => "ACCEPTED",
            Rm::Closed => "CLOSED",
        },
    );
    assert_eq!(rm, transitions(&oracle, "rm"));
    let em = edges(&Em::ALL, &EmStep::ALL, |s, t| s.step(*t), em_name);
    assert_eq!(em, transitions(&oracle, "em"));
    let pec = edges(
        &Pec::ALL,
        &PecStep::ALL,
        |s, t| s.step(*t),
        |s| match s {
            Pec::None => "NO_EMBARGO",
            Pec::Invited => "INVITED",
            Pec::Signatory => "SIGNATORY",
            Pec::Lapsed => "LAPSED",
            Pec::Declined => "DECLINED",
        },
    );
    assert_eq!(pec, transitions(&oracle, "pec"));
}

fn em_name(em: Em) -> &'static str {
    match em {
        Em::None => "NONE",
        Em::Proposed => "PROPOSED",
        Em::Active => "ACTIVE",
        Em::Revise => "REVISE",
        Em::Exited => "EXITED",
    }
}

#[test]
fn histories_and_case_states_equal_the_models_own() {
    let Some(oracle) = oracle() else { return };
    let theirs: BTreeSet<String> = oracle["histories"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|h| h.as_str().unwrap_or_default().to_owned())
        .collect();
    let ours: BTreeSet<String> = orders().iter().filter(|o| is_accepted(o)).map(|o| word(o)).collect();
    assert_eq!(ours, theirs);
    let theirs: BTreeSet<String> =
        oracle["cs"]["transitions"].as_array().expect("a list").iter().map(ToString::to_string).collect();
    let step = |state: CaseState| {
        CsStep::ALL.iter().filter_map(move |s| {
            let next = state.step(*s)?;
            Some(serde_json::json!([state.name(), s.letter().to_string(), next.name()]).to_string())
        })
    };
    let ours: BTreeSet<String> = CaseState::all().into_iter().flat_map(step).collect();
    assert_eq!(ours, theirs);
}

/// Where report and fix path do not fit together the model says so; attacks alone (A) are its advice, not its
/// rule, and are ours to allow.
#[test]
fn what_fits_together_equals_the_models_own() {
    let Some(oracle) = oracle() else { return };
    let names = ["START", "RECEIVED", "INVALID", "VALID", "DEFERRED", "ACCEPTED", "CLOSED"];
    for row in oracle["cross_rm_vfd_ok"].as_array().expect("a list") {
        let rm = names.iter().position(|n| row[0] == *n).map(|i| Rm::ALL[i]).expect("a state");
        let vfd = CaseState::all()
            .into_iter()
            .find(|s| s.name().starts_with(row[1].as_str().unwrap_or("?")))
            .expect("a state");
        assert_eq!(fix_path_fits(rm, vfd.vfd), row[2] == true, "{row}");
    }
    for row in oracle["cross_pxa_em_ok"].as_array().expect("a list") {
        let state = CaseState::all()
            .into_iter()
            .find(|s| s.name().ends_with(row[0].as_str().unwrap_or("?")))
            .expect("a state");
        let em = Em::ALL.into_iter().find(|em| row[1] == em_name(*em)).expect("a state");
        if state.pxa.public || state.pxa.exploit || !state.pxa.attacks {
            assert_eq!(embargo_fits(em, state.pxa), row[2] == true, "{row}");
        }
    }
}
