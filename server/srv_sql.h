/* srv_sql: every statement on one page. X(name, sql) */
#ifndef SRV_SQL_H
#define SRV_SQL_H

#define SRV_DATASET_COLUMNS                                                                        \
    "id, name, rows, columns, target, bytes, sha256, statistics, created_at, seq, labels, dtype, "  \
    "kinds, nonzeros, cols, version, previous"
#define SRV_UPLOAD_COLUMNS                                                                         \
    "id, state, json_extract(request, '$.headers.\"Content-Type\"'), received, length, sha256, "     \
    "dataset_id, created_at, strftime('%Y-%m-%dT%H:%M:%fZ', expires, 'unixepoch'), seq"
/* A paused job is a queued one that is not taken up. */
#define SRV_STATE "iif(paused, 'paused', state)"
#define SRV_JOB_COLUMNS                                                                            \
    "id, name, dataset_id, " SRV_STATE ", epoch, epochs, cost, finite, gradient_norm, learning_rate, "     \
    "max_stable_learning_rate, stop_reason, model_id, seconds, created_at, started_at, "           \
    "finished_at, spec, error, advice, seq, validation_cost, part, parts, certificate, "           \
    "(SELECT '[' || group_concat(result) || ']' FROM (SELECT result FROM parts WHERE job = "       \
    "jobs.seq ORDER BY part)), objective, "                                                         \
    "(SELECT '[' || group_concat('{\"epoch\": ' || coalesce(epoch, 'null') || ', ' || "             \
    "substr(change, 2, length(change) - 2) || coalesce(', \"refused\": ' || refused, '') || "       \
    "', \"created_at\": \"' || created_at || '\"}') || ']' FROM (SELECT * FROM changes WHERE job = "  \
    "jobs.seq ORDER BY seq)), (SELECT id FROM sweeps WHERE seq = jobs.sweep), replay_of, expected, proof, "                                      \
    "epochs_by, note"
/* How many children of a sweep are in each state, and how many of them diverged; when the last
 * one ended. */
#define SRV_SWEEP_COLUMNS                                                                          \
    "id, name, spec, metric, children, skipped, warnings, cancelled, created_at, seq, "            \
    "(SELECT json_group_object(s, n) FROM (SELECT " SRV_STATE " AS s, count(*) AS n FROM jobs "    \
    "WHERE sweep = sweeps.seq GROUP BY s)), "                                                      \
    "(SELECT count(*) FROM jobs WHERE sweep = sweeps.seq AND stop_reason = 'diverged'), "          \
    "(SELECT max(finished_at) FROM jobs WHERE sweep = sweeps.seq), "                               \
    "(SELECT dataset_id FROM jobs WHERE sweep = sweeps.seq LIMIT 1)"
/* The metric ?2 of a job, if ?3 on the rows validated on: of folds their mean. */
#define SRV_CHILD_VALUE                                                                            \
    "CASE WHEN jobs.state <> 'succeeded' THEN NULL "                                               \
    "WHEN ?2 = 'cost' AND ?3 = 0 THEN jobs.cost "                                                  \
    "WHEN ?2 = 'cost' THEN coalesce(jobs.validation_cost, (SELECT avg(json_extract(result, "       \
    "'$.validation_cost')) FROM parts WHERE job = jobs.seq AND json_extract(result, '$.fold') "    \
    "IS NOT NULL)) "                                                                               \
    "WHEN ?3 = 0 THEN json_extract(models.metrics, '$.' || ?2) "                                   \
    "ELSE coalesce(json_extract(models.validation_metrics, '$.' || ?2), "                          \
    "json_extract(models.details, '$.cross_validation.mean.' || ?2)) END"
/* What the row of a job that has ended keeps (srv_kept.h), counted: for those that no worker ends. */
#define SRV_JOB_KEPT                                                                               \
    "length(spec) + coalesce(length(objective), 0) + coalesce(length(initial), 0) + "              \
    "72 * (SELECT count(*) FROM history WHERE job = jobs.seq) + "                                  \
    "(SELECT coalesce(sum(length(theta)), 0) FROM snapshots WHERE job = jobs.seq) + "              \
    "(SELECT coalesce(sum(length(theta) + length(result)), 0) FROM parts WHERE job = jobs.seq)"
