BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE alignment_runs (
	id TEXT NOT NULL, 
	snapshot_id TEXT, 
	parent_number INTEGER, 
	stage TEXT NOT NULL, 
	config JSON NOT NULL, 
	metrics JSON NOT NULL, 
	energy_joules FLOAT, 
	error TEXT, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	CONSTRAINT pk_alignment_runs PRIMARY KEY (id), 
	CONSTRAINT fk_alignment_runs_parent_number FOREIGN KEY(parent_number) REFERENCES model_versions (number), 
	CONSTRAINT fk_alignment_runs_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (id)
);
INSERT INTO "alignment_runs" VALUES('run_32d8c6c9dff6239cb98bb54fda1d17ee','snap_bba18d5c237754679936cbb6e4ac689f',1,'done','{"seed": 17, "ppo": {"rollouts": 32, "kl_coef": 0.05}}','{"choice": {"algorithm": "ppo", "reason": "900 thumbs and 120 comparisons are enough for PPO."}, "snapshot": {"newest_vote": 100, "seconds": 1.2, "report": {}}, "reward-model": {"report": {"heldout": {"accuracy": {"value": 0.65, "low": 0.6, "high": 0.7000000000000001, "n": 240, "method": "Wilson"}, "auroc": {"value": 0.68, "low": 0.64, "high": 0.7200000000000001, "n": 480, "method": "Wilson"}}, "longer_wins": {"accuracy": {"value": 0.53, "low": 0.48000000000000004, "high": 0.5800000000000001, "n": 240, "method": "Wilson"}, "auroc": {"value": 0.52, "low": 0.48000000000000004, "high": 0.56, "n": 480, "method": "Wilson"}}}, "seconds": 190.0}, "ppo": {"report": {"heldout": {"score_gain": {"value": 0.31, "low": 0.24, "high": 0.38, "n": 200, "method": "Wilson"}}, "looks": [{"rollout": 0, "score": 0.0, "kl": 0.0, "entropy": 1.4, "length": 41.0, "truncated": 0.01}, {"rollout": 4, "score": 0.07999999999999999, "kl": 0.9, "entropy": 1.3499999999999999, "length": 42.0, "truncated": 0.01}, {"rollout": 8, "score": 0.14399999999999996, "kl": 2.0676570389946627, "entropy": 1.2999999999999998, "length": 43.0, "truncated": 0.01}, {"rollout": 12, "score": 0.19519999999999996, "kl": 3.3634735369618967, "entropy": 1.25, "length": 44.0, "truncated": 0.01}, {"rollout": 16, "score": 0.23615999999999998, "kl": 4.750228478782419, "entropy": 1.2, "length": 45.0, "truncated": 0.01}, {"rollout": 20, "score": 0.268928, "kl": 6.208783476575467, "entropy": 1.15, "length": 46.0, "truncated": 0.01}, {"rollout": 24, "score": 0.29514239999999997, "kl": 7.72723303796838, "entropy": 1.0999999999999999, "length": 47.0, "truncated": 0.01}, {"rollout": 28, "score": 0.31611392, "kl": 9.297370918045678, "entropy": 1.0499999999999998, "length": 48.0, "truncated": 0.01}, {"rollout": 32, "score": 0.332891136, "kl": 10.913159278874867, "entropy": 0.9999999999999999, "length": 49.0, "truncated": 0.01}], "steps": 128}, "seconds": 1380.0}}',61000.0,NULL,'2026-11-21 16:48:09.974213','2026-11-21 17:48:09.974213','2026-11-21 17:48:09.974213');
INSERT INTO "alignment_runs" VALUES('run_7279f16874d40a4f8aec0189ea7f3bfa','snap_80f8e02511f56f52dc549cd6a68a79f0',2,'done','{"seed": 17, "ppo": {"rollouts": 32, "kl_coef": 0.05}}','{"choice": {"algorithm": "ppo", "reason": "900 thumbs and 120 comparisons are enough for PPO."}, "snapshot": {"newest_vote": 150, "seconds": 1.2, "report": {}}, "reward-model": {"report": {"heldout": {"accuracy": {"value": 0.675, "low": 0.625, "high": 0.7250000000000001, "n": 300, "method": "Wilson"}, "auroc": {"value": 0.7050000000000001, "low": 0.665, "high": 0.7450000000000001, "n": 600, "method": "Wilson"}}, "longer_wins": {"accuracy": {"value": 0.53, "low": 0.48000000000000004, "high": 0.5800000000000001, "n": 300, "method": "Wilson"}, "auroc": {"value": 0.52, "low": 0.48000000000000004, "high": 0.56, "n": 600, "method": "Wilson"}}}, "seconds": 190.0}, "ppo": {"report": {"heldout": {"score_gain": {"value": 0.31, "low": 0.24, "high": 0.38, "n": 200, "method": "Wilson"}}, "looks": [{"rollout": 0, "score": 0.0, "kl": 0.0, "entropy": 1.4, "length": 41.0, "truncated": 0.01}, {"rollout": 4, "score": 0.07999999999999999, "kl": 0.9, "entropy": 1.3499999999999999, "length": 42.0, "truncated": 0.01}, {"rollout": 8, "score": 0.14399999999999996, "kl": 2.0676570389946627, "entropy": 1.2999999999999998, "length": 43.0, "truncated": 0.01}, {"rollout": 12, "score": 0.19519999999999996, "kl": 3.3634735369618967, "entropy": 1.25, "length": 44.0, "truncated": 0.01}, {"rollout": 16, "score": 0.23615999999999998, "kl": 4.750228478782419, "entropy": 1.2, "length": 45.0, "truncated": 0.01}, {"rollout": 20, "score": 0.268928, "kl": 6.208783476575467, "entropy": 1.15, "length": 46.0, "truncated": 0.01}, {"rollout": 24, "score": 0.29514239999999997, "kl": 7.72723303796838, "entropy": 1.0999999999999999, "length": 47.0, "truncated": 0.01}, {"rollout": 28, "score": 0.31611392, "kl": 9.297370918045678, "entropy": 1.0499999999999998, "length": 48.0, "truncated": 0.01}, {"rollout": 32, "score": 0.332891136, "kl": 10.913159278874867, "entropy": 0.9999999999999999, "length": 49.0, "truncated": 0.01}], "steps": 128}, "seconds": 1380.0}}',61000.0,NULL,'2026-11-25 16:48:09.974213','2026-11-25 17:48:09.974213','2026-11-25 17:48:09.974213');
INSERT INTO "alignment_runs" VALUES('run_425a3d1394cac8a3fefd5acdcee62284','snap_f2d9d8796f204d4f33382671aab647f0',3,'done','{"seed": 17, "ppo": {"rollouts": 32, "kl_coef": 0.05}}','{"choice": {"algorithm": "ppo", "reason": "900 thumbs and 120 comparisons are enough for PPO."}, "snapshot": {"newest_vote": 200, "seconds": 1.2, "report": {}}, "reward-model": {"report": {"heldout": {"accuracy": {"value": 0.7, "low": 0.6499999999999999, "high": 0.75, "n": 360, "method": "Wilson"}, "auroc": {"value": 0.73, "low": 0.69, "high": 0.77, "n": 720, "method": "Wilson"}}, "longer_wins": {"accuracy": {"value": 0.53, "low": 0.48000000000000004, "high": 0.5800000000000001, "n": 360, "method": "Wilson"}, "auroc": {"value": 0.52, "low": 0.48000000000000004, "high": 0.56, "n": 720, "method": "Wilson"}}}, "seconds": 190.0}, "ppo": {"report": {"heldout": {"score_gain": {"value": 0.31, "low": 0.24, "high": 0.38, "n": 200, "method": "Wilson"}}, "looks": [{"rollout": 0, "score": 0.0, "kl": 0.0, "entropy": 1.4, "length": 41.0, "truncated": 0.01}, {"rollout": 4, "score": 0.07999999999999999, "kl": 0.9, "entropy": 1.3499999999999999, "length": 42.0, "truncated": 0.01}, {"rollout": 8, "score": 0.14399999999999996, "kl": 2.0676570389946627, "entropy": 1.2999999999999998, "length": 43.0, "truncated": 0.01}, {"rollout": 12, "score": 0.19519999999999996, "kl": 3.3634735369618967, "entropy": 1.25, "length": 44.0, "truncated": 0.01}, {"rollout": 16, "score": 0.23615999999999998, "kl": 4.750228478782419, "entropy": 1.2, "length": 45.0, "truncated": 0.01}, {"rollout": 20, "score": 0.268928, "kl": 6.208783476575467, "entropy": 1.15, "length": 46.0, "truncated": 0.01}, {"rollout": 24, "score": 0.29514239999999997, "kl": 7.72723303796838, "entropy": 1.0999999999999999, "length": 47.0, "truncated": 0.01}, {"rollout": 28, "score": 0.31611392, "kl": 9.297370918045678, "entropy": 1.0499999999999998, "length": 48.0, "truncated": 0.01}, {"rollout": 32, "score": 0.332891136, "kl": 10.913159278874867, "entropy": 0.9999999999999999, "length": 49.0, "truncated": 0.01}], "steps": 128}, "seconds": 1380.0}}',61000.0,NULL,'2026-11-27 16:48:09.974213','2026-11-27 17:48:09.974213','2026-11-27 17:48:09.974213');
INSERT INTO "alignment_runs" VALUES('run_e1bc9d06ce2406a35f6274632c7cb1f2','snap_af1c309d1bc20a2dfdabfa79a704add8',3,'done','{"seed": 17, "ppo": {"rollouts": 32, "kl_coef": 0.05}}','{"choice": {"algorithm": "ppo", "reason": "900 thumbs and 120 comparisons are enough for PPO."}, "snapshot": {"newest_vote": 250, "seconds": 1.2, "report": {}}, "reward-model": {"report": {"heldout": {"accuracy": {"value": 0.725, "low": 0.6749999999999999, "high": 0.775, "n": 420, "method": "Wilson"}, "auroc": {"value": 0.755, "low": 0.715, "high": 0.795, "n": 840, "method": "Wilson"}}, "longer_wins": {"accuracy": {"value": 0.53, "low": 0.48000000000000004, "high": 0.5800000000000001, "n": 420, "method": "Wilson"}, "auroc": {"value": 0.52, "low": 0.48000000000000004, "high": 0.56, "n": 840, "method": "Wilson"}}}, "seconds": 190.0}, "ppo": {"report": {"heldout": {"score_gain": {"value": 0.31, "low": 0.24, "high": 0.38, "n": 200, "method": "Wilson"}}, "looks": [{"rollout": 0, "score": 0.0, "kl": 0.0, "entropy": 1.4, "length": 41.0, "truncated": 0.01}, {"rollout": 4, "score": 0.07999999999999999, "kl": 0.9, "entropy": 1.3499999999999999, "length": 42.0, "truncated": 0.01}, {"rollout": 8, "score": 0.14399999999999996, "kl": 2.0676570389946627, "entropy": 1.2999999999999998, "length": 43.0, "truncated": 0.01}, {"rollout": 12, "score": 0.19519999999999996, "kl": 3.3634735369618967, "entropy": 1.25, "length": 44.0, "truncated": 0.01}, {"rollout": 16, "score": 0.23615999999999998, "kl": 4.750228478782419, "entropy": 1.2, "length": 45.0, "truncated": 0.01}, {"rollout": 20, "score": 0.268928, "kl": 6.208783476575467, "entropy": 1.15, "length": 46.0, "truncated": 0.01}, {"rollout": 24, "score": 0.29514239999999997, "kl": 7.72723303796838, "entropy": 1.0999999999999999, "length": 47.0, "truncated": 0.01}, {"rollout": 28, "score": 0.31611392, "kl": 9.297370918045678, "entropy": 1.0499999999999998, "length": 48.0, "truncated": 0.01}, {"rollout": 32, "score": 0.332891136, "kl": 10.913159278874867, "entropy": 0.9999999999999999, "length": 49.0, "truncated": 0.01}], "steps": 128}, "seconds": 1380.0}}',61000.0,NULL,'2026-11-28 16:48:09.974213','2026-11-28 17:48:09.974213','2026-11-28 17:48:09.974213');
INSERT INTO "alignment_runs" VALUES('run_2e6046073a3053a81bfca265d339d396',NULL,3,'ppo','{"seed": 17, "ppo": {"rollouts": 32, "kl_coef": 0.05}}','{}',61000.0,'The disk is full: 0.2 GiB are left.','2026-11-29 16:48:09.974213','2026-11-29 17:48:09.974213','2026-11-29 17:48:09.974213');
CREATE TABLE api_keys (
	id TEXT NOT NULL, 
	prefix TEXT NOT NULL, 
	secret_sha256 TEXT NOT NULL, 
	name TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	scopes JSON NOT NULL, 
	requests_per_minute INTEGER, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT uq_api_keys_prefix UNIQUE (prefix)
);
INSERT INTO "api_keys" VALUES('key_98963b7548f59feafdaab633f840833d','3a4405f3','c4a64d2a13347e73989add894940dafbe625586996ab6e18edd74e29f680c263','app','acme','["inference", "feedback"]',NULL,'2026-11-30 17:48:09.965570',NULL,NULL);
CREATE TABLE audit (
	sequence INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	detail JSON, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (sequence), 
	CONSTRAINT uq_audit_id UNIQUE (id)
);
INSERT INTO "audit" VALUES(1,'aud_98525833e5d61559358310eef391aa42','attune','set_live','v1','started with the model /models/base','{"before": {"live_version": null, "canary_version": null, "canary_share": 0.0}, "after": {"live_version": 1, "canary_version": null, "canary_share": 0.0}}','2026-11-30 17:48:09.964242');
INSERT INTO "audit" VALUES(2,'aud_00000000000000000000000000000000','ada','canary','v2','looks good in the report','{"before": {"live_version": 1, "canary_version": null, "canary_share": 0.0}, "after": {"live_version": 1, "canary_version": 2, "canary_share": 0.1}}','2026-11-21 05:48:09.974213');
INSERT INTO "audit" VALUES(3,'aud_00000000000000000000000000000001','canary analysis','promote','v2','Thumbs-up did not become rarer by 5% or more.','{"before": {"live_version": 1, "canary_version": 2, "canary_share": 0.1}, "after": {"live_version": 2, "canary_version": null, "canary_share": 0.0}}','2026-11-21 17:48:09.974213');
INSERT INTO "audit" VALUES(4,'aud_00000000000000000000000000000002','ada','canary','v3','second round','{"before": {"live_version": 2, "canary_version": null, "canary_share": 0.0}, "after": {"live_version": 2, "canary_version": 3, "canary_share": 0.25}}','2026-11-25 05:48:09.974213');
INSERT INTO "audit" VALUES(5,'aud_00000000000000000000000000000003','canary analysis','promote','v3','Thumbs-up did not become rarer by 5% or more.','{"before": {"live_version": 2, "canary_version": 3, "canary_share": 0.25}, "after": {"live_version": 3, "canary_version": null, "canary_share": 0.0}}','2026-11-25 17:48:09.974213');
INSERT INTO "audit" VALUES(6,'aud_00000000000000000000000000000004','key sk-attune-1a2b (ops)','canary','v4','passed the gate on Monday','{"before": {"live_version": 3, "canary_version": null, "canary_share": 0.0}, "after": {"live_version": 3, "canary_version": 4, "canary_share": 0.1}}','2026-11-27 17:48:09.974213');
INSERT INTO "audit" VALUES(7,'aud_00000000000000000000000000000005','ada','gate','v5','the gate says: rejected',NULL,'2026-11-28 17:48:09.974213');
CREATE TABLE completions (
	id TEXT NOT NULL, 
	endpoint TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	key_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	conversation_id TEXT, 
	parent_id TEXT, 
	messages JSON NOT NULL, 
	params JSON NOT NULL, 
	choices JSON NOT NULL, 
	usage JSON, 
	model_version INTEGER, 
	route TEXT NOT NULL, 
	ttft_ms FLOAT, 
	duration_ms FLOAT, 
	status TEXT NOT NULL, 
	error TEXT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_completions PRIMARY KEY (id), 
	CONSTRAINT ck_completions_route CHECK (route in ('live', 'canary', 'pinned')), 
	CONSTRAINT ck_completions_status CHECK (status in ('complete', 'partial', 'error')), 
	CONSTRAINT fk_completions_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversations (id), 
	CONSTRAINT fk_completions_key_id FOREIGN KEY(key_id) REFERENCES api_keys (id), 
	CONSTRAINT fk_completions_model_version FOREIGN KEY(model_version) REFERENCES model_versions (number), 
	CONSTRAINT fk_completions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000000','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 27}',4,'canary',67.2609823970024,1.39731995929634706493e+02,'complete',NULL,'2026-11-30 17:44:15.672988');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000001','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 17}',3,'live',7.86759694213314730859e+01,1.40499983061820273629e+02,'complete',NULL,'2026-11-30 17:44:22.524067');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000002','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 20}',3,'live',6.36686660237087949116e+01,1.06095443127597576448e+02,'complete',NULL,'2026-11-30 17:44:39.941214');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000003','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 56}',3,'live',3.91522596439498542508e+01,1.69973678081482859171e+02,'complete',NULL,'2026-11-30 17:44:43.941783');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000004','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 62}',4,'canary',4.00751334925238040813e+01,1.74067214841340984314e+02,'complete',NULL,'2026-11-30 17:44:51.529703');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000005','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 82}',3,'live',5.3115010028182275902e+01,2.75953481142568762146e+02,'complete',NULL,'2026-11-30 17:44:54.103887');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000006','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 31}',4,'canary',8.5041024599673562534e+01,1.64520729383931296752e+02,'complete',NULL,'2026-11-30 17:44:59.323137');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000007','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 77}',4,'canary',8.69187378537850747779e+01,3.75049581032081960066e+02,'complete',NULL,'2026-11-30 17:45:14.907344');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000008','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 62}',3,'live',3.47811272557846109512e+01,1.66499857136501844927e+02,'complete',NULL,'2026-11-30 17:45:22.215549');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000009','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 55}',4,'canary',7.13343735359147785874e+01,2.43680570430554070075e+02,'complete',NULL,'2026-11-30 17:45:26.678219');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000000a','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 90}',4,'canary',5.44195151588655079422e+01,4.064037594647303422e+02,'complete',NULL,'2026-11-30 17:45:33.749939');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000000b','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 27}',3,'live',4.24724590525102669875e+01,1.49274901060494727292e+02,'complete',NULL,'2026-11-30 17:45:36.634980');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000000c','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 55}',4,'canary',8.79523974898153539959e+01,2.7407864206279936069e+02,'complete',NULL,'2026-11-30 17:45:39.390240');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000000d','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 79}',4,'canary',4.7488516916406190659e+01,2.1986818434751552332e+02,'complete',NULL,'2026-11-30 17:45:49.439366');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000000e','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 40}',3,'live',7.28623655012805500081e+01,1.79235565105101557039e+02,'complete',NULL,'2026-11-30 17:45:50.390174');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000000f','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 63}',4,'canary',8.03394480931213621471e+01,271.561927347803,'complete',NULL,'2026-11-30 17:45:51.469505');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000010','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 15}',4,'canary',9.27645055947029106846e+01,1.28573853975087189379e+02,'complete',NULL,'2026-11-30 17:45:52.112523');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000011','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 40}',4,'canary',4.24878229752001175274e+01,1.49506821362282551037e+02,'complete',NULL,'2026-11-30 17:45:58.515541');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000012','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 22}',3,'live',8.37896888923472857833e+01,1.44885261620424785175e+02,'complete',NULL,'2026-11-30 17:46:01.362532');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000013','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 54}',3,'live',8.54646301605828710972e+01,2.73746722927449525285e+02,'complete',NULL,'2026-11-30 17:46:03.927052');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000014','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 31}',4,'canary',7.38463677545005339189e+01,1.76509575531812970441e+02,'complete',NULL,'2026-11-30 17:46:08.189637');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000015','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 56}',3,'live',4.22087141288945559818e+01,1.56605141652948702817e+02,'complete',NULL,'2026-11-30 17:46:21.209963');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000016','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 67}',4,'canary',4.71947491065719546563e+01,2.83527840220903613053e+02,'complete',NULL,'2026-11-30 17:46:25.899249');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000017','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 57}',4,'canary',1.35299229297171194727e+02,3.42214590992832086153e+02,'complete',NULL,'2026-11-30 17:46:27.352060');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000018','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 68}',4,'canary',1.01914115054217091938e+02,3.4345541437264375873e+02,'complete',NULL,'2026-11-30 17:46:28.089608');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000019','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 53}',4,'canary',8.42082272997447489615e+01,2.41351850764544280988e+02,'complete',NULL,'2026-11-30 17:46:34.770899');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000001a','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 43}',4,'canary',4.29104109170434426783e+01,1.31306866125698206814e+02,'complete',NULL,'2026-11-30 17:46:40.598803');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000001b','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 47}',4,'canary',62.7207418982545,2.01656155793270500001e+02,'complete',NULL,'2026-11-30 17:46:42.208873');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000001c','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 69}',4,'canary',52.0370115880991,2.51049307770055094121e+02,'complete',NULL,'2026-11-30 17:46:52.254349');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000001d','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 50}',4,'canary',3.21084808338466913828e+01,1.98134132352983783672e+02,'complete',NULL,'2026-11-30 17:46:54.578892');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000001e','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 62}',4,'canary',87.8885833762036,2.94699871578184911411e+02,'complete',NULL,'2026-11-30 17:46:55.938575');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000001f','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 77}',3,'live',6.03524238957464902437e+01,2.69271102053172455719e+02,'complete',NULL,'2026-11-30 17:46:58.030134');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000020','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 68}',3,'live',81.2986088919141,2.87669613390321956105e+02,'complete',NULL,'2026-11-30 17:47:00.467984');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000021','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 25}',4,'canary',47.3223384601622,1.42617272889017016263e+02,'complete',NULL,'2026-11-30 17:47:00.869149');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000022','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 63}',3,'live',7.68218440748073163595e+01,2.14094082263505072196e+02,'complete',NULL,'2026-11-30 17:47:11.391050');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000023','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 14}',3,'live',1.00175565707832049612e+02,1.30520356442398565376e+02,'complete',NULL,'2026-11-30 17:47:16.396861');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000024','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 45}',4,'canary',9.93627443693695226994e+01,2.19886404324986784787e+02,'complete',NULL,'2026-11-30 17:47:20.544122');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000025','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 17}',4,'canary',6.81165654791445831497e+01,1.0583791529184023261e+02,'complete',NULL,'2026-11-30 17:47:26.599882');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000026','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 51}',3,'live',6.82722764788960176937e+01,2.15732337529914786956e+02,'complete',NULL,'2026-11-30 17:47:33.770411');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000027','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 16}',3,'live',6.92564438087323708259e+01,1.16448784241299847504e+02,'complete',NULL,'2026-11-30 17:47:35.352993');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000028','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 81}',3,'live',9.28552389219231884016e+01,336.93836317106,'complete',NULL,'2026-11-30 17:47:40.261742');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000029','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 55}',4,'canary',7.82353959058605568071e+01,2.97073583274303700809e+02,'complete',NULL,'2026-11-30 17:47:41.704076');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000002a','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 44}',4,'canary',6.38141721752822519428e+01,2.10354208034268538082e+02,'complete',NULL,'2026-11-30 17:47:48.203090');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000002b','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 49}',4,'canary',5.90534056052805595999e+01,2.53574713428440759346e+02,'complete',NULL,'2026-11-30 17:47:52.589504');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000002c','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 35}',3,'live',41.0808728674704,1.44305926785273413775e+02,'complete',NULL,'2026-11-30 17:47:53.208911');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000002d','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 23}',3,'live',3.97451422568243373234e+01,1.0386815972464148672e+02,'complete',NULL,'2026-11-30 17:47:54.904859');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000002e','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 22}',4,'canary',7.43769593294890256612e+01,1.51400747057672674595e+02,'complete',NULL,'2026-11-30 17:47:55.669932');
