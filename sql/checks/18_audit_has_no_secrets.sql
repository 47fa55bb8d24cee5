-- The audit trail names a changed secret but never keeps one.
SELECT r.id, r.table_name
  FROM audit.record_changes r
 WHERE r.old_values ?| ARRAY['password_hash', 'token_hash', 'mfa_secret']
    OR r.new_values ?| ARRAY['password_hash', 'token_hash', 'mfa_secret'];