#define SRV_MODEL_COLUMNS                                                                          \
    "id, job_id, name, model, cols, intercept, columns, target, theta, scaled, center, scale, "    \
    "metrics, training, created_at, classes, outputs, seq, validation_metrics, details, threshold, "  \
    "version, updated_at, preparation"
#define SRV_POINT_COLUMNS                                                                          \
    "epoch, cost, gradient_norm, learning_rate, seconds, validation_cost, part"

#define SRV_POINTS_AT_ONCE 16
#define SRV_POINT "(?1, ?, ?, ?, ?, ?, ?, ?)"
#define SRV_POINTS_4 SRV_POINT ", " SRV_POINT ", " SRV_POINT ", " SRV_POINT

/* A page of a listing: newest first, at most ?1, with numbers below ?2; ?3 and ?4 are filters. Two
 * statements, one after the other: of all tenants, and of tenant ?5 by its index. */
#define SRV_PAGE "seq < ?2 AND ?5 = '' ORDER BY seq DESC LIMIT ?1"
#define SRV_PAGE_OF "seq < ?2 AND tenant = ?5 ORDER BY seq DESC LIMIT ?1"
#define SRV_PAGES(X, name, select) X(name, select SRV_PAGE) X(name##_OF, select SRV_PAGE_OF)

