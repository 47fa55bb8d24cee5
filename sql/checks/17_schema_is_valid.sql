-- No index was left invalid by an interrupted CREATE INDEX CONCURRENTLY, and no constraint is
-- waiting for its VALIDATE.
SELECT 'invalid index' AS problem, i.indexrelid::regclass::text AS name
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
 WHERE NOT i.indisvalid
   AND c.relnamespace IN ('public'::regnamespace, 'audit'::regnamespace)
UNION ALL
SELECT 'constraint not validated', format('%s on %s', conname, conrelid::regclass)
  FROM pg_constraint
 WHERE NOT convalidated
   AND connamespace IN ('public'::regnamespace, 'audit'::regnamespace);
