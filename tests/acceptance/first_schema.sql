BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE definition_revisions (
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	number INTEGER NOT NULL,
	content TEXT,
	origin TEXT NOT NULL,
	at_us BIGINT NOT NULL,
	CONSTRAINT pk_definition_revisions PRIMARY KEY (kind, name, number),
	CONSTRAINT ck_definition_revisions_number_positive CHECK (number >= 1)
);
CREATE TABLE evaluations (
	id TEXT NOT NULL,
	at_us BIGINT NOT NULL,
	started_at_us BIGINT NOT NULL,
	finished_at_us BIGINT NOT NULL,
	slices_written INTEGER NOT NULL,
	failures JSON NOT NULL,
	CONSTRAINT pk_evaluations PRIMARY KEY (id)
);
CREATE TABLE ledger_hours (
	sli_id INTEGER NOT NULL,
	hour_start BIGINT NOT NULL,
	good DOUBLE NOT NULL,
	total DOUBLE NOT NULL,
	measured_slices INTEGER NOT NULL,
	asked_slices INTEGER NOT NULL,
	only_origin TEXT,
	CONSTRAINT pk_ledger_hours PRIMARY KEY (sli_id, hour_start),
	CONSTRAINT fk_ledger_hours_sli_id FOREIGN KEY(sli_id) REFERENCES slis (id),
	CONSTRAINT ck_ledger_hours_measured_asked CHECK (measured_slices BETWEEN 0 AND asked_slices),
	CONSTRAINT ck_ledger_hours_good_finite CHECK (abs(good) <= 1.7976931348623157e308),
	CONSTRAINT ck_ledger_hours_total_finite CHECK (abs(total) <= 1.7976931348623157e308)
)
 WITHOUT ROWID

;
CREATE TABLE ledger_slices (
	sli_id INTEGER NOT NULL,
	slice_start BIGINT NOT NULL,
	origin TEXT NOT NULL,
	good DOUBLE NOT NULL,
	total DOUBLE NOT NULL,
	state SMALLINT NOT NULL,
	CONSTRAINT pk_ledger_slices PRIMARY KEY (sli_id, slice_start, origin),
	CONSTRAINT fk_ledger_slices_sli_id FOREIGN KEY(sli_id) REFERENCES slis (id),
	CONSTRAINT ck_ledger_slices_state_known CHECK (state IN (1, 2)),
	CONSTRAINT ck_ledger_slices_gap_empty CHECK (state = 1 OR (good = 0 AND total = 0)),
	CONSTRAINT ck_ledger_slices_good_finite CHECK (abs(good) <= 1e300),
	CONSTRAINT ck_ledger_slices_total_finite CHECK (abs(total) <= 1e300)
)
 WITHOUT ROWID

;
CREATE TABLE measurements (
	key_result TEXT NOT NULL,
	at_us BIGINT NOT NULL,
	window_start_us BIGINT NOT NULL,
	window_end_us BIGINT NOT NULL,
	value DOUBLE,
	quality TEXT NOT NULL,
	sample_count DOUBLE,
	coverage_ratio DOUBLE,
	error TEXT NOT NULL,
	"query" TEXT NOT NULL,
	evaluation_id TEXT NOT NULL,
	CONSTRAINT pk_measurements PRIMARY KEY (key_result, at_us),
	CONSTRAINT ck_measurements_value_finite CHECK (abs(value) <= 1.7976931348623157e308),
	CONSTRAINT ck_measurements_sample_count_finite CHECK (abs(sample_count) <= 1.7976931348623157e308),
	CONSTRAINT ck_measurements_coverage_ratio_finite CHECK (abs(coverage_ratio) <= 1.7976931348623157e308)
)
 WITHOUT ROWID

;
CREATE TABLE progress (
	key_result TEXT NOT NULL,
	at_us BIGINT NOT NULL,
	value DOUBLE,
	raw_ratio DOUBLE,
	progress_ratio DOUBLE,
	expected_ratio DOUBLE NOT NULL,
	gap_ratio DOUBLE,
	status TEXT NOT NULL,
	status_candidate TEXT,
	status_seen INTEGER NOT NULL,
	quality TEXT NOT NULL,
	measured_at_us BIGINT,
	evaluation_id TEXT NOT NULL,
	CONSTRAINT pk_progress PRIMARY KEY (key_result, at_us),
	CONSTRAINT ck_progress_value_finite CHECK (abs(value) <= 1.7976931348623157e308),
	CONSTRAINT ck_progress_raw_ratio_finite CHECK (abs(raw_ratio) <= 1.7976931348623157e308),
	CONSTRAINT ck_progress_progress_ratio_finite CHECK (abs(progress_ratio) <= 1.7976931348623157e308),
	CONSTRAINT ck_progress_expected_ratio_finite CHECK (abs(expected_ratio) <= 1.7976931348623157e308),
	CONSTRAINT ck_progress_gap_ratio_finite CHECK (abs(gap_ratio) <= 1.7976931348623157e308)
)
 WITHOUT ROWID

;
CREATE TABLE slis (
	id INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	name TEXT NOT NULL,
	source TEXT NOT NULL,
	total TEXT NOT NULL,
	good TEXT,
	bad TEXT,
	step_seconds INTEGER NOT NULL,
	created_at_us BIGINT NOT NULL,
	CONSTRAINT pk_slis PRIMARY KEY (id),
	CONSTRAINT uq_slis_key UNIQUE ("key"),
	CONSTRAINT ck_slis_one_part CHECK ((good IS NULL) <> (bad IS NULL)),
	CONSTRAINT ck_slis_step_positive CHECK (step_seconds > 0)
);
CREATE INDEX ix_evaluations_at_us ON evaluations (at_us);
COMMIT;