INSERT INTO "completions" VALUES('chatcmpl-0000000000000000000000000000002f','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000001',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 31}',3,'live',4.74717860412893699617e+01,1.18446423197379971273e+02,'complete',NULL,'2026-11-30 17:47:56.054471');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000030','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 79}',4,'canary',9.48075817124113484624e+01,3.81246633661935220502e+02,'complete',NULL,'2026-11-30 17:47:58.794370');
INSERT INTO "completions" VALUES('chatcmpl-00000000000000000000000000000031','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_00000000000000000000000000000000',NULL,NULL,'[{"role": "user", "content": "What is a ledger?"}]','{}','[{"index": 0, "text": "A book of accounts.", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 9, "completion_tokens": 15}',4,'canary',1.03814021010879812937e+02,1.47355606417211674854e+02,'complete',NULL,'2026-11-30 17:48:00.975255');
INSERT INTO "completions" VALUES('chatcmpl-0000000a','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_ee57149baae4667639318c505e323e15','conv_39174cee66303921ef96f903ba653df9','msg_a6d871eb4a92265516aa144a307d0680','[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','{"temperature": 0.7, "seed": 1}','[{"index": 0, "text": "Ein Buch. chatcmpl-0000000a", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 5, "completion_tokens": 4}',1,'live',12.5,80.0,'complete',NULL,'2026-11-01 00:00:00.000000');
INSERT INTO "completions" VALUES('chatcmpl-0000000b','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_ee57149baae4667639318c505e323e15','conv_39174cee66303921ef96f903ba653df9','msg_a6d871eb4a92265516aa144a307d0680','[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','{"temperature": 0.7, "seed": 1}','[{"index": 0, "text": "Ein Buch. chatcmpl-0000000b", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 5, "completion_tokens": 4}',1,'live',12.5,80.0,'complete',NULL,'2026-11-01 00:00:00.000000');
INSERT INTO "completions" VALUES('chatcmpl-0000001a','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_25954426ddb0fcd47870622ef951e125','conv_ab1f39f55fc050a3b3be837529572a56','msg_10ee15e01ae8725c96561d06a7ba7295','[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','{"temperature": 0.7, "seed": 1}','[{"index": 0, "text": "Ein Buch. chatcmpl-0000001a", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 5, "completion_tokens": 4}',1,'live',12.5,80.0,'complete',NULL,'2026-11-01 00:00:01.000000');
INSERT INTO "completions" VALUES('chatcmpl-0000001b','/v1/chat/completions','acme','key_98963b7548f59feafdaab633f840833d','usr_25954426ddb0fcd47870622ef951e125','conv_ab1f39f55fc050a3b3be837529572a56','msg_10ee15e01ae8725c96561d06a7ba7295','[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','{"temperature": 0.7, "seed": 1}','[{"index": 0, "text": "Ein Buch. chatcmpl-0000001b", "finish_reason": "stop", "tool_calls": null}]','{"prompt_tokens": 5, "completion_tokens": 4}',1,'live',12.5,80.0,'complete',NULL,'2026-11-01 00:00:01.000000');
CREATE TABLE conversations (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	title_folded TEXT NOT NULL, 
	settings JSON NOT NULL, 
	share_token TEXT, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT fk_conversations_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_conversations_share_token UNIQUE (share_token)
);
INSERT INTO "conversations" VALUES('conv_39174cee66303921ef96f903ba653df9','acme','usr_ee57149baae4667639318c505e323e15','Bücher 0','bücher 0','{}','wbGK8g3aXrfl5ZFz6iD5uhaNBcciHtWnhZ_nSXj1wJc','2026-11-01 00:00:00.000000','2026-11-01 00:00:00.000000');
INSERT INTO "conversations" VALUES('conv_ab1f39f55fc050a3b3be837529572a56','acme','usr_25954426ddb0fcd47870622ef951e125','Bücher 1','bücher 1','{}',NULL,'2026-11-01 00:00:01.000000','2026-11-01 00:00:01.000000');
CREATE TABLE deployments (
	id INTEGER NOT NULL, 
	live_version INTEGER, 
	canary_version INTEGER, 
	canary_share FLOAT NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_deployments PRIMARY KEY (id), 
	CONSTRAINT ck_deployments_canary_share CHECK (canary_share between 0 and 1), 
	CONSTRAINT ck_deployments_one_row CHECK (id = 1), 
	CONSTRAINT fk_deployments_canary_version FOREIGN KEY(canary_version) REFERENCES model_versions (number), 
	CONSTRAINT fk_deployments_live_version FOREIGN KEY(live_version) REFERENCES model_versions (number)
);
INSERT INTO "deployments" VALUES(1,1,NULL,0.0,'2026-11-30 17:48:09.974213');
CREATE TABLE engines (
	id TEXT NOT NULL, 
	url TEXT NOT NULL, 
	version_number INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	message TEXT NOT NULL, 
	control_tokens JSON NOT NULL, 
	pid INTEGER, 
	model_name TEXT, 
	started_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_engines PRIMARY KEY (id), 
	CONSTRAINT ck_engines_state CHECK (state in ('starting', 'ready', 'draining', 'failed')), 
	CONSTRAINT fk_engines_version_number FOREIGN KEY(version_number) REFERENCES model_versions (number)
);
INSERT INTO "engines" VALUES('engine_3','unix:///tmp/3.sock',3,'ready','attune@v3 on CPU, bfloat16, 4.8 million parameters','[]',NULL,NULL,'2026-11-30 17:48:10.008100','2026-11-30 18:48:09.974213');
INSERT INTO "engines" VALUES('engine_4','unix:///tmp/4.sock',4,'ready','attune@v4 on CPU, bfloat16, 4.8 million parameters','[]',NULL,NULL,'2026-11-30 17:48:10.009498','2026-11-30 18:48:09.974213');
CREATE TABLE feedback (
	sequence INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	completion_id TEXT NOT NULL, 
	choice_index INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value INTEGER NOT NULL, 
	reasons JSON NOT NULL, 
	comment TEXT, 
	correction TEXT, 
	preferred_over TEXT, 
	preferred_over_choice INTEGER NOT NULL, 
	source TEXT, 
	idempotency_key TEXT, 
	body_sha256 TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (sequence), 
	CONSTRAINT ck_feedback_kind CHECK (kind in ('thumb', 'comparison', 'correction')), 
	CONSTRAINT ck_feedback_value CHECK (value in (-1, 0, 1)), 
	CONSTRAINT fk_feedback_completion_id FOREIGN KEY(completion_id) REFERENCES completions (id), 
	CONSTRAINT fk_feedback_preferred_over FOREIGN KEY(preferred_over) REFERENCES completions (id), 
	CONSTRAINT fk_feedback_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT uq_feedback_id UNIQUE (id), 
	CONSTRAINT uq_feedback_owner_idempotency_key UNIQUE (owner, idempotency_key)
);
INSERT INTO "feedback" VALUES(1,'fb_00000000000000000000000000000000','chatcmpl-00000000000000000000000000000001',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:44:27.524067');
INSERT INTO "feedback" VALUES(2,'fb_00000000000000000000000000000001','chatcmpl-00000000000000000000000000000002',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["clear"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:44:44.941214');
INSERT INTO "feedback" VALUES(3,'fb_00000000000000000000000000000002','chatcmpl-00000000000000000000000000000003',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["helpful"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:44:48.941783');
INSERT INTO "feedback" VALUES(4,'fb_00000000000000000000000000000003','chatcmpl-00000000000000000000000000000004',0,'acme','usr_00000000000000000000000000000000','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:44:56.529703');
INSERT INTO "feedback" VALUES(5,'fb_00000000000000000000000000000004','chatcmpl-00000000000000000000000000000006',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind", "clear"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:04.323137');
INSERT INTO "feedback" VALUES(6,'fb_00000000000000000000000000000005','chatcmpl-00000000000000000000000000000007',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["clear", "kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:19.907344');
INSERT INTO "feedback" VALUES(7,'fb_00000000000000000000000000000006','chatcmpl-00000000000000000000000000000008',0,'acme','usr_00000000000000000000000000000001','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:27.215549');
INSERT INTO "feedback" VALUES(8,'fb_00000000000000000000000000000007','chatcmpl-00000000000000000000000000000009',0,'acme','usr_00000000000000000000000000000000','thumb',-1,'["wrong", "did not follow"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:31.678219');
INSERT INTO "feedback" VALUES(9,'fb_00000000000000000000000000000008','chatcmpl-0000000000000000000000000000000b',0,'acme','usr_00000000000000000000000000000001','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:41.634980');
INSERT INTO "feedback" VALUES(10,'fb_00000000000000000000000000000009','chatcmpl-0000000000000000000000000000000c',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["clear", "helpful"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:44.390240');
INSERT INTO "feedback" VALUES(11,'fb_0000000000000000000000000000000a','chatcmpl-0000000000000000000000000000000d',0,'acme','usr_00000000000000000000000000000000','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:54.439366');
INSERT INTO "feedback" VALUES(12,'fb_0000000000000000000000000000000b','chatcmpl-0000000000000000000000000000000e',0,'acme','usr_00000000000000000000000000000001','thumb',-1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:55.390174');
INSERT INTO "feedback" VALUES(13,'fb_0000000000000000000000000000000c','chatcmpl-00000000000000000000000000000010',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["clear"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:45:57.112523');
INSERT INTO "feedback" VALUES(14,'fb_0000000000000000000000000000000d','chatcmpl-00000000000000000000000000000011',0,'acme','usr_00000000000000000000000000000000','thumb',-1,'["wrong", "rude"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:03.515541');
INSERT INTO "feedback" VALUES(15,'fb_0000000000000000000000000000000e','chatcmpl-00000000000000000000000000000012',0,'acme','usr_00000000000000000000000000000001','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:06.362532');
INSERT INTO "feedback" VALUES(16,'fb_0000000000000000000000000000000f','chatcmpl-00000000000000000000000000000013',0,'acme','usr_00000000000000000000000000000001','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:08.927052');
INSERT INTO "feedback" VALUES(17,'fb_00000000000000000000000000000010','chatcmpl-00000000000000000000000000000015',0,'acme','usr_00000000000000000000000000000001','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:26.209963');
INSERT INTO "feedback" VALUES(18,'fb_00000000000000000000000000000011','chatcmpl-00000000000000000000000000000016',0,'acme','usr_00000000000000000000000000000000','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:30.899249');
INSERT INTO "feedback" VALUES(19,'fb_00000000000000000000000000000012','chatcmpl-00000000000000000000000000000017',0,'acme','usr_00000000000000000000000000000000','thumb',-1,'["too long", "did not follow"]','One line would do.',NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:32.352060');
INSERT INTO "feedback" VALUES(20,'fb_00000000000000000000000000000013','chatcmpl-00000000000000000000000000000018',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind", "helpful"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:33.089608');
INSERT INTO "feedback" VALUES(21,'fb_00000000000000000000000000000014','chatcmpl-0000000000000000000000000000001a',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:45.598803');
INSERT INTO "feedback" VALUES(22,'fb_00000000000000000000000000000015','chatcmpl-0000000000000000000000000000001b',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:47.208873');
INSERT INTO "feedback" VALUES(23,'fb_00000000000000000000000000000016','chatcmpl-0000000000000000000000000000001c',0,'acme','usr_00000000000000000000000000000000','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:57.254349');
INSERT INTO "feedback" VALUES(24,'fb_00000000000000000000000000000017','chatcmpl-0000000000000000000000000000001d',0,'acme','usr_00000000000000000000000000000000','thumb',-1,'["too long"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:46:59.578892');
INSERT INTO "feedback" VALUES(25,'fb_00000000000000000000000000000018','chatcmpl-0000000000000000000000000000001f',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:03.030134');
INSERT INTO "feedback" VALUES(26,'fb_00000000000000000000000000000019','chatcmpl-00000000000000000000000000000020',0,'acme','usr_00000000000000000000000000000001','thumb',-1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:05.467984');
INSERT INTO "feedback" VALUES(27,'fb_0000000000000000000000000000001a','chatcmpl-00000000000000000000000000000021',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:05.869149');
INSERT INTO "feedback" VALUES(28,'fb_0000000000000000000000000000001b','chatcmpl-00000000000000000000000000000022',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["helpful"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:16.391050');
INSERT INTO "feedback" VALUES(29,'fb_0000000000000000000000000000001c','chatcmpl-00000000000000000000000000000024',0,'acme','usr_00000000000000000000000000000000','thumb',-1,'["did not follow"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:25.544122');
INSERT INTO "feedback" VALUES(30,'fb_0000000000000000000000000000001d','chatcmpl-00000000000000000000000000000025',0,'acme','usr_00000000000000000000000000000000','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:31.599882');
INSERT INTO "feedback" VALUES(31,'fb_0000000000000000000000000000001e','chatcmpl-00000000000000000000000000000026',0,'acme','usr_00000000000000000000000000000001','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:38.770411');
INSERT INTO "feedback" VALUES(32,'fb_0000000000000000000000000000001f','chatcmpl-00000000000000000000000000000027',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:40.352993');
INSERT INTO "feedback" VALUES(33,'fb_00000000000000000000000000000020','chatcmpl-00000000000000000000000000000029',0,'acme','usr_00000000000000000000000000000000','thumb',-1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:46.704076');
INSERT INTO "feedback" VALUES(34,'fb_00000000000000000000000000000021','chatcmpl-0000000000000000000000000000002a',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:53.203090');
INSERT INTO "feedback" VALUES(35,'fb_00000000000000000000000000000022','chatcmpl-0000000000000000000000000000002b',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["helpful"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:57.589504');
INSERT INTO "feedback" VALUES(36,'fb_00000000000000000000000000000023','chatcmpl-0000000000000000000000000000002c',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["helpful", "kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:47:58.208911');
INSERT INTO "feedback" VALUES(37,'fb_00000000000000000000000000000024','chatcmpl-0000000000000000000000000000002e',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["clear", "kind"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:48:00.669932');
INSERT INTO "feedback" VALUES(38,'fb_00000000000000000000000000000025','chatcmpl-0000000000000000000000000000002f',0,'acme','usr_00000000000000000000000000000001','thumb',1,'["kind", "clear"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:48:01.054471');
INSERT INTO "feedback" VALUES(39,'fb_00000000000000000000000000000026','chatcmpl-00000000000000000000000000000030',0,'acme','usr_00000000000000000000000000000000','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:48:03.794370');
INSERT INTO "feedback" VALUES(40,'fb_00000000000000000000000000000027','chatcmpl-00000000000000000000000000000031',0,'acme','usr_00000000000000000000000000000000','thumb',1,'["kind", "helpful"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0000000000000000000000000000000000000000000000000000000000000000','2026-11-30 17:48:05.975255');
INSERT INTO "feedback" VALUES(41,'fb_8809370b7fbb2ad9116a440661da90e7','chatcmpl-0000000a',0,'acme','usr_ee57149baae4667639318c505e323e15','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui','person-0-up','9269f6e7b287a9f9bc6b25a75e3ece54c91a896431c2766c1202c846d69c1c41','2026-11-01 00:00:01.000000');
INSERT INTO "feedback" VALUES(42,'fb_ab9905f06fbcc83f4adc2f1246b08dda','chatcmpl-0000000a',0,'acme','usr_ee57149baae4667639318c505e323e15','thumb',0,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'eec95f30f4eaff3e5b48cd03ade7bdded2973482e6be33ac6eae32e8b2ca7198','2026-11-01 00:00:02.000000');
INSERT INTO "feedback" VALUES(43,'fb_451eb6e0105f4d4eafe5f1ece3bf23ea','chatcmpl-0000000a',0,'acme','usr_ee57149baae4667639318c505e323e15','correction',-1,'["wrong"]','zu kurz','Ein Verzeichnis aller Buchungen.',NULL,0,'chat_ui',NULL,'f1b3d4c50f7ce31c315cc97c70771c73abab387f59a58085679e615b4d343e25','2026-11-01 00:00:03.000000');
INSERT INTO "feedback" VALUES(44,'fb_d6c1a0b9f1e38780095a5dd94eb6f9c7','chatcmpl-0000000a',0,'acme','usr_ee57149baae4667639318c505e323e15','comparison',1,'[]',NULL,NULL,'chatcmpl-0000000b',0,'chat_ui',NULL,'95f2a15a05adb952b0626813789b8c98c7a22eeafb756bb3934ac33039787b9a','2026-11-01 00:00:04.000000');
INSERT INTO "feedback" VALUES(45,'fb_5bfadb355bf070fe8525062d1782f4c0','chatcmpl-0000000b',0,'acme','usr_ee57149baae4667639318c505e323e15','thumb',-1,'["too long", "rude"]',NULL,NULL,NULL,0,'chat_ui',NULL,'c6b2eb821da874f35313d138bd6d98bcafa27c0ef75f2b79a34560a26287b820','2026-11-01 00:00:05.000000');
INSERT INTO "feedback" VALUES(46,'fb_3071da1a74d4e6bcbe9ba63d1d05ca70','chatcmpl-0000001a',0,'acme','usr_25954426ddb0fcd47870622ef951e125','thumb',1,'[]',NULL,NULL,NULL,0,'chat_ui','person-1-up','53408393ebf319aea5f3350eb1b212234360d40e34b063639288b37b84c21abc','2026-11-01 00:00:02.000000');
INSERT INTO "feedback" VALUES(47,'fb_d1bd3572a6998db0aea5519e44afdc15','chatcmpl-0000001a',0,'acme','usr_25954426ddb0fcd47870622ef951e125','thumb',0,'[]',NULL,NULL,NULL,0,'chat_ui',NULL,'232e1c4146606570c03fa2f4bf078a770637d48fc1a3e5f5f2b78a3af31c7b1a','2026-11-01 00:00:03.000000');
INSERT INTO "feedback" VALUES(48,'fb_1707b7452b16a98b0ed6a03312a99339','chatcmpl-0000001a',0,'acme','usr_25954426ddb0fcd47870622ef951e125','correction',-1,'["wrong"]','zu kurz','Ein Verzeichnis aller Buchungen.',NULL,0,'chat_ui',NULL,'1474370f784f1ef708a1485d29835e61cad3ac46966fa169fb7083dee3de52d7','2026-11-01 00:00:04.000000');
INSERT INTO "feedback" VALUES(49,'fb_de94a9709845613587db6bbd580039a9','chatcmpl-0000001a',0,'acme','usr_25954426ddb0fcd47870622ef951e125','comparison',1,'[]',NULL,NULL,'chatcmpl-0000001b',0,'chat_ui',NULL,'c8101bdcbbefef0c7641fb9eb4145db5d067eddb12fdc96450720637c1ea9fce','2026-11-01 00:00:05.000000');
INSERT INTO "feedback" VALUES(50,'fb_fc9927f2d52390f3a131dfe9473aea8e','chatcmpl-0000001b',0,'acme','usr_25954426ddb0fcd47870622ef951e125','thumb',-1,'["too long", "rude"]',NULL,NULL,NULL,0,'chat_ui',NULL,'0cd79463c42c839b4b493f4ba1ca46fd608b01bc7d2a5153ed631404bb1b7dbf','2026-11-01 00:00:06.000000');
CREATE TABLE messages (
	sequence INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	parent_id TEXT, 
	role TEXT NOT NULL, 
	content TEXT NOT NULL, 
	content_folded TEXT NOT NULL, 
	completion_id TEXT, 
	choice_index INTEGER, 
	client_id TEXT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (sequence), 
	CONSTRAINT ck_messages_role CHECK (role in ('system', 'user', 'assistant')), 
	CONSTRAINT fk_messages_completion_id FOREIGN KEY(completion_id) REFERENCES completions (id), 
	CONSTRAINT fk_messages_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversations (id), 
	CONSTRAINT fk_messages_parent_id FOREIGN KEY(parent_id) REFERENCES messages (id), 
	CONSTRAINT uq_messages_conversation_id_client_id UNIQUE (conversation_id, client_id), 
	CONSTRAINT uq_messages_id UNIQUE (id)
);
INSERT INTO "messages" VALUES(1,'msg_a6d871eb4a92265516aa144a307d0680','conv_39174cee66303921ef96f903ba653df9',NULL,'user','Was ist ein Hauptbuch? «naïve» 台帳','was ist ein hauptbuch? «naïve» 台帳',NULL,NULL,NULL,'2026-11-01 00:00:00.000000');
INSERT INTO "messages" VALUES(2,'msg_0000000a','conv_39174cee66303921ef96f903ba653df9','msg_a6d871eb4a92265516aa144a307d0680','assistant','Ein Buch. chatcmpl-0000000a','ein buch. chatcmpl-0000000a','chatcmpl-0000000a',0,NULL,'2026-11-01 00:00:00.000000');
INSERT INTO "messages" VALUES(3,'msg_0000000b','conv_39174cee66303921ef96f903ba653df9','msg_a6d871eb4a92265516aa144a307d0680','assistant','Ein Buch. chatcmpl-0000000b','ein buch. chatcmpl-0000000b','chatcmpl-0000000b',0,NULL,'2026-11-01 00:00:00.000000');
INSERT INTO "messages" VALUES(4,'msg_10ee15e01ae8725c96561d06a7ba7295','conv_ab1f39f55fc050a3b3be837529572a56',NULL,'user','Was ist ein Hauptbuch? «naïve» 台帳','was ist ein hauptbuch? «naïve» 台帳',NULL,NULL,NULL,'2026-11-01 00:00:01.000000');
INSERT INTO "messages" VALUES(5,'msg_0000001a','conv_ab1f39f55fc050a3b3be837529572a56','msg_10ee15e01ae8725c96561d06a7ba7295','assistant','Ein Buch. chatcmpl-0000001a','ein buch. chatcmpl-0000001a','chatcmpl-0000001a',0,NULL,'2026-11-01 00:00:01.000000');
INSERT INTO "messages" VALUES(6,'msg_0000001b','conv_ab1f39f55fc050a3b3be837529572a56','msg_10ee15e01ae8725c96561d06a7ba7295','assistant','Ein Buch. chatcmpl-0000001b','ein buch. chatcmpl-0000001b','chatcmpl-0000001b',0,NULL,'2026-11-01 00:00:01.000000');
CREATE TABLE model_versions (
	number INTEGER NOT NULL, 
	parent_number INTEGER, 
	form TEXT NOT NULL, 
	path TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	run_id TEXT, 
	gate_report JSON, 
	probe JSON, 
	state TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	erased_at DATETIME, 
	CONSTRAINT pk_model_versions PRIMARY KEY (number), 
	CONSTRAINT ck_model_versions_form CHECK (form in ('base', 'adapter', 'full')), 
	CONSTRAINT ck_model_versions_state CHECK (state in ('candidate', 'passed', 'canary', 'live', 'retired', 'rejected')), 
	CONSTRAINT fk_model_versions_parent_number FOREIGN KEY(parent_number) REFERENCES model_versions (number), 
	CONSTRAINT uq_model_versions_form_sha256 UNIQUE (form, sha256)
);
INSERT INTO "model_versions" VALUES(1,NULL,'base','/models/base','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,NULL,NULL,'live','2026-11-30 17:48:09.954814',NULL);
INSERT INTO "model_versions" VALUES(2,1,'adapter','/versions/2','0000000000000000000000000000000000000000000000000000000000000002','run_32d8c6c9dff6239cb98bb54fda1d17ee','{"verdict": {"candidate": "attune@v2", "parent": "attune@v1", "passed": true, "criteria": [{"name": "win_rate", "figure": {"value": 0.61, "low": 0.55, "high": 0.6699999999999999, "n": 250, "method": "Wilson"}, "threshold": "lower end above 0.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "facts", "figure": {"value": 0.01, "low": -0.019999999999999997, "high": 0.04, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "names", "figure": {"value": 0.03, "low": -0.0049999999999999975, "high": 0.065, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "harmful", "figure": {"value": 0.0, "low": -0.01, "high": 0.01, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.02", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "length", "figure": {"value": 1.12, "low": 1.0500000000000003, "high": 1.19, "n": 250, "method": "Wilson"}, "threshold": "upper end at most 1.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}]}, "passed": true, "report": "/runs/gate", "inputs": {}}',NULL,'retired','2026-11-21 17:48:09.974213',NULL);
INSERT INTO "model_versions" VALUES(3,2,'adapter','/versions/3','0000000000000000000000000000000000000000000000000000000000000003','run_7279f16874d40a4f8aec0189ea7f3bfa','{"verdict": {"candidate": "attune@v3", "parent": "attune@v2", "passed": true, "criteria": [{"name": "win_rate", "figure": {"value": 0.61, "low": 0.55, "high": 0.6699999999999999, "n": 250, "method": "Wilson"}, "threshold": "lower end above 0.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "facts", "figure": {"value": 0.01, "low": -0.019999999999999997, "high": 0.04, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "names", "figure": {"value": 0.03, "low": -0.0049999999999999975, "high": 0.065, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "harmful", "figure": {"value": 0.0, "low": -0.01, "high": 0.01, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.02", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "length", "figure": {"value": 1.12, "low": 1.0500000000000003, "high": 1.19, "n": 250, "method": "Wilson"}, "threshold": "upper end at most 1.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}]}, "passed": true, "report": "/runs/gate", "inputs": {}}',NULL,'retired','2026-11-25 17:48:09.974213',NULL);
INSERT INTO "model_versions" VALUES(4,3,'adapter','/versions/4','0000000000000000000000000000000000000000000000000000000000000004','run_425a3d1394cac8a3fefd5acdcee62284','{"verdict": {"candidate": "attune@v4", "parent": "attune@v3", "passed": true, "criteria": [{"name": "win_rate", "figure": {"value": 0.61, "low": 0.55, "high": 0.6699999999999999, "n": 250, "method": "Wilson"}, "threshold": "lower end above 0.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "facts", "figure": {"value": 0.01, "low": -0.019999999999999997, "high": 0.04, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "names", "figure": {"value": 0.03, "low": -0.0049999999999999975, "high": 0.065, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "harmful", "figure": {"value": 0.0, "low": -0.01, "high": 0.01, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.02", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "length", "figure": {"value": 1.12, "low": 1.0500000000000003, "high": 1.19, "n": 250, "method": "Wilson"}, "threshold": "upper end at most 1.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}]}, "passed": true, "report": "/runs/gate", "inputs": {}}',NULL,'retired','2026-11-27 17:48:09.974213',NULL);
INSERT INTO "model_versions" VALUES(5,3,'adapter','/versions/5','0000000000000000000000000000000000000000000000000000000000000005','run_e1bc9d06ce2406a35f6274632c7cb1f2','{"verdict": {"candidate": "attune@v5", "parent": "attune@v3", "passed": false, "criteria": [{"name": "win_rate", "figure": {"value": 0.61, "low": 0.55, "high": 0.6699999999999999, "n": 250, "method": "Wilson"}, "threshold": "lower end above 0.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "facts", "figure": {"value": 0.01, "low": -0.019999999999999997, "high": 0.04, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "names", "figure": {"value": 0.03, "low": -0.0049999999999999975, "high": 0.065, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.05", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}, {"name": "harmful", "figure": {"value": -0.06, "low": -0.08, "high": -0.039999999999999994, "n": 200, "method": "Wilson"}, "threshold": "lower end at least -0.02", "passed": false, "why": "the lower end -0.080 is below -0.02", "reason": "so that nothing else gets worse", "notes": []}, {"name": "length", "figure": {"value": 1.12, "low": 1.0500000000000003, "high": 1.19, "n": 250, "method": "Wilson"}, "threshold": "upper end at most 1.5", "passed": true, "why": "within its bounds", "reason": "so that nothing else gets worse", "notes": []}]}, "passed": false, "report": "/runs/gate", "inputs": {}}',NULL,'rejected','2026-11-28 17:48:09.974213',NULL);
CREATE TABLE rating_items (
	id TEXT NOT NULL, 
	study TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	prompt_place INTEGER NOT NULL, 
	prompt JSON NOT NULL, 
	answer TEXT NOT NULL, 
	version_number INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_rating_items PRIMARY KEY (id), 
	CONSTRAINT uq_rating_items_study_place UNIQUE (study, place), 
	CONSTRAINT fk_rating_items_version_number FOREIGN KEY(version_number) REFERENCES model_versions (number)
);
INSERT INTO "rating_items" VALUES('item_07336f25e16a771e6b4e0001fe9ebdd0','study_0ec7141474ad2c752e892dfd0e1b83f7',4,0,'[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','answer 0 of v1',1,'2026-11-30 17:48:10.081746');
INSERT INTO "rating_items" VALUES('item_f56b3c71907457f19ce96196ca9d5ca2','study_0ec7141474ad2c752e892dfd0e1b83f7',2,0,'[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','answer 0 of v2',2,'2026-11-30 17:48:10.081746');
INSERT INTO "rating_items" VALUES('item_6663f256bd36c8e20d14e030dbcb9af1','study_0ec7141474ad2c752e892dfd0e1b83f7',1,1,'[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','answer 1 of v1',1,'2026-11-30 17:48:10.081746');
INSERT INTO "rating_items" VALUES('item_823766094dd7c014437adff32427110a','study_0ec7141474ad2c752e892dfd0e1b83f7',0,1,'[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','answer 1 of v2',2,'2026-11-30 17:48:10.081746');
INSERT INTO "rating_items" VALUES('item_35c5fc9964fe246cb40aed54d5abbd06','study_0ec7141474ad2c752e892dfd0e1b83f7',5,2,'[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','answer 2 of v1',1,'2026-11-30 17:48:10.081746');
INSERT INTO "rating_items" VALUES('item_2e6630d5f53b9acbfc63c98f08bbcad2','study_0ec7141474ad2c752e892dfd0e1b83f7',3,2,'[{"role": "user", "content": "Was ist ein Hauptbuch? \u00abna\u00efve\u00bb \u53f0\u5e33"}]','answer 2 of v2',2,'2026-11-30 17:48:10.081746');
CREATE TABLE ratings (
	item_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	fluency INTEGER NOT NULL, 
	coherence INTEGER NOT NULL, 
	relevance INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_ratings PRIMARY KEY (item_id, user_id), 
	CONSTRAINT fk_ratings_item_id FOREIGN KEY(item_id) REFERENCES rating_items (id), 
	CONSTRAINT fk_ratings_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT ck_ratings_fluency CHECK (fluency between 1 and 5), 
	CONSTRAINT ck_ratings_coherence CHECK (coherence between 1 and 5), 
	CONSTRAINT ck_ratings_relevance CHECK (relevance between 1 and 5)
);
INSERT INTO "ratings" VALUES('item_823766094dd7c014437adff32427110a','usr_ee57149baae4667639318c505e323e15',5,4,3,'2026-11-30 17:48:10.087736');
INSERT INTO "ratings" VALUES('item_6663f256bd36c8e20d14e030dbcb9af1','usr_ee57149baae4667639318c505e323e15',5,4,3,'2026-11-30 17:48:10.089325');
INSERT INTO "ratings" VALUES('item_f56b3c71907457f19ce96196ca9d5ca2','usr_ee57149baae4667639318c505e323e15',5,4,3,'2026-11-30 17:48:10.094255');
INSERT INTO "ratings" VALUES('item_2e6630d5f53b9acbfc63c98f08bbcad2','usr_ee57149baae4667639318c505e323e15',5,4,3,'2026-11-30 17:48:10.095170');
INSERT INTO "ratings" VALUES('item_07336f25e16a771e6b4e0001fe9ebdd0','usr_ee57149baae4667639318c505e323e15',5,4,3,'2026-11-30 17:48:10.095927');
INSERT INTO "ratings" VALUES('item_35c5fc9964fe246cb40aed54d5abbd06','usr_ee57149baae4667639318c505e323e15',5,4,3,'2026-11-30 17:48:10.096623');
INSERT INTO "ratings" VALUES('item_823766094dd7c014437adff32427110a','usr_25954426ddb0fcd47870622ef951e125',5,4,3,'2026-11-30 17:48:10.097848');
INSERT INTO "ratings" VALUES('item_6663f256bd36c8e20d14e030dbcb9af1','usr_25954426ddb0fcd47870622ef951e125',5,4,3,'2026-11-30 17:48:10.107254');
INSERT INTO "ratings" VALUES('item_f56b3c71907457f19ce96196ca9d5ca2','usr_25954426ddb0fcd47870622ef951e125',5,4,3,'2026-11-30 17:48:10.108259');
INSERT INTO "ratings" VALUES('item_2e6630d5f53b9acbfc63c98f08bbcad2','usr_25954426ddb0fcd47870622ef951e125',5,4,3,'2026-11-30 17:48:10.109059');
INSERT INTO "ratings" VALUES('item_07336f25e16a771e6b4e0001fe9ebdd0','usr_25954426ddb0fcd47870622ef951e125',5,4,3,'2026-11-30 17:48:10.109781');
INSERT INTO "ratings" VALUES('item_35c5fc9964fe246cb40aed54d5abbd06','usr_25954426ddb0fcd47870622ef951e125',5,4,3,'2026-11-30 17:48:10.114719');
CREATE TABLE snapshot_feedback (
	snapshot_id TEXT NOT NULL, 
	feedback_id TEXT NOT NULL, 
	CONSTRAINT pk_snapshot_feedback PRIMARY KEY (snapshot_id, feedback_id), 
	CONSTRAINT fk_snapshot_feedback_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshots (id)
);
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000000');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000001');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000002');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000003');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000004');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000005');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000006');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000007');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000008');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000009');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_0000000000000000000000000000000a');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_0000000000000000000000000000000b');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_0000000000000000000000000000000c');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_0000000000000000000000000000000d');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_0000000000000000000000000000000e');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_0000000000000000000000000000000f');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000010');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000011');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000012');
INSERT INTO "snapshot_feedback" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','fb_00000000000000000000000000000013');
CREATE TABLE snapshots (
	id TEXT NOT NULL, 
	content_sha256 TEXT NOT NULL, 
	path TEXT NOT NULL, 
	filters JSON NOT NULL, 
	counts JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	erased_at DATETIME, 
	CONSTRAINT pk_snapshots PRIMARY KEY (id), 
	CONSTRAINT uq_snapshots_content_sha256 UNIQUE (content_sha256)
);
INSERT INTO "snapshots" VALUES('snap_bba18d5c237754679936cbb6e4ac689f','0000000000000000000000000000000000000000000000000000000000000002','/runs','{}','{}','2026-11-21 17:48:09.974213',NULL);
INSERT INTO "snapshots" VALUES('snap_80f8e02511f56f52dc549cd6a68a79f0','0000000000000000000000000000000000000000000000000000000000000003','/runs','{}','{}','2026-11-25 17:48:09.974213',NULL);
INSERT INTO "snapshots" VALUES('snap_f2d9d8796f204d4f33382671aab647f0','0000000000000000000000000000000000000000000000000000000000000004','/runs','{}','{}','2026-11-27 17:48:09.974213',NULL);
INSERT INTO "snapshots" VALUES('snap_af1c309d1bc20a2dfdabfa79a704add8','0000000000000000000000000000000000000000000000000000000000000005','/runs','{}','{}','2026-11-28 17:48:09.974213',NULL);
CREATE TABLE tombstones (
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	erased_at DATETIME NOT NULL, 
	CONSTRAINT pk_tombstones PRIMARY KEY (kind, id), 
	CONSTRAINT ck_tombstones_kind CHECK (kind in ('user', 'conversation', 'completion'))
);
INSERT INTO "tombstones" VALUES('user','usr_a3246e3f61cd933bd264d94e694d40e4','2026-11-30 17:48:10.115674');
CREATE TABLE users (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	external_id TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_owner_external_id UNIQUE (owner, external_id)
);
INSERT INTO "users" VALUES('usr_00000000000000000000000000000000','acme','000000','2026-11-30 17:48:09.974213');
INSERT INTO "users" VALUES('usr_00000000000000000000000000000001','acme','000001','2026-11-30 17:48:09.974213');
INSERT INTO "users" VALUES('usr_ee57149baae4667639318c505e323e15','acme','person-0','2026-11-30 17:48:10.023749');
INSERT INTO "users" VALUES('usr_25954426ddb0fcd47870622ef951e125','acme','person-1','2026-11-30 17:48:10.072152');
CREATE INDEX ix_model_versions_parent_number ON model_versions (parent_number);
CREATE INDEX ix_model_versions_run_id ON model_versions (run_id);
CREATE INDEX ix_conversations_user_id_updated_at_id ON conversations (user_id, updated_at, id);
CREATE INDEX ix_completions_conversation_id ON completions (conversation_id);
CREATE INDEX ix_completions_model_version_created_at ON completions (model_version, created_at);
CREATE INDEX ix_completions_parent_id ON completions (parent_id);
CREATE INDEX ix_completions_user_id_created_at ON completions (user_id, created_at);
CREATE INDEX ix_messages_completion_id ON messages (completion_id);
CREATE INDEX ix_messages_parent_id ON messages (parent_id);
CREATE INDEX ix_feedback_completion_id_choice_index_user_id_sequence ON feedback (completion_id, choice_index, user_id, sequence);
CREATE INDEX ix_feedback_preferred_over ON feedback (preferred_over);
CREATE INDEX ix_feedback_owner_sequence ON feedback (owner, sequence);
CREATE INDEX ix_feedback_user_id_sequence ON feedback (user_id, sequence);
CREATE VIEW feedback_latest as
select * from feedback
where not exists (
    select 1 from feedback as later
    where later.completion_id = feedback.completion_id
    and later.choice_index = feedback.choice_index
    and later.user_id = feedback.user_id
    and coalesce(later.preferred_over, '') = coalesce(feedback.preferred_over, '')
    and later.preferred_over_choice = feedback.preferred_over_choice
    and later.sequence > feedback.sequence
);
CREATE INDEX ix_snapshot_feedback_feedback_id ON snapshot_feedback (feedback_id);
CREATE INDEX ix_alignment_runs_snapshot_id ON alignment_runs (snapshot_id);
CREATE INDEX ix_ratings_user_id ON ratings (user_id);
COMMIT;
