SELECT 'pg_class'::regclass::oid::bigint, i.oid::bigint, 0, format('%I.%I', i.nspname, i.relname), t.id,
       pg_get_indexdef(i.oid), format('DROP INDEX %I.%I', i.nspname, i.relname),
       jsonb_build_object('kind', 'index', 'plain', x.indexprs IS NULL AND x.indpred IS NULL)
  FROM pg_index x
  JOIN relations i ON i.oid = x.indexrelid
  JOIN (SELECT oid, id FROM tables UNION ALL SELECT oid, id FROM relations WHERE relkind = 'm') t ON t.oid = x.indrelid
 WHERE x.indisvalid
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
