//! A database of one test's own, with the means to tamper with it and to dump it.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tidegate::chance::Chance;
use tidegate::store::{Faults, Location, MasterKey, Store, StoreError};

pub struct Bed {
    pub location: Location,
    /// On SQLite, the directory of the file; on PostgreSQL, the schema and the server's URL.
    home: Home,
    /// Every opening draws other bits, as every start of the program does.
    seed: AtomicU64,
}

enum Home {
    Directory(TempDir),
    Schema { name: String, server: String },
}

impl Bed {
    pub fn sqlite() -> Bed {
        let directory = tempfile::tempdir().expect("a directory");
        let location = Location::Sqlite(directory.path().join("tidegate.db"));
        Bed { location, home: Home::Directory(directory), seed: AtomicU64::new(1) }
    }

    /// `None`, with a word about it, if no server is given. Each test has its own schema there.
    #[expect(clippy::disallowed_methods, reason = "the switch of these tests is in the environment")]
    #[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
    pub async fn postgres(test: &str) -> Option<Bed> {
        let Ok(server) = std::env::var("TIDEGATE_TEST_POSTGRES") else {
            println!("skipped on PostgreSQL: TIDEGATE_TEST_POSTGRES is not set");
            return None;
        };
        let name = format!("tidegate_{}_{test}", std::process::id());
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{name}");
        let home = Home::Schema { name, server };
        let bed = Bed { location: Location::Postgres(url), home, seed: AtomicU64::new(1) };
        bed.reset().await;
        Some(bed)
    }

    /// Begins again with an empty database.
    pub async fn reset(&self) {
        match &self.home {
            Home::Directory(_) => {
                for file in self.files() {
                    let _ = std::fs::remove_file(file);
                }
            }
            Home::Schema { name, .. } => {
                self.on_server(&format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")).await;
            }
        }
    }

    /// Leaves nothing behind on the server.
    pub async fn remove(self) {
        if let Home::Schema { name, .. } = &self.home {
            self.on_server(&format!("DROP SCHEMA {name} CASCADE")).await;
        }
    }

    async fn on_server(&self, sql: &str) {
        if let Home::Schema { server, .. } = &self.home {
            let options = PgConnectOptions::from_str(server).expect("the server's URL");
            let mut connection = options.connect().await.expect("a connection");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
        }
    }

    pub fn key() -> MasterKey {
        MasterKey::from_bytes([0x42; 32])
    }

    pub fn chance(&self) -> Arc<Chance> {
        Arc::new(Chance::seeded(self.seed.fetch_add(1, Ordering::SeqCst)))
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.location, &Bed::key(), self.chance()).await.expect("the store opens")
    }

    pub async fn open_with(&self, faults: &Arc<Faults>) -> Result<Store, StoreError> {
        Store::open_with(&self.location, &Bed::key(), self.chance(), Arc::clone(faults)).await
    }

    /// Changes the database behind the program's back.
    pub async fn tamper(&self, sql: &str) {
        match self.connect().await {
            Raw::Sqlite(connection) => connection.execute_batch(sql).expect(sql),
            Raw::Postgres(mut connection) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.map(drop).expect(sql);
            }
        }
    }

    /// One connection, past the store. Foreign keys are not enforced on SQLite's.
    pub async fn connect(&self) -> Raw {
        match &self.location {
            Location::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).expect("a connection");
                connection.execute_batch("PRAGMA foreign_keys = OFF").expect("no foreign keys");
                Raw::Sqlite(connection)
            }
            Location::Postgres(url) => {
                let options = PgConnectOptions::from_str(url).expect("a URL");
                Raw::Postgres(options.connect().await.expect("a connection"))
            }
        }
    }

    /// Every byte of the database's files, or every column of every table in text.
    pub async fn dump(&self) -> Vec<u8> {
        let Raw::Postgres(mut connection) = self.connect().await else {
            return self.files().iter().filter_map(|file| std::fs::read(file).ok()).flatten().collect();
        };
        let tables =
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()";
        let mut dump = Vec::new();
        for table in sqlx::query(tables).fetch_all(&mut connection).await.expect("tables") {
            let table: String = table.get(0);
            // A row in text shows BYTEA in hexadecimal, which `contains` looks for as well.
            let rows = format!("SELECT t::text FROM {table} t");
            for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut connection).await.expect("rows") {
                dump.extend_from_slice(row.get::<String, _>(0).as_bytes());
            }
        }
        dump
    }

    /// The database's files, if it has any.
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.home {
            Home::Directory(directory) => {
                let entries = std::fs::read_dir(directory.path()).expect("the directory");
                entries.map(|entry| entry.expect("a file").path()).collect()
            }
            Home::Schema { .. } => Vec::new(),
        }
    }
}

pub enum Raw {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

/// Whether the dump holds these bytes, as they are or in hexadecimal.
pub fn contains(dump: &[u8], bytes: &[u8]) -> bool {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let holds = |needle: &[u8]| dump.windows(needle.len()).any(|window| window == needle);
    holds(bytes) || holds(hex.as_bytes())
}
