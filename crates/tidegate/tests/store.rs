//! The store's contract, on SQLite always and on PostgreSQL where `TIDEGATE_TEST_POSTGRES` names a server.

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/bed.rs"]
mod bed;
#[path = "store/daily.rs"]
mod daily;
#[path = "store/hostile.rs"]
mod hostile;
#[path = "store/streams.rs"]
mod streams;

use bed::{Bed, Raw};
use sqlx::{Column, Executor, SqlSafeStr, Statement, TypeInfo};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use tidegate::store::{BLOB_BYTES_MAX, Location, Store, StoreError, sql};

/// Makes each function a test on either database.
macro_rules! contract {
    ($($module:ident: $($name:ident)*;)*) => {
        mod on_sqlite {
            use super::*;
            $($(#[tokio::test]
            async fn $name() {
                $module::$name(&Bed::sqlite()).await;
            })*)*
        }
        mod on_postgres {
            use super::*;
            $($(#[tokio::test]
            async fn $name() {
                let Some(bed) = Bed::postgres(stringify!($name)).await else { return };
                $module::$name(&bed).await;
                bed.remove().await;
            })*)*
        }
    };
}

contract! {
    accounts:
        a_session_begins_with_what_it_rests_on_or_not_at_all
        no_session_outlives_a_new_password
        sessions_are_listed_and_ended_by_their_owner_alone;
    daily:
        cases_come_back_as_stored
        a_late_decider_is_turned_away
        writers_of_many_cases_make_one_log commits_that_meet_do_not_depend_on_each_other
        of_commits_that_meet_in_one_case_the_last_says_what_is_due
        due_dates_come_oldest_first
        what_another_process_changed_counts_at_once
        a_reader_at_one_moment_sees_one_state
        a_job_is_leased_to_one_worker
        a_repeat_is_harmless
        a_job_finishes_once_with_its_commit
        letters_wait_for_their_case
        documents_become_public_at_once
        blobs_projects_settings_and_numbers
        derived_rows_are_replaced_whole
        a_letter_is_sent_by_one_and_its_way_kept
        keys_of_people_come_back_newest_first
        two_programs_may_start_at_once
        what_is_missing_is_named;
    hostile:
        a_dump_shows_nothing
        a_moved_ciphertext_does_not_open
        a_missing_key_is_not_a_shredded_one
        a_changed_instant_does_not_open
        a_shortened_case_is_noticed
        the_wrong_master_key_opens_nothing
        a_newer_schema_is_left_alone
        a_shredded_case_is_gone_and_the_log_stands
        a_shredded_case_is_held_against_the_log
        a_sound_log_verifies
        a_changed_event_is_named
        a_removed_event_is_named
        swapped_events_are_named
        a_truncated_log_is_noticed
        a_rewritten_log_is_noticed
        a_crash_anywhere_leaves_all_or_nothing;
    streams:
        streams_come_back_as_stored_and_are_no_cases
        a_late_decider_about_a_stream_is_turned_away
        a_shredded_stream_is_gone_and_the_log_stands
        an_altered_stream_is_noticed
        a_copy_has_the_streams
        a_crash_anywhere_leaves_whole_streams;
}

/// The name and the kind of each column of a statement's answer.
async fn prepare(raw: &mut Raw, statement: &sql::Sql) -> Vec<(String, &'static str)> {
    match raw {
        Raw::Sqlite(connection) => {
            let prepared = connection.prepare(statement.text);
            let prepared = prepared.unwrap_or_else(|e| panic!("{}: {e}", statement.name));
            // SQLite does not know the type of an expression.
            let kind = |column: &rusqlite::Column<'_>| column.decl_type().map_or("?", kind);
            prepared.columns().map(|column| (column.name().to_owned(), kind(&column))).collect()
        }
        Raw::Postgres(connection) => {
            let prepared = connection.prepare(statement.text.into_sql_str()).await;
            let prepared = prepared.unwrap_or_else(|e| panic!("{}: {e}", statement.name));
            let columns = prepared.columns().iter();
            columns.map(|column| (column.name().to_owned(), kind(column.type_info().name()))).collect()
        }
    }
}

fn kind(name: &str) -> &'static str {
    match name {
        "BIGINT" | "INT8" => "BIGINT",
        "TEXT" => "TEXT",
        "BYTEA" => "BYTEA",
        _ => "none of ours",
    }
}

