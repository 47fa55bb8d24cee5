SELECT 'pg_extension'::regclass::oid::bigint, e.oid::bigint, 0, quote_ident(extname), NULL::text,
       format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', extname, n.nspname),
       format('DROP EXTENSION %I', extname),
       jsonb_build_object('kind', 'extension', 'schema', quote_ident(n.nspname), 'movable', extrelocatable)
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE extname <> 'plpgsql'