#define SRV_SQL_LIST(X)                                                                            \
    X(SQL_READ, "BEGIN")                                                                           \
    X(SQL_WRITE, "BEGIN IMMEDIATE")                                                                \
    X(SQL_COMMIT, "COMMIT")                                                                        \
    X(SQL_ROLLBACK, "ROLLBACK")                                                                    \
    X(SQL_PIECE, "SAVEPOINT piece")                                                                \
    X(SQL_PIECE_UNDO, "ROLLBACK TO piece")                                                         \
    X(SQL_PIECE_END, "RELEASE piece")                                                              \
    X(SQL_OWNER,                                                                                   \
      "SELECT tenant FROM datasets WHERE id = ?1 UNION ALL SELECT tenant FROM uploads WHERE id = " \
      "?1 UNION ALL SELECT tenant FROM jobs WHERE id = ?1 UNION ALL SELECT tenant FROM sweeps "    \
      "WHERE id = ?1 UNION ALL SELECT tenant FROM models WHERE id = ?1 UNION ALL SELECT tenant "   \
      "FROM tokens WHERE id = ?1")                                                                 \
    X(SQL_TOKEN_INSERT,                                                                            \
      "INSERT INTO tokens (id, name, tenant, scope, hash, created_at) VALUES (?, ?, ?, ?, ?, ?)")  \
    X(SQL_TOKEN_GET, "SELECT hash, tenant, scope, revoked_at FROM tokens WHERE id = ?")            \
    X(SQL_TOKEN_LIST,                                                                              \
      "SELECT id, tenant, scope, created_at, name, revoked_at FROM tokens ORDER BY seq")           \
    SRV_PAGES(X, SQL_TENANT_TOKENS,                                                                \
              "SELECT id, name, scope, created_at, revoked_at, seq FROM tokens WHERE ")            \
    X(SQL_TOKEN_COUNT, "SELECT count(*) FROM tokens WHERE tenant = ? AND revoked_at IS NULL")      \
    /* those that were revoked, but for the newest ?2 of all */                                    \
    X(SQL_TOKEN_FORGET,                                                                            \
      "DELETE FROM tokens WHERE tenant = ?1 AND revoked_at IS NOT NULL AND seq <= (SELECT seq "    \
      "FROM tokens WHERE tenant = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)")                        \
    X(SQL_TOKEN_REVOKE, "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")    \
    X(SQL_QUOTA_GET, "SELECT most FROM quotas WHERE tenant = ? AND name = ?")                      \
    X(SQL_QUOTA_SET, "INSERT OR REPLACE INTO quotas (tenant, name, most) VALUES (?, ?, ?)")        \
    X(SQL_QUOTA_CLEAR, "DELETE FROM quotas WHERE tenant = ?1 AND (?2 IS NULL OR name = ?2)")       \
    X(SQL_QUOTA_LIST, "SELECT tenant, name, most FROM quotas ORDER BY tenant, name")               \
    X(SQL_USE_BYTES,                                                                               \
      "SELECT (SELECT coalesce(sum(bytes + described), 0) FROM (SELECT bytes, sum(described) AS "  \
      "described FROM datasets WHERE tenant = ?1 GROUP BY sha256)) + (SELECT coalesce(sum(received), 0) FROM uploads WHERE tenant = ?1 AND " \
      "state = 'open')")                                                                           \
    X(SQL_USE_DATASETS, "SELECT count(*) FROM datasets WHERE tenant = ?1")                         \
    X(SQL_USE_MODELS,                                                                              \
      "SELECT (SELECT count(*) FROM models WHERE tenant = ?1) + (SELECT count(*) FROM jobs "       \
      "INDEXED BY jobs_under_way WHERE tenant = ?1 AND state IN ('queued', 'running'))")           \
    X(SQL_USE_JOBS,                                                                                \
      "SELECT (SELECT count(*) FROM jobs WHERE tenant = ?1) + (SELECT count(*) FROM sweeps WHERE " \
      "tenant = ?1)")                                                                              \
    X(SQL_USE_ACTIVE,                                                                              \
      "SELECT count(*) FROM jobs INDEXED BY jobs_under_way WHERE tenant = ?1 AND paused = 0 AND "  \
      "state IN ('queued', 'running')")                                                            \
    X(SQL_USE_RESULTS,                                                                             \
      "SELECT (SELECT coalesce(sum(kept), 0) FROM jobs INDEXED BY jobs_by_kept WHERE tenant = ?1) "  \
      "+ (SELECT coalesce(sum(bytes), 0) FROM models INDEXED BY models_by_bytes WHERE tenant = "   \
      "?1)")                                                                                       \
    X(SQL_USE_UPLOADS, "SELECT count(*) FROM uploads WHERE tenant = ?1 AND state = 'open'")        \
    X(SQL_DATASET_INSERT,                                                                          \
      "INSERT INTO datasets (id, name, rows, cols, columns, target, bytes, sha256, statistics, "   \
      "created_at, labels, dtype, kinds, nonzeros, tenant, described) "                            \
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                                         \
    X(SQL_DATASET_GET, "SELECT " SRV_DATASET_COLUMNS " FROM datasets WHERE id = ?")                \
    SRV_PAGES(X, SQL_DATASET_LIST, "SELECT " SRV_DATASET_COLUMNS " FROM datasets WHERE ")          \
    X(SQL_DATASET_CONTENTS, "SELECT DISTINCT sha256 FROM datasets")                                \
    X(SQL_DATASET_SHA256, "SELECT sha256 FROM datasets WHERE id = ?")                              \
    X(SQL_DATASET_LOST, "DELETE FROM datasets WHERE sha256 = ?")                                    \
    X(SQL_CONTENT_INSERT, "INSERT OR REPLACE INTO contents (sha256, bytes) VALUES (?, ?)")          \
    X(SQL_CONTENT_LIST, "SELECT seq, sha256 FROM contents WHERE seq > ? ORDER BY seq LIMIT ?")      \
    X(SQL_CONTENT_BYTES,                                                                            \
      "SELECT sha256, bytes FROM contents WHERE EXISTS (SELECT 1 FROM datasets WHERE sha256 = "     \
      "contents.sha256) ORDER BY seq")                                                              \
    X(SQL_CONTENT_ON_DISK, "DELETE FROM contents WHERE seq = ?")                                    \
    X(SQL_CONTENT_DROP,                                                                             \
      "DELETE FROM contents WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM datasets WHERE sha256 = "   \
      "contents.sha256)")                                                                           \
    X(SQL_SOUND, "PRAGMA integrity_check(1)")                                                      \
    X(SQL_DATASET_NEEDS, "SELECT 1 FROM datasets WHERE sha256 = ? LIMIT 1")                        \
    X(SQL_DATASET_NEWEST,                                                                          \
      "SELECT coalesce(b.family, b.id), (SELECT max(version) FROM datasets WHERE "                 \
      "coalesce(family, id) = coalesce(b.family, b.id)) FROM datasets b WHERE id = ?")             \
    X(SQL_DATASET_VERSION,                                                                         \
      "UPDATE datasets SET family = ?, version = ?, previous = ? WHERE id = ?")                    \
    SRV_PAGES(X, SQL_DATASET_VERSIONS,                                                             \
      "SELECT " SRV_DATASET_COLUMNS " FROM datasets INDEXED BY datasets_by_family WHERE "          \
      "coalesce(family, id) = (SELECT coalesce(family, id) FROM datasets WHERE id = ?3) AND ?4 "   \
      "IS NULL AND ")                                                                              \
    X(SQL_DATASET_LOAD,                                                                            \
      "SELECT id, name, rows, cols, columns, target, sha256, labels, kinds, nonzeros, tenant "     \
      "FROM datasets WHERE id = ?")                                                                \
    X(SQL_DATASET_IN_USE,                                                                          \
      "SELECT id FROM jobs WHERE dataset_id = ? AND state IN ('queued', 'running') LIMIT 1")       \
    X(SQL_DATASET_DELETE, "DELETE FROM datasets WHERE id = ?")                                     \
    X(SQL_UPLOAD_INSERT,                                                                           \
      "INSERT INTO uploads (id, request, sha256, created_at, expires, tenant) VALUES (?, ?, ?, ?, " \
      "?, ?)")     \
    X(SQL_UPLOAD_LENGTH, "UPDATE uploads SET length = ? WHERE id = ?")                             \
    X(SQL_UPLOAD_COUNT, "SELECT count(*) FROM uploads WHERE state = 'open'")                       \
    X(SQL_UPLOAD_GET, "SELECT " SRV_UPLOAD_COLUMNS " FROM uploads WHERE id = ?")                   \
    SRV_PAGES(X, SQL_UPLOAD_LIST, "SELECT " SRV_UPLOAD_COLUMNS " FROM uploads WHERE ")             \
    X(SQL_UPLOAD_WRITE, "SELECT state, received, length FROM uploads WHERE id = ?")                \
    X(SQL_UPLOAD_READ,                                                                             \
      "SELECT request, dataset_id, received, length, sha256 FROM uploads WHERE id = ?")            \
    X(SQL_UPLOAD_RECEIVED,                                                                         \
      "UPDATE uploads SET received = ?, expires = ? WHERE id = ? AND state = 'open'")              \
    X(SQL_UPLOAD_FINISH,                                                                           \
      "UPDATE uploads SET state = 'finished', dataset_id = ? WHERE id = ? AND state = 'open'")     \
    X(SQL_UPLOAD_OPEN, "SELECT id, received FROM uploads WHERE state = 'open'")                    \
    X(SQL_UPLOAD_EXPIRED, "SELECT id FROM uploads WHERE expires < ? LIMIT ?")                      \
    X(SQL_UPLOAD_DELETE, "DELETE FROM uploads WHERE id = ?")                                       \
    X(SQL_JOB_INSERT, "INSERT INTO jobs (id, name, dataset_id, state, epochs, spec, objective, "   \
                      "created_at, initial, replay_of, sweep, trial, initial_columns, tenant, kept) "   \
                      "VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, (SELECT seq FROM sweeps WHERE id = "  \
                      "?), ?, ?, ?, ?)")                                                                 \
    X(SQL_JOB_GET, "SELECT " SRV_JOB_COLUMNS " FROM jobs WHERE id = ?")                            \
    SRV_PAGES(X, SQL_JOB_LIST,                                                                     \
      "SELECT " SRV_JOB_COLUMNS " FROM jobs WHERE (?3 IS NULL OR " SRV_STATE " = ?3) AND "         \
      "(?4 IS NULL OR sweep = (SELECT seq FROM sweeps WHERE id = ?4)) AND ")                       \
    X(SQL_JOB_UNFINISHED,                                                                          \
      "SELECT id, tenant FROM jobs WHERE state IN ('queued', 'running') AND paused = 0 "           \
      "ORDER BY state = 'running' DESC, seq")                                                      \
    X(SQL_JOB_LOAD,                                                                                \
      "SELECT seq, " SRV_STATE ", spec, checkpoint, started_at, name, dataset_id, initial, expected, " \
      "asked, initial_columns, checkpoint_sha256 FROM jobs "                                                        \
      "WHERE id = ?")                                                                              \
    X(SQL_JOB_PROGRESS,                                                                            \
      "UPDATE jobs SET state = 'running', started_at = ?, epoch = ?, cost = ?, finite = ?, "       \
      "gradient_norm = ?, learning_rate = ?, max_stable_learning_rate = ?, seconds = ?, "          \
      "validation_cost = ?, part = ?, parts = ?, checkpoint = ?, checkpoint_sha256 = ?, "            \
      "epochs_by = ? WHERE id = ? AND paused = 0 "   \
      "AND state IN ('queued', 'running')")                                                                     \
    X(SQL_PART_INSERT,                                                                             \
      "INSERT OR REPLACE INTO parts (job, part, result, theta, sha256) VALUES (?, ?, ?, ?, ?)")               \
    X(SQL_PART_LIST, "SELECT result, theta, sha256 FROM parts WHERE job = ? ORDER BY part")              \
    X(SQL_JOB_END,                                                                                 \
      "UPDATE jobs SET paused = 0, state = ?, stop_reason = ?, model_id = ?, error = ?, advice = ?, "          \
      "certificate = ?, finished_at = ?, started_at = coalesce(started_at, ?), checkpoint = NULL, checkpoint_sha256 = NULL, " \
      "kept = coalesce(nullif(?, -1), " SRV_JOB_KEPT ") WHERE id = ? AND "                         \
      "state IN ('queued', 'running')")                                                            \
    /* As before its first epoch; its changes are taken up again by the epochs they have. */        \
    X(SQL_JOB_ANEW,                                                                                \
      "UPDATE jobs SET epoch = 0, cost = NULL, validation_cost = NULL, finite = 1, gradient_norm " \
      "= NULL, learning_rate = NULL, max_stable_learning_rate = NULL, seconds = NULL, part = 0, "  \
      "checkpoint = NULL, checkpoint_sha256 = NULL, note = ? WHERE id = ? AND state IN "           \
      "('queued', 'running')")                                                                     \
    X(SQL_JOB_MADE_MODELS,                                                                         \
      "SELECT part > 0 AND json_extract(spec, '$.group_by') IS NOT NULL FROM jobs WHERE id = ?")   \
    X(SQL_PARTS_FORGET, "DELETE FROM parts WHERE job = ?")                                         \
    X(SQL_POINTS_FORGET, "DELETE FROM history WHERE job = ?")                                      \
    X(SQL_SNAPSHOTS_FORGET, "DELETE FROM snapshots WHERE job = ?")                                 \
    X(SQL_JOB_PROOF, "UPDATE jobs SET proof = ? WHERE id = ?")                                     \
    X(SQL_JOB_EXPECT, "UPDATE jobs SET expected = ? WHERE id = ?")                                 \
    X(SQL_JOB_REPLAYED,                                                                            \
      "SELECT " SRV_STATE ", spec, initial, dataset_id, proof, cost, objective, initial_columns "  \
      "FROM jobs WHERE id = ?")       \
    X(SQL_CHANGE_REPLAY,                                                                           \
      "INSERT INTO changes (job, planned, change, created_at) SELECT (SELECT seq FROM jobs WHERE " \
      "id = ?1), epoch, change, ?3 FROM changes WHERE job = (SELECT seq FROM jobs WHERE id = ?2) " \
      "AND epoch IS NOT NULL AND refused IS NULL ORDER BY seq")                                    \
    X(SQL_JOB_STATE, "SELECT " SRV_STATE " FROM jobs WHERE id = ?")                                        \
    X(SQL_JOB_PAUSE, "UPDATE jobs SET state = 'queued', paused = 1 WHERE id = ?")                 \
    X(SQL_JOB_ASK, "UPDATE jobs SET asked = iif(asked IS 'cancel', asked, ?) WHERE id = ?")        \
    X(SQL_JOB_RESUME, "UPDATE jobs SET paused = 0 WHERE id = ?")                                   \
    X(SQL_JOB_SPEC, "SELECT seq, spec, epoch, (SELECT count(*) FROM changes WHERE job = jobs.seq) " \
                    "FROM jobs WHERE id = ?")                                                      \
    X(SQL_JOB_EPOCHS, "UPDATE jobs SET epochs = ? WHERE id = ?")                                   \
    /* one that records every epoch */                                                             \
    X(SQL_JOB_MORE_EPOCHS,                                                                         \
      "UPDATE jobs SET kept = kept + 72 * max(0, ?2 - epochs) WHERE id = ?1 AND "                  \
      "json_extract(spec, '$.history_points') = 'all'")                                            \
    X(SQL_CHANGE_INSERT,                                                                           \
      "INSERT INTO changes (job, planned, change, created_at) VALUES (?, NULL, ?, ?)")             \
    X(SQL_CHANGE_LIST,                                                                             \
      "SELECT seq, epoch, planned, change FROM changes WHERE job = ? AND seq > ? AND refused "     \
      "IS NULL ORDER BY seq")                                                                      \
    X(SQL_CHANGE_APPLIED, "UPDATE changes SET epoch = ?, refused = ? WHERE seq = ?")               \
    X(SQL_CHANGE_TOO_LATE,                                                                         \
      "UPDATE changes SET refused = '\"the job ended before\"' WHERE job = (SELECT seq FROM jobs " \
      "WHERE id = ?) AND epoch IS NULL AND refused IS NULL")                                       \
    X(SQL_JOB_DELETE, "DELETE FROM jobs WHERE id = ?")                                             \
    X(SQL_SWEEP_INSERT,                                                                            \
      "INSERT INTO sweeps (id, name, spec, metric, children, skipped, warnings, created_at, "      \
      "tenant) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")                                                           \
    X(SQL_SWEEP_GET, "SELECT " SRV_SWEEP_COLUMNS " FROM sweeps WHERE id = ?")                      \
    SRV_PAGES(X, SQL_SWEEP_LIST, "SELECT " SRV_SWEEP_COLUMNS " FROM sweeps WHERE ")                \
    X(SQL_SWEEP_CHILDREN,                                                                          \
      "SELECT jobs.id, " SRV_STATE ", stop_reason, model_id, json_extract(trial, '$.settings'), "  \
      "json_extract(trial, '$.number'), json_extract(error, '$.detail'), " SRV_CHILD_VALUE ", "    \
      "cost, validation_cost, seconds, jobs.seq FROM jobs LEFT JOIN models "                       \
      "ON models.id = jobs.model_id WHERE sweep = ?1 ORDER BY jobs.seq")                           \
    X(SQL_SWEEP_UNFINISHED,                                                                        \
      "SELECT id, paused FROM jobs WHERE sweep = (SELECT seq FROM sweeps WHERE id = ?) AND "       \
      "state IN ('queued', 'running') ORDER BY paused, seq DESC")                                  \
    X(SQL_SWEEP_CANCEL, "UPDATE sweeps SET cancelled = 1 WHERE id = ?")                            \
    X(SQL_SWEEP_CANCEL_JOBS,                                                                       \
      "UPDATE jobs SET paused = 0, state = 'cancelled', stop_reason = 'cancelled', finished_at = " \
      "?, checkpoint = NULL, checkpoint_sha256 = NULL, kept = " SRV_JOB_KEPT " WHERE sweep = (SELECT seq FROM sweeps WHERE id = ?) AND state IN "     \
      "('queued', 'running')")                                                                     \
    X(SQL_SWEEP_DELETE_JOBS,                                                                       \
      "DELETE FROM jobs WHERE sweep = (SELECT seq FROM sweeps WHERE id = ?)")                      \
    X(SQL_SWEEP_DELETE, "DELETE FROM sweeps WHERE id = ?")                                         \
    X(SQL_POINT_INSERT,                                                                            \
      "INSERT OR REPLACE INTO history (job, " SRV_POINT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)")  \
    /* the job, then SRV_POINTS_AT_ONCE times the others */                                        \
    X(SQL_POINTS_INSERT, "INSERT OR REPLACE INTO history (job, " SRV_POINT_COLUMNS ") VALUES "     \
                         SRV_POINTS_4 ", " SRV_POINTS_4 ", " SRV_POINTS_4 ", " SRV_POINTS_4)       \
    X(SQL_POINT_THIN, "DELETE FROM history WHERE job = ? AND epoch % ? <> 0")                      \
    X(SQL_POINT_COUNT, "SELECT count(*) FROM history WHERE job = ?")                               \
    X(SQL_POINT_LIST,                                                                              \
      "SELECT " SRV_POINT_COLUMNS " FROM history WHERE job = ? AND epoch > ? ORDER BY epoch "      \
      "LIMIT ?")                                                                                   \
    X(SQL_POINT_LAST,                                                                              \
      "SELECT * FROM (SELECT " SRV_POINT_COLUMNS " FROM history WHERE job = ? AND epoch > ? "      \
      "ORDER BY epoch DESC LIMIT ?) ORDER BY epoch")                                               \
    X(SQL_POINT_LOWEST,                                                                            \
      "SELECT epoch FROM history WHERE job = ? AND epoch > ? AND cost IS NOT NULL "                \
      "ORDER BY cost, epoch LIMIT 1")                                                              \
    X(SQL_POINT_HIGHEST,                                                                           \
      "SELECT epoch FROM history WHERE job = ? AND epoch > ? AND cost IS NOT NULL "                \
      "ORDER BY cost DESC, epoch LIMIT 1")                                                         \
    X(SQL_POINT_COUNT_AFTER, "SELECT count(*) FROM history WHERE job = ? AND epoch > ?")           \
    X(SQL_SNAPSHOT_INSERT,                                                                         \
      "INSERT OR REPLACE INTO snapshots (job, epoch, cols, outputs, theta) VALUES (?, ?, ?, ?, ?)") \
    X(SQL_SNAPSHOT_THIN, "DELETE FROM snapshots WHERE job = ? AND epoch % ? <> 0")                 \
    X(SQL_SNAPSHOT_COUNT, "SELECT count(*) FROM snapshots WHERE job = ?")                          \
    X(SQL_SNAPSHOT_LIST,                                                                           \
      "SELECT epoch, cols, outputs, theta FROM snapshots WHERE job = ? AND epoch > ? "             \
      "ORDER BY epoch LIMIT ?")                                                                    \
    X(SQL_SNAPSHOT_GET, "SELECT theta FROM snapshots WHERE job = ? AND epoch = ?")                 \
    X(SQL_SNAPSHOT_NEAR,                                                                           \
      "SELECT (SELECT max(epoch) FROM snapshots WHERE job = ?1 AND epoch < ?2), "                  \
      "(SELECT min(epoch) FROM snapshots WHERE job = ?1 AND epoch > ?2)")                          \
    X(SQL_MODEL_INSERT,                                                                            \
      "INSERT INTO models (id, job_id, name, model, cols, intercept, columns, target, theta, "     \
      "scaled, center, scale, metrics, training, created_at, classes, outputs, "                   \
      "validation_metrics, details, threshold, preparation, bytes, tenant) "                                      \
      "VALUES (?1, ?2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "                  \
      "(SELECT tenant FROM jobs WHERE id = ?2))")                                                  \
    X(SQL_MODEL_GET, "SELECT " SRV_MODEL_COLUMNS " FROM models WHERE id = ?")                      \
    SRV_PAGES(X, SQL_MODEL_LIST, "SELECT " SRV_MODEL_COLUMNS " FROM models WHERE ")                \
    X(SQL_MODEL_UPDATE,                                                                            \
      "UPDATE models SET theta = ?1, scaled = ?2, updated_at = ?3, optimizer = ?4, "               \
      "bytes = bytes - coalesce(length(optimizer_state), 0) + coalesce(length(?5), 0), "           \
      "optimizer_state = ?5, version = version + 1 WHERE id = ?6 AND version = ?7")                   \
    X(SQL_MODEL_OPTIMIZER, "SELECT optimizer, optimizer_state FROM models WHERE id = ?")           \
    X(SQL_MODEL_JOB,                                                                               \
      "SELECT jobs.seq FROM models LEFT JOIN jobs ON jobs.id = models.job_id WHERE models.id = ?") \
    X(SQL_MODEL_DELETE, "DELETE FROM models WHERE id = ?")

#endif