/// One text for both databases: each statement is understood by both, with the same columns of the same kinds.
#[tokio::test]
async fn every_statement_means_the_same_on_both_databases() {
    let sqlite = Bed::sqlite();
    let _sqlite_store = sqlite.open().await;
    let mut sqlite_raw = sqlite.connect().await;
    let Some(postgres) = Bed::postgres("statements").await else {
        for statement in sql::ALL {
            prepare(&mut sqlite_raw, statement).await;
        }
        return;
    };
    let postgres_store = postgres.open().await;
    let mut postgres_raw = postgres.connect().await;
    for statement in sql::ALL {
        let here = prepare(&mut sqlite_raw, statement).await;
        let there = prepare(&mut postgres_raw, statement).await;
        assert_eq!(here.len(), there.len(), "{}", statement.name);
        for ((name, kind), (other_name, other_kind)) in here.iter().zip(&there) {
            assert_eq!(name, other_name, "{}", statement.name);
            assert!(["BIGINT", "TEXT", "BYTEA"].contains(other_kind), "{}: {name}", statement.name);
            assert!(
                *kind == "?" || kind == other_kind,
                "{}: {name} is {kind} or {other_kind}",
                statement.name
            );
        }
    }
    postgres_store.close().await;
    postgres.remove().await;
}

/// What is asked all day must not grow with the number of cases: it is found by index, in its order.
#[tokio::test]
async fn daily_questions_are_answered_by_index() {
    let bed = Bed::sqlite();
    let _store = bed.open().await;
    let Raw::Sqlite(raw) = bed.connect().await else { return };
    let daily =
        ["DUE", "EVENTS_FROM", "JOBS_CLAIM", "LETTERS", "OUTGOING_AFTER", "CASE_HISTORY", "KEYS_AND_DUE"];
    for statement in sql::ALL.iter().filter(|statement| daily.contains(&statement.name)) {
        let explain = format!("EXPLAIN QUERY PLAN {}", statement.text);
        let mut explained = raw.prepare(&explain).expect(statement.name);
        // A parameter that is not bound is NULL, which changes no plan.
        let steps = explained.raw_query().mapped(|row| row.get("detail"));
        for step in steps {
            let step: String = step.expect(statement.name);
            let one_row = step == "SCAN CONSTANT ROW";
            let whole_table = step.starts_with("SCAN") && !step.contains("INDEX") && !one_row;
            assert!(!whole_table && !step.contains("TEMP B-TREE"), "{}: {step}", statement.name);
        }
    }
}

/// PostgreSQL lets the second of two workers wait for the first, and must then look at the lease again.
#[tokio::test]
async fn a_lease_taken_meanwhile_is_respected() {
    let Some(bed) = Bed::postgres("lease").await else { return };
    let store = Arc::new(daily::open(&bed).await);
    store.commit(daily::jobs(1, vec![daily::job("job", None, 1)])).await.expect("a job");
    let Raw::Postgres(mut other) = bed.connect().await else { return };
    sqlx::raw_sql("BEGIN; UPDATE job SET lease_us = 100").execute(&mut other).await.expect("another's lease");
    let waiting = Arc::clone(&store);
    let claim = tokio::spawn(async move { waiting.claim_jobs(daily::at(5), daily::at(9), "late", 9).await });
    let blocked =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))";
    while sqlx::query_scalar::<_, i64>(blocked).fetch_one(&mut other).await.expect("a count") == 0 {
        tokio::task::yield_now().await;
    }
    sqlx::raw_sql("COMMIT").execute(&mut other).await.expect("committed");
    assert_eq!(claim.await.expect("the late worker"), Ok(vec![]));
    store.close().await;
    bed.remove().await;
}

#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    let bed = Bed::sqlite();
    let _store = bed.open().await;
    let files = bed.files();
    assert_eq!(files.len(), 3, "database, write-ahead log and its index");
    for file in files {
        let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_is_an_error_without_secrets() {
    let bed = Bed::sqlite();
    let nowhere = Location::Sqlite("/no/such/directory/tidegate.db".into());
    let error = Store::open(&nowhere, &Bed::key(), bed.chance()).await.expect_err("no directory");
    assert!(error.to_string().starts_with("the database failed at opening the SQLite file"), "{error}");
    for url in ["postgres://me:hunter2@127.0.0.1:1/none", "postgres://me:hunter2@[/none"] {
        let location = Location::Postgres(url.to_owned());
        let error = Store::open(&location, &Bed::key(), bed.chance()).await.expect_err("no server");
        for shown in [error.to_string(), format!("{error:?}"), location.to_string(), format!("{location:?}")]
        {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused_before_anything_is_stored() {
    let bed = Bed::sqlite();
    let store = bed.open().await;
    let before = store.faults().effects();
    let blob = store.put_blob(daily::case(1), &vec![0; BLOB_BYTES_MAX + 1]).await;
    assert_eq!(blob, Err(StoreError::TooLarge { what: "a blob", limit: BLOB_BYTES_MAX }));
    assert_eq!(store.faults().effects(), before);
}
