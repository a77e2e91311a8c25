/* srv_migrate: never edit a step that was released; add one. */
#include "srv_migrate.h"

#include <stdio.h>

static const char *const steps[] = {
    /* 1: datasets, jobs with their history, models */
    "CREATE TABLE datasets ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  rows INTEGER NOT NULL,"
    "  cols INTEGER NOT NULL,"
    "  columns TEXT NOT NULL," /* JSON array of the features' names */
    "  target TEXT NOT NULL,"
    "  labels TEXT,"              /* JSON array: targets are indices into it; null for numbers */
    "  bytes INTEGER NOT NULL,"   /* of its file */
    "  sha256 TEXT NOT NULL,"     /* of that file */
    "  statistics TEXT NOT NULL," /* JSON, a column each */
    "  created_at TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE models ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  job_id TEXT NOT NULL," /* the job may be deleted; the model stays */
    "  name TEXT NOT NULL,"
    "  model TEXT NOT NULL,"
    "  cols INTEGER NOT NULL,"
    "  intercept INTEGER NOT NULL,"
    "  columns TEXT NOT NULL,"
    "  target TEXT NOT NULL,"
    "  theta BLOB NOT NULL," /* doubles, little-endian, in the data's units */
    "  scaled BLOB,"         /* as trained; null when features were not scaled */
    "  center BLOB,"
    "  scale BLOB,"
    "  outputs INTEGER NOT NULL,"
    "  classes TEXT,"            /* JSON array of labels, in the order of the classes */
    "  metrics TEXT NOT NULL,"   /* JSON */
    "  validation_metrics TEXT," /* JSON; null without validation */
    "  training TEXT NOT NULL,"  /* JSON: dataset, spec, how it ended */
    "  created_at TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE jobs ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  dataset_id TEXT REFERENCES datasets (id) ON DELETE SET NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', "
    "'cancelled')),"
    "  epoch INTEGER NOT NULL DEFAULT 0,"
    "  epochs INTEGER NOT NULL,"
    "  cost REAL,"
    "  validation_cost REAL,"
    "  finite INTEGER NOT NULL DEFAULT 1," /* 0: cost is null because it was no number */
    "  gradient_norm REAL,"
    "  learning_rate REAL,"
    "  max_stable_learning_rate REAL,"
    "  stop_reason TEXT,"
    "  model_id TEXT REFERENCES models (id) ON DELETE SET NULL,"
    "  seconds REAL,"
    "  spec TEXT NOT NULL," /* JSON, resolved */
    "  error TEXT,"         /* JSON */
    "  advice TEXT,"        /* JSON */
    "  checkpoint BLOB,"    /* srv_worker.c; null once ended */
    "  created_at TEXT NOT NULL,"
    "  started_at TEXT,"
    "  finished_at TEXT"
    ") STRICT;"
    "CREATE INDEX jobs_by_state ON jobs (state);"
    "CREATE INDEX jobs_by_dataset ON jobs (dataset_id);"
    "CREATE INDEX jobs_by_model ON jobs (model_id);"
    "CREATE TABLE history ("
    "  job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,"
    "  epoch INTEGER NOT NULL,"
    "  cost REAL, validation_cost REAL, gradient_norm REAL, learning_rate REAL, seconds REAL,"
    "  PRIMARY KEY (job, epoch)"
    ") STRICT, WITHOUT ROWID;",

    /* 2: jobs of several parts (folds, groups, a path), paused, changed, swept, replayed ones */
    "ALTER TABLE datasets ADD COLUMN dtype TEXT NOT NULL DEFAULT 'float64';" /* of the features */
    "ALTER TABLE datasets ADD COLUMN kinds TEXT;" /* JSON: of each feature and the target its type,
                                                     levels and missing cells; null: all numbers */
    "ALTER TABLE datasets ADD COLUMN nonzeros INTEGER;" /* of sparse rows; null where all are kept */
    "ALTER TABLE jobs ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;" /* of one that is queued */
    "ALTER TABLE jobs ADD COLUMN asked TEXT;" /* of one that runs: to 'stop', or to 'cancel' */
    "ALTER TABLE jobs ADD COLUMN part INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN epochs_by TEXT;" /* what computes them: gd_train_epochs_by */
    "ALTER TABLE jobs ADD COLUMN parts INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE jobs ADD COLUMN objective TEXT;" /* JSON: what it minimises */
    "ALTER TABLE jobs ADD COLUMN initial BLOB;" /* parameters of the model it starts from */
    "ALTER TABLE jobs ADD COLUMN sweep INTEGER REFERENCES sweeps (seq) ON DELETE SET NULL;"
    "ALTER TABLE jobs ADD COLUMN trial TEXT;" /* JSON: its number and settings in the sweep */
    "ALTER TABLE jobs ADD COLUMN replay_of TEXT;" /* id of a job */
    "ALTER TABLE jobs ADD COLUMN expected TEXT;"  /* of a replay: that job's proof */
    "ALTER TABLE jobs ADD COLUMN proof TEXT;"     /* JSON: hashes of what went in and came out */
    "ALTER TABLE jobs ADD COLUMN certificate TEXT;" /* JSON: how far from the best cost */
    "ALTER TABLE jobs ADD COLUMN initial_columns TEXT;" /* JSON: the columns of that model */
    "ALTER TABLE models ADD COLUMN preparation TEXT;" /* JSON: of its columns; null: they are used as
                                                         they are (api_preparation.h) */
    "ALTER TABLE models ADD COLUMN details TEXT;"   /* JSON object: further members to show */
    "ALTER TABLE models ADD COLUMN threshold REAL;" /* of the decision for class 1 */
    "ALTER TABLE models ADD COLUMN version INTEGER NOT NULL DEFAULT 1;" /* grows by updates */
    "ALTER TABLE models ADD COLUMN updated_at TEXT;"
    "ALTER TABLE models ADD COLUMN optimizer TEXT;" /* of the last update, JSON */
    "ALTER TABLE models ADD COLUMN optimizer_state BLOB;" /* what it left: gd_online.h */
    "ALTER TABLE history ADD COLUMN part INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX datasets_by_sha256 ON datasets (sha256);"
    "ALTER TABLE datasets ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE datasets ADD COLUMN previous TEXT;" /* the version that rows were added to */
    "ALTER TABLE datasets ADD COLUMN family TEXT;" /* id of the first version; null: its own */
    "CREATE INDEX datasets_by_family ON datasets (coalesce(family, id));"
    /* with all that a listing of sweeps counts */
    "CREATE INDEX jobs_by_sweep ON jobs (sweep, state, paused, stop_reason, finished_at, dataset_id)"
    "  WHERE sweep IS NOT NULL;"
    "CREATE TABLE parts (" /* those of a job that have ended */
    "  job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,"
    "  part INTEGER NOT NULL,"
    "  result TEXT NOT NULL," /* JSON */
    "  theta BLOB NOT NULL,"  /* in the data's units */
    "  PRIMARY KEY (job, part)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE changes (" /* asked for while a job runs */
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,"
    "  planned INTEGER," /* of a replay: after which epoch it is to take effect */
    "  epoch INTEGER,"   /* the last one before it took effect; null: not yet */
    "  change TEXT NOT NULL," /* JSON: settings and their new values */
    "  refused TEXT,"         /* JSON string: why it could not take effect */
    "  created_at TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX changes_by_job ON changes (job);"
    "CREATE TABLE snapshots (" /* parameters on the way; blobs may be large: not in an index */
    "  job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,"
    "  epoch INTEGER NOT NULL,"
    "  cols INTEGER NOT NULL,"
    "  outputs INTEGER NOT NULL,"
    "  theta BLOB NOT NULL," /* doubles, little-endian, in the data's units */
    "  PRIMARY KEY (job, epoch)"
    ") STRICT;"
    "CREATE TABLE uploads (" /* resumable ones */
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finished')),"
    "  request TEXT NOT NULL," /* JSON: the query and the headers that it was made with */
    "  length INTEGER,"        /* bytes in all; null: not announced */
    "  sha256 TEXT,"           /* of all bytes, as announced */
    "  received INTEGER NOT NULL DEFAULT 0," /* bytes that are on disk, in uploads/<id> */
    "  dataset_id TEXT,"       /* what it was finished into */
    "  created_at TEXT NOT NULL,"
    "  tenant TEXT NOT NULL,"
    "  expires INTEGER NOT NULL" /* seconds since the epoch */
    ") STRICT;"
    "ALTER TABLE datasets ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';"
    "ALTER TABLE jobs ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';"
    "ALTER TABLE models ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';"
    "CREATE TABLE tokens ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  tenant TEXT NOT NULL,"
    "  scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),"
    "  hash TEXT NOT NULL," /* SHA-256 of its secret */
    "  created_at TEXT NOT NULL,"
    "  revoked_at TEXT"
    ") STRICT;"
    "CREATE TABLE sweeps ("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  spec TEXT NOT NULL,"        /* JSON: the base job, what is varied and how */
    "  metric TEXT,"               /* that ranks them; null: they are range tests */
    "  children INTEGER NOT NULL," /* stored with it; some may have been deleted */
    "  skipped TEXT NOT NULL,"     /* JSON array: combinations left out, and why */
    "  warnings TEXT NOT NULL,"    /* JSON array of sentences */
    "  cancelled INTEGER NOT NULL DEFAULT 0,"
    "  tenant TEXT NOT NULL,"
    "  created_at TEXT NOT NULL"
    ") STRICT;",

    /* 3: tenants by themselves: an index of each one's rows, and what it may have */
    "CREATE INDEX datasets_by_tenant ON datasets (tenant);"
    /* bytes of its row's texts: names, levels, statistics */
    "ALTER TABLE datasets ADD COLUMN described INTEGER NOT NULL DEFAULT 0;"
    "UPDATE datasets SET described = length(CAST(columns || statistics || coalesce(labels, '') || "
    "coalesce(kinds, '') AS BLOB));"
    "CREATE INDEX datasets_by_content ON datasets (tenant, sha256, bytes, described);"
    "CREATE INDEX jobs_by_tenant ON jobs (tenant);"
    "CREATE INDEX jobs_under_way ON jobs (tenant, paused) WHERE state IN ('queued', 'running');"
    "CREATE INDEX models_by_tenant ON models (tenant);"
    "CREATE INDEX sweeps_by_tenant ON sweeps (tenant);"
    "CREATE INDEX uploads_by_tenant ON uploads (tenant);"
    "CREATE INDEX tokens_by_tenant ON tokens (tenant);"
    "CREATE TABLE contents (" /* small files that may not be on disk yet (srv_settle.h) */
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  sha256 TEXT NOT NULL UNIQUE,"
    "  bytes BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE quotas (" /* those that differ from the server's settings */
    "  tenant TEXT NOT NULL,"
    "  name TEXT NOT NULL,"    /* srv_quota.c */
    "  most INTEGER NOT NULL," /* 0: any */
    "  PRIMARY KEY (tenant, name)"
    ") STRICT, WITHOUT ROWID;",

    /* 4: what a job goes on from has a checksum */
    "ALTER TABLE jobs ADD COLUMN checkpoint_sha256 TEXT;" /* null: an earlier release wrote it */
    "ALTER TABLE jobs ADD COLUMN note TEXT;"              /* for whoever looks at the job */
    "ALTER TABLE parts ADD COLUMN sha256 TEXT;"           /* of theta and result, one by the other */
    /* and what jobs and models take counts, by rows that say it of themselves (srv_kept.h) */
    "ALTER TABLE jobs ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;"
    "UPDATE jobs SET kept = length(spec) + coalesce(length(objective), 0) + "
    "coalesce(length(initial), 0) + coalesce(length(proof), 0) + "
    "72 * (SELECT count(*) FROM history WHERE job = jobs.seq) + "
    "(SELECT coalesce(sum(length(theta)), 0) FROM snapshots WHERE job = jobs.seq) + "
    "(SELECT coalesce(sum(length(theta) + length(result)), 0) FROM parts WHERE job = jobs.seq);"
    "CREATE INDEX jobs_by_kept ON jobs (tenant, kept);"
    "ALTER TABLE models ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;"
    "UPDATE models SET bytes = length(theta) + coalesce(length(scaled), 0) + "
    "coalesce(length(center), 0) + coalesce(length(scale), 0) + "
    "coalesce(length(optimizer_state), 0) + length(columns) + length(metrics) + "
    "coalesce(length(validation_metrics), 0) + length(training) + coalesce(length(classes), 0) + "
    "coalesce(length(details), 0) + coalesce(length(preparation), 0);"
    "CREATE INDEX models_by_bytes ON models (tenant, bytes);",
};

enum { NEWEST = sizeof steps / sizeof steps[0] };

bool srv_migrated(srv_db *db)
{
    return srv_db_user_version(db) == NEWEST;
}

bool srv_migrate(srv_db *db, api_problem *p)
{
    int64_t version = srv_db_user_version(db);
    if (version < 0 || version > NEWEST)
        return api_problem_set(
            p, API_INTERNAL,
            "the database has schema version %lld, this descentd knows %d: run a "
            "newer descentd",
            (long long)version, NEWEST);
    for (; version < NEWEST; version++) {
        char pragma[64];
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", (int)version + 1);
        if (!srv_db_exec(db, "BEGIN IMMEDIATE", p))
            return false;
        if (!srv_db_exec(db, steps[version], p) || !srv_db_exec(db, pragma, p) ||
            !srv_db_exec(db, "COMMIT", p)) {
            api_problem ignored = {0};
            srv_db_exec(db, "ROLLBACK", &ignored);
            return false;
        }
    }
    return true;
}
